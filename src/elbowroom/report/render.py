"""`render_report`: a run folder gets its page."""

from pathlib import Path

from elbowroom.report.figures import Figures
from elbowroom.report.gather import gather
from elbowroom.report.page import page
from elbowroom.training.files import write_bytes
from elbowroom.training.run_folder import load_run

REPORT = "report.html"
FIGURES = "figures"


def render_report(run: str | Path) -> Path:
    """Write `report.html` and `figures/` into the run folder `run`; the answer is the path of the page.

    The page is one file without scripts that needs no network. A run without `certificate.json` gets a page that
    says so.

    **Raises.** `InputError` if `run` is not a run folder, one of its files is damaged, or its data are gone.
    """
    folder = Path(run)
    figures = Figures()
    text = page(gather(load_run(folder)), figures)
    (folder / FIGURES).mkdir(exist_ok=True)
    for name, contents in figures.files.items():
        write_bytes(folder / FIGURES / name, contents)
    write_bytes(folder / REPORT, text.encode())
    return folder / REPORT

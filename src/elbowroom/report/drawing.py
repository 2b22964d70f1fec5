"""Charts as SVG text: drawn with matplotlib's objects, without pyplot and without a global figure.

The colours are names of the page's stylesheet: on the page they follow its light or dark dress, in a file of its own a
chart carries the light ones.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, FAINT = "#1f2430", "#5b6472", "#d9dde4"
BLUE, ORANGE, GREEN = "#0b6bb3", "#c2520a", "#0a7f5f"
PAPER = "#fdfdfe"

VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    FAINT: "var(--faint)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    GREEN: "var(--green)",
    PAPER: "var(--card)",
}

TEN_COLOURS = (  # Petroff's ten, which stay apart for the common kinds of colour blindness
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "path.simplify": True,
}


@contextmanager
def chart(width: float = 10.0, height: float = 3.9) -> Iterator[tuple[Figure, Axes]]:
    """A figure of the given size in inches with one set of axes, drawn in the style of the page."""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.patch.set_alpha(0.0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0.0)
        yield figure, axes


def to_svg(figure: Figure, name: str) -> str:
    """The figure as SVG text, the same text for the same figure; `name` keeps its identifiers apart from others'."""
    buffer = io.StringIO()
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, dpi=200)
    text = buffer.getvalue()
    start = text.index("<svg")
    text = re.sub(r"<metadata>.*?</metadata>", "", text[start:], flags=re.DOTALL)
    text = re.sub(r' id="[\w.]+_\d+"', "", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px system-ui, sans-serif", text)
    return re.sub(r"\n\s*", "\n", text)


def themed(svg: str) -> str:
    """The same chart for the page: its colours follow the stylesheet, and it is as wide as there is room."""
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, variable)
    return re.sub(
        r'<svg ([^>]*?)width="[\d.]+pt"', r"<svg \1", re.sub(r' height="[\d.]+pt"', "", svg, count=1), count=1
    )

"""`elbowroom report`: one self-contained HTML page about a run."""

import argparse
from pathlib import Path

from elbowroom.cli.machine import prepare_machine
from elbowroom.cli.options import add_machine_options
from elbowroom.cli.output import print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `elbowroom report`."""
    parser.add_argument("run", metavar="RUN", help="the run folder that `elbowroom train` made")
    add_machine_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the page, and say where it is."""
    prepare_machine(arguments.device, arguments.threads)
    page = report(arguments.run)
    if arguments.json:
        print_json({"report": str(page)})
    else:
        print(f"The report: {page}")
    return 0


def report(folder: str) -> Path:
    """Write `report.html` into the run folder, and return its path."""
    from elbowroom.report.render import render_report

    return render_report(folder)

"""`elbowroom derive PROBLEM`: the optimum of a functional of a density, step by step."""

import argparse
import dataclasses
import difflib
import pathlib
import re
from typing import Any

from elbowroom.cli.output import print_json
from elbowroom.derivation.derive import derive, stated
from elbowroom.derivation.presets import PRESETS
from elbowroom.derivation.steps import Derivation
from elbowroom.errors import InputError
from elbowroom.functional.law import DensityValue
from elbowroom.functional.parse import parse
from elbowroom.functional.problem_file import read_problem


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The problem, and how it is meant."""
    parser.add_argument(
        "problem", metavar="PROBLEM", nargs="?", help="a formula, minimised over its q; a preset; or FILE.toml"
    )
    parser.add_argument("--list", action="store_true", help="the presets, a line each")
    parser.add_argument("--latex", action="store_true", help="print the derivation as LaTeX")
    parser.add_argument("--html", metavar="FILE.html", help="write the derivation as a page that needs no network")
    parser.add_argument("--maximise", action="store_true", help="make the formula large instead of small")
    parser.add_argument(
        "--alone", action="store_true", help="do not compare a problem file with its numerical solution"
    )
    parser.add_argument("--over", metavar="DENSITY", help="the unknown, where it is not the only q: --over 'p(z)'")


def run(arguments: argparse.Namespace) -> int:
    """Print the derivation; the exit status is 3 where the problem is refused."""
    if arguments.list:
        _print_presets(arguments.json)
        return 0
    if not arguments.problem:
        raise InputError("derive needs a problem: a formula such as 'KL(q(z|x) || p(z|x))', or a preset (see --list).")
    page = _page(arguments.html)
    derivation, agreement = _derivation(arguments)
    if page is not None:
        page.write_text(derivation.to_html(), encoding="utf-8")
    if arguments.json:
        print_json({**derivation.to_json(), "agreement": agreement})
    elif arguments.latex:
        print(derivation.to_latex())
    else:
        print(derivation)
        if agreement is not None:
            print(_compared(agreement))
    return 3 if derivation.status == "refused" else 0


def _compared(agreement: dict[str, Any]) -> str:
    """What became of the comparison with the numerical solution, in one line."""
    if agreement.get("better"):
        return f"solve reaches another stationary point, with the better value {agreement['value']:.12g}"
    return f"solve agrees: the values differ by {agreement['difference']:.1e}"


def _page(name: str | None) -> pathlib.Path | None:
    """The page to write, checked before anything is derived."""
    if name is None:
        return None
    path = pathlib.Path(name)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--html is {name}, and has to end in .html: the page is written in that format.")
    if path.exists():
        raise InputError(f"The file {name} exists already, and is left as it is. Give another name by --html.")
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent} to write {path.name} into. Make it first.")
    return path


def _derivation(arguments: argparse.Namespace) -> tuple[Derivation, dict[str, Any] | None]:
    """The derivation, and how the numerical solution of a problem file compares with it."""
    text = arguments.problem
    if text in PRESETS:
        return derive(PRESETS[text].problem()), None
    if text.endswith(".toml"):
        from elbowroom.cli.agreement import compared, solved

        problem = read_problem(text)
        derivation = derive(problem)
        return derivation, None if arguments.alone else compared(derivation, solved(problem))
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", text):
        nearest = difflib.get_close_matches(text, PRESETS, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else " elbowroom derive --list names them."
        raise InputError(f"There is no preset {text}.{hint}")
    if "\n" not in text and len(text) < 1000 and pathlib.Path(text).exists():
        raise InputError(f"{text} is neither a problem file nor a formula. A problem file ends in .toml.")
    over = parse(arguments.over) if arguments.over else None
    if over is not None and not isinstance(over, DensityValue):
        raise InputError(f"--over names a density, such as q(z|x); {arguments.over} is not one.")
    return derive(stated(text, "maximise" if arguments.maximise else "minimise", over)), None


def _print_presets(as_json: bool) -> None:
    if as_json:
        print_json({"presets": [dataclasses.asdict(preset) for preset in PRESETS.values()]})
        return
    width = max(len(name) for name in PRESETS)
    for preset in PRESETS.values():
        print(f"{preset.name:<{width}}  {preset.sense} {preset.functional}")
        print(f"{'':<{width}}  {preset.about}")

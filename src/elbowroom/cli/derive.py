"""`elbowroom derive PROBLEM`: the optimum of a functional of a density, step by step."""

import argparse
import dataclasses
import difflib
import re

from elbowroom.cli.output import print_json
from elbowroom.derivation.derive import derive, stated
from elbowroom.derivation.presets import PRESETS
from elbowroom.derivation.steps import Derivation
from elbowroom.errors import InputError
from elbowroom.functional.law import DensityValue
from elbowroom.functional.parse import parse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The problem, and how it is meant."""
    parser.add_argument("problem", metavar="PROBLEM", nargs="?", help="a formula, minimised over its q, or a preset")
    parser.add_argument("--list", action="store_true", help="the presets, a line each")
    parser.add_argument("--maximise", action="store_true", help="make the formula large instead of small")
    parser.add_argument("--over", metavar="DENSITY", help="the unknown, where it is not the only q: --over 'p(z)'")


def run(arguments: argparse.Namespace) -> int:
    """Print the derivation; the exit status is 3 where the problem is refused."""
    if arguments.list:
        _print_presets(arguments.json)
        return 0
    if not arguments.problem:
        raise InputError("derive needs a problem: a formula such as 'KL(q(z|x) || p(z|x))', or a preset (see --list).")
    derivation = _derivation(arguments)
    if arguments.json:
        print_json(derivation.to_json())
    else:
        print(derivation)
    return 3 if derivation.status == "refused" else 0


def _derivation(arguments: argparse.Namespace) -> Derivation:
    text = arguments.problem
    if text in PRESETS:
        return derive(PRESETS[text].problem())
    if text.endswith(".toml"):
        raise InputError(
            f"{text} is a problem file, and this version reads formulas and presets. "
            "Give the functional itself, such as elbowroom derive 'KL(q(z|x) || p(z|x))'."
        )
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", text):
        nearest = difflib.get_close_matches(text, PRESETS, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else " elbowroom derive --list names them."
        raise InputError(f"There is no preset {text}.{hint}")
    over = parse(arguments.over) if arguments.over else None
    if over is not None and not isinstance(over, DensityValue):
        raise InputError(f"--over names a density, such as q(z|x); {arguments.over} is not one.")
    return derive(stated(text, "maximise" if arguments.maximise else "minimise", over))


def _print_presets(as_json: bool) -> None:
    if as_json:
        print_json({"presets": [dataclasses.asdict(preset) for preset in PRESETS.values()]})
        return
    width = max(len(name) for name in PRESETS)
    for preset in PRESETS.values():
        print(f"{preset.name:<{width}}  {preset.sense} {preset.functional}")
        print(f"{'':<{width}}  {preset.about}")

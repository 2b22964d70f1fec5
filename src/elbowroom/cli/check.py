"""`elbowroom check "LEFT = RIGHT"`: is the identity true?"""

import argparse

from elbowroom.cli.output import print_json
from elbowroom.derivation.check import check
from elbowroom.errors import InputError

STATUS = {"holds": 0, "fails": 1, "undecided": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The identity."""
    parser.add_argument("identity", metavar="IDENTITY", help='an identity in the plain notation: "LEFT = RIGHT"')


def run(arguments: argparse.Namespace) -> int:
    """Print the verdict; the exit status is 0 where it holds, 1 where it fails, 3 where it is undecided."""
    if arguments.identity.endswith((".md", ".tex")):
        raise InputError(
            f"{arguments.identity} is a document, and this version checks one identity at a time. "
            'Give the identity itself, such as elbowroom check "log p(x,z) = log p(x|z) + log p(z)".'
        )
    verdict = check(arguments.identity)
    if arguments.json:
        print_json(verdict.to_json())
    else:
        print(verdict)
    return STATUS[verdict.verdict]

"""`elbowroom run`: train, certify and report in one go."""

import argparse
import sys
import time

from elbowroom.cli import certify, report, train
from elbowroom.cli.certificate_text import certificate_text
from elbowroom.cli.options import add_training_options
from elbowroom.cli.output import print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `elbowroom run`: those of `train`, and how many data are certified."""
    add_training_options(parser)
    group = parser.add_argument_group("the certificate")
    group.add_argument(
        "-n", type=int, default=certify.DATA, metavar="N", help=f"how many test data, at most (default: {certify.DATA})"
    )
    group.add_argument("--level", type=float, default=0.95, metavar="L", help="the probability of each interval")


def run(arguments: argparse.Namespace) -> int:
    """Train, certify, report; show what came of each stage as soon as it is done."""
    certify.check(arguments.n, arguments.level, None)
    start = time.perf_counter()
    _stage("1/3  train")
    trained, fit = train.train_from(arguments)
    _say(arguments, f"{train.describe(trained, fit)}\n")
    _stage("2/3  certify")
    certificate = certify.certify_run(arguments.out, n=arguments.n, level=arguments.level)
    _say(arguments, f"{certificate_text(certificate)}\n")
    _stage("3/3  report")
    page = report.report(arguments.out)
    _say(arguments, f"The report: {page}\nDone in {time.perf_counter() - start:.0f} s.")
    if arguments.json:
        print_json({"train": trained, "certificate": certificate, "report": str(page)})
    return 0


def _stage(name: str) -> None:
    """Say on stderr, beside the progress bars, what comes next."""
    print(name, file=sys.stderr, flush=True)


def _say(arguments: argparse.Namespace, text: str) -> None:
    if not arguments.json:
        print(text, flush=True)

"""How long derive, solve and check take, after import, in this process: each problem file, identities, a document.

    taskset -c 0 python benchmarks/calculus.py FOLDER [--document FILE]

FOLDER holds problem files (.toml). Times are of the processor, the lesser of two runs, so that what is compiled or
cached once is not counted. Prints each problem, then the median and the slowest.
"""

import argparse
import pathlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import elbowroom as er
from elbowroom.derivation.document import check_document
from elbowroom.errors import InputError, Refused

IDENTITIES = (
    "log p(x) = E_q(z|x)[log p(x,z)/q(z|x)] + KL(q(z|x) || p(z|x))",
    "KL(q(x,z) || p(x,z)) = KL(q(x) || p(x)) + E_q(x)[KL(q(z|x) || p(z|x))]",
    "MI(q; x, z) = E_q(x)[KL(q(z|x) || p(z))] - KL(q(z) || p(z))",
    "E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z)) = log p(x) - KL(q(z|x) || p(z|x))",
    "KL(q(z) || p(z)) = E_q(z)[log p(z)] + H(q(z))",
    "H(q(x,z)) = H(q(x)) + E_q(x)[H(q(z|x))]",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="a folder of problem files")
    parser.add_argument("--document", help="a Markdown or LaTeX document, checked as a whole")
    arguments = parser.parse_args()
    times: dict[str, list[float]] = {"derive": [], "solve": []}
    slowest: dict[str, str] = {}
    for path in sorted(arguments.folder.glob("*.toml")):
        problem = er.read_problem(path)
        line = f"{path.stem:28}"
        for verb, call in (("derive", er.derive), ("solve", er.solve)):
            seconds, answer = _timed(lambda call=call, problem=problem: call(problem))
            if seconds > max(times[verb], default=0.0):
                slowest[verb] = path.stem
            times[verb].append(seconds)
            line += f"  {verb} {seconds:6.3f} s {getattr(answer, 'status', 'refused'):14}"
        print(line)
    for verb, seconds in times.items():
        told = f"median {statistics.median(seconds):.3f} s, slowest {max(seconds):.3f} s ({slowest[verb]})"
        print(f"{verb}: {len(seconds)} problems, {told}")
    for text in IDENTITIES:
        seconds, verdict = _timed(lambda text=text: er.check(text))
        print(f"check {1000 * seconds:5.1f} ms  {verdict.verdict:5}  {text}")
    if arguments.document:
        seconds, document = _timed(lambda: check_document(arguments.document))
        print(f"document {seconds:.3f} s  {dict(document.summary)}")


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """The processor seconds of the faster of two runs, and the answer; None where it is refused as input."""
    best, answer = float("inf"), None
    for _ in range(2):
        started = time.process_time()
        try:
            answer = call()
        except (InputError, Refused):
            answer = None
        best = min(best, time.process_time() - started)
    return best, answer


if __name__ == "__main__":
    main()

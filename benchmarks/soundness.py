"""Is `check` sound? 10,000 identities that are true by construction, and 10,000 that are false by one slip.

A slip is a sign, a factor, p for q, a dropped term or a swapped conditional; that it makes the identity false is shown
by an evaluator that shares no code with `check`. None of the false may be called `holds`; of the true, at least 99 %
must be `holds` and none `fails`. The exit status is 1 where that is missed.

    python benchmarks/soundness.py [--count 10000] [--seed 1]
"""

import argparse
import pathlib
import random
import sys
import time
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.derivation.enumeration import Enumeration
from tests.derivation.identities import false_identity, true_identity

from elbowroom.derivation.check import check


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="how many identities of each sort (default: 10000)")
    parser.add_argument("--seed", type=int, default=1, help="from which all randomness follows (default: 1)")
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    started = time.perf_counter()
    true = Counter[str]()
    for _ in range(arguments.count):
        verdict = check(true_identity(generator))
        true[f"{verdict.verdict} ({verdict.proof})" if verdict.proof else verdict.verdict] += 1
    middle = time.perf_counter()
    false = Counter[str]()
    kinds = Counter[str]()
    wrong: list[str] = []
    for number in range(arguments.count):
        slip = false_identity(generator, Enumeration(number).values)
        verdict = check(slip.identity)
        false[verdict.verdict] += 1
        kinds[slip.kind] += 1
        if verdict.verdict == "holds":
            wrong.append(f"{slip.kind}: {slip.identity}")
    ended = time.perf_counter()
    held = sum(count for answer, count in true.items() if answer.startswith("holds"))
    print(f"true:  {arguments.count:,} identities in {middle - started:.0f} s: {_counts(true)}")
    print(f"false: {arguments.count:,} identities in {ended - middle:.0f} s: {_counts(false)}")
    print(f"slips: {_counts(kinds)}")
    for line in wrong:
        print(f"called true, though false: {line}")
    sound = not false["holds"] and not true["fails"] and held >= 0.99 * arguments.count
    print("sound" if sound else "NOT SOUND")
    return 0 if sound else 1


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count:,} {answer}" for answer, count in counter.most_common())


if __name__ == "__main__":
    raise SystemExit(main())

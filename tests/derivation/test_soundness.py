"""No false identity is called true, and no true one false: a sample of `benchmarks/soundness.py`."""

import random
from collections import Counter

import pytest
from tests.derivation.enumeration import Enumeration
from tests.derivation.identities import false_identity, true_identity

from elbowroom.derivation.check import check

SEEDS = range(5)
EACH = 12


@pytest.mark.parametrize("seed", SEEDS)
def test_true_identities_hold(seed: int) -> None:
    generator = random.Random(seed)
    answers = Counter(check(true_identity(generator)).verdict for _ in range(EACH))
    assert answers["fails"] == 0
    assert answers["holds"] == EACH


@pytest.mark.parametrize("seed", SEEDS)
def test_false_identities_never_hold(seed: int) -> None:
    generator = random.Random(seed)
    world = Enumeration(seed)
    for _ in range(EACH):
        slip = false_identity(generator, world.values)
        assert check(slip.identity).verdict == "fails", (slip.kind, slip.identity)


@pytest.mark.parametrize("seed", range(5))
def test_the_identities_are_true_by_an_evaluator_of_their_own(seed: int) -> None:
    generator = random.Random(seed)
    world = Enumeration(seed)
    for _ in range(20):
        identity = true_identity(generator)
        assert world.values(identity.left) == pytest.approx(world.values(identity.right), abs=1e-9)

"""Where the search for multipliers starts: at zero, then at signs and sizes for some of them together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from elbowroom.derivation.numeric.levels import LevelProblem, Levels, MassEscapesError, NoMultiplierError
from elbowroom.derivation.numeric.scene import Array

MOST_STARTS = 4


def trial_parameters(count: int) -> Iterator[Array]:
    """Values of `count` parameters to begin with, the first zero; inside their set before its edges."""
    yield np.zeros(count)
    for chosen in range(min(count, 3), 0, -1):
        for which in combinations(range(count), chosen):
            for sign in (-1.0, 1.0):
                trial = np.zeros(count)
                trial[list(which)] = sign
                yield trial
                yield 0.05 * trial
                yield 3 * trial


def solve_from_starts(problem: LevelProblem) -> Levels:
    """The multipliers of `problem`, from the first start that leads to them.

    **Raises.** What the start at zero raised, where no start leads anywhere.
    """
    first: NoMultiplierError | None = None
    for number, others in enumerate(trial_parameters(len(problem.targets) - 1)):
        if number == MOST_STARTS:
            break
        try:
            return problem.solve((0.0, *-others))  # a density falls as the multiplier of a large statistic rises
        except NoMultiplierError as trouble:
            first = first or trouble
        except MassEscapesError:
            if first is None:
                raise
    assert first is not None
    raise first

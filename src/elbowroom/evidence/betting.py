"""A strict lower end for the mean of a non-negative quantity, with no bound from above: the upper end of an ELBO.

Reference: the betting confidence sequences of Waudby-Smith and Ramdas (2024), *Estimating means of bounded random
variables by betting*; Ville's inequality.
"""

import math

import numpy as np
from jaxtyping import Float, Int

LEAST_DRAWS = 10
CENTRE_SHARE = 0.1
WARM_UP_SHARE = 0.02
BISECTIONS = 40


def lower_confidence_mean(values: Float[np.ndarray, " rounds"], delta: float, floor: float = 0.0) -> float:
    r"""A number below the mean of the law of `values` with probability at least 1 - delta, if all are >= `floor`.

    With $Y_s$ the values above the floor, a candidate mean m is rejected when the wealth of a gambler who bets that
    the mean is larger, $\max_t \prod_{s \le t} (1 + \lambda_s (Y_s - m))$, reaches $1/\delta$;
    $0 \le \lambda_s \le 1/m$ is chosen from $Y_1, \dots, Y_{s-1}$. The result is the smallest m that is not rejected,
    found from below by bisection: the wealth falls as m grows. The bets are
    $\lambda_s = \min(\sqrt{2 \log(1/\delta) / (S v_{s-1})}, 1/(2m))$ with v the running variance; the first fiftieth
    of the rounds (at least two) is not bet on.

    **Validity.** Rounds in the order they were drawn, each with the same mean given those before it: no bound from
    above and no variance is needed. Returns the floor with fewer than three rounds, or if a value is not finite.
    """
    excess = np.asarray(values, np.float64) - floor
    skipped = max(2, math.ceil(WARM_UP_SHARE * excess.size))
    if excess.size <= skipped or not np.all(np.isfinite(excess)):
        return floor
    count = np.arange(1, excess.size + 1)
    running_mean = np.cumsum(excess) / count
    variance = np.maximum(np.cumsum(excess**2) / count - running_mean**2, 1e-300)
    played, target = excess[skipped:], math.log(1.0 / delta)
    free_bets = np.sqrt(2.0 * target / (played.size * variance[skipped - 1 : -1]))

    def rejected(mean: float) -> bool:
        bets = np.minimum(free_bets, 0.5 / mean)
        return float(np.max(np.cumsum(np.log1p(bets * (played - mean))))) >= target

    low, high = 0.0, float(np.max(running_mean))
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle > 0.0 and rejected(middle) else (low, middle)
    return floor + low


def lower_mean_of_data(values: Float[np.ndarray, "datum samples"], delta: float, *, order: int) -> float:
    r"""A number below the mean over data of the means of their laws, with probability at least 1 - delta.

    All values are >= 0. A round is one draw of one datum, the datum chosen at random: its mean is the mean over data.
    So that the spread between data does not widen the bound, each datum i has a centre $c_i$, the mean of its first
    tenth of draws, and the round counts $Y_{is} - c_i + \bar c \ge -\max_i (c_i - \bar c)$; the mean is unchanged,
    since the centres are fixed before the rounds. Play ends when a chosen datum has no draw left, which does not
    depend on any value.

    **Validity.** Independent draws, and an `order` (the seed of the choice of data) as random as the draws: a fixed
    one would be a fixed sequence of unequal means, which the proof does not cover.
    """
    values = np.asarray(values, np.float64)
    if not np.all(np.isfinite(values)):
        return 0.0
    data, samples = values.shape
    kept = max(1, round(CENTRE_SHARE * samples))
    centres = values[:, :kept].mean(axis=1)
    rest = values[:, kept:]
    chosen = np.random.Generator(np.random.Philox(order)).integers(0, data, size=rest.size)
    draw_number = _occurrence(chosen, data)
    spent = np.flatnonzero(draw_number >= rest.shape[1])
    last = spent[0] if spent.size else chosen.size
    chosen, draw_number = chosen[:last], draw_number[:last]
    shift = centres.mean() - centres
    return lower_confidence_mean(rest[chosen, draw_number] + shift[chosen], delta, floor=float(shift.min()))


def _occurrence(chosen: Int[np.ndarray, " rounds"], data: int) -> Int[np.ndarray, " rounds"]:
    """For each entry, how often its value occurred before it."""
    order = np.argsort(chosen, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(chosen, minlength=data))[:-1]])
    occurrence = np.empty_like(chosen)
    occurrence[order] = np.arange(chosen.size) - starts[chosen[order]]
    return occurrence

"""What certainty costs: how far a bound moves away from its estimate, so that it holds with probability 1 - delta."""

import math

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri


def evidence_slack(delta: float, data: int, groups: int = 1) -> float:
    r"""$\log(1/\delta) / (N R)$ nats, for a mean over N data of R independent groups each.

    With independent non-negative estimates, $E \hat Z_{ir} \le p(x_i)$, the product of $\hat Z_{ir} / p(x_i)$ has
    mean at most 1, and
    Markov's inequality is the whole proof: with probability at least $1 - \delta$,

    $$\frac1N \sum_i \log p(x_i) \ge \frac1{NR} \sum_{i,r} \log \hat Z_{ir} - \frac{\log(1/\delta)}{NR}.$$

    The upper side is the same statement about estimates of $1/p(x_i)$.

    **Validity.** The estimates of different data and groups must be independent: one key each. It is a statement
    about these N data.

    >>> round(evidence_slack(0.025, data=1), 2), round(evidence_slack(0.025, data=1000), 4)
    (3.69, 0.0037)
    """
    return math.log(1.0 / delta) / (data * groups)


def normal_margin(stderr: float, delta: float) -> float:
    """One end of a confidence interval of a mean by the central limit theorem: asymptotic, never strict.

    >>> round(normal_margin(1.0, 0.025), 3)
    1.96
    """
    return float(-ndtri(delta)) * stderr


def mean_stderr(stderr: Float[np.ndarray, " datum"]) -> float:
    """Standard error of the mean over data of independent per-datum means: the data are fixed, the draws are random."""
    return float(np.sqrt(np.sum(np.square(stderr)))) / len(stderr)

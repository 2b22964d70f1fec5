"""Do strict intervals miss as rarely as they say? Thousands of small models whose evidence is known, and four controls.

Each model has four data, simulated from it with their draws of z. The interval for the mean of log p(x) over these
four is strict on both sides; over all models the share of misses must not exceed 1 - level (exact binomial test). The
controls are ways to be wrong, and each must be seen to be: step sizes adapted inside the chain, a Monte Carlo chi
bound called a bound, importance weights trusted where k-hat says no, and the prior passed off as an encoder.

    python benchmarks/honesty.py [--models 10000] [--seed 0]

The exit status is 1 where an interval misses too often or a control passes.
"""

import argparse
import pathlib
import sys
import time

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
from scipy.stats import binomtest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tests.evidence.small_models import Family, linear_gaussian_family, logistic_family, square_family
from tests.evidence.test_annealing import toy_evidence, toy_weights

from elbowroom.evidence.block import estimate_block
from elbowroom.evidence.bounds import encode_all, stage_keys
from elbowroom.evidence.calibration import calibrate
from elbowroom.evidence.diagnostics import pareto_shape
from elbowroom.evidence.importance import draw, log_mean_exp
from elbowroom.evidence.settings import CertifySettings
from elbowroom.evidence.slack import evidence_slack
from elbowroom.interop.functions import from_functions

DATA = 4
DELTAS = (0.5, 0.1, 0.01)
ALARM = 1e-6
SETTINGS = CertifySettings(
    samples=20, refined_samples=10, refine_steps=0, temperatures=4, leapfrog=2, chains=1,
    pilot_moves=8, groups_wanted=1, route="sampling",
)  # fmt: skip


def misses(family: Family, seed: int) -> list[tuple[float, int, int, int]]:
    """For each delta: models whose interval misses on either side, below, and above."""
    found = estimate_block(family.model, family.rows, family.exact, jr.key(seed), SETTINGS).evidence
    assert found.upper is not None
    lower, upper, truth = (
        np.asarray(values, np.float64).reshape(-1, DATA).mean(axis=1)
        for values in (found.lower, found.upper, family.log_evidence)
    )
    rows = []
    for delta in DELTAS:
        slack = evidence_slack(delta / 2, DATA)
        below, above = lower - slack > truth, upper + slack < truth
        rows.append((delta, int(np.sum(below | above)), int(np.sum(below)), int(np.sum(above))))
    return rows


def chi_bound_called_strict(family: Family) -> float:
    """How often half the log of the mean square of ten weights lies below log p(x)."""
    weights = _weights(family, 10)
    return float(np.mean(0.5 * log_mean_exp(2.0 * weights) < family.log_evidence[: len(weights)]))


def khat_ignored(family: Family) -> tuple[float, int]:
    """How often an interval of two standard errors about the mean weight misses where k-hat exceeds 0.7."""
    weights = _weights(family, 200)
    heavy = pareto_shape(weights) > 0.7
    mean = log_mean_exp(weights)
    relative = np.exp(weights - mean[:, None]).std(axis=1, ddof=1) / np.sqrt(weights.shape[1])
    off = np.abs(np.expm1(np.clip(family.log_evidence[: len(weights)] - mean, -50, 50))) > 2.0 * relative
    return float(np.mean(off[heavy])), int(np.sum(heavy))


def _weights(family: Family, samples: int) -> np.ndarray:
    x = family.rows[:4000]
    encodings = encode_all(family.model, x, jr.key(1))
    keys = stage_keys(jr.key(2), "encoder draws", len(x))
    return np.asarray(draw(family.model, encodings.distributions, x, keys, samples).log_weight, np.float64)


def prior_as_encoder() -> tuple[bool, float]:
    """Whether calibration rejects q = prior, and the smallest p of a coordinate, by which it would pass."""
    weight = jnp.asarray([[1.0, 0.5], [-0.3, 0.8], [0.2, -1.0]])

    def log_joint(x, z):
        return dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(weight @ z, 0.7).log_prob(x).sum()

    model = from_functions(log_joint, lambda x: dist.Normal(jnp.zeros(2), 1.0).to_event(1))
    z = jr.normal(jr.key(3), (1000, 2))
    x = z @ weight.T + 0.7 * jr.normal(jr.key(4), (1000, 3))
    encodings = jax.vmap(model.encoder)(x)
    found = calibrate(model, x, z, encodings, stage_keys(jr.key(5), "calibration", 1000), 64)
    return found.rejected, min(p for name, p in found.p_values.items() if name.startswith("z["))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    share = -(-arguments.models // 3)
    makers = (linear_gaussian_family, logistic_family, square_family)
    families = [make(share, DATA, arguments.seed + number) for number, make in enumerate(makers)]
    wrong = 0
    for family in families:
        started = time.perf_counter()
        print(f"{family.name}: {share:,} models of {DATA} data")
        for delta, both, below, above in misses(family, arguments.seed):
            p = binomtest(both, share, delta, alternative="greater").pvalue
            wrong += p < ALARM
            told = f"{both:,} misses ({both / share:.4f}; {below:,} below, {above:,} above)"
            print(f"  delta {delta:<5} {told}, p = {p:.2g}{'' if p >= ALARM else '  TOO MANY'}")
        print(f"  {time.perf_counter() - started:.0f} s")
    weights = toy_weights(2.0, 100_000) / toy_evidence()
    deviation = (weights.mean() - 1.0) / (weights.std(ddof=1) / np.sqrt(len(weights)))
    chi = chi_bound_called_strict(families[2])
    off, heavy = khat_ignored(families[2])
    rejected, passing = prior_as_encoder()
    controls = {
        f"adapted inside the chain: E[w]/p(x) = {weights.mean():.3f}, {deviation:.0f} standard errors": abs(deviation)
        > 8,
        f"chi bound called strict: below log p(x) for {chi:.1%} of the data": chi > 0.1,
        f"k-hat ignored: {off:.1%} of {heavy:,} intervals of two standard errors miss": off > 0.1 and heavy > 100,
        f"q = prior: calibration rejects it, though its coordinates pass (p >= {passing:.2g})": rejected
        and passing > 0.01,
    }
    for name, failed in controls.items():
        wrong += not failed
        print(f"{'fails as it must' if failed else 'NOT CAUGHT'}: {name}")
    print("honest" if not wrong else "NOT HONEST")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())

"""The conditions that keep `strict` true, each with its tests.

| | condition | tests |
|---|---|---|
| 1 | draws that fitted or tuned are never weighed | here |
| 2 | a fitted q never sees the exact draw | here |
| 3 | one key per datum | here; control: `test_certify.py`, common keys void the slack |
| 4 | step sizes are frozen before the weighted chains start | here; control: `test_annealing.py`, D33 |
| 5 | temperatures are frozen too | here, with a control that chooses them inside the chain |
| 6 | stopping does not look at the result | `test_narrowing.py`, condition 6; groups here |
| 7 | the reverse run applies the same kernels in the opposite order | `test_annealing.py`, unbiased both ways |
| 8 | densities are normalised | `test_quadrature_bound.py`, all x together; `test_linear_gaussian.py` |
| 9 | a step to nowhere is rejected, NaN an error, zero kept | `test_annealing.py`; `test_importance.py` |
"""

from functools import partial

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jax.scipy.stats import norm

from elbowroom.evidence import sandwich
from elbowroom.evidence.annealed_bound import AnnealedBound, chains_and_groups
from elbowroom.evidence.block import estimate_block
from elbowroom.evidence.bounds import STAGES, Problem, encode_all, stage_key, stage_keys
from elbowroom.evidence.plan import AnnealingPlan
from elbowroom.evidence.refine import Refinement
from elbowroom.evidence.starts import starts

from .problems import QUICK, small

PLAN = AnnealingPlan(start="refined", temperatures=6, chains=2, pilot_moves=6)


def problem_of(count: int, key) -> Problem:
    """As many copies of one datum, with a q that is none too good."""
    known = small()
    x = jnp.asarray(np.repeat(known.x[1:2], count, axis=0))
    encodings = encode_all(known.model, x, jr.key(0))
    refined = Refinement(encodings.mean, encodings.scale, np.zeros(count, bool), np.zeros(count))
    return Problem(known.model, x, None, encodings, refined, None, key, 64)


def test_conditions_1_and_3_no_key_serves_two_stages_or_two_data():
    key = jr.key(5)
    keys = np.concatenate([np.asarray(jr.key_data(stage_keys(key, stage, 300))) for stage in STAGES])
    own = np.stack([np.asarray(jr.key_data(stage_key(key, stage))) for stage in STAGES])
    everything = np.concatenate([keys, own, np.asarray(jr.key_data(key))[None]])
    assert len(np.unique(everything, axis=0)) == len(everything) == 301 * len(STAGES) + 1


def test_condition_2_nothing_but_the_upper_side_depends_on_the_exact_draw():
    known = small()
    x, key = jnp.asarray(known.x), jr.key(7)
    one, other = (
        estimate_block(known.model, x, exact, key, QUICK).per_datum for exact in (jnp.zeros((3, 2)), jnp.ones((3, 2)))
    )
    for name, values in one.arrays().items():
        if name not in ("log_evidence_upper", "gap", "approximation_gap"):  # the middle of the two sides is in these
            np.testing.assert_array_equal(values, other.arrays()[name], err_msg=name)
    assert np.all(one.log_evidence_upper != other.log_evidence_upper)


def test_condition_3_equal_data_get_estimates_of_their_own():
    found = AnnealedBound(PLAN, groups_wanted=1, upper=False)(problem_of(50, jr.key(3)))
    assert len(np.unique(found.lower)) == 50


def test_conditions_4_and_5_the_path_is_fixed_before_the_weighted_draws():
    """Step sizes come from the pilot's key, which is no other stage's; temperatures come from the plan."""
    problem = problem_of(3, jr.key(3))
    tune = partial(sandwich.tune, problem.model, PLAN, problem.x, starts(problem, PLAN.start))
    path, again, other = (
        tune(keys) for keys in (problem.keys("pilot"), problem.keys("pilot"), problem.keys("forward"))
    )
    for one, same in zip(jax.tree.leaves(path), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(path.step_sizes, other.step_sizes)
    assert path.step_sizes.shape == (3, PLAN.temperatures - 1)
    assert set(path._fields) == {"start", "step_sizes"}, "temperatures are no part of what is tuned"


def test_condition_5_temperatures_chosen_by_the_weighted_draws_bias_the_estimate():
    """The control, with p(x) = 1: two draws, and the first temperature as far as their effective size allows.

    Then the weights are no longer those of a path fixed beforehand. The path leads from N(0, 1) to N(2, 1), and the
    kernel of the middle law draws from it exactly, so that nothing else is to blame.
    """
    count, ladder = 200_000, jnp.linspace(0.02, 0.98, 25)

    def ratio(z):
        return norm.logpdf(z, 2.0) - norm.logpdf(z)

    def estimate(adapt: bool, key):
        first, second = jr.split(key)
        z = jr.normal(first, (2,))
        weights = jax.vmap(lambda t: jnp.exp(t * ratio(z)))(ladder)
        effective = jnp.sum(weights, axis=1) ** 2 / jnp.sum(weights**2, axis=1)
        t = jnp.where(adapt, ladder[jnp.sum(jnp.cumprod(effective > 1.8)) - 1], 0.5)
        before = jnp.mean(jnp.exp(t * ratio(z)))
        moved = 2.0 * t + jr.normal(second, (2,))  # the law at t is N(2 t, 1)
        return before * jnp.mean(jnp.exp((1.0 - t) * ratio(moved)))

    for adapt in (False, True):
        values = np.asarray(jax.vmap(partial(estimate, adapt))(jr.split(jr.key(11), count)))
        deviation = (values.mean() - 1.0) / (values.std(ddof=1) / np.sqrt(count))
        assert (abs(deviation) > 8.0) == adapt, f"{values.mean():.4f}, {deviation:.1f} standard errors"


def test_condition_6_the_groups_follow_from_the_number_of_data_alone():
    for count in (1, 3, 64, 1000):
        chains, groups = chains_and_groups(count, chains=4, groups_wanted=64)
        assert count * groups >= 64
        assert chains % groups == 0

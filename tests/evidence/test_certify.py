"""The certificate whole: it covers the truth, says what kind every end is, and depends on nothing it should not."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import scipy.stats
from tests.evidence.problems import FALSE_ALARM, QUICK, STANDARD_ERRORS, logistic_truth, small

from elbowroom.errors import InputError
from elbowroom.evidence.annealed_bound import AnnealedBound, chains_and_groups
from elbowroom.evidence.bounds import EvidenceBounds, Problem, encode_all
from elbowroom.evidence.certify import certify
from elbowroom.evidence.kinds import Kind
from elbowroom.evidence.plan import AnnealingPlan
from elbowroom.evidence.refine import Refinement
from elbowroom.evidence.settings import CertifySettings
from elbowroom.models.decoder import BernoulliDecoder
from elbowroom.models.vae import VAE

REPETITIONS = 1000


@pytest.fixture(scope="module")
def sampled():
    """A certificate by sampling of a model whose evidence is known."""
    return certify(small().model, small().x, key=jr.key(1), settings=QUICK)


def _simulated_problem(count: int, key) -> tuple[Problem, np.ndarray]:
    """Data drawn from the small model with their exact posterior draws, and log p(x) of each."""
    known = small()
    z, x = jax.vmap(known.model.simulate)(jr.split(jr.fold_in(key, 1), count))
    encodings = encode_all(known.model, x, key)
    nothing = jnp.zeros(count)
    refined = Refinement(jnp.asarray(encodings.mean), jnp.asarray(encodings.scale), jnp.zeros(count, bool), nothing)
    return Problem(known.model, x, z, encodings, refined, None, key, 64), known.exact.log_evidence(np.asarray(x))


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_the_strict_interval_covers_the_truth_in_a_thousand_repetitions(level):
    """Exact binomial tests, false-alarm rate 5e-7 a side, of the rate at which one datum's interval misses log p(x).

    One repetition is one simulated datum with its own key: few temperatures and the encoder's q as start, so that the
    interval is wide because the slack makes it so. Each side may miss with probability (1 - level)/2.
    """
    problem, truth = _simulated_problem(REPETITIONS, jr.key(17))
    plan = AnnealingPlan(temperatures=4, chains=1, pilot_moves=4, pilot_chains=1)
    bounds = AnnealedBound(plan, groups_wanted=1, upper=True)(problem)
    assert bounds.lower_kind is bounds.upper_kind is Kind.STRICT
    side = (1 - level) / 2
    slack = np.log(1 / side)
    for misses in (np.sum(bounds.lower - slack > truth), np.sum(bounds.upper + slack < truth)):
        assert scipy.stats.binom.sf(misses - 1, REPETITIONS, side) > FALSE_ALARM
    slackless = np.sum(bounds.lower > truth) + np.sum(bounds.upper < truth)
    assert scipy.stats.binom.sf(slackless - 1, REPETITIONS, 0.01) < FALSE_ALARM, "the check must be able to fail"


def test_estimates_of_the_mean_are_covered_with_the_slack_of_many_data():
    """1,000 groups of ten data: the slack is log(1/delta)/10 each, and the misses at most delta, delta = 0.25."""
    problem, truth = _simulated_problem(10 * REPETITIONS, jr.key(23))
    plan = AnnealingPlan(temperatures=4, chains=1, pilot_moves=4, pilot_chains=1)
    bounds = AnnealedBound(plan, groups_wanted=1, upper=True)(problem)
    slack = np.log(4.0) / 10
    lower, upper, mean = (values.reshape(-1, 10).mean(axis=1) for values in (bounds.lower, bounds.upper, truth))
    for misses in (np.sum(lower - slack > mean), np.sum(upper + slack < mean)):
        assert scipy.stats.binom.sf(misses - 1, REPETITIONS, 0.25) > FALSE_ALARM


def test_common_keys_across_data_void_the_slack_of_many_data():
    """The negative control: with one key for ten equal data their mean is one estimate, and the slack is too small."""
    known = small()
    count = 400
    x = jnp.asarray(np.repeat(known.x[1:2], count, axis=0))
    keys = jr.split(jr.key(29), count)
    encodings = jax.vmap(known.model.encoder)(x)

    def log_weight(q, x, key):
        z = q.sample(key)
        return known.model.log_joint(x, z) - q.log_prob(z)

    truth = known.exact.log_evidence(known.x)[1]
    common = np.asarray(jax.vmap(log_weight)(encodings, x, keys))
    misses = np.sum(common - np.log(20.0) / 100 > truth)
    assert scipy.stats.binom.sf(misses - 1, count, 0.05) < FALSE_ALARM


def test_kinds_of_a_sampled_certificate(sampled):
    """On given data the lower end of log p(x) is strict and the upper asymptotic; on simulated data both are strict."""
    real, simulated = sampled.real.intervals, sampled.simulated.intervals
    assert (real.log_evidence.lower.kind, real.log_evidence.upper.kind) == (Kind.STRICT, Kind.ASYMPTOTIC)
    assert (simulated.log_evidence.lower.kind, simulated.log_evidence.upper.kind) == (Kind.STRICT, Kind.STRICT)
    assert real.gap.upper.kind is simulated.gap.upper.kind is Kind.ASYMPTOTIC, "its ELBO part is a confidence interval"
    assert real.gap.lower.kind is Kind.STRICT, "a Gaussian likelihood of fixed scale is bounded"


def test_the_intervals_contain_what_is_known(sampled):
    known = small()
    evidence = known.exact.log_evidence(known.x).mean()
    elbo = certify(known.model, known.x, key=jr.key(0)).real.elbo
    best = known.exact.elbo(known.x, known.exact.best_diagonal(known.x)).mean()
    for interval, truth in (
        (sampled.log_evidence, evidence),
        (sampled.gap, evidence - elbo),
        (sampled.approximation_gap, evidence - best),
        (sampled.amortisation_gap, best - elbo),
    ):
        assert interval.lower.value <= truth <= interval.upper.value


def test_the_logistic_truth_is_covered(shared):
    known, everything = logistic_truth(shared)
    assert np.exp(everything).sum() == pytest.approx(1.0, abs=1e-12)
    certificate = certify(known.model, known.x, key=jr.key(2), settings=CertifySettings(route="sampling"))
    assert certificate.real.route == "annealing"
    evidence, gap = known.log_evidence.mean(), (known.log_evidence - known.elbo).mean()
    assert certificate.log_evidence.lower.value <= evidence <= certificate.log_evidence.upper.value
    assert certificate.gap.lower.value <= gap <= certificate.gap.upper.value
    arrays = certificate.real.per_datum
    np.testing.assert_allclose(arrays.log_evidence, known.log_evidence, atol=0.05)
    np.testing.assert_allclose(arrays.elbo_refined, known.elbo_best, atol=0.05)


def test_D04_means_are_means_over_data(sampled):
    arrays = sampled.real.per_datum
    assert sampled.real.elbo == pytest.approx(arrays.elbo.mean(), abs=1e-12)
    assert sampled.gap.estimate == pytest.approx(arrays.gap.mean(), abs=1e-12)


def test_D04_D21_the_budget_for_memory_changes_the_chunks_and_no_number():
    x = small(20).x
    settings = dataclasses.replace(QUICK, simulated=False, upper=False, samples=20, refined_samples=20)
    whole, parts = (
        certify(small().model, x, key=jr.key(3), settings=dataclasses.replace(settings, memory_mib=budget))
        for budget in (512, 1)
    )
    for name, values in whole.real.per_datum.arrays().items():
        np.testing.assert_allclose(parts.real.per_datum.arrays()[name], values, rtol=1e-9, equal_nan=True, err_msg=name)


def test_D05_the_standard_error_covers_the_elbo_as_often_as_it_says():
    """Over 1,000 data with known ELBO, |error| > 1.96 standard errors in 5 %: exact binomial test, rate 5e-7."""
    problem, _ = _simulated_problem(REPETITIONS, jr.key(31))
    x = np.asarray(problem.x)
    settings = dataclasses.replace(QUICK, simulated=False, upper=False, refine_steps=0, temperatures=2, samples=400)
    arrays = certify(small().model, x, key=jr.key(4), settings=settings).real.per_datum
    exact = certify(small().model, x, key=jr.key(4), settings=CertifySettings(simulated=False)).real.per_datum.elbo
    outside = int(np.sum(np.abs(arrays.elbo - exact) > 1.96 * arrays.elbo_stderr))
    assert scipy.stats.binomtest(outside, REPETITIONS, 0.05).pvalue > FALSE_ALARM
    total = np.hypot.reduce(arrays.elbo_stderr) / REPETITIONS
    assert abs(arrays.elbo.mean() - exact.mean()) < STANDARD_ERRORS * total


def test_D34_without_an_upper_bound_the_gap_is_one_sided():
    settings = dataclasses.replace(QUICK, upper=False, simulated=False)
    certificate = certify(small().model, small().x, key=jr.key(5), settings=settings)
    assert certificate.gap.one_sided
    assert certificate.log_evidence.upper is None
    assert "bounded from below only (one-sided)" in certificate.verdict[0]
    document = certificate.to_json()
    assert document["gap"]["upper"] is document["gap"]["upper_kind"] is None


def test_estimates_that_cross_are_not_sorted():
    crossing = EvidenceBounds(np.array([1.0]), Kind.STRICT, np.array([0.0]), Kind.STRICT)
    assert crossing.lower_mean(1.0).value == 1.0
    assert crossing.upper_mean(1.0).value == 0.0


def test_the_same_key_gives_the_same_bits_and_another_key_others(sampled):
    again = certify(small().model, small().x, key=jr.key(1), settings=QUICK)
    other = certify(small().model, small().x, key=jr.key(2), settings=QUICK)
    assert again.real.intervals == sampled.real.intervals
    assert other.real.intervals != sampled.real.intervals


def test_the_document_is_json(sampled):
    document = json.loads(json.dumps(sampled.to_json(), allow_nan=False))
    assert document["log_evidence"]["lower_kind"] == "strict"
    assert document["simulated"]["log_evidence"]["upper_kind"] == "strict"


def test_a_collapsed_encoder_is_called_collapsed_and_not_a_success():
    """The decoder ignores z and q is the prior: the gap is zero, and the verdict says why that is no success."""

    def silent(z):
        return jnp.array([0.3, -0.4, 1.0]) + 0.0 * jnp.sum(z)

    prior = small().model.prior
    model = VAE(prior, lambda x: prior(), BernoulliDecoder(silent))
    x = (np.random.default_rng(0).random((40, 3)) < 0.5).astype(float)
    certificate = certify(model, x, key=jr.key(6), settings=QUICK)
    assert certificate.real.active_units == 0
    assert certificate.gap.estimate == pytest.approx(0.0, abs=1e-6)
    assert any("the posterior has collapsed to the prior" in sentence for sentence in certificate.verdict)


def test_a_decoder_that_returns_nan_names_the_data():
    def faulty(z):
        return jnp.where(z[0] > 0.0, jnp.nan, 0.0) * jnp.ones(3)

    model = VAE(small().model.prior, small().model.encoder, BernoulliDecoder(faulty))
    x = np.array([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    with pytest.raises(InputError, match="importance weights of the encoder's q are NaN or infinite for 2 of 2 data"):
        certify(model, x, key=jr.key(7), settings=QUICK)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(3), r"have the shape \(3,\)"),
        (np.zeros((0, 3)), r"have the shape \(0, 3\)"),
        (np.array([[0.0, 0.0, np.nan]]), r"NaN or infinity in 1 of 1 rows \(first: row 0\)"),
    ],
)
def test_data_that_cannot_be_certified_are_refused(x, message):
    with pytest.raises(InputError, match=message):
        certify(small().model, x, key=jr.key(0))


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_probability(level):
    with pytest.raises(InputError, match="it is a probability"):
        certify(small().model, small().x, key=jr.key(0), level=level)


@pytest.mark.parametrize(("count", "expected"), [(1, (64, 64)), (10, (7, 7)), (64, (4, 1)), (5000, (4, 1))])
def test_few_data_get_more_groups(count, expected):
    assert chains_and_groups(count, chains=4, groups_wanted=64) == expected


def test_per_datum_arrays_are_written_whole(sampled, tmp_path):
    sampled.to_npz(tmp_path / "arrays.npz")
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as stored:
        np.testing.assert_array_equal(stored["datum"], np.arange(3))
        np.testing.assert_array_equal(stored["gap"], sampled.real.per_datum.gap)
        assert "simulated_log_evidence_upper" in stored
    assert [path.name for path in tmp_path.iterdir()] == ["arrays.npz"]

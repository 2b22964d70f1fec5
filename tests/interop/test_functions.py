"""Two plain functions as a model."""

import json

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest

import elbowroom as er


def log_joint(x, z):
    return dist.Normal(0.0, 1.0).log_prob(z).sum() + dist.Normal(z, 1.0).log_prob(x).sum()


def encoder(x):
    return dist.Normal(x / 2, 0.7).to_event(1)


X = jnp.array([[0.0, 1.0]])


def test_a_model_has_a_simulator_only_where_one_was_given():
    assert er.from_functions(log_joint, encoder).simulate is None
    given = er.from_functions(log_joint, encoder, lambda key: (jnp.zeros(2), jnp.ones(2)))
    assert given.simulate is not None
    np.testing.assert_array_equal(given.simulate(jr.key(0))[1], np.ones(2))


@pytest.mark.parametrize(
    ("joint", "q", "words"),
    [
        (lambda x, z: dist.Normal(z, 1.0).log_prob(x), encoder, r"log_joint.*shape \(2,\).*one number.*Sum over"),
        (log_joint, lambda x: x / 2, r"encoder returned an array and not a distribution.*\.to_event\(1\)"),
        (log_joint, lambda x: dist.Normal(x / 2, 1.0), r"batch shape \(2,\) and event shape \(\).*\.to_event\(1\)"),
        (log_joint, lambda x: dist.Normal(x[None], 1.0).to_event(2), r"event shape \(1, 2\)"),
    ],
)
def test_what_a_function_returns_is_checked_when_the_certificate_calls_it(joint, q, words):
    with pytest.raises(er.InputError, match=words):
        er.certify(er.from_functions(joint, q), X, key=jr.key(0))


def test_what_cannot_be_called_is_refused():
    with pytest.raises(er.InputError, match="`encoder` is 3, which cannot be called"):
        er.from_functions(log_joint, 3)  # pyright: ignore[reportArgumentType]


@pytest.mark.slow
def test_the_certificate_of_plain_functions_covers_the_truth(shared):
    """Gap interval around the closed form, in two blocks; a false alarm in 2e-6 (level of each interval)."""
    case = json.loads((shared / "truth/evidence.json").read_text())["cases"]["synthetic/linear_gaussian_mild"]
    weight, offset, sigma = jnp.asarray(case["W"]), jnp.asarray(case["b"]), case["sigma"]
    slope, shift = jnp.asarray(case["encoder"]["A"]), jnp.asarray(case["encoder"]["c"])

    def likelihood(z):
        return dist.Normal(weight @ z + offset, sigma).to_event(1)

    def simulate(key):
        key_latent, key_observed = jr.split(key)
        z = jr.normal(key_latent, (3,))
        return z, likelihood(z).sample(key_observed)

    model = er.from_functions(
        lambda x, z: dist.Normal(0.0, 1.0).log_prob(z).sum() + likelihood(z).log_prob(x),
        lambda x: dist.Normal(slope @ (x - offset) + shift, jnp.asarray(case["encoder"]["sd"])).to_event(1),
        simulate,
    )
    x = jnp.asarray([one["x"] for one in case["observations"]])
    room = er.certify(model, x, key=jr.key(1), level=1 - 2e-6)
    gap = np.mean([one["gap_encoder"] for one in case["observations"]])
    evidence = np.mean([one["log_evidence"] for one in case["observations"]])
    assert room.gap.lower.value <= gap <= room.gap.upper.value
    assert room.log_evidence.lower.value <= evidence <= room.log_evidence.upper.value
    assert str(room.log_evidence.lower.kind) == "strict"
    assert str(room.log_evidence.upper.kind) == "asymptotic"
    assert str(room.simulated.intervals.log_evidence.upper.kind) == "strict"

"""`estimate` as a user meets it: what it refuses, and that it estimates functionals that nobody named."""

import math

import jax
import jax.numpy as jnp
import jax.random as jr
import numpyro.distributions as dist
import pytest
from scipy import integrate, stats

from elbowroom.errors import InputError
from elbowroom.estimation.bindings import Bindings
from elbowroom.estimation.estimate import estimate
from elbowroom.estimation.score_function import ScoreFunction
from elbowroom.functional.expression import Function, log
from elbowroom.functional.functionals import KL, E
from elbowroom.functional.law import laws, variables

a, b = variables("a b")
f, g = laws("f g")
BINDINGS = Bindings(
    {
        f(a): lambda: dist.Normal(0.2, 0.8),
        g(a): lambda: dist.Normal(-0.1, 1.1),
        g(b | a): lambda a: dist.Poisson(jnp.exp(a)),
    },
    functions={"cost": lambda a: jnp.abs(a) ** 1.5},
)
F, G = stats.norm(0.2, 0.8), stats.norm(-0.1, 1.1)


def _integral(integrand):
    return integrate.quad(integrand, -12, 12, limit=200)[0]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (E(g(a))[f(a) ** 2 / g(a) ** 2] - 1, _integral(lambda a: F.pdf(a) ** 2 / G.pdf(a)) - 1),
        (
            E(f(a))[Function("cost", (a,))] + 2 * KL(f(a), g(a)),
            _integral(lambda a: F.pdf(a) * (abs(a) ** 1.5 + 2 * F.logpdf(a) - 2 * G.logpdf(a))),
        ),
        (-2 * E(g(a))[(f(a) / g(a)) ** 0.5] + 2, 2 - 2 * _integral(lambda a: (F.pdf(a) * G.pdf(a)) ** 0.5)),
        (E(g(a))[log(g(a) / f(a))], _integral(lambda a: G.pdf(a) * (G.logpdf(a) - F.logpdf(a)))),
        (E(f(a) * g(b | a))[a * b], _integral(lambda a: F.pdf(a) * a * math.exp(a))),
    ],
    ids=["chi-square", "generalised posterior", "Hellinger", "forward KL", "another letter, a discrete variable"],
)
def test_any_functional_is_estimated(expression, wanted):
    """Letters and variables of one's own; within 5.03 standard errors of quadrature: a false alarm in 5e-7 each."""
    one = jax.jit(
        jax.vmap(lambda key: estimate(expression, BINDINGS, {}, key=key, samples=2, gradient=ScoreFunction()))
    )
    with jax.numpy_dtype_promotion("standard"):  # counts are integers
        values = one(jr.split(jr.key(0), 20_000))
    assert abs(values.mean() - wanted) < 5.03 * values.std() / values.size**0.5


def test_an_average_needs_a_draw():
    with pytest.raises(InputError, match=r"^samples is 0; an average needs at least one draw\.$"):
        estimate(E(f(a))[a], BINDINGS, {}, key=jr.key(0), samples=0)


def test_the_same_key_gives_the_same_bits_and_another_key_others():
    values = [float(estimate(E(f(a))[a], BINDINGS, {}, key=jr.key(seed), samples=3)) for seed in (5, 5, 6)]
    assert values[0] == values[1] != values[2]

"""The chain rule over bound densities: a joint density is the product of its parts, and nothing else is guessed."""

import itertools

import jax.numpy as jnp
import jax.random as jr
import numpyro.distributions as dist
import pytest
from scipy import stats

from elbowroom.errors import InputError
from elbowroom.estimation.bindings import Bindings
from elbowroom.estimation.chain import factorise
from elbowroom.estimation.estimate import estimate
from elbowroom.functional.expression import log
from elbowroom.functional.law import DensityValue, Variable, laws, variables

a, b, c = variables("a b c")
p, q = laws("p q")
CHAIN = Bindings(
    {
        p(c | b): lambda b: dist.Normal(b, 0.5),
        p(a): lambda: dist.Normal(0.4, 1.0),
        p(b | a): lambda a: dist.Normal(2.0 * a, 0.7),
    }
)
VALUES = {a: jnp.asarray(0.2), b: jnp.asarray(-0.3), c: jnp.asarray(1.0)}


@pytest.mark.parametrize("order", list(itertools.permutations([a, b, c])))
def test_the_joint_density_is_the_product_of_its_parts_in_any_order(order):
    found = float(estimate(log(p(*order)), CHAIN, VALUES, key=jr.key(0)))
    wanted = stats.norm(0.4, 1).logpdf(0.2) + stats.norm(0.4, 0.7).logpdf(-0.3) + stats.norm(-0.3, 0.5).logpdf(1.0)
    assert found == pytest.approx(wanted, rel=1e-13)


def test_the_parts_stand_in_an_order_in_which_they_can_be_drawn():
    assert [part.of for part in factorise(p(c, b, a), CHAIN)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("density", "parts"),
    [(p(a, b), ["a", "b"]), (p(b, c | a), ["b", "c"]), (p(c | b), ["c"])],
)
def test_a_part_whose_parents_are_known_is_a_product_too(density, parts):
    assert [part.of for part in factorise(density, CHAIN)] == parts


def test_a_parent_beyond_the_markov_boundary_changes_nothing():
    densities = (p(c | b), DensityValue("p", (c,), (a, b)))
    found = [float(estimate(log(density), CHAIN, VALUES, key=jr.key(0))) for density in densities]
    assert found[0] == found[1]


@pytest.mark.parametrize("density", [p(c), p(b), p(b, c), p(a | b), p(b | c), p(a, c), p(c | a)])
def test_what_needs_an_integral_is_refused_with_the_way_out(density):
    with pytest.raises(InputError) as caught:
        factorise(density, CHAIN)
    assert "only through an integral over an unobserved variable" in str(caught.value)
    assert "Write the functional with the joint density instead: p(x, z) in place of p(z | x)" in str(caught.value)


def test_what_is_not_bound_is_named():
    with pytest.raises(InputError, match=r"^q\(a \| b\) has no value: it is not bound.*Bound: no density of q"):
        factorise(q(a | b), CHAIN)
    with pytest.raises(InputError, match=r"Bound: p\(c \| b\), p\(a\), p\(b \| a\)"):
        factorise(p(Variable("d")), CHAIN)


def test_a_circle_is_no_joint_law():
    circle = Bindings({p(a | b): dist.Normal, p(b | a): dist.Normal})
    with pytest.raises(InputError, match="are conditioned on each other in a circle, so they are no joint law"):
        factorise(p(a, b), circle)

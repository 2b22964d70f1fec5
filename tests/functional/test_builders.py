"""Functionals by name: what each is on finite worlds, beside SciPy or its formula written out."""

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from tests.functional.values import value

from elbowroom.derivation.check import check
from elbowroom.functional.builders import (
    entropic_transport,
    f_divergence,
    fisher_divergence,
    fisher_information,
    information_bottleneck,
    mutual_information,
    rate_distortion,
    renyi_divergence,
    squared_mmd,
    tsallis_entropy,
)
from elbowroom.functional.density_functionals import DENSITY_FUNCTIONALS, DensityFunctional
from elbowroom.functional.divergences import DIVERGENCES, Divergence
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Parameter, sqrt
from elbowroom.functional.functionals import KL, E, Integral
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import laws, variables
from elbowroom.functional.parse import parse
from elbowroom.functional.printing import to_text

x, y, z = variables("x y z")
p, q, a, b = laws("p q a b")
beta = Parameter("beta")

GENERATED = [kind for kind in DIVERGENCES.values() if kind.generator is not None]


def on_tables(divergence: Divergence, left: np.ndarray, right: np.ndarray) -> float:
    """The value of a divergence of one variable for two finite tables: its integrand, summed."""
    integral = expand(divergence)
    assert isinstance(integral, Integral)
    pairs = zip(left, right, strict=True)
    return sum(value(integral.integrand, {q(z): mine, p(z): other, beta: 1.5}) for mine, other in pairs)


LEFT = np.array([0.2, 0.5, 0.3])
RIGHT = np.array([0.6, 0.1, 0.3])

EXPECTED = {
    "reverse_KL": scipy.special.rel_entr(RIGHT, LEFT).sum(),
    "Jeffreys": (scipy.special.rel_entr(RIGHT, LEFT) + scipy.special.rel_entr(LEFT, RIGHT)).sum(),
    "chi2": ((LEFT - RIGHT) ** 2 / RIGHT).sum(),
    "Neyman": ((LEFT - RIGHT) ** 2 / LEFT).sum(),
    "Hellinger": ((np.sqrt(LEFT) - np.sqrt(RIGHT)) ** 2).sum(),
    "JS": scipy.spatial.distance.jensenshannon(LEFT, RIGHT) ** 2,
    "TV": np.abs(LEFT - RIGHT).sum() / 2,
    "Alpha": ((LEFT**1.5 * RIGHT**-0.5).sum() - 1) / 0.75,
}  # fmt: skip


def stated(kind) -> Divergence:
    return f_divergence(kind.name, q(z), p(z), beta if kind.has_order else None)


def test_every_generator_is_compared():
    assert {kind.name for kind in GENERATED} == set(EXPECTED)


@pytest.mark.parametrize("kind", GENERATED, ids=lambda kind: kind.name)
def test_an_f_divergence_is_its_formula(kind):
    assert on_tables(stated(kind), LEFT, RIGHT) == pytest.approx(EXPECTED[kind.name], rel=1e-12)


@pytest.mark.parametrize("kind", GENERATED, ids=lambda kind: kind.name)
@given(weights=st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)), min_size=2, max_size=5))
def test_an_f_divergence_is_not_negative_and_is_zero_at_equality(kind, weights):
    table = np.array(weights).T
    left, right = table / table.sum(axis=1, keepdims=True)
    assert on_tables(stated(kind), left, right) >= -1e-12
    assert on_tables(stated(kind), left, left) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", [*DIVERGENCES, *DENSITY_FUNCTIONALS])
def test_names_print_as_written_and_read_back(name):
    kind = DIVERGENCES.get(name) or DENSITY_FUNCTIONALS[name]
    order = "beta; " if kind.has_order else ""
    sides = "q(z) || p(z)" if name in DIVERGENCES else "q(z)"
    text = f"{name}({order}{sides})"
    node = parse(text)
    assert isinstance(node, Divergence | DensityFunctional)
    assert to_text(node) == text


@pytest.mark.parametrize("name", [*DIVERGENCES, *DENSITY_FUNCTIONALS])
def test_an_order_is_given_where_there_is_one_and_nowhere_else(name):
    kind = DIVERGENCES.get(name) or DENSITY_FUNCTIONALS[name]
    sides = (q(z), p(z)) if name in DIVERGENCES else (q(z),)
    order = None if kind.has_order else beta
    node = Divergence if name in DIVERGENCES else DensityFunctional
    with pytest.raises(TypeError, match="has an order" if kind.has_order else "has no order"):
        node(name, *sides, order)


IDENTITIES = {
    "reverse": (f_divergence("reverse_KL", q(z), p(z)), KL(p(z), q(z))),
    "Jeffreys": (f_divergence("Jeffreys", q(z), p(z)), KL(q(z), p(z)) + KL(p(z), q(z))),
    "own generator": (f_divergence(lambda t: t**2 - 1, q(z), p(z)), f_divergence("chi2", q(z), p(z))),
    "Hellinger": (f_divergence("Hellinger", q(z), p(z)), 2 - 2 * Integral(sqrt(q(z) * p(z)), z)),
    "Tsallis": (tsallis_entropy(q(z), 2), 1 - Integral(q(z) ** 2, z)),
    "Rényi of order 2": (renyi_divergence(q(z), p(z), 2), parse("log(1 + chi2(q(z) || p(z)))")),
    "information by entropies": (mutual_information(q, x, z), parse("H(q(z)) - E_q(x)[H(q(z|x))]")),
    "MMD": (
        squared_mmd("k", q(z), p(z)),
        parse("integral(integral(k(z,z')*(q(z)*q(z') - q(z)*p(z') - p(z)*q(z') + p(z)*p(z')), z'), z)"),
    ),
}


@pytest.mark.parametrize(("left", "right"), IDENTITIES.values(), ids=IDENTITIES.keys())
def test_identities(left, right):
    assert check(left, right).verdict == "holds"


def test_fisher_divergence_of_two_variables_sums_over_both():
    text = "(diff(q(x,z), x)/q(x,z) - diff(p(x,z), x)/p(x,z))**2 + (diff(q(x,z), z)/q(x,z) - diff(p(x,z), z)/p(x,z))**2"
    assert str(expand(fisher_divergence(q(x, z), p(x, z)))) == f"integral(integral(q(x,z)*({text}), z), x)"
    assert str(expand(fisher_information(q(z)))) == "integral(diff(q(z), z)**2/q(z), z)"


def test_composed_functionals():
    distortion = (x - z) ** 2
    assert rate_distortion(q, x, z, distortion, beta) == MutualInformation("q", x, z) + beta * E(q(x, z))[distortion]
    bottleneck = information_bottleneck(q, x, y, z, beta)
    assert bottleneck == MutualInformation("q", x, z) - beta * MutualInformation("q", z, y)


def test_entropic_transport_has_both_marginals():
    problem = entropic_transport(q(x, y), (x - y) ** 2, a(x), b(y), beta)
    assert [str(constraint) for constraint in problem.subject_to] == [
        "integral(q(x,y), y) = a(x)",
        "integral(q(x,y), x) = b(y)",
    ]

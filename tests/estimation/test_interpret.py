"""The value of every kind of node, against the numbers that NumPy and SciPy give."""

import dataclasses
import importlib
import pkgutil

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy import stats

import elbowroom.functional
from elbowroom.errors import InputError, MissingRule
from elbowroom.estimation.bindings import Bindings
from elbowroom.estimation.estimate import estimate
from elbowroom.estimation.interpret import log_value, value
from elbowroom.estimation.symbols import p, q, x, z
from elbowroom.functional.expression import Constant, Expression, Function, Multiplier, Parameter, exp, log, sqrt
from elbowroom.functional.functionals import KL, E, Integral, entropy
from elbowroom.functional.law import Law, variables

(y,) = variables("y")
r = Law("r")
AT = {x: jnp.asarray(0.7), y: jnp.asarray(-1.3)}
BINDINGS = Bindings(
    {
        p(z): lambda: dist.Gamma(3.0, 2.0),
        p(x | z): lambda z: dist.Normal(z, 2.0),
        q(z | x): lambda x: dist.Gamma(2.0 + x, 1.5),
        p(y): lambda: dist.Normal(0.0, 1.0),
        q(y): lambda: dist.Normal(0.5, 0.6),
        r(z): lambda: dist.Weibull(1.0, 1.5),
    },
    parameters={"b": jnp.asarray(1.25)},
    functions={"f": lambda x, y: x - 3 * y},
)


def _read(expression, samples: int = 1, key: int = 0):
    return float(estimate(expression, BINDINGS, AT, key=jr.key(key), samples=samples))


def _node_classes():
    for module in pkgutil.walk_packages(elbowroom.functional.__path__, "elbowroom.functional."):
        importlib.import_module(module.name)
    waiting, found = [Expression], []
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found.append(kind)
    return sorted(
        (kind for kind in found[1:] if kind.__module__.startswith("elbowroom.")), key=lambda kind: kind.__name__
    )


@pytest.mark.parametrize("kind", _node_classes(), ids=lambda kind: kind.__name__)
def test_every_kind_of_node_has_a_rule_or_fails_by_its_name(kind):
    if value.dispatch(kind) is not value.dispatch(Expression):
        return
    with pytest.raises(MissingRule, match=rf"^no value rule for {kind.__name__}; add one"):
        value(object.__new__(kind), None)


def test_a_kind_of_node_without_a_rule_fails_by_its_name():
    @dataclasses.dataclass(frozen=True, eq=False, repr=False)
    class Strange(Expression):
        argument: Expression

    for expression in (Strange(x), log(Strange(x)), E(q(z | x))[Strange(z)]):
        with pytest.raises(MissingRule, match=r"^no value rule for Strange; add one in estimation/interpret\.py"):
            estimate(expression, BINDINGS, AT, key=jr.key(0))


NORMAL = stats.norm(0.0, 1.0)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (Constant(3) / 4, 0.75),
        (Parameter("b") * x, 0.875),
        (Function("f", (x, y)), 0.7 + 3.9),
        (x + y - 2, -2.6),
        (x * y, -0.91),
        (x**2, 0.49),
        (y**3, -2.197),
        (1 / y, -1 / 1.3),
        (x ** Parameter("b"), 0.7**1.25),
        (sqrt(x), 0.7**0.5),
        (log(x), np.log(0.7)),
        (log(x**3 / 2), 3 * np.log(0.7) - np.log(2)),
        (log(exp(1000 * y)), -1300.0),
        (log(exp(1000 * y) * x**2), -1300.0 + 2 * np.log(0.7)),
        (exp(x), np.exp(0.7)),
        (p(y), NORMAL.pdf(-1.3)),
        (p(y) ** 2 / q(y), NORMAL.pdf(-1.3) ** 2 / stats.norm(0.5, 0.6).pdf(-1.3)),
        (log(p(y) ** 2 / q(y)), 2 * NORMAL.logpdf(-1.3) - stats.norm(0.5, 0.6).logpdf(-1.3)),
        (log(p(y) + q(y)), np.log(NORMAL.pdf(-1.3) + stats.norm(0.5, 0.6).pdf(-1.3))),
        (Integral(q(y), y), 1.0),
        (log(Integral(q(y), y)), 0.0),
    ],
    ids=str,
)
def test_values(expression, wanted):
    assert _read(expression) == pytest.approx(wanted, rel=1e-13)


def test_a_ratio_of_densities_is_computed_in_logarithms():
    """Each density underflows, their ratio does not."""
    far = Bindings({p(y): lambda: dist.Normal(0.0, 1.0), q(y): lambda: dist.Normal(0.1, 1.0)})
    found = estimate(p(y) / q(y), far, {y: jnp.asarray(60.0)}, key=jr.key(0))
    assert float(found) == pytest.approx(np.exp(-0.1 * 60 + 0.005), rel=1e-11)


@pytest.mark.parametrize("draws", [1, 5])
def test_closed_forms_have_no_noise(draws):
    left, right = dist.Gamma(2.7, 1.5), dist.Gamma(3.0, 2.0)
    wanted = float(dist.kl_divergence(left, right))
    assert _read(KL(q(z | x), p(z)), draws) == _read(KL(q(z | x), p(z)), draws, key=1) == pytest.approx(wanted)
    assert _read(entropy(q(y)), draws) == pytest.approx(stats.norm(0, 0.6).entropy(), rel=1e-13)
    assert _read(entropy(q(z | x)), draws) == pytest.approx(stats.gamma(2.7, scale=1 / 1.5).entropy(), rel=1e-6)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (KL(q(z | x), r(z)), E(q(z | x))[log(q(z | x) / r(z))]),
        (KL(q(z | x) * q(y), p(z) * p(y)), E(q(z | x) * q(y))[log(q(z | x) * q(y) / (p(z) * p(y)))]),
        (entropy(q(z | x) * q(y)), -E(q(z | x) * q(y))[log(q(z | x) * q(y))]),
        (Integral(q(y) * y**2, y), E(q(y))[y**2]),
        (log(Integral(p(y) * q(y), y)), log(E(p(y))[q(y)])),
    ],
    ids=str,
)
def test_what_has_no_closed_form_is_its_definition_on_the_same_draws(short, long):
    assert _read(short, 7) == pytest.approx(_read(long, 7), rel=1e-13)


def test_a_kl_to_a_density_of_something_else_is_not_taken_for_the_closed_form():
    """KL(q(z) || p(y)) at an observed y is -H(q) - log p(y). Within 5.03 standard errors: a false alarm in 5e-7."""
    gaussian = Bindings({q(z): lambda: dist.Normal(1.0, 0.5), p(y): lambda: dist.Normal(0.0, 2.0)})
    found = jax.vmap(lambda key: estimate(KL(q(z), p(y)), gaussian, {y: jnp.asarray(3.0)}, key=key, samples=2))(
        jr.split(jr.key(0), 20_000)
    )
    wanted = -stats.norm(0, 0.5).entropy() - stats.norm(0, 2).logpdf(3.0)
    assert abs(found.mean() - wanted) < 5.03 * found.std() / np.sqrt(found.size)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (Parameter("c") * x, r"The parameter c has no value \(bound: b\). Give it one: parameters={'c': ...}"),
        (Multiplier("lambda"), "The multiplier lambda has no value that could be estimated: `derive` solves for it"),
        (Function("g", (x,)), "The function g is not bound. Give what computes it for one datum: functions={'g': ...}"),
        (log(x) + z, "The variable z has no value here: it is neither observed nor integrated over"),
        (log(Constant(0)), "The logarithm of 0 was asked for; only positive numbers have one"),
        (log(-2 * p(y)), "The logarithm of -2 was asked for"),
        (log(p(x)), r"p\(x\) cannot be estimated: what is bound.*only through an integral"),
        (KL(q(z | x), p(z | x)), r"p\(z \| x\) cannot be estimated.*turns KL\(q\(z\|x\) \|\| p\(z\|x\)\) into minus"),
    ],
    ids=str,
)
def test_what_has_no_value_is_refused_by_name(expression, message):
    with pytest.raises(InputError, match=message):
        _read(expression)


def test_the_logarithm_of_a_node_without_a_rule_of_its_own_is_that_of_its_value():
    assert log_value.dispatch(Parameter) is log_value.dispatch(Expression)
    assert _read(log(Parameter("b"))) == pytest.approx(np.log(1.25), rel=1e-14)

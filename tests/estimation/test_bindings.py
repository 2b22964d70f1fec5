"""Bindings: what may stand for a symbol, and what is refused."""

import numpyro.distributions as dist
import pytest

from elbowroom.errors import InputError
from elbowroom.estimation.bindings import Bindings, name_of
from elbowroom.estimation.symbols import p, q, x, z
from elbowroom.functional.expression import log


def test_parts_are_kept_by_letter():
    bindings = Bindings({p(z): dist.Normal, p(x | z): dist.Normal, q(z | x): dist.Normal})
    assert [(part.of, part.given) for part in bindings.parts["p"]] == [("z", ()), ("x", ("z",))]
    assert [(part.of, part.given) for part in bindings.parts["q"]] == [("z", ("x",))]


@pytest.mark.parametrize(
    ("symbol", "name"),
    [(p(x, z), r"p\(x, z\)"), (p(x, z) * q(z), r"p\(x,z\)\*q\(z\)"), (z, "z"), ("p(z)", r"'p\(z\)'")],
)
def test_only_a_density_of_one_variable_is_bound(symbol, name):
    with pytest.raises(InputError, match=rf"^{name} cannot be bound to a distribution.*Bind its factors instead"):
        Bindings({symbol: dist.Normal})


def test_one_law_has_one_factor_per_variable():
    with pytest.raises(InputError, match="Two densities of the variable z are bound for the letter q"):
        Bindings({q(z): dist.Normal, q(z | x): dist.Normal})


def test_parameters_are_added_without_losing_any():
    bindings = Bindings({}, {"a": 1.0, "b": 2.0}, {"f": abs}).with_parameters({"b": 3.0, "c": 4.0})
    assert bindings.parameters == {"a": 1.0, "b": 3.0, "c": 4.0}
    assert bindings.functions == {"f": abs}


def test_names_are_those_of_a_reader():
    assert [name_of(node) for node in (z, q(z | x), p(x, z), log(p(z)))] == ["z", "q(z | x)", "p(x, z)", "log p(z)"]

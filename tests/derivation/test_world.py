"""Finite worlds: the laws of probability hold in them, and arrays give what enumeration gives."""

import dataclasses
import random

import numpy as np
import pytest
from tests.derivation.enumeration import Enumeration
from tests.derivation.identities import true_identity

from elbowroom.derivation.random_world import random_world, random_worlds
from elbowroom.derivation.world import World, assignments, evaluate, tabulate
from elbowroom.errors import MissingRule
from elbowroom.functional.differential import Derivative
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression, Function, Multiplier, exp, log
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import Variable, laws, variables
from elbowroom.functional.parse import parse
from elbowroom.functional.support import Finite, Positive

x, z = variables("x z")
p, q = laws("p q")


@pytest.mark.parametrize("index", [0, 5, 20, 33])
def test_every_law_has_mass_one_and_its_parts_belong_together(index: int) -> None:
    world = random_world((p(x, z), q(z | x)), index)
    for mass in (Integral(Integral(p(x, z), x), z), Integral(q(z | x), z), Integral(p(x | z), x)):
        assert tabulate(mass, world).table == pytest.approx(1.0, abs=1e-12)
    for at in assignments(world, (x, z)):
        assert evaluate(p(x | z) * p(z), world, at) == pytest.approx(evaluate(p(x, z), world, at), rel=1e-12)
        marginal = Integral(p(x, z), z)
        assert evaluate(marginal, world, at) == pytest.approx(evaluate(p(x), world, at), rel=1e-12)


def world_of(enumeration: Enumeration) -> World:
    """The world of an enumeration as a world of arrays."""
    values = {"x": np.arange(3.0), "z": np.arange(3.0)}
    weights = {role: np.ones(3) for role in values}
    joints = {
        letter: (("x", "z"), np.array([[[table[a, b] for b in range(3)] for a in range(3)]]))
        for letter, table in enumeration.tables.items()
    }
    return World(values, weights, joints, {"beta": np.array([enumeration.parameter])}, np.zeros(1))


@pytest.mark.parametrize("seed", range(6))
def test_arrays_give_what_enumeration_gives(seed: int) -> None:
    generator = random.Random(seed)
    enumeration = Enumeration(seed)
    world = world_of(enumeration)
    for _ in range(10):
        expression = true_identity(generator).left
        found = [evaluate(expand(expression), world, {"x": a, "z": b}) for a in range(3) for b in range(3)]
        assert found == pytest.approx(enumeration.values(expression), rel=1e-10)


def test_worlds_evaluated_together_are_those_evaluated_alone() -> None:
    expression = expand(parse("E_q(z|x)[log p(x,z)/q(z|x)] + beta*f(x)"))
    together = random_worlds((expression,), 14, 6)
    table = tabulate(expression, together).table
    for number in range(6):
        assert tabulate(expression, together.one(number)).table[0] == pytest.approx(table[number], rel=1e-12)


def test_values_lie_in_the_support_and_parameters_may_be_negative() -> None:
    positive, finite = Variable("x", Positive()), Variable("z", Finite(4))
    expression = positive * finite * parse("a*b*c*d")
    world = random_worlds((expression,), 14, 14)
    assert (world.values["x"] > 0).all()
    assert world.values["z"].tolist() == [0, 1, 2, 3]
    numbers = np.concatenate(list(world.parameters.values()))
    assert (numbers < 0).any()
    assert all((random_worlds((expression,), 14, 14, "abcd").parameters[name] > 0).all() for name in "abcd")


def test_a_primed_variable_is_a_second_value_of_the_same_law() -> None:
    copy = Variable("z'")
    world = random_world((q(z),), 3)
    assert evaluate(q(copy), world, {"z'": 1}) == evaluate(q(z), world, {"z": 1})
    both = tabulate(q(z) * q(copy), world)
    assert both.names == ("z", "z'")


def test_pinned_densities_and_functions_take_precedence() -> None:
    eta = Function("eta", (z,))
    world = random_world((q(z) + eta,), 0)
    moved = dataclasses.replace(
        world,
        pinned={("q", ("z",), ()): {(0,): 0.7, (1,): 0.4}},
        functions={("eta", (0.0,)): 2.0, ("eta", (1.0,)): -1.0},
    )
    assert evaluate(q(z) + eta, moved, {"z": 0}) == pytest.approx(2.7)
    assert evaluate(Integral(q(z) * eta, z), moved, {}) == pytest.approx(1.0)


def test_a_multiplier_may_be_a_function() -> None:
    expression: Expression = Multiplier("lambda", (x,)) + Multiplier("mu")
    world = random_world((expression,), 0)
    assert evaluate(expression, world, {"x": 0}) != evaluate(expression, world, {"x": 1})


def test_what_has_no_value_is_said() -> None:
    world = random_world((p(x),), 0)
    with pytest.raises(ArithmeticError):
        evaluate(log(-p(x)), world, {"x": 0})
    with pytest.raises(ArithmeticError):
        evaluate(exp(1000 + p(x)), world, {"x": 0})
    with pytest.raises(MissingRule, match="no rule to evaluate Derivative"):
        tabulate(Derivative(p(x), x), world)
    with pytest.raises(MissingRule, match="between bounds"):
        tabulate(parse("integral(p(x), x, 0, 1)"), world)
    many = parse("*".join(f"p(x{place})" for place in range(40)))
    with pytest.raises(MissingRule, match="too many variables"):
        random_world((many,), 0)

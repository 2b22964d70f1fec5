"""Every kind of node has a rule in every operation; a kind or an operation that is added fails here by name."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.functional.expressions import EXAMPLES, q, u, x, z

from elbowroom.derivation import chain_rule, normal_form, variation, world
from elbowroom.derivation.numeric import evaluate
from elbowroom.errors import MissingRule
from elbowroom.estimation import interpret
from elbowroom.functional import expand
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import Variable
from elbowroom.functional.printing import to_latex, to_text
from elbowroom.functional.substitute import substitute
from elbowroom.functional.traverse import bound_variables, free_variables, walk
from elbowroom.solution import slope, tabulate

KINDS = {name: type(node) for name, (node, _) in EXAMPLES.items()}
EXPANDED = {name: type(node) for name, (node, _) in EXAMPLES.items() if expand.definition(node) is node}
"""The kinds that stand for themselves: an operation on expanded expressions meets these."""


def has_rule(operation: Any, kind: type) -> bool:
    """Whether a generic function has a rule of its own for `kind`."""
    return operation.dispatch(kind) is not operation.dispatch(Expression)


OPERATIONS: dict[str, tuple[dict[str, type], Callable[[type], bool]]] = {
    "text": (KINDS, lambda kind: has_rule(to_text, kind)),
    "LaTeX": (KINDS, lambda kind: has_rule(to_latex, kind)),
    "estimation (interpret.py)": (KINDS, lambda kind: has_rule(interpret.value, kind)),
    "variation (variation.py, chain_rule.py)": (
        EXPANDED,
        lambda kind: has_rule(variation.variation, kind) or has_rule(chain_rule.chain_rule, kind),
    ),
    "normal form (normal_form.py)": (
        EXPANDED,
        lambda kind: has_rule(vars(normal_form.NormalForm)["_form"].dispatcher, kind),
    ),
    "finite worlds (world.py)": (EXPANDED, lambda kind: has_rule(world._tabulate, kind)),
    "quadrature (numeric/evaluate.py)": (EXPANDED, lambda kind: has_rule(evaluate._value, kind)),
    "solution (tabulate.py)": (EXPANDED, lambda kind: has_rule(tabulate.tabulate, kind)),
    "solution of derivatives (slope.py)": (EXPANDED, lambda kind: has_rule(slope._slope, kind)),
}

WITHOUT: dict[tuple[str, str], Callable[[Expression], Any]] = {
    ("finite worlds (world.py)", "Derivative"): lambda node: world._tabulate(node, None),  # pyright: ignore
    ("finite worlds (world.py)", "PointValue"): lambda node: world._tabulate(node, None),  # pyright: ignore
    ("solution (tabulate.py)", "Multiplier"): lambda node: tabulate.tabulate(node, None),  # pyright: ignore
}
"""No rule on purpose: a finite range has no derivatives and no other points, and a stated problem no multipliers."""

CASES = [
    (operation, kind)
    for operation, (kinds, _) in OPERATIONS.items()
    for kind in kinds
    if (operation, kind) not in WITHOUT
]


@pytest.mark.parametrize(("operation", "kind"), CASES, ids=[f"{operation}-{kind}" for operation, kind in CASES])
def test_every_operation_has_a_rule_for_every_kind(operation, kind):
    kinds, knows = OPERATIONS[operation]
    assert knows(kinds[kind]), f"no {operation} rule for {kind}"


@pytest.mark.parametrize(("operation", "kind"), WITHOUT)
def test_what_has_no_rule_on_purpose_says_so_by_name(operation, kind):
    with pytest.raises(MissingRule, match=f"no rule to .* {kind}"):
        WITHOUT[operation, kind](EXAMPLES[kind][0])


@pytest.mark.parametrize("node", [node for node, _ in EXAMPLES.values()], ids=EXAMPLES.keys())
def test_every_kind_is_expanded_to_kinds_that_stand_for_themselves(node):
    expanded = expand.expand(node)
    assert {type(part) for part in walk(expanded)} <= set(EXPANDED.values())
    assert free_variables(expanded) == free_variables(node)


@pytest.mark.parametrize("node", [node for node, _ in EXAMPLES.values()], ids=EXAMPLES.keys())
def test_every_kind_is_substituted_where_it_is_free_and_left_where_it_is_bound(node):
    new = Variable("w")
    for variable in (x, z, u):
        there = substitute(node, {variable: new})
        assert free_variables(there) == {new if other == variable else other for other in free_variables(node)}
        assert substitute(there, {new: variable}) == node
    for variable in bound_variables(node):
        assert free_variables(substitute(node, {variable: new})) == free_variables(node)


@pytest.mark.parametrize("node", [node for node, _ in EXAMPLES.values()], ids=EXAMPLES.keys())
def test_in_every_kind_a_density_can_be_replaced(node):
    replaced = substitute(node, {q(z): z})
    assert q(z) not in set(walk(expand.expand(replaced)))

"""Marginals, conditionals and posteriors of a joint law, as expressions in the parts that define it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from elbowroom.functional.expression import MINUS_ONE, Expression, Power, Product
from elbowroom.functional.functionals import Integral
from elbowroom.functional.law import DensityValue, Variable


def part_of_joint(node: DensityValue, parts: Sequence[DensityValue]) -> Expression | None:
    """`node` in terms of `parts`, whose product is the joint law of its letter; None if they do not reach it.

    p(z | x) with the parts p(z) and p(x | z) is their product over its integral over z. A part that only gives
    variables nobody asks for is left out, since it integrates to one.
    """
    parts = [part for part in parts if part != node]
    wanted = {v.role: v for v in (*node.of, *node.given)}
    joint = _marginal(wanted, parts)
    if joint is None:
        return None
    if not node.given:
        return joint
    below = _marginal({v.role: v for v in node.given}, parts)
    if below is None:  # the law of what is given is not stated: the integral over the rest stands for it
        below = _integrated(joint, node.of)
    return Product((joint, Power(below, MINUS_ONE)))


def _marginal(wanted: dict[str, Variable], parts: Sequence[DensityValue]) -> Expression | None:
    """The density of the wanted roles: the product of the parts they need, integrated over the other roles."""
    needed: list[DensityValue] = []
    reached: set[str] = set()
    waiting = set(wanted)
    while waiting:
        role = waiting.pop()
        defining = [part for part in parts if role in {v.role for v in part.of}]
        if len(defining) != 1:
            return None
        part = defining[0]
        reached.add(role)
        if part not in needed:
            needed.append(part)
            for variable in (*part.of, *part.given):
                if variable.role not in reached:
                    waiting.add(variable.role)
    names = {v.role: v for part in needed for v in (*part.of, *part.given)}
    taken = {v.name for v in wanted.values()}
    for role, variable in list(names.items()):
        names[role] = wanted[role] if role in wanted else _apart(variable, taken)
        taken.add(names[role].name)
    factors = [_renamed(part, names) for part in needed]
    body: Expression = factors[0] if len(factors) == 1 else Product(tuple(factors))
    return _integrated(body, (names[role] for role in sorted(names) if role not in wanted))


def _integrated(body: Expression, variables: Iterable[Variable]) -> Expression:
    for variable in variables:
        body = Integral(body, variable)
    return body


def _renamed(part: DensityValue, names: dict[str, Variable]) -> DensityValue:
    return DensityValue(part.letter, tuple(names[v.role] for v in part.of), tuple(names[v.role] for v in part.given))


def _apart(variable: Variable, taken: set[str]) -> Variable:
    name = variable.name
    while name in taken:
        name += "'"
    return Variable(name, variable.support, variable.role)

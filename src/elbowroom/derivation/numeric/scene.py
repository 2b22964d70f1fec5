"""What gives every name a number: the laws, functions and parameters of a setting, and what was found so far."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from elbowroom.derivation.numeric.quadrature import Mesh
from elbowroom.errors import InputError
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression, Function, Parameter, as_expression
from elbowroom.functional.joint import in_parts
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.setting import Setting, Table
from elbowroom.functional.substitute import substitute
from elbowroom.functional.traverse import children, rebuild

Array = NDArray[Any]
Key = tuple[str, frozenset[str], frozenset[str]]
"""A density of a law by its letter, the roles it is of and the roles given."""

Callback = Callable[[Mapping[str, Array]], Array]
"""The logarithm of a density, from the values of its variables by role."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """Numbers for everything that occurs in an expression.

    **Arguments.** `densities` and `curves` hold what was found for the unknowns, as expressions or as functions of
    arrays, and take precedence over the laws and functions of `setting`; `numbers` holds multipliers and unknown
    numbers. `points` says at which values of a role narrow peaks stand.
    """

    setting: Setting
    densities: Mapping[Key, tuple[DensityValue, Expression] | Callback] = dataclasses.field(default_factory=dict)
    curves: Mapping[str, tuple[tuple[Variable, ...], Expression] | Callable[..., Array]] = dataclasses.field(
        default_factory=dict
    )
    numbers: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    points: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    meshes: Mapping[str, Mesh] = dataclasses.field(default_factory=dict)
    """Fixed meshes by role, instead of adaptive quadrature."""
    strict: bool = False
    """Whether an integrand without a value on a whole stretch has no integral, instead of one that leaves it out."""
    known: dict[Any, Any] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    """Integrals without free variables that were evaluated before, and laws that were looked up."""

    def with_(self, **changes: Any) -> Scene:
        """The same scene with other parts, and nothing remembered."""
        return dataclasses.replace(self, known={}, **changes)

    def number(self, name: str) -> Any:
        """The value of a parameter, a multiplier or an unknown number."""
        if name in self.numbers:
            return self.numbers[name]
        if name in self.setting.parameters:
            return float(self.setting.parameters[name])
        raise MissingNumber(name)

    def law(self, node: DensityValue) -> tuple[DensityValue, Expression | Table] | Callback:
        """How a density is defined: in its own right, or as a part of the joint law of its letter."""
        key = key_of(node)
        if key in self.densities:
            return self.densities[key]
        if key not in self.known:
            self.known[key] = self._defined(node, key)
        return self.known[key]

    def meaning(self, node: Expression) -> Expression | None:
        """What a density or a function stands for at its own variables, as far as there is a formula."""
        if isinstance(node, DensityValue):
            try:
                found = self.law(node)
            except MissingNumber:
                return None
            if callable(found):
                return None
            own, body = found
            if isinstance(body, Table):
                return None
            by_role = {v.role: v for v in (*node.of, *node.given)}
            return substitute(body, {v: by_role[v.role] for v in (*own.of, *own.given) if v != by_role[v.role]})
        if isinstance(node, Function):
            return self._formula(node)
        return None

    def spelled_out(self, expression: Expression) -> Expression:
        """`expression` with every density and function replaced by its formula, and every number by its value."""
        if isinstance(expression, Parameter):
            return self._exact(expression)
        if isinstance(expression, DensityValue | Function):
            known = self.meaning(expression)
            return expression if known is None else self.spelled_out(expand(known))
        return rebuild(expression, [self.spelled_out(child) for child in children(expression)])

    def grounded(self, expression: Expression) -> Expression:
        """`expression` with every parameter that has a value replaced by it, exactly as the value is written."""
        if isinstance(expression, Parameter):
            return self._exact(expression)
        return rebuild(expression, [self.grounded(child) for child in children(expression)])

    def _exact(self, parameter: Parameter) -> Expression:
        if parameter.name in self.numbers and not callable(self.numbers[parameter.name]):
            return as_expression(float(self.numbers[parameter.name]))
        if parameter.name in self.setting.parameters:
            return as_expression(float(self.setting.parameters[parameter.name]))
        return parameter

    def _formula(self, node: Function) -> Expression | None:
        found = self.curves.get(node.name)
        if found is not None and not callable(found):
            return substitute(found[1], dict(zip(found[0], node.arguments, strict=True)))
        for function, body in self.setting.functions.items():
            if function.name == node.name and len(function.arguments) == len(node.arguments):
                return substitute(body, dict(zip(function.arguments, node.arguments, strict=True)))
        return None

    def _defined(self, node: DensityValue, key: Key) -> tuple[DensityValue, Expression | Table]:
        for law, definition in self.setting.laws.items():
            if key_of(law) == key:
                return law, definition
        parts = [law for law in self.setting.laws if law.letter == node.letter]
        parts += [found[0] for k, found in self.densities.items() if k[0] == node.letter and isinstance(found, tuple)]
        try:
            return node, in_parts(node, parts)
        except InputError as error:
            raise MissingNumber(f"the law {node}") from error


class MissingNumber(InputError):
    """A name without a number: the problem can be stated and derived, and not evaluated."""

    def __init__(self, name: str):
        self.name = name
        super().__init__(f"{name} has no value. Give it under [parameters], [laws] or [functions].")


def key_of(node: DensityValue) -> Key:
    """By what a density is known, whatever its variables are called."""
    return node.letter, frozenset(v.role for v in node.of), frozenset(v.role for v in node.given)

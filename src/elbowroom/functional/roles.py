"""Which argument of a law each declared variable is: with a law q(z), the density q(u) is q(z) at the value u.

Variables that stand in the same place of a law have one role, that of the one among them that comes first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from elbowroom.errors import InputError
from elbowroom.functional.law import Variable
from elbowroom.functional.support import Support
from elbowroom.functional.syntax import Call, Name


@dataclasses.dataclass(frozen=True)
class Shape:
    """The arguments that a density is written with, by name, those behind its bar last."""

    letter: str
    of: tuple[str, ...]
    given: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All arguments."""
        return (*self.of, *self.given)


def shape_of(call: Call) -> Shape | None:
    """The shape of a density that is written with names alone."""
    of = tuple(part.text for part in call.arguments if isinstance(part, Name))
    given = tuple(part.text for part in call.given if isinstance(part, Name))
    if len(of) < len(call.arguments) or len(given) < len(call.given) or call.before:
        return None
    return Shape(call.name, of, given)


def with_roles(
    supports: Mapping[str, Support], declared: Sequence[Shape], written: Sequence[Shape]
) -> dict[str, Variable]:
    """The variables of those supports with the roles that the declared densities and the written ones give them.

    **Raises.** `InputError` if a written density can be no value of a declared one, or if two variables of one
    law would be the same argument of it.
    """
    roles = {name: name for name in supports}
    for shape in written:
        own = {name for density in declared if density.letter == shape.letter for name in density.names}
        unknown = [name for name in shape.names if name.rstrip("'") not in own]
        if not own or not unknown:
            continue
        model = _model(shape, declared)
        for name, meant in zip(shape.names, model.names, strict=True):
            _unite(name.rstrip("'"), meant, roles, supports, shape)
    first: dict[str, str] = {}
    for name in (*(name for density in declared for name in density.names), *supports):
        first.setdefault(roles[name], name)
    for density in declared:
        taken = [roles[name] for name in density.names]
        if len(set(taken)) < len(taken):
            names = ", ".join(density.names)
            raise InputError(
                f"The law {density.letter}({names}) is used at other variables in a way that makes two of its "
                "arguments one. Give each argument its own variables under [variables]."
            )
    return {name: Variable(name, support, first[roles[name]]) for name, support in supports.items()}


def _model(shape: Shape, declared: Sequence[Shape]) -> Shape:
    """The declared density that `shape` is a value of: the first with as many arguments."""
    same = [density for density in declared if density.letter == shape.letter]
    for density in same:
        if len(density.of) == len(shape.of) and len(density.given) == len(shape.given):
            return density
    known = ", ".join(_text(density) for density in same)
    raise InputError(
        f"{_text(shape)} is no part of the law {shape.letter}, of which {known} is known. "
        f"Use the variables of that law, or list {_text(shape)} under [laws]."
    )


def _unite(name: str, meant: str, roles: dict[str, str], supports: Mapping[str, Support], shape: Shape) -> None:
    if name == meant or name not in roles or meant not in roles:
        return
    own, expected = supports[name], supports[meant]
    if own != expected:
        raise InputError(
            f"{_text(shape)} is a density of {meant} at the value {name}, and {name} is {own} where {meant} is "
            f"{expected}. Declare both with the same support under [variables]."
        )
    old, new = roles[name], roles[meant]
    for other, role in roles.items():
        if role == old:
            roles[other] = new


def _text(shape: Shape) -> str:
    given = f"|{','.join(shape.given)}" if shape.given else ""
    return f"{shape.letter}({','.join(shape.of)}{given})"

"""Variables, laws and the densities they give: `q(z | x)` reads as on paper.

A law is one joint law, known by its letter; its densities p(z), p(x | z), p(z | x), p(x) are parts
of it, tied together by p(z | x) = p(x, z) / p(x) and p(x) = integral of p(x, z) over z.
"""

from __future__ import annotations

import dataclasses

from elbowroom.functional.expression import Expression
from elbowroom.functional.support import REAL, Support


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Variable(Expression):
    """A variable with the set of values it ranges over.

    The `role` says which argument of a law the variable is, by default its name without primes: q(z') is the
    density q(z) at the value z', and so is q(u) if u has the role z. Renaming a bound variable makes such
    copies. A law looks at the role, everything else at the name.
    """

    name: str
    support: Support = REAL
    role: str = ""

    def __post_init__(self) -> None:
        if not self.role:
            object.__setattr__(self, "role", self.name.rstrip("'"))

    def __or__(self, given: Variable) -> Conditional:
        return Conditional((self,), (given,))


@dataclasses.dataclass(frozen=True)
class Conditional:
    """`z | x`, the argument of a conditional density."""

    of: tuple[Variable, ...]
    given: tuple[Variable, ...]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DensityValue(Expression):
    """The value of a normalised density: p(x | z) is `DensityValue("p", (x,), (z,))`.

    The order of the variables is kept for printing and has no meaning.
    """

    letter: str
    of: tuple[Variable, ...]
    given: tuple[Variable, ...] = ()

    def __post_init__(self) -> None:
        for argument in (*self.of, *self.given):
            if not isinstance(argument, Variable):
                raise TypeError(
                    f"The arguments of the density {self.letter} are variables, and {argument!r} is not one."
                )


@dataclasses.dataclass(frozen=True)
class Law:
    """A joint law, called with variables to name one of its densities.

    >>> x, z = variables("x z")
    >>> p = Law("p")
    >>> p(x | z) == DensityValue("p", (x,), (z,))
    p(x|z) = p(x|z)
    >>> bool(p(x | z) == p(x, z))
    False
    """

    letter: str

    def __call__(self, *arguments: Variable | Conditional) -> DensityValue:
        of: list[Variable] = []
        given: list[Variable] = []
        for argument in arguments:
            if isinstance(argument, Conditional):
                if given:
                    raise TypeError(f"{self.letter}(...) has more than one bar. Write {self.letter}(z | x, y).")
                of.extend(argument.of)
                given.extend(argument.given)
            elif isinstance(argument, Variable):
                (given if given else of).append(argument)
            else:
                raise TypeError(
                    f"{argument!r} is not a variable of {self.letter}. Make variables with variables('x z')."
                )
        names = [variable.name for variable in of + given]
        if not of or len(set(names)) < len(names):
            raise TypeError(f"{self.letter}({', '.join(names)}) needs at least one variable, each of them once.")
        return DensityValue(self.letter, tuple(of), tuple(given))


def variables(names: str, *, support: Support = REAL) -> tuple[Variable, ...]:
    """One variable per name in `names`, which are separated by spaces, all with the same support."""
    return tuple(Variable(name, support) for name in names.split())


def laws(letters: str) -> tuple[Law, ...]:
    """One joint law per letter in `letters`, which are separated by spaces."""
    return tuple(Law(letter) for letter in letters.split())

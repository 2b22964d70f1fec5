r"""The conditions of a derivation in a document: stationarity, the Euler-Lagrange equation, and what solves them.

Such a line is no identity: it holds where the functional is stationary. It is compared with the first variation of
the functional that the document defines.
"""

from __future__ import annotations

from collections.abc import Collection

from elbowroom.derivation.check import check
from elbowroom.derivation.differentiate import differentiated
from elbowroom.derivation.document_definitions import Definitions
from elbowroom.derivation.document_densities import LETTER, forms
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.render import render
from elbowroom.derivation.strong_form import NotLinearError, strong_form
from elbowroom.derivation.variation import variation
from elbowroom.errors import InputError
from elbowroom.functional.differential import Derivative
from elbowroom.functional.expand import expand
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import DensityValue, Variable
from elbowroom.functional.substitute import substitute
from elbowroom.functional.support import Positive
from elbowroom.functional.syntax import Call, Chain, Name, Syntax
from elbowroom.functional.traverse import free_variables, walk


def functional_derivative(functional: Expression, of: DensityValue) -> Expression | None:
    """The functional derivative by a density, or None where no rule gives one."""
    rules = NormalForm(marginals=False)
    try:
        form = rules.of(variation(expand(functional), of))
        return render(strong_form(form, of)) if form else None
    except (NotDecidedError, NotLinearError, InputError):
        return None


def partial_derivative(integrand: Expression, of: DensityValue) -> Expression | None:
    """The derivative of an integrand by the value of a density at the same point."""
    value = Variable("value_", Positive())
    if any(isinstance(node, DensityValue) and node.letter == of.letter and node != of for node in walk(integrand)):
        return None
    derived = differentiated(Derivative(substitute(integrand, {of: value}), value), lambda name: None)
    if any(isinstance(node, Derivative) for node in walk(derived)):
        return None
    try:
        return render(NormalForm(marginals=False).of(substitute(derived, {value: of})))
    except (NotDecidedError, InputError):
        return None


def is_condition_of(left: Expression, right: Expression, functional: Expression, of: DensityValue) -> bool:
    """Whether `left = right` says that the first variation of `functional` vanishes, with either sign."""
    derivative = functional_derivative(functional, of)
    if derivative is None:
        return False
    return any(check(left - right, side).verdict == "holds" for side in (derivative, -derivative))


def solves(condition: Expression, of: DensityValue, solution: Expression, *, multiplier: bool) -> bool:
    """Whether a density that is put into a condition makes it true, at every value of its variables.

    Where the solution does not contain the multiplier, what is left may be a constant, which the multiplier takes up.
    """
    try:
        rest = substitute(condition, {of: solution})
    except (InputError, TypeError):
        return False
    if multiplier:
        return check(rest, 0).verdict == "holds"
    form = NormalForm()
    try:
        return not _variables(form, rest) & {variable.name for variable in of.of}
    except NotDecidedError:
        return False


def _variables(form: NormalForm, expression: Expression) -> set[str]:
    return {variable.name for variable in free_variables(render(form.of(expression)))}


def euler_lagrange(left: Syntax, right: Syntax, letters: Collection[str]) -> str | None:
    r"""What is said of an Euler-Lagrange equation of an integrand in general; None for any other link.

    `\frac{\partial L}{\partial q} - \frac{d}{dz} \frac{\partial L}{\partial q'} = 0`, and its first term alone. The
    answer begins with "wrong" where the sign is.
    """
    if not _is_zero(right):
        return None
    terms = [(False, left)] if not isinstance(left, Chain) else [(False, left.first), *left.rest]
    if isinstance(left, Chain) and left.operation != "sum":
        return None
    by_density = [_by_density(form, letters) for _, form in terms]
    if len(terms) == 1 and by_density[0]:
        return "the Euler-Lagrange equation of an integrand without a derivative: a condition, not an identity"
    if len(terms) == 2 and by_density[0] and _total_derivative(terms[1][1], letters):
        if terms[0][0] == terms[1][0]:
            return "wrong: in the Euler-Lagrange equation the derivative by z of the second term is subtracted"
        return "the Euler-Lagrange equation: a condition that the optimum meets, not an identity"
    return None


def _by_density(form: Syntax, letters: Collection[str]) -> bool:
    if not (isinstance(form, Call) and form.name == "diff" and len(form.arguments) == 2):
        return False
    body, by = form.arguments
    letter = by.name if isinstance(by, Call) else by.text if isinstance(by, Name) else ""
    known = letter in letters or (LETTER.fullmatch(letter) is not None and "_dot" not in letter)
    return known and isinstance(body, Name | Call) and not _has_derivative(body) and not letter.endswith("'")


def _total_derivative(form: Syntax, letters: Collection[str]) -> bool:
    """`d/dz of dL/dq'`."""
    if not (isinstance(form, Call) and form.name == "diff" and len(form.arguments) == 2):
        return False
    inner = form.arguments[0]
    if not (isinstance(inner, Call) and inner.name == "diff"):
        return False
    by = inner.arguments[1]
    letter = by.name if isinstance(by, Call) else by.text if isinstance(by, Name) else ""
    return letter.endswith(("'", "_dot")) or (isinstance(by, Call) and by.name == "diff")


def _has_derivative(form: Syntax) -> bool:
    return any(isinstance(part, Call) and part.name == "diff" for part in forms([form]))


def derived_unknown(sides: Collection[Syntax], letters: Collection[str], definitions: Definitions) -> Syntax | None:
    """A name without a definition of which a side has the derivative by a density; None where there is none."""
    for form in forms(list(sides)):
        if _by_density(form, letters) and isinstance(form, Call):
            body = form.arguments[0]
            if definitions.can_name(body) and definitions.find(body) is None:
                return body
    return None


def _is_zero(form: Syntax) -> bool:
    return getattr(form, "value", None) == 0

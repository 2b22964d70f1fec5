"""When a stationary member of a family is shown to be the best one: two theorems, each with its hypotheses checked."""

from __future__ import annotations

from elbowroom.derivation.dependence import atoms_in
from elbowroom.derivation.differentiate import derivative
from elbowroom.derivation.normal_form import NormalForm, NotDecidedError
from elbowroom.derivation.numeric.scene import Scene
from elbowroom.derivation.pointwise import sign
from elbowroom.derivation.polynomial import ONE, Applied, Density, Integrated, Polynomial, from_atom, from_monomial
from elbowroom.errors import MissingRule
from elbowroom.functional.expression import Expression, Log, Parameter
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import KL
from elbowroom.functional.law import DensityValue
from elbowroom.functional.problem import Problem

AFFINE_IN_NATURAL = frozenset(
    {"Normal", "Exponential", "Gamma", "InverseGamma", "HalfNormal", "LogNormal", "Beta", "Poisson", "Bernoulli"}
)
"""Exponential families in which fixing some of the parameters leaves an affine set of natural parameters."""

LOCATION_SCALE = frozenset({"Normal", "Laplace", "Logistic", "Gumbel"})


def convex_in_parameters(problem: Problem, scene: Scene) -> str | None:
    """Why the stationary numbers are the only best ones, in words; None where no theorem of this file applies.

    Forward divergence into an exponential family is strictly convex in the natural parameters. Reverse divergence of
    a location-scale family from a log-concave density is strictly convex in location and scale.
    """
    if problem.sense != "minimise" or problem.subject_to:
        return None
    laws = [law for law in problem.given.laws if _family(law, problem, scene) is not None]
    if len(laws) != 1 or len(laws[0].of) != 1 or laws[0].given:
        return None
    law = laws[0]
    family = _family(law, problem, scene)
    assert family is not None
    if not _holds_no_unknown(problem.functional, problem, scene, law):
        return None
    form = NormalForm(marginals=False).of(problem.functional)
    atom = Density(law.letter, frozenset(law.of), frozenset(law.given))
    if family.name in AFFINE_IN_NATURAL and _only_cross_entropy(form, atom):
        return (
            f"the functional is minus an expectation of log {law} plus a constant: strictly convex in the natural "
            f"parameters of the exponential family {family.name}, so the stationary point is the only minimum"
        )
    functional = problem.functional
    if family.name in LOCATION_SCALE and isinstance(functional, KL) and functional.left == law:
        potential = -Log(scene.spelled_out(functional.right))
        if _convex(potential, law, scene):
            return (
                f"minus the logarithm of {functional.right} is convex, so its expectation is convex in location and "
                "scale, and minus the logarithm of the scale strictly: the stationary point is the only minimum"
            )
    return None


def _family(law: DensityValue, problem: Problem, scene: Scene) -> FamilyDensity | None:
    """The family of a law whose parameters are unknown numbers, each at most once, and known numbers."""
    body = scene.setting.laws.get(law)
    if not isinstance(body, FamilyDensity) or body.argument != law.of[0]:
        return None
    unknown = [one for one in body.parameters if isinstance(one, Parameter) and one in problem.over]
    return body if unknown and len(set(unknown)) == len(unknown) == len(problem.over) else None


def _holds_no_unknown(functional: Expression, problem: Problem, scene: Scene, law: DensityValue) -> bool:
    """Whether the unknown numbers occur nowhere but in the law of the family."""
    names = {one.name for one in problem.over if isinstance(one, Parameter)}
    form = NormalForm(marginals=False).of(functional)
    if any(
        getattr(atom, "kind", None) == "parameter" and getattr(atom, "name", "") in names for atom in atoms_in(form)
    ):
        return False
    others = [body for other, body in scene.setting.laws.items() if other != law and isinstance(body, Expression)]
    return all(not _mentions(body, names) for body in others)


def _mentions(body: Expression, names: set[str]) -> bool:
    try:
        form = NormalForm(marginals=False).of(body)
    except (NotDecidedError, MissingRule):
        return True
    return any(getattr(atom, "name", "") in names for atom in atoms_in(form))


def _only_cross_entropy(form: Polynomial, law: Density) -> bool:
    """Whether every term with the density is a negative number times an integral of a positive weight times its log."""
    seen = False
    for part, coefficient in form.terms:
        if not any(isinstance(atom, Density) and atom.letter == law.letter for atom in atoms_in(from_monomial(part))):
            continue
        if len(part.powers) != 1 or coefficient > 0:
            return False
        atom, exponent = part.powers[0]
        if not isinstance(atom, Integrated) or exponent != ONE or len(atom.integrand.terms) != 1:
            return False
        inner = dict(atom.integrand.terms[0][0].powers)
        logs = [a for a in inner if isinstance(a, Applied) and a.function == "log" and _is_log_of(a, law)]
        if len(logs) != 1 or inner.pop(logs[0]) != ONE or not all(isinstance(a, Density) for a in inner):
            return False
        if any(isinstance(a, Density) and a.letter == law.letter for a in inner):
            return False
        seen = True
    return seen


def _is_log_of(atom: Applied, law: Density) -> bool:
    inner = [a for a in atoms_in(atom.argument) if isinstance(a, Density)]
    return len(inner) == 1 and inner[0].letter == law.letter and atom.argument == from_atom(inner[0])


def _convex(potential: Expression, law: DensityValue, scene: Scene) -> bool:
    (variable,) = law.of
    try:
        curvature = derivative(derivative(potential, variable), variable)
        return sign(NormalForm(marginals=False).of(scene.spelled_out(curvature))) == 1
    except (NotDecidedError, MissingRule):
        return False

"""From the objective in words, as a configuration has it, to the `Objective` that is maximised."""

import re
from collections.abc import Callable, Mapping

from elbowroom.errors import InputError
from elbowroom.estimation.doubly_reparameterised import DoublyReparameterised
from elbowroom.estimation.gradient import AbstractGradient
from elbowroom.estimation.objective import Objective
from elbowroom.estimation.objectives import beta_elbo, elbo, importance_weighted, renyi
from elbowroom.estimation.pathwise import Pathwise
from elbowroom.estimation.score_function import ScoreFunction
from elbowroom.estimation.sticking_the_landing import StickingTheLanding
from elbowroom.functional.expression import Parameter
from elbowroom.functional.parse import parse
from elbowroom.functional.traverse import walk
from elbowroom.training.sections import nearest_of
from elbowroom.training.settings import ObjectiveSettings

GRADIENTS: dict[str, Callable[[], AbstractGradient]] = {
    "pathwise": Pathwise,
    "sticking-the-landing": StickingTheLanding,
    "doubly-reparameterised": DoublyReparameterised,
    "score-function": ScoreFunction,
}
PRESETS: dict[str, tuple[str, ...]] = {
    "elbo": (),
    "beta-elbo": ("beta",),
    "importance-weighted": (),
    "renyi": ("alpha",),
}
"""The names of presets, and the parameters that each needs."""

_NAME = re.compile(r"\s*[A-Za-z][A-Za-z0-9_-]*\s*")


def make_objective(settings: ObjectiveSettings) -> Objective:
    """The objective that `settings` describe: a preset by its name, or a formula in p, q, x and z.

    **Raises.** `FormulaError` with the place where reading stopped; `InputError` for a name that is no preset, a
    gradient estimator that does not exist, a parameter without a value, or a value without a parameter; `Refused` for a
    gradient estimator that would be biased here.
    """
    if settings.gradient not in GRADIENTS:
        raise InputError(
            f"The setting 'objective.gradient' is {settings.gradient!r}. {nearest_of(settings.gradient, GRADIENTS)}"
        )
    gradient = GRADIENTS[settings.gradient]()
    name = settings.formula.strip()
    if name in PRESETS:
        _check_parameters(name, set(PRESETS[name]), settings.parameters)
        return _preset(name, settings, gradient)
    if _NAME.fullmatch(settings.formula):
        raise InputError(
            f"There is no objective {name!r}. {nearest_of(name, PRESETS)} Or write a formula, such as "
            "'E_q(z|x)[log p(x|z)] - 2*KL(q(z|x) || p(z))'."
        )
    bound = parse(settings.formula)
    wanted = {node.name for node in walk(bound) if isinstance(node, Parameter)}
    _check_parameters(f"formula {name!r}", wanted, settings.parameters)
    return Objective(bound, settings.samples, gradient, dict(settings.parameters))


def describe_objective(objective: Objective) -> ObjectiveSettings:
    """The settings that `make_objective` turns into an equal objective.

    **Raises.** `InputError` if a parameter follows a schedule, which a configuration cannot hold yet.
    """
    gradient = next(name for name, kind in GRADIENTS.items() if kind is type(objective.gradient))
    numbers: dict[str, float] = {}
    for name, given in objective.parameters.items():
        if callable(given):
            raise InputError(
                f"The parameter {name!r} follows a schedule, which config.json cannot hold. Train without `out`, or "
                "give the parameter a number."
            )
        numbers[name] = float(given)
    formula = "elbo" if bool(objective.bound == elbo()) else str(objective.bound)
    return ObjectiveSettings(formula, numbers, objective.samples, gradient)


def _preset(name: str, settings: ObjectiveSettings, gradient: AbstractGradient) -> Objective:
    if name == "beta-elbo":
        beta = settings.parameters["beta"]
        if beta < 0:
            raise InputError(
                f"The objective beta-elbo has the parameter beta, and beta is {beta:g}; it has to be 0 or more. With a "
                "negative weight the divergence from the prior is rewarded, and the objective has no largest value."
            )
        return beta_elbo(settings.parameters["beta"], samples=settings.samples, gradient=gradient)
    if name == "importance-weighted":
        return importance_weighted(settings.samples, gradient=gradient)
    if name == "renyi":
        return renyi(settings.parameters["alpha"], settings.samples, gradient=gradient)
    return Objective(elbo(), settings.samples, gradient)


def _check_parameters(what: str, wanted: set[str], given: Mapping[str, float]) -> None:
    for name in sorted(wanted - set(given)):
        option = f"--{name}" if name == "beta" else f"--parameter {name}=VALUE"
        raise InputError(
            f"The objective {what} has the parameter {name}, and no value for it. Give one: {option}, or "
            f"objective.parameters.{name} in the configuration."
        )
    for name in sorted(set(given) - wanted):
        has = f"has {', '.join(sorted(wanted))}" if wanted else "has none"
        raise InputError(f"The objective {what} has no parameter {name}: it {has}. Leave that value out.")

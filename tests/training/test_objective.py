"""The objective in words: presets, formulas, and what is refused."""

import pytest

from elbowroom.errors import FormulaError, InputError, Refused
from elbowroom.estimation.doubly_reparameterised import DoublyReparameterised
from elbowroom.estimation.objective import Objective
from elbowroom.estimation.objectives import beta_elbo, elbo, importance_weighted
from elbowroom.training.objective import PRESETS, describe_objective, make_objective
from elbowroom.training.settings import ObjectiveSettings


def test_presets_are_their_expressions():
    assert make_objective(ObjectiveSettings()) == Objective(elbo())
    assert make_objective(ObjectiveSettings("beta-elbo", {"beta": 4.0}, 3)) == beta_elbo(4.0, samples=3)
    weighted = make_objective(ObjectiveSettings("importance-weighted", {}, 5, "doubly-reparameterised"))
    assert weighted == importance_weighted(5, gradient=DoublyReparameterised())
    assert set(PRESETS) == {"elbo", "beta-elbo", "importance-weighted", "renyi"}


def test_a_formula_is_read():
    made = make_objective(ObjectiveSettings("E_q(z|x)[log p(x|z)] - b*KL(q(z|x) || p(z))", {"b": 2.0}))
    assert made.parameters == {"b": 2.0}
    plain = make_objective(ObjectiveSettings("E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z))"))
    assert bool(plain.bound == elbo())


@pytest.mark.parametrize(
    "settings",
    [
        ObjectiveSettings(),
        ObjectiveSettings("elbo", {}, 4, "sticking-the-landing"),
        ObjectiveSettings("E_q(z|x)[log p(x|z)] - b*KL(q(z|x) || p(z))", {"b": 2.0}),
        ObjectiveSettings("importance-weighted", {}, 5, "doubly-reparameterised"),
        ObjectiveSettings("renyi", {"alpha": 0.5}, 5),
    ],
)
def test_an_objective_survives_being_described(settings):
    objective = make_objective(settings)
    assert make_objective(describe_objective(objective)) == objective


def test_a_schedule_cannot_be_described():
    with pytest.raises(InputError, match="'beta' follows a schedule"):
        describe_objective(beta_elbo(lambda step: 0.1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ObjectiveSettings("elbow"), "There is no objective 'elbow'. Did you mean 'elbo'? Or write a formula"),
        (ObjectiveSettings("beta-elbo"), "has the parameter beta, and no value for it. Give one: --beta"),
        (ObjectiveSettings("elbo", {"beta": 2.0}), "The objective elbo has no parameter beta: it has none."),
        (ObjectiveSettings("elbo", {}, 1, "pathwize"), "'objective.gradient' is 'pathwize'. Did you mean 'pathwise'?"),
        (
            ObjectiveSettings("c*KL(q(z|x) || p(z))"),
            "has the parameter c, and no value for it. Give one: --parameter c=",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(settings, message):
    with pytest.raises(InputError) as caught:
        make_objective(settings)
    assert message in str(caught.value)


def test_a_formula_with_a_typo_points_at_the_place():
    with pytest.raises(FormulaError) as caught:
        make_objective(ObjectiveSettings("E_q(z|x)[log p(x|z)] - KL(q(z|x) | p(z))"))
    assert "^" in str(caught.value)


def test_a_biased_gradient_is_refused():
    with pytest.raises(Refused, match="would bias the gradient"):
        make_objective(ObjectiveSettings("importance-weighted", {}, 5, "sticking-the-landing"))

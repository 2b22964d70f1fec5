"""Derivations: the note's, condition for condition; the field's; and what must be refused."""

import json
import tomllib

import pytest

from elbowroom.derivation.check import check
from elbowroom.derivation.derive import derive
from elbowroom.derivation.presets import PRESETS
from elbowroom.errors import InputError
from elbowroom.functional.expression import log
from elbowroom.functional.functionals import KL, E, Integral
from elbowroom.functional.law import laws, variables
from elbowroom.functional.parse import parse
from elbowroom.functional.problem import Maximise, Minimise


def test_the_derivation_of_the_note(shared) -> None:
    expected = tomllib.loads((shared / "truth" / "note_expected.toml").read_text())["derivation"]
    derivation = derive(expected["minimise"])
    assert derivation.condition == expected["condition"]
    assert str(derivation.optimum) == expected["optimum"]


def test_the_divergence_is_least_at_the_posterior() -> None:
    derivation = derive("KL(q(z|x) || p(z|x))")
    assert derivation.condition == "log q(z|x) + 1 - log p(z|x) + lambda = 0"
    assert str(derivation.optimum) == "p(z|x)"
    assert str(derivation.value) == "0"
    assert (derivation.status, derivation.minimum, derivation.unique) == ("solved", "global", True)
    assert {name: str(value) for name, value in derivation.multipliers.items()} == {"lambda": "-1"}


def test_the_elbo_is_largest_at_the_posterior_with_the_log_evidence() -> None:
    x, z = variables("x z")
    p, q = laws("p q")
    elbo = E(q(z | x))[log(p(x | z))] - KL(q(z | x), p(z))
    normalised = [Integral(q(z | x), z) == 1]
    largest = derive(Maximise(elbo, over=q(z | x), subject_to=normalised))
    least = derive(Minimise(-elbo, over=q(z | x), subject_to=normalised))
    assert str(largest.optimum) == str(least.optimum) == "p(z|x)"
    assert (str(largest.value), str(least.value)) == ("log p(x)", "-log p(x)")


def test_the_beta_weighted_elbo_tempers_the_likelihood() -> None:
    derivation = derive(PRESETS["beta-elbo"].problem())
    assert str(derivation.unnormalised) == "p(z)*p(x|z)**(1/beta)"
    assert str(derivation.value) == "beta*log(integral(p(z)*p(x|z)**(1/beta), z))"
    assert derivation.minimum == "global"


def test_each_datum_has_its_multiplier_where_the_functional_averages() -> None:
    derivation = derive("E_p(x)[KL(q(z|x) || p(z|x))]")
    assert str(derivation.optimum) == "p(z|x)"
    assert {name: str(value) for name, value in derivation.multipliers.items()} == {"lambda(x)": "-p(x)"}


SYMBOLIC = {name: preset for name, preset in PRESETS.items() if not preset.given}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_every_preset_has_an_answer_whose_checks_pass(preset) -> None:
    derivation = derive(preset.problem())
    assert derivation.status in ("solved", "fixed-point")
    assert all(check.passed for step in derivation.steps for check in step.checks), str(derivation)
    json.dumps(derivation.to_json(), allow_nan=False)


@pytest.mark.parametrize("preset", SYMBOLIC.values(), ids=SYMBOLIC.keys())
def test_every_symbolic_preset_is_solved_with_every_kind_of_check(preset) -> None:
    derivation = derive(preset.problem())
    assert derivation.status == "solved"
    checks = [check for step in derivation.steps for check in step.checks]
    assert len(checks) >= 8
    assert all(check.passed for check in checks), str(derivation)
    assert {"normal-form", "instances", "taylor", "kkt"} <= {check.kind for check in checks}


@pytest.mark.parametrize("preset", SYMBOLIC.values(), ids=SYMBOLIC.keys())
def test_the_optimum_integrates_to_one(preset) -> None:
    derivation = derive(preset.problem())
    assert derivation.optimum is not None
    mass = derivation.optimum
    for variable in derivation.problem.density.of:
        mass = Integral(mass, variable)
    assert check(mass, 1).verdict == "holds"


def test_a_linear_functional_is_refused() -> None:
    derivation = derive("E_q(z)[l(z)]")
    assert derivation.status == "refused"
    assert "linear in q(z)" in (derivation.reason or "")
    assert "l(z)" in (derivation.reason or "")


@pytest.mark.parametrize("functional", ["-H(q(z))", "H(q(z))"])
def test_a_density_that_cannot_be_normalised_is_refused(functional: str) -> None:
    derivation = derive(functional)
    assert derivation.status == "refused"
    assert "normalised" in (derivation.reason or "")


def test_the_wrong_sense_is_refused() -> None:
    x, z = variables("x z")
    p, q = laws("p q")
    derivation = derive(Maximise(KL(q(z | x), p(z | x)), over=q(z | x)))
    assert derivation.status == "refused"
    assert derivation.optimum is None
    assert "wrong sign" in (derivation.reason or "")


def test_what_is_not_solved_says_so() -> None:
    derivation = derive("E_q(z)[log q(z)] + E_q(z)[q(z)] + E_q(z)[q(z)**2]")
    assert derivation.status == "condition"
    assert derivation.optimum is None
    assert "no closed form was found" in (derivation.reason or "")


@pytest.mark.parametrize(
    ("functional", "words"),
    [
        ("log q(z|x)", "depends on z"),
        ("log p(x)", "no density q"),
        ("KL(q(z|x) || p(z)) + KL(q(w|x) || p(w))", "several densities"),
        ("KL(q(z|x) || q(z))", "several densities"),
    ],
)
def test_an_unclear_statement_is_an_error(functional: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        derive(functional)


def test_a_moment_has_a_multiplier_also_where_no_number_can_be_found() -> None:
    (z,) = variables("z")
    p, q = laws("p q")
    derivation = derive(Minimise(KL(q(z), p(z)), over=q(z), subject_to=[E(q(z))[z] == 0.5]))
    assert derivation.status == "condition"
    assert derivation.condition == "log q(z) + 1 - log p(z) + lambda + lambda1*z = 0"
    assert "p(z)" in (derivation.reason or "")


def test_json_has_the_keys_of_the_interface() -> None:
    document = json.loads(json.dumps(derive("KL(q(z|x) || p(z|x))").to_json()))
    wanted = {"problem", "status", "optimum", "unnormalised", "family", "value", "value_number", "minimum", "unique"}
    wanted |= {"multipliers", "boundary_terms", "condition", "steps", "reason", "seconds"}
    assert wanted <= document.keys()
    assert document["steps"][1]["checks"][0]["kind"] == "normal-form"
    assert str(parse(document["optimum"])) == document["optimum"]

"""Identities: true ones proved, false ones refuted, neither ever guessed."""

import random
import subprocess
import sys
import tomllib

import pytest

from elbowroom.derivation.check import check
from elbowroom.functional.expression import Expression, log
from elbowroom.functional.functionals import KL, E, Integral
from elbowroom.functional.law import laws, variables

TRUE = (
    "KL(q(z|x) || p(z|x)) = E_q(z|x)[log q(z|x)/p(z|x)]",
    "KL(q(z|x) || p(z|x)) = E_q(z|x)[log q(z|x)/p(z)] + E_q(z|x)[log p(z)/p(z|x)]",
    "KL(q(z|x) || p(z)) + E_q(z|x)[log p(x)] = KL(q(z|x) || p(z)) + log p(x)",
    "E_q(z|x)[log p(x,z)/q(z|x)] = E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z))",
    "KL(q(z|x) || p(z|x)) = log p(x) - E_q(z|x)[log p(x,z)/q(z|x)]",
    "integral(p(x|z)*p(z), z) = p(x)",
    "H(p(x,z)) = H(p(x)) + E_p(x)[H(p(z|x))]",
    "E_p(x)[KL(p(z|x) || p(z))] = E_p(x,z)[log p(x,z)/(p(x)*p(z))]",
    "exp(log(p(x))/beta) = p(x)**(1/beta)",
    "integral(q(z)*log q(z), z) = integral(q(z')*log q(z'), z')",
    "log(6) = log(2) + log(3)",
    "KL(q(z1|x)*q(z2|x) || p(z1,z2|x)) = "
    "KL(q(z1|x)*q(z2|x) || p(z1,z2)) - E_{q(z1|x)*q(z2|x)}[log p(x|z1,z2)] + log p(x)",
)

FALSE = (
    "KL(q(z|x) || p(z)) + E_q(z|x)[log p(z)/p(z|x)] = KL(q(z|x) || p(z)) + E_q(z|x)[log p(x)]",
    "-KL(q(z|x) || p(z)) = E_q(z|x)[log p(x,z)/q(z|x)]",
    "KL(q(z|x) || p(z)) = KL(p(z) || q(z|x))",
    "E_q(z|x)[log p(z)] = log p(x)",
    "log p(x,z) = log p(x|z)",
    "log(p(x) + q(x)) = log p(x) + log q(x)",
)


@pytest.mark.parametrize("identity", TRUE)
def test_a_true_identity_is_proved(identity: str) -> None:
    verdict = check(identity)
    assert (verdict.verdict, verdict.proof) == ("holds", "normal-form")
    assert verdict.instances > 0


@pytest.mark.parametrize("identity", FALSE)
def test_a_false_identity_is_refuted_by_a_world_to_follow(identity: str) -> None:
    verdict = check(identity)
    assert verdict.verdict == "fails"
    assert verdict.proof is None
    example = verdict.counterexample
    assert example is not None
    assert abs(example.left - example.right) > 1e-3
    assert "left side" in str(verdict)


def test_the_note_is_judged_as_stated(shared) -> None:
    expected = tomllib.loads((shared / "truth" / "note_expected.toml").read_text())
    for wanted in ("holds", "fails"):
        for link in expected[wanted]:
            assert check(link["left"], link["right"]).verdict == wanted, link["about"]


def test_agreement_without_a_proof_is_called_just_that() -> None:
    verdict = check("1/(p(x) + q(x))*(p(x) + q(x)) = 1")
    assert (verdict.verdict, verdict.proof) == ("holds", "instances")
    assert "not proved" in verdict.reason
    assert "proved:" not in str(verdict)


def test_python_expressions_and_text_give_the_same_verdict() -> None:
    x, z = variables("x z")
    p, q = laws("p q")
    divergence = KL(q(z | x), p(z | x))
    bound = E(q(z | x))[log(p(x | z))] - KL(q(z | x), p(z))
    assert check(log(p(x)) - divergence, bound).proof == "normal-form"
    assert check(log(p(x)) - divergence == bound).proof == "normal-form"


def test_json_has_the_keys_of_the_interface() -> None:
    document = check("log p(x,z) = log p(x|z)").to_json()
    assert {"verdict", "proof", "instances", "max_error", "counterexample", "reason"} <= document.keys()


def _random_true_identity(generator: random.Random) -> tuple[Expression, Expression]:
    """Two ways to write a random combination of expectations that are equal by construction."""
    x, z = variables("x z")
    p, q = laws("p q")
    rewritings = [
        (log(p(x, z)), log(p(x | z)) + log(p(z))),
        (log(p(z | x)), log(p(x, z)) - log(p(x))),
        (log(p(x, z)), log(p(z | x) * p(x))),
        (log(q(z | x) / p(z)), log(q(z | x)) - log(p(z))),
        (log(q(z, x)), log(q(z | x)) + log(q(x))),
        (p(x | z), p(x, z) / p(z)),
    ]
    left, right = log(p(x)) - log(p(x)), Integral(q(z | x), z) - 1
    for _ in range(generator.randint(1, 4)):
        one, other = generator.choice(rewritings)
        weight = generator.choice((1, 2, -1, 3))
        if generator.random() < 0.5:
            one, other = other, one
        left, right = left + weight * E(q(z | x))[one], right + E(q(z | x))[weight * other]
    return left, right


@pytest.mark.parametrize("seed", range(60))
def test_random_true_identities_hold_and_their_mutations_never_do(seed: int) -> None:
    generator = random.Random(seed)
    left, right = _random_true_identity(generator)
    assert check(left, right).proof == "normal-form"
    x, z = variables("x z")
    p, q = laws("p q")
    added = generator.choice((log(p(x)), E(q(z | x))[log(p(z))], KL(q(z | x), p(z)), KL(p(z | x), q(z | x))))
    assert check(left, right + generator.choice((1, -1, 2)) * added).verdict == "fails"


def test_the_calculus_needs_neither_jax_nor_sympy() -> None:
    code = (
        "import sys, elbowroom.derivation.derive, elbowroom.derivation.check;"
        "raise SystemExit(any(name in sys.modules for name in ('jax', 'sympy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

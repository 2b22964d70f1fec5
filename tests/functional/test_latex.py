r"""LaTeX: exact texts, and that brackets and braces of any expression balance."""

import re

import pytest
from hypothesis import given
from tests.functional.expressions import EXAMPLES, beta, expressions, p, q, x, z

from elbowroom.functional.expression import Constant, Multiplier, exp, log, sqrt
from elbowroom.functional.functionals import KL, E, Integral, entropy
from elbowroom.functional.latex import name_latex
from elbowroom.functional.printing import to_latex
from elbowroom.functional.problem import Maximise, Minimise

TEXTS = {
    "divergence": (KL(q(z | x), p(z | x)), r"\mathrm{KL}\left(q(z \mid x) \,\|\, p(z \mid x)\right)"),
    "elbo": (
        E(q(z | x))[log(p(x, z) / q(z | x))],
        r"\mathbb{E}_{q(z \mid x)}\left[\log \frac{p(x, z)}{q(z \mid x)}\right]",
    ),
    "condition": (
        log(q(z | x)) + 1 - log(p(z | x)) + Multiplier("lambda", (x,)) == 0,
        r"\log q(z \mid x) + 1 - \log p(z \mid x) + \lambda(x) = 0",
    ),
    "integral": (Integral(q(z) * log(q(z)), z), r"\int q(z) \log q(z) \, dz"),
    "integral of a sum": (Integral(q(z) - p(z), z) - 1, r"\int \left(q(z) - p(z)\right) \, dz - 1"),
    "integral in a product": (2 * Integral(q(z), z) * beta, r"2 \left(\int q(z) \, dz\right) \beta"),
    "entropy": (-entropy(q(z)), r"-\mathrm{H}\left(q(z)\right)"),
    "log of a product": (log(p(z) * p(x)), r"\log\left(p(z) p(x)\right)"),
    "powers": (exp(-z) * (p(z) ** (1 / beta)), r"\exp\left(-z\right) \left(p(z)\right)^{\frac{1}{\beta}}"),
    "root": (sqrt(beta) * Constant(2), r"\sqrt{\beta} \cdot 2"),
    "fraction": (0.5 * z - z / 3, r"\frac{1}{2} z - \frac{z}{3}"),
    "minimise": (
        Minimise(entropy(q(z)), over=q(z), subject_to=[E(q(z))[z] == 1]),
        r"\min_{q(z)} \; \mathrm{H}\left(q(z)\right) \quad \text{subject to} \quad "
        r"\mathbb{E}_{q(z)}\left[z\right] = 1",
    ),
    "maximise": (Maximise(entropy(q(z)), over=q(z)), r"\max_{q(z)} \; \mathrm{H}\left(q(z)\right)"),
}

NAMES = {
    "z": "z",
    "z1": "z_{1}",
    "z'": "z'",
    "lambda": r"\lambda",
    "q_theta": r"q_{\theta}",
    "loss": r"\mathrm{loss}",
    "a_max": r"a_{\mathrm{max}}",
    "beta2": r"\beta_{2}",
}


@pytest.mark.parametrize(("node", "latex"), TEXTS.values(), ids=TEXTS.keys())
def test_latex_is_exactly(node, latex):
    assert to_latex(node) == latex
    assert node._repr_latex_() == f"${latex}$"


@pytest.mark.parametrize(("name", "latex"), NAMES.items())
def test_names(name, latex):
    assert name_latex(name) == latex


@pytest.mark.parametrize("node", [node for node, _ in EXAMPLES.values()], ids=EXAMPLES.keys())
def test_every_kind_of_node_has_latex(node):
    assert to_latex(node)


@given(expressions())
def test_brackets_balance(node):
    latex = to_latex(node)
    assert latex.count("{") == latex.count("}")
    assert len(re.findall(r"\\left\b", latex)) == len(re.findall(r"\\right\b", latex))

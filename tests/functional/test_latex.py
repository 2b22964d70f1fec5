r"""LaTeX: exact texts, and that brackets and braces of any expression balance."""

import re

import pytest
from hypothesis import given
from tests.functional.expressions import EXAMPLES, beta, expressions, p, q, x, z

from elbowroom.functional.density_functionals import DensityFunctional
from elbowroom.functional.differential import diff
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.elementary import PI, Elementary
from elbowroom.functional.expression import Constant, Multiplier, exp, log, sqrt
from elbowroom.functional.families import FamilyDensity
from elbowroom.functional.functionals import KL, E, Integral, entropy
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.latex_spelling import name_latex
from elbowroom.functional.printing import to_latex
from elbowroom.functional.problem import Maximise, Minimise
from elbowroom.functional.substitute import substitute

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
    "absolute value": (Elementary("abs", z - 1) ** 2, r"\left|z - 1\right|^{2}"),
    "positive part": (Elementary("positive_part", z), r"\max\left(0, z\right)"),
    "elementary": (Elementary("lgamma", beta + 1), r"\log\Gamma\left(\beta + 1\right)"),
    "pi": (2 * PI**2, r"2 \pi^{2}"),
    "derivative": (diff(q(z), z) ** 2 / q(z), r"\frac{\left(\frac{\partial}{\partial z} q(z)\right)^{2}}{q(z)}"),
    "density at a point": (substitute(q(z | x), {z: -1}), r"q(-1 \mid x)"),
    "derivative at a point": (
        substitute(diff(q(z), z), {z: 0}),
        r"\left. \frac{\partial}{\partial z} q(z) \right|_{z = 0}",
    ),
    "integral with bounds": (Integral(q(z), z, 0, beta), r"\int_{0}^{\beta} q(z) \, dz"),
    "family": (FamilyDensity("Normal", z, (beta, 1)), r"\mathrm{Normal}\left(z; \beta, 1\right)"),
    "information": (MutualInformation("q", x, z), r"\mathrm{MI}_{q}\left(x; z\right)"),
    "chi2": (Divergence("chi2", q(z), p(z)), r"\chi^2\left(q(z) \,\|\, p(z)\right)"),
    "Renyi": (Divergence("Renyi", q(z), p(z), beta), r"\mathrm{R}_{\beta}\left(q(z) \,\|\, p(z)\right)"),
    "Tsallis": (DensityFunctional("Tsallis", q(z), beta), r"\mathrm{S}_{\beta}\left(q(z)\right)"),
    "MMD": (SquaredMMD("k", q(z), p(z)), r"\mathrm{MMD}^2_{k}\left(q(z) \,\|\, p(z)\right)"),
    "inequality": (KL(q(z), p(z)) >= 0, r"\mathrm{KL}\left(q(z) \,\|\, p(z)\right) \ge 0"),
    "several unknowns": (
        Minimise(KL(q(z) * p(x), p(x, z)), over=(q(z), p(x))),
        r"\min_{q(z), p(x)} \; \mathrm{KL}\left(q(z) p(x) \,\|\, p(x, z)\right)",
    ),
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

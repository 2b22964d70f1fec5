"""Densities whose optimum is known by hand, on every support, with constraints of every kind."""

import pathlib

import numpy as np
import pytest
from scipy import special, stats
from tests.solution.statements import NORMAL, holds, root, solved, stated

POSITIVE, CIRCLE, UNIT = {"z": '"positive"'}, {"z": '"circle"'}, {"z": "[0, 1]"}
THREE = {"z": "{finite = 3}"}


def gamma_entropy(mean: float, mean_log: float) -> float:
    shape = root(lambda a: special.digamma(a) - np.log(a / mean) - mean_log, 0.1, 100)
    rate = shape / mean
    return float(shape - np.log(rate) + special.gammaln(shape) + (1 - shape) * special.digamma(shape))


def von_mises_entropy(cosine: float) -> float:
    kappa = root(lambda k: special.i1(k) / special.i0(k) - cosine, 0.01, 20)
    return np.log(2 * np.pi * special.i0(kappa)) - kappa * cosine


def truncated_exponential_entropy(mean: float) -> float:
    tilt = root(lambda k: 1 / (1 - np.exp(-k)) - 1 / k - mean, 0.1, 50)
    return np.log(np.expm1(tilt) / tilt) - tilt * mean


def tilted_finite(prior: list[float], mean: float) -> float:
    states = np.arange(len(prior))
    tilt = root(lambda k: (states * prior) @ np.exp(k * states) / (prior @ np.exp(k * states)) - mean, -5, 5)
    return float(tilt * mean - np.log(prior @ np.exp(tilt * states)))


def mixed_priors() -> float:
    """0.3 KL(q || N(0, 1)) + 0.7 KL(q || N(2, 3²)): minus the log of the integral of the geometric mixture."""
    precision = 0.3 + 0.7 / 9
    return float(-np.log(precision**-0.5 * 3**-0.7) + 0.3 * (0.7 / 9) / precision * 4 / 2)


def hellinger_on_two_halves(inside: float) -> float:
    prior = 2 * stats.norm.cdf(1) - 1
    return float(2 - 2 * (np.sqrt(inside * prior) + np.sqrt((1 - inside) * (1 - prior))))


def evidence_of_a_poisson() -> float:
    nodes, weights = np.polynomial.legendre.leggauss(400)
    heights = np.exp(3 * 6 * nodes - np.exp(6 * nodes)) * stats.norm.pdf(6 * nodes)
    return float(np.log(6 * weights @ heights))


CASES = {
    "gamma": (
        stated("maximise H(q(z))", to=["E_q(z)[z] = 2", "E_q(z)[log(z)] = 0.5"], variables=POSITIVE),
        gamma_entropy(2, 0.5),
    ),
    "Laplace": (stated("maximise H(q(z))", to=["E_q(z)[abs(z - 1)] = 0.7"]), 1 + np.log(1.4)),
    "Cauchy": (stated("maximise H(q(z))", to=["E_q(z)[log(1 + z**2)] = 2*log(2)"]), np.log(4 * np.pi)),
    "Pareto": (
        stated("maximise H(q(z))", to=["E_q(z)[log(1 + z)] = 0.5"], variables=POSITIVE),
        1.5 + np.log(0.5),
    ),
    "Pareto without a mean": (
        stated("maximise H(q(z))", to=["E_q(z)[log(1 + z)] = 2"], variables=POSITIVE),
        3 + np.log(2),
    ),
    "von Mises": (
        stated("maximise H(q(z))", to=["E_q(z)[cos(z)] = 0.6"], variables=CIRCLE),
        von_mises_entropy(0.6),
    ),
    "von Mises tilted": (
        stated(
            "minimise E_q(z)[-3*cos(z - 1)] + KL(q(z) || p(z))", variables=CIRCLE, laws={"p(z)": '"VonMises(z; 0, 2)"'}
        ),
        -np.log(special.i0(abs(2 + 3 * np.exp(1j))) / special.i0(2)),
    ),
    "truncated exponential": (
        stated("maximise H(q(z))", to=["E_q(z)[z] = 0.8"], variables=UNIT),
        truncated_exponential_entropy(0.8),
    ),
    "half normal": (
        stated("maximise H(q(z))", to=["E_q(z)[z**2] = 1"], variables=POSITIVE),
        np.log(np.pi * np.e / 2) / 2,
    ),
    "mass of an interval": (
        stated("maximise H(q(z))", to=["integral(q(z), z, 0, 0.25) = 0.5"], variables=UNIT),
        np.log(0.75) / 2,
    ),
    "mass of an interval under a normal": (
        stated("minimise KL(q(z) || p(z))", to=["integral(q(z), z, 0, 1) = 0.5"], laws={"p(z)": NORMAL}),
        0.5 * np.log(0.25 / (stats.norm.cdf(1) - 0.5) / (1.5 - stats.norm.cdf(1))),
    ),
    "two priors": (
        stated(
            "minimise 0.3*KL(q(z) || p(z)) + 0.7*KL(q(z) || r(z))",
            laws={"p(z)": NORMAL, "r(z)": '"Normal(z; 2, 3)"'},
        ),
        mixed_priors(),
    ),
    "two bounds": (
        stated("minimise KL(q(z) || p(z))", to=["E_q(z)[z**2] <= 0.25", "E_q(z)[z] >= 0.1"], laws={"p(z)": NORMAL}),
        -(np.log(0.24) + 1) / 2 + 0.125,
    ),
    "tilted gamma": (
        stated(
            "minimise KL(q(z) || p(z))", to=["E_q(z)[z] = 3"], variables=POSITIVE, laws={"p(z)": '"Gamma(z; 2, 1)"'}
        ),
        2 * np.log(2 / 3) + 1,
    ),
    "tilted table": (
        stated("minimise KL(q(z) || p(z))", to=["E_q(z)[z] = 1.2"], variables=THREE, laws={"p(z)": "[0.5, 0.3, 0.2]"}),
        tilted_finite([0.5, 0.3, 0.2], 1.2),
    ),
    "parabola": (stated("minimise integral(q(z)**2, z)", to=["E_q(z)[z] = 0", "E_q(z)[z**2] = 0.2"]), 0.6),
    "importance sampling": (
        stated("minimise integral(a(z)**2/q(z), z)", variables=UNIT, functions={"a(z)": '"exp(-z)"'}),
        (1 - np.exp(-1)) ** 2,
    ),
    "alpha divergence": (
        stated("minimise integral(p(z)**1.5*q(z)**-0.5, z)", variables=POSITIVE, laws={"p(z)": '"Gamma(z; 2, 1)"'}),
        1.0,
    ),
    "Hellinger": (
        stated(
            "minimise integral((sqrt(q(z)) - sqrt(p(z)))**2, z)",
            to=["integral(q(z), z, -1, 1) = 0.9"],
            laws={"p(z)": NORMAL},
        ),
        hellinger_on_two_halves(0.9),
    ),
    "mean squared": (
        stated("minimise KL(q(z) || p(z)) + E_q(z)[z]**2", laws={"p(z)": '"Normal(z; 3, 1)"'}),
        3.0,
    ),
    "Fisher information": (
        stated("minimise integral(diff(q(z), z)**2/q(z), z)", to=["E_q(z)[z**2] = 2"]),
        0.5,
    ),
    "Mathieu": (
        stated("minimise integral(diff(q(z), z)**2/q(z), z) - 2*E_q(z)[cos(z)]", variables=CIRCLE),
        special.mathieu_a(0, 1.0),
    ),
    "far away": (stated("minimise E_q(z)[(z - 1000)**2] - H(q(z))"), -np.log(np.pi) / 2),
    "narrow and far away": (
        stated("minimise E_q(z)[1e6*(z - 1000)**2] - H(q(z))"),
        -np.log(np.pi / 1e6) / 2,
    ),
    "evidence": (
        stated("maximise E_q(z)[3*z - exp(z)] + H(q(z)) + E_q(z)[log p(z)]", laws={"p(z)": NORMAL}),
        evidence_of_a_poisson(),
    ),
    "best values": (
        stated("maximise E_q(z)[z**2]", to=["E_q(z)[z] = 1"], variables={"z": "{finite = 4}"}),
        3.0,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_density_in_closed_form(name: str, tmp_path: pathlib.Path) -> None:
    text, value = CASES[name]
    holds(solved(text, tmp_path), float(value))


CURVED = {
    "ball of KL": (
        stated("maximise E_q(z)[z]", to=["KL(q(z) || p(z)) <= 0.5"], laws={"p(z)": NORMAL}),
        1.0,
    ),
    "sphere of KL": (
        stated("maximise E_q(z)[z]", to=["KL(q(z) || p(z)) = 0.5"], laws={"p(z)": NORMAL}),
        1.0,
    ),
    "ball of chi2": (
        stated(
            "maximise E_q(z)[z]",
            to=["integral((q(z) - p(z))**2/p(z), z) <= 0.01"],
            variables={"z": "[-1, 1]"},
            laws={"p(z)": '"Uniform(z; -1, 1)"'},
        ),
        np.sqrt(0.01 / 3),
    ),
    "least entropy": (stated("minimise E_q(z)[z**2]", to=["H(q(z)) >= 1"]), np.e / (2 * np.pi)),
    "variance": (
        stated("maximise H(q(z))", to=["E_q(z)[z**2] - E_q(z)[z]**2 <= 2", "E_q(z)[z] = 3"]),
        np.log(4 * np.pi * np.e) / 2,
    ),
    "not active": (
        stated(
            "minimise KL(q(z) || r(z))",
            to=["KL(q(z) || p(z)) <= 3"],
            laws={"p(z)": NORMAL, "r(z)": '"Normal(z; 1, 1)"'},
        ),
        0.0,
    ),
}


@pytest.mark.parametrize("name", CURVED)
def test_constraints_that_are_not_affine_hold_as_they_are(name: str, tmp_path: pathlib.Path) -> None:
    text, value = CURVED[name]
    holds(solved(text, tmp_path), float(value))

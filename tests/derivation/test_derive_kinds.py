"""More problems of every kind than the truth files hold: other families, supports, parameters, and refusals."""

import math

import numpy as np
import pytest
from scipy import special, stats

from elbowroom.derivation.derive import derive
from elbowroom.functional.problem_file import read_problem_text

REAL, POSITIVE, UNIT, CIRCLE = (f"[variables]\nz = {s}\n" for s in ('"real"', '"positive"', "[0, 1]", '"circle"'))
PRIOR = '[laws]\n"p(z)" = "Normal(z; 0, 1)"\n'


def _derived(text: str):
    derivation = derive(read_problem_text(text))
    assert all(check.passed for step in derivation.steps for check in step.checks), str(derivation)
    return derivation


def _entropy(constraints: str, support: str):
    return _derived(f'maximise = "H(q(z))"\nover = "q(z)"\nsubject_to = [{constraints}]\n{support}')


@pytest.mark.parametrize(
    ("constraints", "support", "family", "value"),
    [
        (
            '"E_q(z)[z] = 100", "E_q(z)[(z - 100)**2] = 0.04"',
            REAL,
            "Normal",
            0.5 * math.log(2 * math.pi * math.e * 0.04),
        ),
        ('"E_q(z)[abs(z - 2)] = 1.5"', REAL, "Laplace", 1 + math.log(3)),
        ('"E_q(z)[log(z)] = 0.4", "E_q(z)[log(z)**2] = 0.9"', POSITIVE, "LogNormal", None),
        ('"E_q(z)[1/z] = 1.2", "E_q(z)[log(z)] = 0.3"', POSITIVE, "InverseGamma", None),
        ('"E_q(z)[z**2] = 2"', POSITIVE, "HalfNormal", 0.5 * math.log(math.pi * math.e)),
        ('"E_q(z)[log(z)] = -1", "E_q(z)[log(1 - z)] = -0.8"', UNIT, "Beta", None),
        ('"E_q(z)[cos(z)] = 0.2", "E_q(z)[sin(z)] = -0.5"', CIRCLE, "VonMises", None),
        ("", CIRCLE, "Uniform", math.log(2 * math.pi)),
        ('"E_q(z)[z] = 0.3", "E_q(z)[z**2] = 0.12"', UNIT, "TruncatedNormal", None),
        ('"E_q(z)[z] = 0", "1 >= E_q(z)[z**2]"', REAL, "Normal", 0.5 * math.log(2 * math.pi * math.e)),
    ],
)
def test_maximum_entropy_knows_the_family(constraints: str, support: str, family: str, value: float | None) -> None:
    derivation = _entropy(constraints, support)
    assert (derivation.status, derivation.minimum, derivation.unique) == ("solved", "global", True)
    assert derivation.family["q(z)"].name == family
    if value is not None:
        assert derivation.value_number == pytest.approx(value, abs=1e-10)


def test_the_moments_of_an_inverse_gamma_are_met() -> None:
    derivation = _entropy('"E_q(z)[1/z] = 1.2", "E_q(z)[log(z)] = 0.3"', POSITIVE)
    parameters = dict(derivation.family["q(z)"].parameters)
    shape, rate = parameters["concentration"], parameters["rate"]
    assert shape / rate == pytest.approx(1.2, abs=1e-10)
    assert math.log(rate) - special.digamma(shape) == pytest.approx(0.3, abs=1e-10)


def test_a_third_moment_of_zero_is_met_by_the_normal_density_with_multiplier_zero() -> None:
    derivation = _entropy('"E_q(z)[z] = 0", "E_q(z)[z**2] = 1", "E_q(z)[z**3] = 0"', REAL)
    assert derivation.value_number == pytest.approx(0.5 * math.log(2 * math.pi * math.e), abs=1e-10)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'maximise = "H(q(z))"\nover = "q(z)"\nsubject_to = ["E_q(z)[z] = -1"]\n{POSITIVE}', "infeasible"),
        (f'maximise = "H(q(z))"\nover = "q(z)"\nsubject_to = ["E_q(z)[z] = 2"]\n{UNIT}', "infeasible"),
        (
            'maximise = "H(q(z))"\nover = "q(z)"\nsubject_to = ["E_q(z)[z] = 1", "E_q(z)[z**2] = 0.5"]\n' + REAL,
            "infeasible",
        ),
        (f'maximise = "H(q(z))"\nover = "q(z)"\nsubject_to = ["E_q(z)[log(z)] = 1"]\n{POSITIVE}', "normalis"),
        (f'minimise = "E_q(z)[-z**2] + KL(q(z) || p(z))"\nover = "q(z)"\n{REAL}{PRIOR}', "wrong sign"),
        (f'maximise = "KL(q(z) || p(z))"\nover = "q(z)"\n{REAL}{PRIOR}', "wrong sign"),
        (
            'minimise = "E_q(z)[abs(z - 1)**1.5] + 0.05*integral((q(z) - p(z))**2/q(z), z)"\nover = "q(z)"\n'
            + REAL
            + PRIOR,
            "mass escapes",
        ),
        (f'minimise = "integral(diff(q(z), z)**2/q(z), z)"\nover = "q(z)"\n{REAL}', "normalis"),
        (f'minimise = "E_q(z)[z]"\nover = "q(z)"\nsubject_to = ["E_q(z)[z**2] = 1"]\n{REAL}', "linear"),
        (
            'minimise = "integral(diff(y(x), x)**2/2 - y(x)**2/2, x)"\nover = "y(x)"\n'
            'subject_to = ["y(0) = 0", "y(4) = 1"]\n'
            '[variables]\nx = [0, 4]\n[unknowns]\n"y(x)" = "function"\n',
            "conjugate point",
        ),
        (
            'minimise = "-H(q(z))"\nover = ["s"]\n[variables]\nz = "real"\n[unknowns]\ns = "positive"\n'
            '[laws]\n"q(z)" = "Normal(z; 0, s)"\n',
            "unbounded",
        ),
    ],
)
def test_what_has_no_optimum_is_refused_with_the_reason(text: str, words: str) -> None:
    derivation = derive(read_problem_text(text))
    assert (derivation.status, derivation.minimum) == ("refused", "none")
    assert words in (derivation.reason or "").lower()
    assert derivation.value_number is None


def test_a_gamma_prior_and_a_count_give_a_gamma_posterior() -> None:
    derivation = _derived(
        'minimise = "E_q(z)[-log p(x|z)] + KL(q(z) || p(z))"\nover = "q(z)"\n'
        '[variables]\nz = "positive"\nx = {finite = 20}\n'
        '[laws]\n"p(z)" = "Gamma(z; 2, 1.5)"\n"p(x|z)" = "Poisson(x; z)"\n[parameters]\nx = 4\n'
    )
    assert derivation.value_number == pytest.approx(-stats.nbinom.logpmf(4, 2, 1.5 / 2.5), abs=1e-10)
    assert dict(derivation.family["q(z)"].parameters) == pytest.approx({"concentration": 6, "rate": 2.5}, abs=1e-10)


def test_a_quadratic_penalty_gives_a_parabola_with_compact_support() -> None:
    derivation = _derived(f'minimise = "E_q(z)[z**2] + integral(q(z)**2, z)"\nover = "q(z)"\n{REAL}')
    edge = 1.5 ** (1 / 3)  # q = (edge**2 - z**2)/2, of mass one
    np.testing.assert_allclose(derivation.density(z=np.array([0.0, 2.0])), [edge**2 / 2, 0.0], atol=1e-10)


@pytest.mark.parametrize(
    ("channel", "capacity"),
    [("[[0.9, 0.1], [0.1, 0.9]]", 2), ("[[0.9, 0.1, 0.5], [0.1, 0.9, 0.5]]", 3)],
)
def test_the_capacity_of_a_symmetric_channel(channel: str, capacity: int) -> None:
    derivation = _derived(
        f'maximise = "MI(r; x, y)"\nover = "r(x)"\n[variables]\nx = {{finite = {capacity}}}\ny = {{finite = 2}}\n'
        f'[laws]\n"r(y|x)" = {channel}\n'
    )
    assert derivation.status == "fixed-point"
    assert derivation.value_number == pytest.approx(math.log(2) + 0.1 * math.log(0.1) + 0.9 * math.log(0.9), abs=1e-12)


def test_rate_distortion_at_a_given_distortion() -> None:
    derivation = _derived(
        'minimise = "MI(q; x, z)"\nover = "q(z|x)"\nsubject_to = ["E_q(x,z)[abs(x - z)] = 0.1"]\n'
        '[variables]\nx = {finite = 2}\nz = {finite = 2}\n[laws]\n"q(x)" = [0.5, 0.5]\n'
    )
    assert derivation.value_number == pytest.approx(math.log(2) + 0.1 * math.log(0.1) + 0.9 * math.log(0.9), abs=1e-10)


def test_the_bottleneck_claims_no_more_than_a_stationary_point() -> None:
    derivation = _derived(
        'minimise = "MI(q; x, z) - beta*MI(q; z, y)"\nover = "q(z|x)"\n'
        "[variables]\nx = {finite = 3}\ny = {finite = 2}\nz = {finite = 2}\n[laws]\n"
        '"q(x)" = [0.4, 0.3, 0.3]\n"q(y|x)" = [[0.9, 0.5, 0.1], [0.1, 0.5, 0.9]]\n[parameters]\nbeta = 5.0\n'
    )
    assert (derivation.status, derivation.minimum, derivation.unique) == ("fixed-point", "stationary", None)


def test_mean_field_keeps_the_means_and_the_conditional_variances() -> None:
    derivation = _derived(
        'minimise = "KL(q1(a)*q2(b) || p(a,b))"\nover = ["q1(a)", "q2(b)"]\n[variables]\na = "real"\nb = "real"\n'
        '[laws]\n"p(a)" = "Normal(a; 1, 2)"\n"p(b|a)" = "Normal(b; 0.5*a + 1, 0.7)"\n'
    )
    precision = 1 / 4 + 0.25 / 0.49
    assert derivation.value_number == pytest.approx(0.5 * math.log(4 * precision), abs=1e-10)
    assert dict(derivation.family["q1(a)"].parameters)["loc"] == pytest.approx(1, abs=1e-9)


def test_transport_scales_to_both_marginals() -> None:
    derivation = _derived(
        'minimise = "E_q(x,z)[(x - z)**2] + eps*KL(q(x,z) || a(x)*b(z))"\nover = "q(x,z)"\n'
        'subject_to = ["integral(q(x,z), z) = a(x)", "integral(q(x,z), x) = b(z)"]\n'
        '[variables]\nx = {finite = 3}\nz = {finite = 3}\n[laws]\n"a(x)" = [0.2, 0.3, 0.5]\n"b(z)" = [0.4, 0.4, 0.2]\n'
        "[parameters]\neps = 0.5\n"
    )
    table = np.array(derivation.table)
    np.testing.assert_allclose(table.sum(axis=1), [0.2, 0.3, 0.5], atol=1e-12)
    np.testing.assert_allclose(table.sum(axis=0), [0.4, 0.4, 0.2], atol=1e-12)
    assert derivation.value_number == pytest.approx(0.7569948857164, abs=1e-10)  # by plain scaling of exp(-cost/eps)


@pytest.mark.parametrize(
    ("functional", "constraints", "value"),
    [
        ("diff(y(x), x)**2 + x*y(x)", '"y(0) = 0", "y(1) = 0"', -1 / 180),
        ("diff(y(x), x)**2 + y(x)**2", '"y(0) = 1"', math.tanh(1)),  # a free end: diff(y) = 0 there
        ("sqrt(1 + diff(y(x), x)**2)", '"y(0) = 2", "y(1) = -1"', math.sqrt(10)),
    ],
)
def test_curves(functional: str, constraints: str, value: float) -> None:
    derivation = _derived(
        f'minimise = "integral({functional}, x)"\nover = "y(x)"\nsubject_to = [{constraints}]\n'
        '[variables]\nx = [0, 1]\n[unknowns]\n"y(x)" = "function"\n'
    )
    assert derivation.value_number == pytest.approx(value, abs=1e-10)
    assert (derivation.minimum, derivation.unique) == ("global", True)
    assert derivation.boundary_terms


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            'minimise = "integral(diff(q(z), z)**2/q(z), z)"\nover = "q(z)"\n'
            'subject_to = ["E_q(z)[z] = 1", "E_q(z)[(z - 1)**2] = 2"]\n' + REAL,
            0.5,
        ),
        (f'minimise = "integral(diff(q(z), z)**2/q(z), z) + E_q(z)[z**2]"\nover = "q(z)"\n{REAL}', 2.0),
        (
            'minimise = "integral(diff(q(z), z)**2/q(z), z)"\nover = "q(z)"\nsubject_to = ["q(0) = 0", "q(3) = 0"]\n'
            "[variables]\nz = [0, 3]\n",
            4 * math.pi**2 / 9,
        ),
    ],
)
def test_least_fisher_information(text: str, value: float) -> None:
    assert _derived(text).value_number == pytest.approx(value, abs=1e-10)


def test_a_clipped_density_is_never_negative_and_holds_its_moment() -> None:
    derivation = _derived(
        'minimise = "log(integral(q(z)**alpha*p(z)**(1 - alpha), z))/(alpha - 1)"\nover = "q(z)"\n'
        'subject_to = ["E_q(z)[z] = 0.3"]\n' + REAL + PRIOR + "[parameters]\nalpha = 2\n"
    )
    z = np.linspace(-12, 12, 240001)
    density = derivation.density(z=z)
    assert np.min(density) >= 0
    assert np.trapezoid(z * density, z) == pytest.approx(0.3, abs=1e-7)

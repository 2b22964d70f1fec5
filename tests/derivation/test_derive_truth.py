"""Every problem file with a known answer, through `derive`: status, value, optimum, minimum, uniqueness, reasons."""

import os
import pathlib
import tomllib

import numpy as np
import pytest
from scipy import special, stats

from elbowroom.derivation.derive import derive
from elbowroom.functional.law import DensityValue
from elbowroom.functional.problem_file import read_problem
from elbowroom.functional.support import Circle, Finite, Interval, Positive

_SHARED = pathlib.Path(os.environ.get("ELBOWROOM_SHARED", pathlib.Path(__file__).parents[2].parent / "shared"))
_FILES = sorted((_SHARED / "truth" / "problems").glob("*.toml"))
_STRENGTH = ("none", "stationary", "local", "global")


def _places(variable):
    match variable.support:
        case Interval(lower, upper):
            return np.linspace(float(lower), float(upper), 43)[1:-1]
        case Positive():
            return np.linspace(0.05, 6.0, 41)
        case Circle():
            return np.linspace(-3.0, 3.0, 41)
        case Finite(size):
            return np.arange(size, dtype=float)
    return np.linspace(-4.0, 4.0, 41)


def _evaluated(text, document, at):
    derived = document["expect"].get("derived", {})
    names = {"np": np, "stats": stats, "special": special, **document.get("parameters", {}), **derived, **at}
    return eval(text, names)  # the texts are the truth files' own


def _compare(derivation, name, text, document, variables):
    at = {variable.name: places for variable, places in variables.items()}
    found = derivation.density(name, **at)
    expected = _evaluated(text, document, at)
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), rtol=1e-6, atol=1e-8)


@pytest.mark.skipif(not _FILES, reason="the truth files stand in a folder shared beside the repository")
@pytest.mark.parametrize("path", _FILES, ids=[path.stem for path in _FILES])
def test_the_answer_is_the_known_one(path) -> None:
    document = tomllib.loads(path.read_text())
    expect = document["expect"]
    derivation = derive(read_problem(path))
    if expect["status"] == "refused":
        assert derivation.status == "refused"
        assert all(word in (derivation.reason or "").lower() for word in expect["reason"])
        assert derivation.optimum is None
        assert derivation.value_number is None
        return
    assert derivation.status in (expect["status"], "solved")
    if derivation.status != "condition":
        tolerance = max(expect["value_tolerance"], 1e-10)
        assert derivation.value_number == pytest.approx(expect["value"], abs=tolerance)
    if "minimum" in expect and derivation.status != "condition":
        assert derivation.minimum == expect["minimum"]
    elif "minimum" in expect:  # to claim less is honest, to claim more is an error
        assert _STRENGTH.index(derivation.minimum) <= _STRENGTH.index(expect["minimum"])
    if "unique" in expect and (derivation.unique is not None or derivation.status != "condition"):
        assert derivation.unique == expect["unique"]
    assert all(check.passed for step in derivation.steps for check in step.checks), str(derivation)
    _optimum(derivation, document, expect)


def _optimum(derivation, document, expect) -> None:
    unknown = derivation.problem.over[0]
    if derivation.status == "condition":
        return
    if "optimum_table" in expect:
        np.testing.assert_allclose(derivation.table, expect["optimum_table"], atol=1e-8)
    elif "optimum_function" in expect:
        (variable,) = unknown.arguments
        _compare(derivation, None, expect["optimum_function"], document, {variable: _places(variable)})
    elif isinstance(expect.get("optimum_density"), dict):
        for one in derivation.problem.over:
            (variable,) = one.of
            name = str(one)
            _compare(derivation, name, expect["optimum_density"][name], document, {variable: _places(variable)})
    elif "optimum_density" in expect and isinstance(unknown, DensityValue):
        places = {variable: _places(variable) for variable in unknown.of}
        places |= {v: np.array(0.8) for v in unknown.given if v not in derivation.problem.given.observed}
        _compare(derivation, None, expect["optimum_density"], document, places)
    elif "optimum_density" in expect:
        for name, value in expect["derived"].items():
            assert derivation.density(name) == pytest.approx(value, abs=1e-8)
        (law,) = [law for law in derivation.problem.given.laws if law.letter == "q"]
        _compare(derivation, str(law), expect["optimum_density"], document, {law.of[0]: _places(law.of[0])})

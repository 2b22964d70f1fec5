"""`--json` is the interface on which other programs rely: the keys, their types, and the words that may stand there."""

import json
import shutil
from typing import Any

import pytest

from cli.runs import as_users_run
from elbowroom.cli.main import main

NUMBER = (int, float)
MAYBE = (int, float, type(None))
WORD = (str, type(None))
KIND = (str, type(None))

ELBO = {"mean": NUMBER, "stderr": NUMBER}
INTERVAL = {"lower": MAYBE, "upper": MAYBE, "lower_kind": KIND, "upper_kind": KIND}
PART = {"estimate": MAYBE, "lower": MAYBE, "upper": MAYBE}
BLOCK = {
    "elbo": ELBO, "log_evidence": INTERVAL, "gap": INTERVAL, "approximation_gap": PART, "amortisation_gap": PART,
    "khat": {"median": NUMBER, "share_above_0.7": NUMBER}, "active_units": int, "mutual_information": NUMBER,
    "kl_per_dimension": list,
}  # fmt: skip
TRAIN = {
    "run": str, "data": str, "steps": int, "epochs": int,
    "elbo": {"train": NUMBER, "validation": NUMBER, "test": NUMBER, "stderr": NUMBER},
    "samples_per_second": NUMBER, "seconds": NUMBER, "device": str,
}  # fmt: skip
CERTIFY = {
    "objective": str, "data": str, "split": str, "n": int, "level": NUMBER, **BLOCK, "simulated": BLOCK,
    "verdict": list, "seconds": NUMBER, "gradient_evaluations": int,
}  # fmt: skip
DERIVE = {
    "problem": {"sense": str, "functional": str, "over": str, "subject_to": list}, "status": str, "optimum": WORD,
    "unnormalised": WORD, "family": (dict, type(None)), "value": WORD, "value_number": MAYBE, "minimum": str,
    "unique": (bool, type(None)), "multipliers": dict, "boundary_terms": list, "condition": str, "steps": list,
    "reason": WORD, "seconds": NUMBER,
}  # fmt: skip
STEP = {"rule": str, "before": str, "after": str, "hypotheses": list, "checks": list}
CHECK_OF_A_STEP = {"kind": str, "passed": bool, "detail": str}
CHECK = {
    "verdict": str, "proof": WORD, "instances": int, "max_error": MAYBE, "counterexample": (dict, type(None)),
    "reason": str,
}  # fmt: skip

ADDED = {"hypotheses", "left", "right", "relation", "fixed_point", "agreement", "likelihood", "preparation"}
"""Keys of `check`, `derive` and `train` that came after the interface was written: it allows more, never less."""


def follows(document: Any, shape: dict[str, Any], place: str = "") -> None:
    """Assert that the keys are those of `shape`, and that every value has its type; a certificate may hold more."""
    missing, added = set(shape) - set(document), set(document) - set(shape) - ADDED
    assert not missing, f"{place} lacks {missing}"
    assert not added or place.startswith(".certificate"), f"{place} holds {added}, which no interface names"
    for key, kind in shape.items():
        value, where = document[key], f"{place}.{key}"
        if isinstance(kind, dict):
            follows(value, kind, where)
        else:
            assert isinstance(value, kind), f"{where} is {value!r}"
            assert not isinstance(value, bool) or bool in (kind if isinstance(kind, tuple) else (kind,)), where


def answer(capsys, *words: object) -> tuple[int, Any]:
    capsys.readouterr()
    with as_users_run():
        status = main([*map(str, words), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_train(finished):
    folder, document = finished
    follows(document, TRAIN)
    assert (document["run"], document["device"]) == (str(folder), "cpu")


def test_run(whole):
    folder, document = whole
    follows(document, {"train": TRAIN, "certificate": CERTIFY, "report": str})
    assert document["report"] == str(folder / "report.html")


def test_certify(whole):
    document = whole[1]["certificate"]
    follows(document, CERTIFY, ".certificate")
    assert all(isinstance(sentence, str) for sentence in document["verdict"])
    for block in (document, document["simulated"]):
        assert all(isinstance(value, float) for value in block["kl_per_dimension"])
        for name in ("log_evidence", "gap", "approximation_gap", "amortisation_gap"):
            for end in ("lower_kind", "upper_kind"):
                assert block[name][end] in ("exact", "strict", "asymptotic", None)


def test_report(whole, tmp_path, capsys):
    shutil.copytree(whole[0], tmp_path / "run")
    page = str(tmp_path / "run" / "report.html")
    assert answer(capsys, "report", tmp_path / "run") == (0, {"report": page})


STATUSES = {
    "KL(q(z|x) || p(z|x))": ("solved", 0),
    "elbo": ("solved", 0),
    "beta*KL(q(z|x) || p(z)) - E_q(z|x)[log p(x|z)]": ("solved", 0),
    "E_q(z)[z]": ("refused", 3),
}


@pytest.mark.parametrize(("problem", "expected"), STATUSES.items(), ids=STATUSES.keys())
def test_derive(problem, expected, capsys):
    status, document = answer(capsys, "derive", problem)
    follows(document, DERIVE)
    assert (document["status"], status) == expected
    assert document["minimum"] in ("global", "local", "stationary", "none")
    assert document["problem"]["sense"] in ("minimise", "maximise")
    assert document["steps"]
    for step in document["steps"]:
        follows(step, STEP, "step")
        for check in step["checks"]:
            follows(check, CHECK_OF_A_STEP, "check")
            assert check["kind"] in ("normal-form", "instances", "taylor", "quadrature", "kkt")
            assert check["passed"]
    assert (document["reason"] is None) == (status == 0)


VERDICTS = {
    "log p(x,z) = log p(x|z) + log p(z)": ("holds", "normal-form", 0),
    "log p(x) = log p(z)": ("fails", None, 1),
}


@pytest.mark.parametrize(("identity", "expected"), VERDICTS.items(), ids=VERDICTS.keys())
def test_check(identity, expected, capsys):
    status, document = answer(capsys, "check", identity)
    follows(document, CHECK)
    assert (document["verdict"], document["proof"], status) == expected
    assert (document["counterexample"] is None) == (document["verdict"] != "fails")

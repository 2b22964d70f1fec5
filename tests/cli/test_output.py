"""Paragraphs for people, one JSON document for programs."""

import json
import math

import pytest

from elbowroom.cli import output


def test_wrap_fills_paragraphs_and_keeps_what_is_set_apart():
    text = "one two three four five\nsix\n    log(p(x)\n           ^\nseven"
    wrapped = output.wrap(text, width=30)
    assert wrapped == "one two three four five six\n    log(p(x)\n           ^\nseven"


def test_what_is_not_finite_becomes_null(capsys):
    output.print_json({"a": math.nan, "b": [math.inf, 1.5], "c": {"d": -math.inf, "e": "ö"}})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 1.5], "c": {"d": None, "e": "ö"}}


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_no_colour_where_nobody_wants_it(monkeypatch, variable):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert output.coloured(Terminal())
    monkeypatch.setenv(variable, "dumb")
    assert not output.coloured(Terminal())

"""The sign of life: on a terminal only, and gone when the stage is done."""

import io
import sys
import time

import pytest

from elbowroom.cli import waiting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_where_stderr_is_no_terminal(capsys):
    with waiting.waiting("certify"):
        pass
    assert capsys.readouterr().err == ""


def test_a_terminal_sees_the_seconds_and_then_an_empty_line(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(waiting, "SECOND", 0.001)
    with waiting.waiting("certify"):
        while "certify … 0 s" not in terminal.getvalue():
            time.sleep(0.001)
    assert terminal.getvalue().endswith(" \r")


def test_an_error_passes_and_leaves_no_trace(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(KeyError), waiting.waiting("certify"):
        raise KeyError
    assert terminal.getvalue().endswith(" \r")

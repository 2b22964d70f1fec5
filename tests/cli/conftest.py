"""Runs that are made once and read by many tests: copy one before changing it."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from cli.runs import SMALL, as_users_run, train_small
from elbowroom.cli.main import main


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """The folder of a finished `elbowroom train` on digits, and its JSON."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        folder = train_small(tmp_path_factory.mktemp("finished") / "digits")
    return folder, json.loads(said.getvalue())


@pytest.fixture(scope="session")
def finished_run(finished) -> Path:
    """The folder alone."""
    return finished[0]


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """The folder of a finished `elbowroom run` on digits, and its JSON."""
    folder = tmp_path_factory.mktemp("whole") / "digits"
    with contextlib.redirect_stdout(io.StringIO()) as said, as_users_run():
        assert main(["run", "digits", "--out", str(folder), *SMALL, "-n", "6", "--json"]) == 0
    return folder, json.loads(said.getvalue())

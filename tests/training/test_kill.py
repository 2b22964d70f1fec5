"""A run that is killed at any moment and resumed ends with the bits of one that was not killed."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from elbowroom.training.keeper import METRICS, STATE, WEIGHTS

SETTINGS = (
    "[model]\nlatent = 4\nhidden = [32]\n[training]\nepochs = 25\nbatch = 64\nchunk_steps = 9\ncheckpoint_seconds = 0\n"
)


def _start(folder: Path, *options: str) -> subprocess.Popen:
    config = folder.parent / "settings.toml"
    config.write_text(SETTINGS)
    command = ["train", "digits", "--out", str(folder), "--config", str(config), "--device", "cpu", "--json", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "elbowroom.cli", *command],
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill_after_its_next_checkpoint(folder: Path, delay: float) -> bool:
    """Start or resume a run and kill it `delay` seconds after its next checkpoint; whether it was still running."""
    state = folder / STATE
    before = state.stat().st_mtime_ns if state.exists() else None
    process = _start(folder, "--resume")
    while process.poll() is None and (not state.exists() or state.stat().st_mtime_ns == before):
        time.sleep(0.002)
    time.sleep(delay)
    process.kill()
    return process.wait() != 0


def _compare(tmp_path: Path, kills: int) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert _start(whole).wait() == 0
    generator = random.Random(5)
    hits = [_kill_after_its_next_checkpoint(killed, generator.uniform(0.0, 0.15)) for _ in range(kills)]
    assert any(hits), "no kill came in time; make the run longer"
    assert _start(killed, "--resume").wait() == 0
    assert (whole / WEIGHTS).read_bytes() == (killed / WEIGHTS).read_bytes()
    assert len((killed / METRICS).read_text().splitlines()) == 25


def test_D22_D31_a_run_killed_once_ends_with_the_same_bits(tmp_path):
    _compare(tmp_path, kills=1)


@pytest.mark.slow
def test_D22_a_run_killed_many_times_ends_with_the_same_bits(tmp_path):
    _compare(tmp_path, kills=6)

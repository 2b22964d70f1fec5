"""A run that is killed at any moment and resumed ends with the bits of one that was not killed."""

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from elbowroom.training.checkpoint import load_arrays
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


def _kill_at(folder: Path, moment: float) -> bool:
    """Start or resume a run and kill it `moment` seconds later, wherever it is; whether it was still running."""
    process = _start(folder, "--resume")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    process.kill()
    return process.wait() != 0


def _assert_same_bits(whole: Path, killed: Path) -> None:
    """The best weights, file against file; and everything of the state but its clocks: last weights, optimiser, key."""
    assert (whole / WEIGHTS).read_bytes() == (killed / WEIGHTS).read_bytes()
    (arrays, notes), (others, other_notes) = load_arrays(whole / STATE), load_arrays(killed / STATE)
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert array.tobytes() == others[name].tobytes(), name
    position, other = ({k: v for k, v in one["position"].items() if "seconds" not in k} for one in (notes, other_notes))
    assert position == other
    lines, other_lines = ((folder / METRICS).read_text().splitlines() for folder in (whole, killed))
    kept = ("epoch", "step", "objective", "validation_elbo", "best")
    records, other_records = ([[json.loads(one)[k] for k in kept] for one in found] for found in (lines, other_lines))
    assert records == other_records
    assert len(records) == 25


def _run_whole(tmp_path: Path) -> tuple[Path, float]:
    begun = time.perf_counter()
    assert _start(tmp_path / "whole").wait() == 0
    return tmp_path / "whole", time.perf_counter() - begun


def _killed_after_checkpoints(tmp_path: Path, kills: int) -> None:
    (whole, _), killed, generator = _run_whole(tmp_path), tmp_path / "killed", random.Random(5)
    hits = [_kill_after_its_next_checkpoint(killed, generator.uniform(0.0, 0.15)) for _ in range(kills)]
    assert any(hits), "no kill came in time; make the run longer"
    assert _start(killed, "--resume").wait() == 0
    _assert_same_bits(whole, killed)


def test_D22_D31_a_run_killed_once_ends_with_the_same_bits(tmp_path):
    _killed_after_checkpoints(tmp_path, kills=1)


@pytest.mark.slow
def test_D22_a_run_killed_many_times_while_it_writes_ends_with_the_same_bits(tmp_path):
    _killed_after_checkpoints(tmp_path, kills=6)


@pytest.mark.slow
def test_D22_a_run_killed_at_any_moment_of_its_life_ends_with_the_same_bits(tmp_path):
    """At moments that no seed fixes, from before the first import to the last evaluation, as long as it lives."""
    (whole, seconds), killed = _run_whole(tmp_path), tmp_path / "killed"
    moments = [random.uniform(0.0, seconds) for _ in range(8)]
    hits = [_kill_at(killed, moment) for moment in moments]
    assert any(hits), moments
    assert _start(killed, "--resume").wait() == 0
    _assert_same_bits(whole, killed)

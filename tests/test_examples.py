"""Every example runs as a user would run it, and stays short enough to read."""

import pathlib
import subprocess
import sys

import pytest

EXAMPLES = sorted((pathlib.Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example: pathlib.Path) -> None:
    assert len(example.read_text().splitlines()) <= 100
    if example.stem.endswith("_pytorch"):
        pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    done = subprocess.run([sys.executable, example], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout


def test_there_is_an_example_for_each_capability() -> None:
    assert {"derive", "check", "train", "certify"} <= {example.stem for example in EXAMPLES}

"""The entry point: what it prints, what it imports, and the exit status of every way a command can end."""

import argparse
import json
import os
import subprocess
import sys
import types
import warnings

import pytest

from elbowroom.cli import commands, main
from elbowroom.cli.main import COMMANDS
from elbowroom.errors import FormulaError, InputError, Refused


def python(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


@pytest.fixture
def command(monkeypatch):
    """Install a command `probe` whose `run` is the function given."""

    def install(run, add_arguments=lambda parser: None, resumes=False):
        module = types.ModuleType("elbowroom_probe")
        module.run = run
        module.add_arguments = add_arguments
        monkeypatch.setitem(sys.modules, "elbowroom_probe", module)
        monkeypatch.setitem(COMMANDS, "probe", commands.Command("probe", "a probe", "elbowroom_probe", resumes))

    return install


def raising(error: BaseException):
    def run(arguments):
        print("half an answer")
        raise error

    return run


HEAVY = {"jax", "jaxlib", "numpy", "scipy", "matplotlib", "sklearn", "numpyro", "equinox", "optax", "blackjax", "torch"}


def test_help_imports_no_array_library_and_names_every_command():
    program = (
        "import sys; from elbowroom.cli.main import main; status = main(['--help']); "
        f"print(sorted({HEAVY} & set(sys.modules)), file=sys.stderr); "
        "sys.exit(status)"
    )
    answer = python("-c", program)
    assert answer.returncode == 0
    assert answer.stderr.strip() == "[]"
    for name in COMMANDS:
        assert f"  {name} " in answer.stdout


@pytest.mark.parametrize("module", ["elbowroom", "elbowroom.cli"])
def test_runs_as_a_module(module):
    answer = python("-m", module, "--version")
    assert answer.returncode == 0
    assert answer.stdout.startswith("elbowroom ")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["trian"], "Did you mean 'train'?"),
        (["--hlep"], "Did you mean '--help'?"),
        (["quux"], "`elbowroom --help`"),
    ],
)
def test_unknown_command_is_bad_usage_with_the_nearest_name(words, hint, capsys):
    assert main.main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert repr(words[0]) in captured.err.replace("\n", " ")
    assert hint in captured.err.replace("\n", " ")


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--split", choices=["train", "validation", "test"], default="test")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["x", "--epohcs", "3"], ["There is no option '--epohcs' here.", "Did you mean '--epochs'?"]),
        (["x", "--epoch", "3"], ["There is no option '--epoch' here.", "Did you mean '--epochs'?"]),
        (["x", "--split", "tset"], ["--split cannot be 'tset'.", "Did you mean 'test'?", "train, validation, test"]),
        (["x", "--epochs", "many"], ["--epochs: Invalid int value: 'many'."]),
        (["x", "y"], ["There is one argument too many: 'y'."]),
        ([], ["DATA"]),
        (["x", "-KL"], ["There is no option '-KL' here."]),
    ],
)
def test_bad_usage_is_one_paragraph(command, words, parts, capsys):
    command(lambda arguments: 0, declare)
    assert main.main(["probe", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    for part in parts:
        assert part in captured.err.replace("\n", " ")
    assert "\n\n" not in captured.err


@pytest.mark.parametrize("formula", ["-KL(q(z|x) || p(z))", "-E_q(z|x)[log p(x)]", "-(x+1)", "-2*log(p(x))"])
def test_a_formula_may_begin_with_a_minus_sign(command, formula):
    read = []
    command(lambda arguments: read.append(arguments.data) or 0, declare)
    assert main.main(["probe", formula, "--epochs", "3"]) == 0
    assert [text.strip() for text in read] == [formula]


def test_status_of_the_command_is_the_status_of_the_program(command):
    command(lambda arguments: 1)
    assert main.main(["probe"]) == 1


@pytest.mark.parametrize("json_flag", [[], ["--json"]])
@pytest.mark.parametrize(
    ("error", "status", "part"),
    [
        (InputError("The file is not there."), 2, "The file is not there."),
        (FormulaError("A bracket is missing.", "log(p(x)", 8), 2, "\n    log(p(x)\n            ^\n"),
        (Refused("No density is stationary."), 3, "No density is stationary."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (OSError(28, "No space left on device", "run/weights.safetensors"), 2, "No space left on device"),
        (MemoryError(), 2, "memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 800000000000 bytes."), 2, "smaller model"),
        (ZeroDivisionError("1/0"), 70, "defect of the program"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_how_a_command_can_end(command, error, status, part, json_flag, capsys):
    command(raising(error))
    assert main.main(["probe", *json_flag]) == status
    captured = capsys.readouterr()
    assert part in captured.err or part in captured.err.replace("\n", " ")
    assert captured.out == ("" if json_flag else "half an answer\n")
    assert "Traceback" not in captured.err or status == 70


def test_a_defect_keeps_its_traceback(command, capsys):
    command(raising(ZeroDivisionError("1/0")))
    main.main(["probe"])
    assert "ZeroDivisionError: 1/0" in capsys.readouterr().err


def test_an_interrupt_names_the_command_that_goes_on(command, capsys):
    command(raising(KeyboardInterrupt()), declare, resumes=True)
    assert main.main(["probe", "my data", "--epochs", "3"]) == 130
    assert "\n    elbowroom probe 'my data' --epochs 3 --resume\n" in capsys.readouterr().err


def test_with_json_stdout_is_one_document(command, capsys):
    def run(arguments):
        print(json.dumps({"answer": 42, "json": arguments.json}))
        return 0

    command(run)
    assert main.main(["probe", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"answer": 42, "json": True}


def test_warnings_of_libraries_do_not_reach_the_terminal(command, capsys):
    def run(arguments):
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
        return 0

    command(run)
    assert main.main(["probe"]) == 0
    assert capsys.readouterr().err == ""


def test_a_closed_pipe_ends_in_silence():
    program = "import sys; from elbowroom.cli.main import main; sys.exit(main(['--help']))"
    reader, writer = os.pipe()
    os.close(reader)
    answer = subprocess.run(
        [sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert answer.returncode == 141
    assert answer.stderr == ""


def test_the_paragraph_has_the_width_of_the_terminal():
    answer = python("-m", "elbowroom", "a-command-that-does-not-exist", COLUMNS="44")
    assert answer.returncode == 2
    assert max(len(line) for line in answer.stderr.splitlines()) <= 44
    assert len(answer.stderr.splitlines()) > 1

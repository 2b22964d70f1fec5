"""The README shows what the program prints, and names what there is."""

import pathlib
import re
import shlex

import pytest

import elbowroom
from elbowroom.cli.commands import COMMANDS
from elbowroom.cli.main import main

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def session(block: str) -> list[tuple[str, str]]:
    """The commands after `$ `, each with the output below it."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(command, output.strip()) for command, _, output in (part.partition("\n") for part in parts)]


SHOWN = [pair for block in blocks("console") for pair in session(block)]


def shown_in(text: str, shown: str) -> bool:
    """Whether `text` is `shown`, in which a line of three dots stands for any lines."""
    parts = [re.escape(part.strip("\n")) for part in re.split(r"^\.\.\.$", shown, flags=re.MULTILINE)]
    return re.fullmatch(r"\s*(?:.*\n)?\s*".join(parts), text.strip(), flags=re.DOTALL) is not None


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_prints_what_the_readme_shows(command, shown, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    program, *words = shlex.split(command)
    assert program == "elbowroom"
    assert main(words) in (0, 1)
    assert shown_in(capsys.readouterr().out, shown)


def test_derivations_and_checks_are_shown():
    assert {"derive", "check"} <= {shlex.split(command)[1] for command, _ in SHOWN}


def test_every_command_is_named_and_no_other():
    named = set(re.findall(r"`elbowroom ([a-z]+)", README)) | {shlex.split(command)[1] for command, _ in SHOWN}
    named |= set(re.findall(r"&& elbowroom ([a-z]+)", README)) | set(re.findall(r"^elbowroom ([a-z]+)", README, re.M))
    assert named == set(COMMANDS)


def test_the_python_names_are_public():
    (code,) = blocks("python")
    compile(code, "README.md", "exec")
    for name in re.findall(r"\ber\.(\w+)", code) + re.findall(r"from elbowroom import (.*)", code)[0].split(", "):
        assert hasattr(elbowroom, name), name


def test_there_is_one_command_to_run_and_one_to_test():
    assert next(block.strip() for block in blocks("console")).startswith("pip install -e . && elbowroom run digits")
    assert 'pip install -e ".[test]" && pytest\n' in README


def test_the_pictures_are_there():
    for place in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        picture = pathlib.Path(__file__).parents[1] / place
        assert picture.stat().st_size < 200_000

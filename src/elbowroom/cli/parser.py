"""An argument parser whose complaints are one paragraph with the nearest name that exists."""

import argparse
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NoReturn

from elbowroom.errors import InputError


def nearest(name: str, known: Iterable[str]) -> str:
    """The sentence "Did you mean ...? " for the nearest of the `known` names, or nothing where none is near."""
    bare = {one.lstrip("-"): one for one in known}  # what options have in common makes no two of them alike
    found = get_close_matches(name.lstrip("-"), list(bare), n=1, cutoff=0.6)
    return f"Did you mean {bare[found[0]]!r}? " if found else ""


class Parser(argparse.ArgumentParser):
    """`argparse.ArgumentParser` that raises `InputError` and knows near misses; options cannot be abbreviated."""

    def __init__(self, prog: str, description: str, **keywords: object):
        super().__init__(
            prog=prog,
            description=description,
            allow_abbrev=False,
            exit_on_error=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **keywords,  # pyright: ignore[reportArgumentType]  # passed on as they came
        )

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse `words`, or raise `InputError` with what is wrong and the nearest name that exists."""
        try:
            arguments, unknown = self.parse_known_args([_shielded(word) for word in words])
        except argparse.ArgumentError as error:
            raise InputError(self._explain(error)) from None
        if unknown:
            raise InputError(self._explain_unknown(unknown[0]))
        return arguments

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{_sentence(message)} {self._see_help()}")

    def option_names(self) -> list[str]:
        """Every option of this command, as it is written: `--out`, `-n`, ..."""
        return [name for action in self._actions for name in action.option_strings]

    def _see_help(self) -> str:
        return f"`{self.prog} --help` lists what there is."

    def _explain(self, error: argparse.ArgumentError) -> str:
        wrong = re.match(r"invalid choice: '?(.*?)'? \(", error.message)
        choices = next((a.choices for a in self._actions if _label(a) == error.argument_name and a.choices), None)
        if wrong and choices is not None:
            known = [str(choice) for choice in choices]
            hint = nearest(wrong.group(1), known)
            return f"{error.argument_name} cannot be {wrong.group(1)!r}. {hint}Possible: {', '.join(known)}."
        name = f"{error.argument_name}: " if error.argument_name else ""
        return f"{name}{_sentence(error.message)} {self._see_help()}"

    def _explain_unknown(self, word: str) -> str:
        name = word.split("=", 1)[0]
        if not name.startswith("-"):
            return f"There is one argument too many: {word!r}. {self._see_help()}"
        hint = nearest(name, self.option_names())
        return f"There is no option {name!r} here. {hint}{self._see_help()}"


def _shielded(word: str) -> str:
    """A formula that begins with a minus sign behind a space, so that it is not taken for an option."""
    return f" {word}" if re.match(r"-[^-=]*[(\[]", word) else word


def _label(action: argparse.Action) -> str | None:
    if action.option_strings:
        return "/".join(action.option_strings)
    return action.metavar if isinstance(action.metavar, str) else action.dest


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:].rstrip(".") + "."

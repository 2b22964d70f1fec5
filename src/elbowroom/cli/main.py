"""The entry point: find the command, load its module, run it, and turn what happens into an exit status."""

import contextlib
import importlib
import io
import logging
import os
import shlex
import sys
import traceback
import warnings
from argparse import ArgumentError, Namespace
from collections.abc import Callable, Iterator, Sequence

from elbowroom.cli.commands import COMMANDS, GROUPS, Command
from elbowroom.cli.output import complain
from elbowroom.cli.parser import Parser, nearest
from elbowroom.errors import InputError, Refused

DONE, FALSE, BAD_INPUT, REFUSED, DEFECT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 3, 70, 130, 141

TOO_LARGE = (
    "The memory of this machine does not suffice. Use fewer data, a smaller batch, fewer draws for each datum, or a "
    "smaller model."
)

DESCRIPTION = "elbowroom: the room between the ELBO and the evidence."

EPILOG = """\
examples:
  elbowroom run digits --out runs/digits
  elbowroom derive "KL(q(z|x) || p(z|x))"
  elbowroom check "log p(x) = E_q(z|x)[log p(x,z)/q(z|x)] + KL(q(z|x) || p(z|x))"

exit status:
  0 done   1 `check` found something false   2 bad usage or input   3 refused or undecided   130 interrupted"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (without the program's name) and return its exit status.

    Status 0: done; 1: `check` found something false; 2: bad usage or input, with one paragraph on stderr; 3: refused
    or undecided, with the reason; 130: interrupted, with the command that resumes; 70: a defect of the program.
    With `--json`, stdout holds exactly one document when the command has answered, and nothing otherwise.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        with _quiet_libraries():
            status = _dispatch(words)
        sys.stdout.flush()
    except BrokenPipeError:
        _close_stdout()
        return PIPE_CLOSED
    return status


def _dispatch(words: list[str]) -> int:
    try:
        if not words or words[0] in ("-h", "--help", "help"):
            print(overview())
            return DONE
        if words[0] == "--version":
            from importlib.metadata import version

            print(f"elbowroom {version('elbowroom')}")
            return DONE
        command = _find(words[0])
    except InputError as error:
        complain(f"elbowroom: {error}")
        return BAD_INPUT
    return _guarded(command, words)


def overview() -> str:
    """The text of `elbowroom --help`."""
    lines = ["usage: elbowroom COMMAND ...", "", DESCRIPTION]
    for title, group in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {command.name:<12} {command.help}" for command in group)]
    lines += ["", "`elbowroom COMMAND --help` says more; `elbowroom --version` says which version this is.", "", EPILOG]
    return "\n".join(lines)


def _find(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name]
    what = "option" if name.startswith("-") else "command"
    hint = nearest(name, COMMANDS if what == "command" else ("--help", "--version"))
    raise InputError(f"There is no {what} {name!r}. {hint}`elbowroom --help` lists what there is.")


def _guarded(command: Command, words: list[str]) -> int:
    """Run one command; every way it can end becomes an exit status, and a paragraph where it ends badly."""
    title = f"elbowroom {command.name}"
    try:
        return _call(command, words[1:])
    except InputError as error:
        complain(f"{title}: {error}")
        return BAD_INPUT
    except Refused as error:
        complain(f"{title}: {error}")
        return REFUSED
    except KeyboardInterrupt:
        complain(f"{title}: Interrupted. {_how_to_go_on(command, words)}")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        complain(f"{title}: The system refused to read or write{place}: {error.strerror or error}.")
        return BAD_INPUT
    except Exception as error:  # the last resort: whatever else is raised is a defect
        if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):  # as JAX says it
            complain(f"{title}: {TOO_LARGE}")
            return BAD_INPUT
        return _defect(title, error)


def _call(command: Command, words: list[str]) -> int:
    module = importlib.import_module(command.module)
    parser = Parser(prog=f"elbowroom {command.name}", description=f"{command.help[0].upper()}{command.help[1:]}.")
    module.add_arguments(parser)
    with contextlib.suppress(ArgumentError):  # a command may declare it with a help text of its own
        parser.add_argument("--json", action="store_true", help="write exactly one JSON document to stdout")
    for word in words:
        if "\0" in word:
            raise InputError(f"The argument {word!r} holds a null byte, which no name or formula can. Leave it out.")
    try:
        arguments = parser.read(words)
    except SystemExit:  # --help has printed its text
        return DONE
    return _run_for_a_program(module.run, arguments) if arguments.json else module.run(arguments)


def _run_for_a_program(run: Callable[[Namespace], int], arguments: Namespace) -> int:
    """Hold stdout back until the command has ended well, so that a failure leaves it empty."""
    held = io.StringIO()
    with contextlib.redirect_stdout(held):
        status = run(arguments)
    sys.stdout.write(held.getvalue())
    return status


def _how_to_go_on(command: Command, words: list[str]) -> str:
    if not command.resumes:
        return "Nothing is left half-written; the same command starts again."
    resuming = words if "--resume" in words else [*words, "--resume"]
    return f"Go on from the last checkpoint with:\n    elbowroom {shlex.join(resuming)}"


def _defect(title: str, error: Exception) -> int:
    frames = traceback.format_exception(error, limit=-6)
    print("".join(frames).rstrip(), file=sys.stderr)
    complain(
        f"{title}: This is a defect of the program, not of what you gave it. Please report it with the lines "
        f"above, the command, and the output of `elbowroom --version`."
    )
    return DEFECT


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep the warnings and log lines of libraries off the terminal, unless the user asked for them with -W."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.getLogger("jax").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        yield


def _close_stdout() -> None:
    """The reader of stdout is gone: point it at nothing, so that the interpreter can end in silence."""
    with contextlib.suppress(OSError, ValueError, io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""The commands as data. Their modules are imported only when one is called."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A command: what it is called, one line of help, where it lives, and whether `--resume` goes on after a stop.

    The module holds `add_arguments(parser)` and `run(arguments) -> int`; `--json` is declared by `main` for all.
    """

    name: str
    help: str
    module: str
    resumes: bool = False


GROUPS: dict[str, tuple[Command, ...]] = {
    "the whole road": (
        Command("run", "train, certify and report in one go", "elbowroom.cli.run", resumes=True),
        Command("train", "data -> model, in a run folder", "elbowroom.cli.train", resumes=True),
        Command("certify", "how far the encoder is from the posterior, with its kinds", "elbowroom.cli.certify"),
        Command("report", "one self-contained HTML page about a run", "elbowroom.cli.report"),
    ),
    "use a trained model": (
        Command("sample", "draw new data from the model", "elbowroom.cli.sample"),
        Command("encode", "data -> latents", "elbowroom.cli.encode"),
        Command("reconstruct", "data -> latents -> data", "elbowroom.cli.reconstruct"),
    ),
    "the calculus": (
        Command("derive", "the optimum of a functional, step by step", "elbowroom.cli.derive"),
        Command("solve", "the optimum in function space, numerically", "elbowroom.cli.solve"),
        Command("check", "is an identity true; is every link of a document true", "elbowroom.cli.check"),
    ),
}

COMMANDS: dict[str, Command] = {command.name: command for group in GROUPS.values() for command in group}

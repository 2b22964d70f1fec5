"""`elbowroom train`: data -> model, in a run folder."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elbowroom.cli.machine import prepare_machine
from elbowroom.cli.options import add_training_options
from elbowroom.cli.output import print_json, wrap
from elbowroom.errors import InputError

if TYPE_CHECKING:
    from elbowroom.training.fit import Fit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `elbowroom train`."""
    add_training_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, and print what came of it."""
    answer, fit = train_from(arguments)
    if arguments.json:
        print_json(answer)
    else:
        print(describe(answer, fit))
    return 0


def train_from(arguments: argparse.Namespace) -> tuple[dict[str, Any], "Fit"]:
    """Train as the `arguments` of `add_training_options` say: the JSON of `train`, and the fit."""
    prepare_machine(arguments.device, arguments.threads)
    from elbowroom.data.load import load_dataset
    from elbowroom.data.preparation import Preparation
    from elbowroom.training.config_file import CONFIG
    from elbowroom.training.run_settings import read_settings
    from elbowroom.training.start import completed
    from elbowroom.training.train import train_run

    folder = Path(arguments.out)
    begun = (folder / CONFIG).exists()
    settings = read_settings(_tables(arguments, folder))
    if settings.data.source is None:
        raise InputError(
            "There are no data to train on. Name them: `elbowroom train digits --out RUN`, or give [data] source in "
            "the configuration."
        )
    if arguments.resume and not begun:
        print(wrap(f"There is no run in {folder} to resume: it is begun."), file=sys.stderr)
    dataset = load_dataset(settings.data.source)
    settings = completed(settings, dataset)
    shown = False if arguments.json else None
    fit = train_run(settings, dataset, folder, resume=arguments.resume, progress=shown)
    answer = {
        "run": arguments.out,
        "data": dataset.name,
        "likelihood": settings.model.likelihood,
        "preparation": Preparation(settings.data.binarise or "none", dataset.levels).to_text(),
    }
    return {**answer, **fit.to_json()}, fit


def describe(answer: dict[str, Any], fit: "Fit") -> str:
    """What came of a training, in a few lines."""
    elbo, best = answer["elbo"], fit.state.position.best_epoch
    lines = [
        f"Trained on {answer['data']} for {answer['epochs']} epochs ({answer['steps']} steps) in "
        f"{answer['seconds']:.1f} s on "
        f"{answer['device']}, {answer['samples_per_second']:,.0f} data per second. The weights are those of epoch "
        f"{best}, the best "
        "on the validation data.",
        f"    ELBO, nats per datum:  train {elbo['train']:.2f}   validation {elbo['validation']:.2f}   "
        f"test {elbo['test']:.2f} ± {elbo['stderr']:.2f} (standard error)",
        f"    run folder: {answer['run']}",
        f"Likelihood: {answer['likelihood']}. {answer['preparation']}",
    ]
    return "\n".join([wrap("\n".join(lines)), *map(wrap, _worse(fit))])


def _worse(fit: "Fit") -> list[str]:
    """What to think of it if no epoch was better than the weights that training began with."""
    initial, best = fit.state.position.initial_validation, fit.state.position.best_validation
    if initial is None or best is None or best >= initial:
        return []
    return [
        f"Training made the model worse: the best validation ELBO of an epoch is {best:.6g}, and that of the initial "
        f"weights was {initial:.6g}. Either the objective does not raise the ELBO, or the learning rate is too large."
    ]


def _tables(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The settings as nested tables: those of the run that is resumed, then the file, then the options."""
    from elbowroom.training.config_file import CONFIG, read_config
    from elbowroom.training.run_settings import overridden, read_toml

    tables: dict[str, Any] = {}
    if arguments.resume and (folder / CONFIG).exists():
        tables = {name: table for name, table in read_config(folder)["settings"].items() if table is not None}
    if arguments.config is not None:
        tables = overridden(tables, read_toml(Path(arguments.config)))
    return overridden(tables, _options(arguments))


def _options(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The options that were given, by section and setting; None for those that were not."""
    objective = arguments.objective
    if objective is None and arguments.beta is not None:
        objective = "beta-elbo"
    return {
        "data": {"source": arguments.data, "binarise": arguments.binarise},
        "model": {
            "likelihood": arguments.likelihood,
            "latent": arguments.latent,
            "hidden": None if arguments.hidden is None else _widths(arguments.hidden),
        },
        "objective": {
            "formula": objective,
            "parameters": _parameters(arguments),
            "samples": arguments.samples,
            "gradient": arguments.gradient,
        },
        "training": {
            name: getattr(arguments, name) for name in ("epochs", "batch", "learning_rate", "patience", "seed")
        },
    }


def _parameters(arguments: argparse.Namespace) -> dict[str, float] | None:
    found = {} if arguments.beta is None else {"beta": arguments.beta}
    for given in arguments.parameter or ():
        name, _, value = given.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise InputError(f"--parameter is {given!r}, and has to be a name and a number: beta=2.") from None
    return found or None


def _widths(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(
            f"--hidden is {text!r}, and has to be whole numbers with commas between, such as 200,200."
        ) from None

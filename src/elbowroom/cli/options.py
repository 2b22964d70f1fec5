"""Options that several commands share, declared once so that they mean the same everywhere."""

import argparse

from elbowroom.errors import InputError

RUNS_SEED = "the seed of the run"
DATA_HELP = "digits (built in), a folder of IDX files or pictures, or a .npy, .npz, .csv, .tsv or .parquet file"


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """`--device` and `--threads`, for `prepare_machine`."""
    group = parser.add_argument_group("the machine")
    group.add_argument("--device", choices=("cpu", "gpu"), help="where to compute (default: a GPU where JAX sees one)")
    group.add_argument("--threads", type=int, metavar="N", help="threads on the CPU (default: all)")


def add_seed_option(parser: argparse.ArgumentParser, default: str = "0") -> None:
    """`--seed`, from which all randomness follows; `default` says in words what stands in for it."""
    parser.add_argument("--seed", type=int, metavar="N", help=f"from which all randomness follows (default: {default})")


def check_seed(seed: int | None) -> None:
    """Refuse a seed that is no 32-bit number.

    **Raises.** `InputError` with the seed and the range.
    """
    if seed is not None and not 0 <= seed < 2**32:
        raise InputError(f"--seed is {seed}, and has to be between 0 and {2**32 - 1}.")


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """What `train` and `run` have in common: the data, the run folder, the settings, the machine."""
    parser.add_argument("data", metavar="DATA", nargs="?", help=DATA_HELP)
    parser.add_argument("--out", metavar="RUN", required=True, help="the run folder to make")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in the run folder")
    parser.add_argument("--config", metavar="FILE.toml", help="a file with every setting; options override it")
    add_seed_option(parser)
    data = parser.add_argument_group("the data")
    data.add_argument("--binarise", metavar="HOW", help="grey pixels: dynamic (anew at every visit), threshold or none")
    model = parser.add_argument_group("the model")
    model.add_argument("--likelihood", metavar="NAME", help="p(x | z): bernoulli or gaussian (default: by the data)")
    model.add_argument("--latent", type=int, metavar="N", help="dimensions of z")
    model.add_argument("--hidden", metavar="N,N", help="widths of the hidden layers, such as 200,200")
    objective = parser.add_argument_group("the objective")
    objective.add_argument("--objective", metavar="FORMULA", help="a preset, such as elbo, or a formula to maximise")
    objective.add_argument("--beta", type=float, metavar="B", help="the weight of the KL term, in beta-elbo")
    objective.add_argument(
        "--parameter", metavar="NAME=VALUE", action="append", help="a parameter of the formula; may be repeated"
    )
    objective.add_argument("--samples", type=int, metavar="N", help="draws from q(z | x) for each datum and step")
    objective.add_argument("--gradient", metavar="NAME", help="the gradient estimator (default: pathwise)")
    training = parser.add_argument_group("the training")
    training.add_argument("--epochs", type=int, metavar="N", help="how often every datum is visited, at most")
    training.add_argument("--batch", type=int, metavar="N", help="data in each step")
    training.add_argument("--learning-rate", type=float, metavar="R", help="Adam's step size")
    training.add_argument(
        "--patience", type=int, metavar="N", help="epochs without improvement before it stops (0: never)"
    )
    add_machine_options(parser)

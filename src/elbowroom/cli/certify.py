"""`elbowroom certify`: how far the encoder is from the posterior, with the kind of every number."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elbowroom.cli.certificate_text import certificate_text
from elbowroom.cli.machine import prepare_machine
from elbowroom.cli.options import RUNS_SEED, add_machine_options, add_seed_option, check_seed
from elbowroom.cli.output import finite, print_json
from elbowroom.cli.waiting import waiting
from elbowroom.errors import InputError

if TYPE_CHECKING:
    from elbowroom.data.dataset import Dataset
    from elbowroom.data.preparation import Preparation
    from elbowroom.evidence.certificate import Certificate
    from elbowroom.training.run_folder import Run

DATA = 500
FLOW_STEPS = 600
PURPOSE = 0x63657274  # sets the randomness of certificates apart from that of the training with the same seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `elbowroom certify`."""
    parser.add_argument("run", metavar="RUN", help="the run folder that `elbowroom train` made")
    parser.add_argument("--data", metavar="DATA", help="other data than those of the run")
    parser.add_argument(
        "--split", choices=("train", "validation", "test"), default="test", help="which data (default: test)"
    )
    parser.add_argument(
        "-n", type=int, default=DATA, metavar="N", help=f"how many data, at most (default: {DATA}), drawn by the seed"
    )
    parser.add_argument(
        "--level", type=float, default=0.95, metavar="L", help="the probability of each interval (default: 0.95)"
    )
    parser.add_argument(
        "--width", type=float, metavar="W", help="nats: as many temperatures as an interval no wider than this needs"
    )
    parser.add_argument(
        "--budget",
        type=float,
        default=1e9,
        metavar="G",
        help="with --width: the most gradients to spend (1e9)",
    )
    parser.add_argument(
        "--flow", action="store_true", help="also refine q to a planar flow: what a family beyond the normals would win"
    )
    parser.add_argument("--per-datum", metavar="FILE.npz", help="write the arrays behind the means here, too")
    add_seed_option(parser, RUNS_SEED)
    add_machine_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Certify, write `certificate.json`, and show it."""
    check(arguments.n, arguments.level, arguments.per_datum, arguments.seed)
    _check_width(arguments.width, arguments.budget)
    prepare_machine(arguments.device, arguments.threads)
    document = certify_run(
        arguments.run,
        data=arguments.data,
        split=arguments.split,
        n=arguments.n,
        level=arguments.level,
        seed=arguments.seed,
        per_datum=arguments.per_datum,
        width=arguments.width,
        budget=int(arguments.budget),
        flow=arguments.flow,
    )
    if arguments.json:
        print_json(document)
    else:
        print(certificate_text(document))
    return 0


def check(n: int, level: float, per_datum: str | None, seed: int | None = None) -> None:
    """Refuse what cannot be certified before anything is loaded."""
    check_seed(seed)
    if n < 2:
        raise InputError(f"-n is {n}, and has to be at least 2: a standard error needs two data.")
    if not 0.0 < level < 1.0:
        raise InputError(f"--level is {level:g}, and has to be a probability between 0 and 1, such as 0.95.")
    if per_datum is not None:
        place = Path(per_datum)
        if place.suffix != ".npz":
            raise InputError(
                f"--per-datum is {per_datum}, and has to end in .npz: the arrays are written in that format."
            )
        if place.exists():
            raise InputError(
                f"The file {per_datum} exists already, and is left as it is. Give another name by --per-datum."
            )
        if not place.parent.is_dir():
            raise InputError(f"There is no folder {place.parent} to write {place.name} into.")


def _check_width(width: float | None, budget: float) -> None:
    if width is not None and not 0.0 < width < float("inf"):
        raise InputError(f"--width is {width:g}, and has to be a positive number of nats, such as 0.05.")
    if not 1.0 <= budget < float("inf"):
        raise InputError(f"--budget is {budget:g}, and has to be a number of gradients, such as 1e8.")


def certify_run(
    folder: str,
    *,
    data: str | None = None,
    split: str = "test",
    n: int = DATA,
    level: float = 0.95,
    seed: int | None = None,
    per_datum: str | None = None,
    width: float | None = None,
    budget: int = 10**9,
    flow: bool = False,
) -> dict[str, Any]:
    """Certify `n` data of a run, write `certificate.json` and `certificate.npz` into its folder: the JSON of `certify`.

    The data are drawn by `seed` from the split, without looking at them; those of a run are binarised as its own
    evaluation does. With `flow`, q is refined to a planar flow as well.
    """
    import jax.random as jr

    from elbowroom.evidence.certify import certify
    from elbowroom.evidence.settings import CertifySettings
    from elbowroom.report.certificate_file import ARRAYS, write_certificate
    from elbowroom.training.objective import make_objective
    from elbowroom.training.run_folder import load_run

    loaded = load_run(folder)
    dataset, preparation = (loaded.dataset(), loaded.preparation) if data is None else _other_data(loaded, data)
    seed = loaded.settings.training.seed if seed is None else seed
    index, x = _chosen(loaded, dataset, preparation, split, n, seed)
    with waiting(f"certifying {len(index)} data"):
        certificate = certify(
            loaded.model,
            x,
            key=jr.fold_in(jr.key(seed), PURPOSE),
            level=level,
            settings=CertifySettings(flow_steps=FLOW_STEPS if flow else 0),
            width=width,
            budget=budget,
            objective=make_objective(loaded.settings.objective),
        )
    labelled = certificate.labelled(objective=loaded.settings.objective.formula, data=dataset.name, split=split)
    for path in (loaded.path / ARRAYS, *([] if per_datum is None else [Path(per_datum)])):
        _write_arrays(path, certificate, index)
    return write_certificate(loaded.path, finite({**labelled.to_json(), "seed": seed}))


def _other_data(loaded: "Run", source: str) -> tuple["Dataset", "Preparation"]:
    """Other data that the model of a run can have produced, and how their rows become x."""
    from elbowroom.data.contents import Contents
    from elbowroom.data.dataset import SPLITS
    from elbowroom.data.likeness import preparation_for_new
    from elbowroom.data.load import load_dataset

    dataset = load_dataset(source)
    contents = Contents({split: dataset.split(split) for split in SPLITS}, dataset.event_shape, dataset.levels)
    event_shape = tuple(loaded.config["dataset"]["event_shape"])
    return dataset, preparation_for_new(loaded.preparation, contents, event_shape, f"The data {source}")


def _chosen(
    loaded: "Run", dataset: "Dataset", preparation: "Preparation", split: str, n: int, seed: int
) -> tuple[Any, Any]:
    """The indices of the data to certify, and the data as the likelihood sees them."""
    import numpy as np

    rows = dataset.split(split).rows
    if len(rows) < 2:
        raise InputError(f"The split {split} of {dataset.name} has {len(rows)} data; a certificate needs at least 2.")
    generator = np.random.Generator(np.random.Philox(key=[seed, PURPOSE]))
    index = np.sort(generator.permutation(len(rows))[:n])
    x = preparation.prepare_fixed(rows, seed=loaded.settings.training.seed, split=split)
    loaded.model.decoder.check_data(np.asarray(x[index]), dataset.event_shape)  # pyright: ignore[reportFunctionMemberAccess]
    return index, x[index]


def _write_arrays(path: Path, certificate: "Certificate", index: Any) -> None:
    """The arrays of each datum, with its row in the split as `datum`."""
    from elbowroom.evidence.per_datum import write_arrays

    arrays = certificate.real.per_datum.arrays()
    if certificate.simulated is not None:
        simulated = certificate.simulated.per_datum.arrays()
        arrays |= {f"simulated_{name}": values for name, values in simulated.items()}
    write_arrays(path, {**arrays, "datum": index})

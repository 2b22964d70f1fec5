"""`elbowroom sample`: new data from a trained model."""

import argparse
from typing import TYPE_CHECKING

from elbowroom.cli.machine import prepare_machine
from elbowroom.cli.options import RUNS_SEED, add_machine_options, add_seed_option, check_seed
from elbowroom.cli.output import print_json, wrap
from elbowroom.cli.output_file import Result, add_output_options, check_output, write_output
from elbowroom.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from elbowroom.training.run_folder import Run

PURPOSE = 0x73616D70  # sets the randomness of samples apart from that of the training with the same seed
DRAWS_AT_ONCE = 2048
COPIES = 3  # of the draws in memory at once: in parts, whole, and packed for the file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `elbowroom sample`."""
    parser.add_argument("run", metavar="RUN", help="the run folder that `elbowroom train` made")
    parser.add_argument("-n", type=int, default=100, metavar="N", help="how many data to draw (default: 100)")
    add_output_options(parser, "draws x ~ p(x) (.npz: also their mean E[x | z] and z; .png: the means)")
    add_seed_option(parser, RUNS_SEED)
    add_machine_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Draw, write and say what was written."""
    if arguments.n < 1:
        raise InputError(f"-n is {arguments.n}, and has to be at least 1.")
    path = check_output(arguments.out, arguments.force)
    check_seed(arguments.seed)
    prepare_machine(arguments.device, arguments.threads)
    from elbowroom.cli.image_file import check_images, mosaic_png
    from elbowroom.data.memory import check_fits
    from elbowroom.training.run_folder import load_run

    loaded = load_run(arguments.run)
    shape = tuple(loaded.config["dataset"]["event_shape"])
    if path.suffix.lower() == ".png":
        check_images(shape, "samples")
    seed = loaded.settings.training.seed if arguments.seed is None else arguments.seed
    values = 2 * loaded.config["dataset"]["observed"] + loaded.settings.model.latent
    less = "Draw fewer at a time, each time with another --seed."
    check_fits(COPIES * 4 * values * arguments.n, f"-n is {arguments.n}, which", less)
    arrays = draw(loaded, arguments.n, seed)
    result = Result(arrays, "x", ("x",), lambda: mosaic_png(arrays["mean"], shape))
    write_output(path, result)
    if arguments.json:
        print_json({"run": arguments.run, "out": arguments.out, "n": arguments.n, "seed": seed, "units": units(loaded)})
    else:
        shown = "the picture shows the means" if path.suffix.lower() == ".png" else units(loaded)
        print(wrap(f"Drew {arguments.n} data from the model of {arguments.run} into {arguments.out}; {shown}."))
    return 0


def draw(loaded: "Run", n: int, seed: int) -> dict[str, "np.ndarray"]:
    """`n` draws: x ~ p(x | z) in the shape of the data, the mean of p(x | z), and z ~ p(z).

    Draw i depends on the seed and i alone. What a Bernoulli likelihood draws is kept as bytes.
    """
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import jax.random as jr
    import numpy as np

    from elbowroom.data.contents import is_binary

    model = loaded.model

    @eqx.filter_jit
    def some(key: jax.Array, indices: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        def one(index: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            key_latent, key_observed = jr.split(jr.fold_in(key, index))
            z = jnp.asarray(model.prior().sample(key_latent))
            likelihood = model.decoder(z)
            return jnp.asarray(likelihood.sample(key_observed)), jnp.asarray(likelihood.mean), z

        return jax.vmap(one)(indices)

    key = jr.fold_in(jr.key(seed), PURPOSE)
    steps = [jnp.arange(first, min(first + DRAWS_AT_ONCE, n)) for first in range(0, n, DRAWS_AT_ONCE)]
    parts = [[np.asarray(part) for part in some(key, indices)] for indices in steps]
    x, mean, z = (np.concatenate(kind) for kind in zip(*parts, strict=True))
    shape = (n, *loaded.config["dataset"]["event_shape"])
    x = x.astype(np.uint8) if is_binary(x) else x
    return {"x": x.reshape(shape), "mean": mean.reshape(shape), "z": z}


def units(loaded: "Run") -> str:
    """In which units x is, in words."""
    levels = loaded.preparation.levels
    if loaded.preparation.binarise != "none" or levels == 1:
        return "x is 0 or 1"
    return "x is in the units of the data" if levels is None else f"x is scaled to [0, 1], a pixel divided by {levels}"

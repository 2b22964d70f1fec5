"""`elbowroom reconstruct`: from data to latents and back."""

import argparse
from typing import TYPE_CHECKING

from elbowroom.cli.image_file import check_images, mosaic_png
from elbowroom.cli.machine import prepare_machine
from elbowroom.cli.new_data import NewData, add_data_arguments, new_data
from elbowroom.cli.options import RUNS_SEED, add_machine_options, add_seed_option, check_seed
from elbowroom.cli.output import print_json, wrap
from elbowroom.cli.output_file import Result, add_output_options, check_output, write_output

if TYPE_CHECKING:
    import numpy as np

    from elbowroom.models.vae import VAE

MOST_PAIRS = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `elbowroom reconstruct`."""
    add_data_arguments(parser)
    add_output_options(
        parser,
        "E[x | z] at the mean z of q(z | x) (.npz: also x as the model sees it, and the labels; "
        ".png: pairs of x and its reconstruction)",
    )
    add_seed_option(parser, RUNS_SEED)
    add_machine_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Reconstruct, write and say what was written."""
    path = check_output(arguments.out, arguments.force)
    check_seed(arguments.seed)
    prepare_machine(arguments.device, arguments.threads)
    from elbowroom.training.run_folder import load_run

    loaded = load_run(arguments.run)
    if path.suffix.lower() == ".png":
        check_images(tuple(loaded.config["dataset"]["event_shape"]), "reconstructions")
    data = new_data(loaded, arguments.data, arguments.split, arguments.seed)
    arrays = reconstruct(loaded.model, data)
    columns = tuple(name for name in arrays if name != "x")
    write_output(path, Result(arrays, "reconstruction", columns, lambda: _pairs(arrays, data.event_shape)))
    n = len(arrays["x"])
    difference = float(((arrays["x"] - arrays["reconstruction"]) ** 2).mean(dtype=float))
    if arguments.json:
        document = {"run": arguments.run, "data": arguments.data, "out": arguments.out, "n": n}
        print_json({**document, "mean_squared_difference": difference})
    else:
        shown = f"the first {MOST_PAIRS} of " if path.suffix.lower() == ".png" and n > MOST_PAIRS else ""
        text = f"Reconstructed {shown}{n} data of {arguments.data} into {arguments.out}"
        print(wrap(f"{text}; mean squared difference {difference:.4g} per value. {data.seen()}"))
    return 0


def reconstruct(model: "VAE", data: NewData) -> dict[str, "np.ndarray"]:
    """`reconstruction` and `x`, each `(datum, *event_shape)`, and `label` where there are labels."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import numpy as np

    @eqx.filter_jit
    def some(x: jax.Array) -> jax.Array:
        return jax.vmap(lambda datum: jnp.asarray(model.decoder(jnp.asarray(model.encoder(datum).mean)).mean))(x)

    parts = [(np.asarray(some(x)), np.asarray(x)) for x in data.batches()]
    back, x = (np.concatenate(kind).reshape(-1, *data.event_shape) for kind in zip(*parts, strict=True))
    return {"reconstruction": back, "x": x, **({} if data.labels is None else {"label": data.labels})}


def _pairs(arrays: dict[str, "np.ndarray"], shape: tuple[int, ...]) -> bytes:
    """Each of the first x with its reconstruction to the right of it."""
    import math

    import numpy as np

    pairs = np.stack([arrays[name][:MOST_PAIRS] for name in ("x", "reconstruction")], axis=1)
    return mosaic_png(pairs.reshape(-1, *shape), shape, columns=2 * math.ceil(math.sqrt(len(pairs) / 2)))

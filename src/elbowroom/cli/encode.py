"""`elbowroom encode`: from data to latents."""

import argparse
from typing import TYPE_CHECKING

from elbowroom.cli.machine import prepare_machine
from elbowroom.cli.new_data import NewData, add_data_arguments, new_data
from elbowroom.cli.options import RUNS_SEED, add_machine_options, add_seed_option, check_seed
from elbowroom.cli.output import print_json, wrap
from elbowroom.cli.output_file import Result, add_output_options, check_output, write_output
from elbowroom.cli.refinement import about_refined, refined, told_of_refined
from elbowroom.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from elbowroom.models.vae import VAE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `elbowroom encode`."""
    add_data_arguments(parser)
    add_output_options(
        parser,
        "mean and scale of q(z | x), and the labels (.npy: the means; .png: their first two principal directions)",
    )
    refinement = parser.add_argument_group("a better posterior than the encoder's")
    refinement.add_argument(
        "--refine", action="store_true", help="search the best q for each datum; the file holds it in place of q(z | x)"
    )
    refinement.add_argument(
        "--family",
        choices=("diagonal", "full"),
        help="with --refine: products of normals (the default), or normals with every correlation",
    )
    add_seed_option(parser, RUNS_SEED)
    add_machine_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Encode, write and say what was written."""
    if arguments.family and not arguments.refine:
        raise InputError(
            f"--family {arguments.family} says in which family q is refined. Add --refine, or leave it out."
        )
    path = check_output(arguments.out, arguments.force)
    check_seed(arguments.seed)
    prepare_machine(arguments.device, arguments.threads)
    from elbowroom.training.run_folder import load_run

    loaded = load_run(arguments.run)
    data = new_data(loaded, arguments.data, arguments.split, arguments.seed)
    family = (arguments.family or "diagonal") if arguments.refine else None
    arrays = encode(loaded.model, data) if family is None else refined(loaded.model, data, family)
    labels = arrays.get("label")
    columns = tuple(name for name in arrays if name != "factor")
    write_output(path, Result(arrays, "mean", columns, lambda: _scatter(arrays["mean"], labels)))
    n, latent = arrays["mean"].shape
    about = {} if family is None else {"refined": about_refined(arrays, family)}
    if arguments.json:
        document = {"run": arguments.run, "data": arguments.data, "out": arguments.out, "n": n, "latent": latent}
        print_json({**document, "labels": labels is not None, **about})
    else:
        text = f"Encoded {n} data of {arguments.data} into {arguments.out}: {latent} latent dimensions each."
        told = told_of_refined(about["refined"]) if about else ""
        print(wrap(f"{text} {data.seen()}{told}"))
    return 0


def encode(model: "VAE", data: NewData) -> dict[str, "np.ndarray"]:
    """`mean` and `scale` of q(z | x), each `(datum, latent)`, and `label` where there are labels."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import numpy as np

    @eqx.filter_jit
    def some(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one(datum: jax.Array) -> tuple[jax.Array, jax.Array]:
            q = model.encoder(datum)
            return jnp.asarray(q.mean), jnp.sqrt(jnp.asarray(q.variance))

        return jax.vmap(one)(x)

    parts = [[np.asarray(part) for part in some(x)] for x in data.batches()]
    mean, scale = (np.concatenate(kind) for kind in zip(*parts, strict=True))
    return {"mean": mean, "scale": scale, **({} if data.labels is None else {"label": data.labels})}


def _scatter(means: "np.ndarray", labels: "np.ndarray | None") -> bytes:
    """The means in their first two principal directions (in z itself if it has no more), coloured by label."""
    import io

    import numpy as np

    from elbowroom.report.drawing import BLUE, PAPER, TEN_COLOURS, chart

    centred = means.astype(np.float64)
    names = ("z_0", "z_1")
    if means.shape[1] > 2:
        centred = centred - centred.mean(axis=0)
        centred = centred @ np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
        names = ("first principal direction", "second")
    elif means.shape[1] == 1:
        centred, names = np.column_stack([centred, np.zeros(len(centred))]), ("z_0", "")
    kinds = [] if labels is None else [int(kind) for kind in np.unique(labels)]
    with chart(8.0, 7.0) as (figure, axes):
        figure.patch.set(alpha=1.0, facecolor=PAPER)
        axes.set(aspect="equal", xlabel=names[0], ylabel=names[1])
        if labels is None or len(kinds) > len(TEN_COLOURS):
            axes.scatter(*centred.T, s=9, color=BLUE, alpha=0.6, linewidths=0)
        else:
            for kind, colour in zip(kinds, TEN_COLOURS, strict=False):
                axes.scatter(*centred[labels == kind].T, s=9, color=colour, alpha=0.7, linewidths=0, label=str(kind))
            axes.legend(title="label", loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=2.5)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=120, bbox_inches="tight", metadata={"Software": "elbowroom"})
    return buffer.getvalue()

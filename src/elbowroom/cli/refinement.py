"""The latents of `elbowroom encode --refine`: the best q for each datum in the place of the encoder's."""

from typing import TYPE_CHECKING

from elbowroom.cli.new_data import NewData

if TYPE_CHECKING:
    import numpy as np

    from elbowroom.evidence.best_of_family import Family
    from elbowroom.models.vae import VAE

PURPOSE = 0x72656669  # sets the randomness of refinements apart from that of the training with the same seed


def refined(model: "VAE", data: NewData, family: "Family") -> dict[str, "np.ndarray"]:
    """`mean` and `scale` of the best q found for each datum, and what `RefinedPosterior.arrays` says of it."""
    import jax.random as jr
    import numpy as np

    from elbowroom.evidence.best_of_family import refine

    key = jr.fold_in(jr.key(data.seed), PURPOSE)
    parts = [
        refine(model, x, key=jr.fold_in(key, place), family=family).arrays() for place, x in enumerate(data.batches())
    ]
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {**arrays, **({} if data.labels is None else {"label": data.labels})}


def about_refined(arrays: dict[str, "np.ndarray"], family: "Family") -> dict[str, object]:
    """What the refinement won over the encoder's q, on average."""
    won, error = arrays["won"], arrays["won_stderr"]
    return {
        "family": family,
        "won": float(won.mean()),
        "stderr": float((error**2).sum() ** 0.5 / len(error)),
        "elbo": float(arrays["elbo"].mean()),
        "converged": float(arrays["converged"].mean()),
    }


def told_of_refined(about: dict[str, object]) -> str:
    """The sentences that say so."""
    kind = "a normal with every correlation" if about["family"] == "full" else "a product of normals"
    return (
        f" They are of q refined to {kind} for each datum, which won {about['won']:.2f} ± {about['stderr']:.1g} nats "
        "of ELBO per datum over the encoder's q (asymptotic: a standard error). The search had converged for "
        f"{about['converged']:.0%} of the data."
    )

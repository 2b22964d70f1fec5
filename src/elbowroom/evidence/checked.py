"""Data for a model, checked before anything is computed."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from elbowroom.errors import InputError
from elbowroom.evidence.target import LatentVariableModel
from elbowroom.models.decoder import AbstractDecoder
from elbowroom.models.vae import VAE


def checked_data(model: LatentVariableModel, x: np.ndarray | Array, purpose: str) -> Float[Array, "datum observed"]:
    """The data as floats, checked; `purpose` is what they are for, in words, such as "to certify".

    **Raises.** `InputError` for another shape, for NaN or infinity, and for what the likelihood cannot have produced.
    """
    if x.ndim != 2 or x.shape[0] == 0:
        raise InputError(
            f"The data {purpose} have the shape {tuple(x.shape)}; they must be (datum, observed) with at least one "
            "datum. Flatten each datum: x.reshape(len(x), -1)."
        )
    values = jnp.asarray(x)
    if not jnp.issubdtype(values.dtype, jnp.floating):
        values = values.astype(jnp.result_type(float))
    bad = np.flatnonzero(~np.isfinite(np.asarray(values)).all(axis=1))
    if bad.size:
        raise InputError(
            f"The data {purpose} hold NaN or infinity in {bad.size} of {len(values)} rows (first: row {bad[0]}). "
            "Remove or repair these rows."
        )
    if isinstance(model, VAE) and isinstance(model.decoder, AbstractDecoder):
        model.decoder.check_data(np.asarray(values))
    return values

"""From a run folder to what its report shows."""

from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Int

from elbowroom.data.dataset import Dataset
from elbowroom.errors import InputError
from elbowroom.models.vae import VAE
from elbowroom.report.certificate_file import ARRAYS, is_current, read_certificate
from elbowroom.report.commands import commands
from elbowroom.report.contents import Columns, Contents, Curves, Latents, Pictures
from elbowroom.report.pictures import is_image
from elbowroom.training.run_folder import Run

MOST_POINTS = 2000
PAIRS = 12
SAMPLES = 96


def gather(run: Run) -> Contents:
    """Everything the report of `run` shows: the model is asked for samples, reconstructions and latents here.

    **Raises.** `InputError` if the data are gone or changed, or the certificate is not one.
    """
    dataset = run.dataset()
    certificate = read_certificate(run.path)
    outdated = certificate is not None and not is_current(run.path, certificate)
    if outdated:
        certificate = None
    split = "test" if certificate is None or certificate["data"] != dataset.name else certificate["split"]
    part = dataset.split(split)
    rows, labels = part.rows, part.labels
    x = run.preparation.prepare_fixed(rows[:MOST_POINTS], seed=run.settings.training.seed, split=split)
    means = np.asarray(_encoder_means(run.model, x), np.float64)
    key = jr.fold_in(jr.key(run.settings.training.seed), 0x7265706F)
    prior_means, prior_draws = (np.asarray(found) for found in _from_the_prior(run.model, jr.split(key, SAMPLES)))
    image = is_image(dataset.event_shape)
    return Contents(
        title=run.path.resolve().name,
        lead=_lead(run, dataset),
        split=split,
        shape_text=" by ".join(str(size) for size in dataset.event_shape),
        config=run.config,
        commands=commands(run.path, run.config["settings"], certificate),
        curves=_curves(run),
        latents=_latents(run.model, means, None if labels is None else labels[:MOST_POINTS]),
        pictures=_pictures(run, dataset, rows, labels, x, means, prior_means, prior_draws) if image else None,
        columns=None if image else Columns(_moments(np.asarray(x)), _moments(prior_draws)),
        certificate=certificate,
        outdated=outdated,
        per_datum=None if certificate is None else _per_datum(run.path),
    )


def _lead(run: Run, dataset: Dataset) -> str:
    model, objective = run.settings.model, run.settings.objective
    likelihood = (model.likelihood or "").capitalize()
    objective = "the ELBO" if objective.formula == "elbo" else objective.formula
    return (
        f"A variational autoencoder of {dataset.name}: {dataset.observed} observed values, {model.latent} latent "
        f"dimensions, {likelihood} likelihood, trained to maximise {objective} on {len(dataset.train):,} data. "
        f"{run.preparation.to_text()}"
    )


def _curves(run: Run) -> Curves | None:
    records = run.metrics()
    if not records:
        return None
    formula = run.settings.objective.formula
    columns = (
        np.asarray([record[name] for record in records], float) for name in ("epoch", "objective", "validation_elbo")
    )
    name = "ELBO, training data" if formula == "elbo" else f"{formula}, training data"
    return Curves(name, *columns)


def _latents(model: VAE, means: Float[np.ndarray, "datum latent"], labels: np.ndarray | None) -> Latents | None:
    if means.shape[1] < 2 or len(means) < 2:
        return None
    centre = means.mean(axis=0)
    _, scales, directions = np.linalg.svd(means - centre, full_matrices=False)
    signs = np.sign(directions[np.arange(2), np.abs(directions[:2]).argmax(axis=1)])
    shares = scales**2 / max(float((scales**2).sum()), 1e-300)
    prior = model.prior()
    standard = bool(np.allclose(prior.mean, 0.0) and np.allclose(prior.variance, 1.0))
    points = means @ (directions[:2] * signs[:, None]).T
    return Latents(points, (float(shares[0]), float(shares[1])), labels, standard)


def _pictures(
    run: Run,
    dataset: Dataset,
    rows: np.ndarray,
    labels: Int[np.ndarray, " datum"] | None,
    x: Float[Array, "datum observed"],
    means: Float[np.ndarray, "datum latent"],
    prior_means: np.ndarray,
    prior_draws: np.ndarray,
) -> Pictures:
    chosen = _one_of_each(labels, min(len(rows), MOST_POINTS), PAIRS)
    binarised = run.preparation.binarise != "none"
    back = _decoder_means(run.model, jnp.asarray(means[chosen], x.dtype))
    return Pictures(
        shape=dataset.event_shape,
        originals=np.asarray(rows[chosen], float) / (dataset.levels or 1),
        seen=np.asarray(x)[chosen] if binarised else None,
        reconstructions=np.asarray(back),
        prior_means=prior_means,
        prior_draws=prior_draws,
    )


def _one_of_each(labels: np.ndarray | None, count: int, wanted: int) -> np.ndarray:
    """The indices of `wanted` data, every label in turn where there are labels."""
    if labels is None:
        return np.arange(min(wanted, count))
    turns = np.zeros(count, int)
    for label in np.unique(labels[:count]):
        places = np.flatnonzero(labels[:count] == label)
        turns[places] = np.arange(places.size)
    return np.lexsort((labels[:count], turns))[:wanted]


def _per_datum(folder: Path) -> Mapping[str, np.ndarray] | None:
    path = folder / ARRAYS
    if not path.exists():
        return None
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, TypeError, BadZipFile):
        raise InputError(
            f"The file {path} is damaged: it is cut short, or holds something else than the arrays of a certificate. "
            f"Make it anew: elbowroom certify {folder}."
        ) from None


def _moments(values: Float[np.ndarray, "datum column"]) -> Float[np.ndarray, "2 column"]:
    return np.stack([values.mean(axis=0, dtype=float), values.std(axis=0, dtype=float)])


@eqx.filter_jit
def _encoder_means(model: VAE, x: Float[Array, "datum observed"]) -> Float[Array, "datum latent"]:
    return jax.vmap(lambda one: model.encoder(one).mean)(x)  # pyright: ignore[reportReturnType]  # NumPyro's ArrayLike


@eqx.filter_jit
def _decoder_means(model: VAE, z: Float[Array, "datum latent"]) -> Float[Array, "datum observed"]:
    return jax.vmap(lambda one: model.decoder(one).mean)(z)  # pyright: ignore[reportReturnType]  # NumPyro's ArrayLike


@eqx.filter_jit
def _from_the_prior(model: VAE, keys: Array) -> tuple[Array, Array]:
    def one(key: Array) -> tuple[Array, Array]:
        key_latent, key_observed = jr.split(key)
        decoded = model.decoder(jnp.asarray(model.prior().sample(key_latent)))
        return jnp.asarray(decoded.mean), jnp.asarray(decoded.sample(key_observed))

    return jax.vmap(one)(keys)

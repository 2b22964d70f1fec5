"""What a training begins with: settings completed by the data, data that the likelihood can have produced, a model."""

import dataclasses

import numpy as np

from elbowroom.data.dataset import SPLITS, Dataset
from elbowroom.data.preparation import Binarise, Preparation
from elbowroom.errors import InputError
from elbowroom.models.decoder import BernoulliDecoder
from elbowroom.models.settings import build_model, likelihood_for
from elbowroom.models.vae import VAE
from elbowroom.training.keys import key_for
from elbowroom.training.run_settings import RunSettings


def completed(settings: RunSettings, dataset: Dataset) -> RunSettings:
    """`settings` in which nothing is left to the data: the source, the likelihood, and what becomes of grey pixels."""
    likelihood = settings.model.likelihood or likelihood_for(dataset.levels)
    model = dataclasses.replace(settings.model, likelihood=likelihood)
    binarise = settings.data.binarise or default_binarise(dataset, likelihood == "bernoulli")
    data = dataclasses.replace(settings.data, source=dataset.source, binarise=binarise)
    return dataclasses.replace(settings, data=data, model=model)


def default_binarise(dataset: Dataset, bernoulli: bool) -> Binarise:
    """Grey pixels are binarised anew at every visit under a Bernoulli likelihood; all else is left as it is."""
    grey = dataset.levels is not None and dataset.levels > 1
    return "dynamic" if grey and bernoulli else "none"


def preparation_for(model: VAE, dataset: Dataset, binarise: Binarise | None) -> Preparation:
    """How the rows of `dataset` become x for `model`, by default as `default_binarise` says.

    **Raises.** `InputError` if real numbers are to be binarised, or if the likelihood cannot have produced the x of a
    split.
    """
    if binarise is None:
        binarise = default_binarise(dataset, isinstance(model.decoder, BernoulliDecoder))
    if binarise != "none" and dataset.levels is None:
        raise InputError(
            f"The data {dataset.name} are real numbers, not pixels with a largest value, so they cannot be binarised "
            f"({binarise}). Leave --binarise out and use the Gaussian likelihood (--likelihood gaussian), or binarise "
            "them yourself."
        )
    preparation = Preparation(binarise, dataset.levels)
    for split in SPLITS:
        _check_likelihood(model, dataset, preparation, split)
    return preparation


def initial_model(settings: RunSettings, dataset: Dataset) -> VAE:
    """The model that complete `settings` describe, with its initial weights: they follow from the seed and the data.

    The decoder begins at the mean and the scale of the training data, as the likelihood sees them.
    """
    values = _seen(dataset, settings.data.binarise or "none", "train")
    key = key_for(settings.training.seed, "initial weights")
    mean, scale = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    return build_model(settings.model, dataset.observed, key, mean=mean, scale=scale)


def _seen(dataset: Dataset, binarise: Binarise, split: str) -> np.ndarray:
    """A split on the host, as the likelihood sees it; under dynamic binarisation, what it is on average."""
    rows, levels = dataset.split(split).rows, dataset.levels or 1
    if binarise == "threshold":
        return (2.0 * rows > levels).astype(np.float32)
    return rows if levels == 1 else rows.astype(np.float32) / np.float32(levels)


def _check_likelihood(model: VAE, dataset: Dataset, preparation: Preparation, split: str) -> None:
    if preparation.binarise != "none":
        return  # zeros and ones by construction
    check = getattr(model.decoder, "check_data", None)  # a decoder of the user's own need not have one
    if check is None:
        return
    try:
        check(_seen(dataset, "none", split), dataset.event_shape)
    except InputError as error:
        raise InputError(f"The {split} data of {dataset.name} do not fit the likelihood. {error}") from None

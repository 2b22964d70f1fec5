"""What a report shows, gathered from a run folder as plain arrays and tables; nothing here is drawn yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Curves:
    """The ELBO per datum in nats on validation data, and the objective on training data, after each epoch."""

    train_name: str
    epochs: Float[np.ndarray, " evaluation"]
    train: Float[np.ndarray, " evaluation"]
    validation: Float[np.ndarray, " evaluation"]


@dataclass(frozen=True)
class Latents:
    """Encoder means in their first two principal directions, their shares of the variance, and labels."""

    points: Float[np.ndarray, "datum 2"]
    shares: tuple[float, float]
    labels: Int[np.ndarray, " datum"] | None
    standard_prior: bool


@dataclass(frozen=True)
class Pictures:
    """Rows of pixels between 0 and 1, and the shape of one image."""

    shape: tuple[int, ...]
    originals: Float[np.ndarray, "datum observed"]
    seen: Float[np.ndarray, "datum observed"] | None  # what the encoder saw, where it differs from the original
    reconstructions: Float[np.ndarray, "datum observed"]
    prior_means: Float[np.ndarray, "sample observed"]
    prior_draws: Float[np.ndarray, "sample observed"]


@dataclass(frozen=True)
class Columns:
    """Mean and standard deviation of each column of a table, in the data and in draws from the model."""

    data: Float[np.ndarray, "2 column"]
    model: Float[np.ndarray, "2 column"]


@dataclass(frozen=True)
class Contents:
    """Everything on the page. What is None is left out there, with a sentence that says so."""

    title: str
    lead: str
    split: str
    shape_text: str
    config: Mapping[str, Any]
    commands: tuple[str, ...]
    curves: Curves | None
    latents: Latents | None
    pictures: Pictures | None
    columns: Columns | None
    certificate: Mapping[str, Any] | None
    outdated: bool  # there is a certificate, of other weights
    per_datum: Mapping[str, np.ndarray] | None

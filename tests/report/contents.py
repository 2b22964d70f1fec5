"""The contents of a report that no training made, for tests of what the page shows."""

from typing import Any

import numpy as np

from elbowroom.report.contents import Columns, Contents, Curves, Latents, Pictures


def certificate(**changes: Any) -> dict[str, Any]:
    """A certificate as `elbowroom certify` writes it, with made-up numbers."""
    block = {
        "elbo": {"mean": -24.813, "stderr": 0.021, "stderr_over_data": 0.221},
        "log_evidence": {"lower": -23.702, "upper": -23.391, "lower_kind": "strict", "upper_kind": "asymptotic"},
        "gap": {"lower": 1.083, "upper": 1.460, "lower_kind": "asymptotic", "upper_kind": "asymptotic"},
        "approximation_gap": {
            "estimate": 0.41, "lower": None, "upper": 0.62, "lower_kind": None, "upper_kind": "asymptotic",
        },
        "amortisation_gap": {
            "estimate": 0.79, "lower": 0.71, "upper": None, "lower_kind": "asymptotic", "upper_kind": None,
        },
        "khat": {"median": 0.41, "share_above_0.7": 0.062},
        "active_units": 9,
        "mutual_information": 5.31,
        "kl_per_dimension": [float(0.02 + 2.2 * np.exp(-0.3 * i)) for i in range(16)],
    }  # fmt: skip
    strict = {"lower": -23.151, "upper": -22.914, "lower_kind": "strict", "upper_kind": "strict"}
    return {
        "objective": "elbo",
        "data": "digits",
        "split": "test",
        "n": 270,
        "level": 0.95,
        **block,
        "simulated": {
            **block,
            "elbo": {"mean": -24.102, "stderr": 0.02, "stderr_over_data": 0.25},
            "log_evidence": strict,
        },
        "verdict": [
            "On these 270 data the encoder falls short of the evidence by 1.08 to 1.46 nats on average.",
            "About two thirds of it is amortisation: a larger encoder or longer training would help.",
        ],
        "seconds": 12.3,
        "gradient_evaluations": 1_234_567,
        **changes,
    }


def contents(*, image: bool = True, labels: bool = True, certified: bool = True, **changes: Any) -> Contents:
    """Everything on a page, from a fixed generator."""
    generator = np.random.Generator(np.random.Philox(7))
    epochs = np.arange(1.0, 41.0)
    curve = -24.0 - 30.0 * np.exp(-epochs / 5)
    kinds = generator.integers(0, 10, 500)
    centres = 1.6 * generator.normal(size=(10, 2))
    gap = generator.gamma(2.0, 0.6, 270)
    pictures = Pictures(
        shape=(8, 8),
        originals=generator.random((12, 64)),
        seen=(generator.random((12, 64)) < 0.4).astype(float),
        reconstructions=generator.random((12, 64)),
        prior_means=generator.random((96, 64)),
        prior_draws=(generator.random((96, 64)) < 0.4).astype(float),
    )
    per_datum = {"gap": gap, "amortisation_gap": 0.6 * gap + 0.05 * generator.normal(size=270), "datum": np.arange(270)}
    given = {
        "title": "digits",
        "lead": "A variational autoencoder of digits: 64 observed values, 16 latent dimensions.",
        "split": "test",
        "shape_text": "8 by 8" if image else "64",
        "config": config(),
        "commands": ("elbowroom train digits --out runs/digits", "elbowroom certify runs/digits", "elbowroom report x"),
        "curves": Curves("ELBO, training data", epochs, curve + 0.6, curve + 0.1 * generator.normal(size=40)),
        "latents": Latents(
            centres[kinds] + 0.5 * generator.normal(size=(500, 2)), (0.31, 0.22), kinds if labels else None, True
        ),
        "pictures": pictures if image else None,
        "columns": None if image else Columns(generator.normal(size=(2, 5)), generator.normal(size=(2, 5))),
        "certificate": certificate() if certified else None,
        "outdated": False,
        "per_datum": per_datum if certified else None,
    }
    return Contents(**{**given, **changes})


def config() -> dict[str, Any]:
    """A `config.json` as training writes it."""
    return {
        "format": 1,
        "versions": {"elbowroom": "0.1.0", "jax": "0.10.2"},
        "settings": {
            "data": {"source": "digits", "binarise": "dynamic"},
            "model": {"likelihood": "bernoulli", "latent": 16, "hidden": [200, 200]},
            "objective": {"formula": "elbo", "parameters": {}, "samples": 1, "gradient": "pathwise"},
            "training": {"epochs": 40, "batch": 128, "learning_rate": 0.001, "seed": 0},
        },
        "dataset": {
            "name": "digits",
            "fingerprint": "0123456789abcdef",
            "observed": 64,
            "event_shape": [8, 8],
            "levels": 16,
            "sizes": {"train": 1257, "validation": 270, "test": 270},
        },
        "preparation": {"binarise": "dynamic", "levels": 16},
    }

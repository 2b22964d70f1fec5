"""The certificate: what was found out about one encoder, with the kind of every number."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from elbowroom.evidence.calibration import Calibration
from elbowroom.evidence.intervals import Intervals
from elbowroom.evidence.kinds import Interval
from elbowroom.evidence.per_datum import PerDatum, write_arrays
from elbowroom.evidence.settings import CertifySettings


@dataclass(frozen=True)
class Block:
    """Everything about one set of data. Means are per datum, in nats.

    `elbo_stderr` is the standard error of the mean over these data, from the random draws; `elbo_stderr_over_data`
    adds the variation between data, for a statement about the population they were drawn from.
    `mutual_information_saturated` says that the estimate is near log n, its largest possible value.
    `other_lower_bounds` and `other_upper_bounds` are further strict bounds on the mean of log p(x), each with its
    slack: it holds at half of what the level leaves, by itself. Upper ones need exact draws, so simulated data.
    `elbo_refined` is of the best diagonal normal found for each datum, `elbo_full` of a normal with every correlation,
    `elbo_flow` of a planar flow.
    `refinement_converged`, `covariance_converged` and `flow_converged` are the shares of data whose refinements to
    these had stopped to improve.
    `effective_samples` is the median over data of the effective number among the encoder's draws.
    """

    n: int
    elbo: float
    elbo_stderr: float
    elbo_stderr_over_data: float
    elbo_refined: float
    elbo_full: float
    elbo_flow: float
    intervals: Intervals
    khat_median: float
    khat_share_above: float
    active_units: int
    latent: int
    mutual_information: float
    mutual_information_saturated: bool
    kl_per_dimension: tuple[float, ...]
    other_lower_bounds: dict[str, float]
    other_upper_bounds: dict[str, float]
    refinement_converged: float
    covariance_converged: float
    flow_converged: float
    acceptance: float
    effective_samples: float
    route: str
    diagonal_family: bool
    calibration: Calibration | None
    per_datum: PerDatum

    def to_json(self) -> dict[str, Any]:
        gain, by_flow = self.intervals.covariance_gain, self.intervals.flow_gain
        return {
            "n": self.n,
            "elbo": {"mean": self.elbo, "stderr": self.elbo_stderr, "stderr_over_data": self.elbo_stderr_over_data},
            "elbo_refined": {"mean": self.elbo_refined},
            "elbo_full_covariance": {"mean": self.elbo_full},
            "elbo_flow": {"mean": self.elbo_flow},
            "log_evidence": self.intervals.log_evidence.to_json(),
            "gap": self.intervals.gap.to_json(),
            "approximation_gap": self.intervals.approximation_gap.to_json(),
            "amortisation_gap": self.intervals.amortisation_gap.to_json(),
            "covariance_gain": None if gain is None else gain.to_json(),
            "flow_gain": None if by_flow is None else by_flow.to_json(),
            "khat": {"median": self.khat_median, "share_above_0.7": self.khat_share_above},
            "active_units": self.active_units,
            "latent_dimensions": self.latent,
            "mutual_information": self.mutual_information,
            "mutual_information_saturated": self.mutual_information_saturated,
            "kl_per_dimension": list(self.kl_per_dimension),
            "other_lower_bounds": self.other_lower_bounds,
            "other_upper_bounds": self.other_upper_bounds,
            "refinement_converged": self.refinement_converged,
            "covariance_converged": self.covariance_converged,
            "flow_converged": self.flow_converged,
            "acceptance": self.acceptance,
            "effective_samples": self.effective_samples,
            "calibration": None if self.calibration is None else self.calibration.to_json(),
            "route": self.route,
        }


@dataclass(frozen=True)
class Optimum:
    """The optimum of the objective that was trained, derived, and how far the encoder is from it on the given data.

    `density` is the optimum up to its normalisation, None where none was derived, for the `reason` given. `against` is
    the block with that optimum in the place of the posterior, None where it is the posterior: its `log_evidence` is
    the logarithm of the normalisation, and its `gap` the divergence from the optimum.
    """

    density: str | None
    is_posterior: bool
    reason: str | None
    against: Block | None

    def to_json(self) -> dict[str, Any]:
        against = {} if self.against is None else self.against.to_json()
        return {"density": self.density, "is_posterior": self.is_posterior, "reason": self.reason, **against}


@dataclass(frozen=True)
class Certificate:
    """How far an encoder is from the posterior, on given data and on data simulated from the model.

    `real` and `simulated` are two statements about two sets of data; neither bounds the other. `simulated` is None
    for a model that cannot simulate. `optimum` is about the objective's own optimum, where the objective is known.
    `objective`, `data` and `split` are for whoever knows them:
    `certificate.labelled(data="digits", split="test")`.
    """

    real: Block
    simulated: Block | None
    optimum: Optimum | None
    level: float
    verdict: tuple[str, ...]
    seconds: float
    gradient_evaluations: int
    settings: CertifySettings
    objective: str | None = None
    data: str | None = None
    split: str | None = None

    @property
    def log_evidence(self) -> Interval:
        return self.real.intervals.log_evidence

    @property
    def gap(self) -> Interval:
        return self.real.intervals.gap

    @property
    def approximation_gap(self) -> Interval:
        return self.real.intervals.approximation_gap

    @property
    def amortisation_gap(self) -> Interval:
        return self.real.intervals.amortisation_gap

    def labelled(self, **labels: str) -> "Certificate":
        """The same certificate with `objective`, `data` or `split` filled in."""
        return replace(self, **labels)

    def to_json(self) -> dict[str, Any]:
        """A document for `json.dumps`; an end without a bound, and a number that is not finite, are null."""
        document = {
            "objective": self.objective,
            "data": self.data,
            "split": self.split,
            "level": self.level,
            **self.real.to_json(),
            "simulated": None if self.simulated is None else {"level": self.level, **self.simulated.to_json()},
            "optimum": None if self.optimum is None else self.optimum.to_json(),
            "verdict": list(self.verdict),
            "seconds": self.seconds,
            "gradient_evaluations": self.gradient_evaluations,
            "settings": dict(vars(self.settings)),
        }
        return _finite(document)

    def to_npz(self, path: str | Path) -> None:
        """Write the arrays behind the means; those of the simulated data have names that start with `simulated_`."""
        arrays = self.real.per_datum.arrays()
        if self.simulated is not None:
            simulated = self.simulated.per_datum.arrays()
            arrays |= {f"simulated_{name}": values for name, values in simulated.items()}
        write_arrays(path, arrays)


def _finite(value: Any) -> Any:
    """The document with None for every number that JSON cannot hold, and without the kind of such an end."""
    if isinstance(value, dict):
        made = {name: _finite(part) for name, part in value.items()}
        for end in ("lower", "upper"):
            if f"{end}_kind" in made and made[end] is None:
                made[f"{end}_kind"] = None
        return made
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value

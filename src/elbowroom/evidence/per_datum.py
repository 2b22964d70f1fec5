"""The arrays behind the means of a certificate, one entry per datum."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float

from elbowroom.errors import InputError

PerDatumArray = Float[np.ndarray, " datum"]


@dataclass(frozen=True)
class PerDatum:
    """Estimates for each datum, in nats and float64, without slack: for pictures and rankings.

    The guarantees are about means. `log_evidence_lower` and `log_evidence_upper` are the estimates behind the two
    ends (forward and reverse); they may cross. `importance_weighted` is the bound with the encoder as proposal,
    `importance_weighted_refined` with the refined q; names that end in `full` are of q refined to a normal with every
    correlation, in `flow` to a planar flow; `effective_samples` is of the encoder's weights. Where a stage
    was not run its array holds NaN.
    """

    elbo: PerDatumArray
    elbo_stderr: PerDatumArray
    elbo_refined: PerDatumArray
    elbo_refined_stderr: PerDatumArray
    elbo_full: PerDatumArray
    elbo_full_stderr: PerDatumArray
    elbo_flow: PerDatumArray
    elbo_flow_stderr: PerDatumArray
    log_evidence_lower: PerDatumArray
    log_evidence_upper: PerDatumArray
    importance_weighted: PerDatumArray
    importance_weighted_refined: PerDatumArray
    importance_weighted_full: PerDatumArray
    importance_weighted_flow: PerDatumArray
    khat: PerDatumArray
    khat_refined: PerDatumArray
    effective_samples: PerDatumArray
    converged: PerDatumArray
    converged_full: PerDatumArray
    converged_flow: PerDatumArray
    acceptance: PerDatumArray

    @classmethod
    def of(cls, count: int, **known: PerDatumArray | None) -> "PerDatum":
        """The arrays of a stage that was run, by name; NaN for each that is None or is not named."""
        arrays = {field.name: np.full(count, np.nan) for field in fields(cls)}
        return cls(**arrays | {name: values for name, values in known.items() if values is not None})

    @property
    def log_evidence(self) -> PerDatumArray:
        """The middle of the two estimates, or the lower one where there is no upper."""
        upper = np.where(np.isfinite(self.log_evidence_upper), self.log_evidence_upper, self.log_evidence_lower)
        return 0.5 * (self.log_evidence_lower + upper)

    @property
    def gap(self) -> PerDatumArray:
        return self.log_evidence - self.elbo

    @property
    def amortisation_gap(self) -> PerDatumArray:
        return self.elbo_refined - self.elbo

    @property
    def approximation_gap(self) -> PerDatumArray:
        return self.log_evidence - self.elbo_refined

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array under its name, with `datum`, the index."""
        stored = {field.name: getattr(self, field.name) for field in fields(self)}
        derived = {name: getattr(self, name) for name in ("gap", "amortisation_gap", "approximation_gap")}
        return {"datum": np.arange(len(self.elbo)), **stored, **derived}


def write_arrays(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write an .npz whole or not at all: to a temporary name, then renamed."""
    target = Path(path)
    if target.suffix != ".npz":
        raise InputError(f"The arrays of each datum go into an .npz file; {target.name} does not end in .npz.")
    temporary = target.with_name(f".{target.name}.partial")
    try:
        with temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
    except OSError as error:
        raise InputError(
            f"The file {target} cannot be written ({error.strerror}). Name a folder that exists."
        ) from error
    temporary.replace(target)

"""Why a problem has no optimum, each reason as one paragraph: what happened, why, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from elbowroom.derivation.numeric.levels import MassEscapesError
from elbowroom.derivation.numeric.tilt import NoTilt
from elbowroom.functional.law import DensityValue


def tilt_words(trouble: NoTilt, over: DensityValue, constraints: Sequence[str]) -> str:
    """Why no exponentially tilted density meets the constraints."""
    name = "" if trouble.which is None else f" {constraints[trouble.which]}"
    if trouble.kind == "normalisable":
        return (
            f"The stationary density exp(...) of {over} cannot be normalised: it does not decay {trouble.detail}, so "
            "its integral is infinite for all multipliers that the constraints allow (a natural parameter of the wrong "
            "sign, or a constraint missing). The bound of the functional is not attained, or infinite. Add a "
            "constraint that holds the density together, or bound the support."
        )
    if trouble.kind == "dependent":
        return (
            f"The constraint{name} follows from the others: they are linearly dependent, so its multiplier is not "
            "determined and the constraint is redundant. Leave it out."
        )
    if trouble.kind == "contradictory":
        return (
            f"The constraint{name} contradicts the others: their statistics are linearly dependent and the targets do "
            "not agree, so no density satisfies all of them (infeasible). Change a target, or leave it out."
        )
    return (
        f"No density satisfies the constraint{name or 's'} (infeasible): {trouble.detail}. The targets contradict the "
        "support or one another. Change them."
    )


def escape_words(trouble: MassEscapesError, direction: int) -> str:
    """Why part of the mass belongs to no density at the optimum."""
    return (
        f"No density is optimal: at the bound of the multiplier, lambda = {direction * trouble.multiplier:.6g}, beyond "
        f"which no stationary density exists, its mass is only {trouble.mass:.6g}. The rest of the mass escapes into a "
        "point mass at the minimiser of the loss, because the penalty grows only linearly for large q. Raise the "
        "weight of the penalty, or use one that grows faster, such as KL(q || p)."
    )

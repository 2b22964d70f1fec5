"""An optimum is said to be solved for only where every step to it passed its checks."""

from __future__ import annotations

import dataclasses

from elbowroom.derivation.steps import Derivation


def earned(derivation: Derivation) -> Derivation:
    """The derivation itself, or, where a check of one of its steps failed, its condition alone with that check named.

    The steps are kept, the failed one among them, so that a reader sees what was tried. A fixed point that has nearly
    settled is claimed to be no more than stationary already, and is left.
    """
    failed = [(step, check) for step in derivation.steps for check in step.checks if not check.passed]
    if not failed or derivation.status != "solved":
        return derivation
    step, check = failed[0]
    reason = f"a check of the step `{step.rule}` failed ({check.kind}: {check.detail}), so no optimum is claimed"
    return dataclasses.replace(
        derivation,
        status="condition",
        optima={},
        unnormalised=None,
        value=None,
        minimum="stationary",
        unique=None,
        multipliers={},
        reason=reason,
        value_number=None,
        family={},
        table=None,
        scene=None,
    )

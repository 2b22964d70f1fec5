"""From estimates to statements: the intervals of one block of data, each end with its kind and its share of delta."""

from dataclasses import dataclass

import numpy as np

from elbowroom.evidence.betting import LEAST_DRAWS, lower_mean_of_data
from elbowroom.evidence.block import Estimates
from elbowroom.evidence.kinds import Interval, Kind, Number, never_negative
from elbowroom.evidence.per_datum import PerDatum
from elbowroom.evidence.slack import mean_stderr, normal_margin


@dataclass(frozen=True)
class Intervals:
    """The statements about the means over one block of data, in nats per datum; each holds at the level by itself."""

    log_evidence: Interval
    gap: Interval
    approximation_gap: Interval
    amortisation_gap: Interval
    covariance_gain: Interval | None = None
    """What a normal with every correlation wins over the refined q; None where it was not looked for."""
    flow_gain: Interval | None = None
    """The same of a planar flow."""


def sampled_intervals(estimates: Estimates, level: float) -> Intervals:
    """Split 1 - level over two sides, and each side of a gap over its two parts (evidence and ELBO)."""
    side = (1.0 - level) / 2.0
    part = side / 2.0
    arrays = estimates.per_datum
    elbo, stderr = float(np.mean(arrays.elbo)), mean_stderr(arrays.elbo_stderr)
    refined, refined_stderr = float(np.mean(arrays.elbo_refined)), mean_stderr(arrays.elbo_refined_stderr)
    evidence = estimates.evidence
    low, high = evidence.lower_mean(part), evidence.upper_mean(part)
    elbo_low = Number(elbo - normal_margin(stderr, part), Kind.ASYMPTOTIC)
    refined_low = Number(refined - normal_margin(refined_stderr, part), Kind.ASYMPTOTIC)
    gap_upper = None if high is None else high - elbo_low
    closed = refined - elbo
    amortisation_low = Number(closed - normal_margin(float(np.hypot(stderr, refined_stderr)), side), Kind.ASYMPTOTIC)
    if estimates.diagonal_family:  # q was refined among diagonal Gaussians: the best of them is no worse than such a q
        amortisation_low = never_negative(amortisation_low)
    return Intervals(
        log_evidence=Interval.between(
            evidence.lower_mean(side),
            evidence.upper_mean(side),
            float(np.mean(arrays.log_evidence)),
        ),
        gap=Interval.between(never_negative(low - _elbo_upper(estimates, part)), gap_upper, float(np.mean(arrays.gap))),
        approximation_gap=Interval.between(
            Number(0.0, Kind.EXACT),
            None if high is None else high - refined_low,
            float(np.mean(arrays.approximation_gap)),
        ),
        amortisation_gap=Interval.between(amortisation_low, gap_upper, closed),
        covariance_gain=_gain(arrays.elbo_full, arrays.elbo_full_stderr, arrays, side, high),
        flow_gain=_gain(arrays.elbo_flow, arrays.elbo_flow_stderr, arrays, side, high),
    )


def _gain(
    elbo: np.ndarray, elbo_stderr: np.ndarray, arrays: PerDatum, side: float, evidence_high: Number | None
) -> Interval | None:
    """The ELBO of a q from a richer family minus that of the refined q: what the best of that family wins at least.

    No family wins more than the approximation gap.
    """
    won = elbo - arrays.elbo_refined
    if np.all(np.isnan(won)):
        return None
    stderr = float(np.hypot(mean_stderr(elbo_stderr), mean_stderr(arrays.elbo_refined_stderr)))
    low = Number(float(np.mean(won)) - normal_margin(stderr, side), Kind.ASYMPTOTIC)
    refined_low = float(np.mean(arrays.elbo_refined)) - normal_margin(mean_stderr(arrays.elbo_refined_stderr), side / 2)
    high = None if evidence_high is None else evidence_high - Number(refined_low, Kind.ASYMPTOTIC)
    return Interval.between(never_negative(low), high, float(np.mean(won)))


def exact_intervals(arrays: PerDatum) -> Intervals:
    """Closed forms: the two ends of every interval are the same number."""

    def point(values: np.ndarray) -> Interval:
        number = Number(float(np.mean(values)), Kind.EXACT)
        return Interval(number, number, number.value)

    return Intervals(
        log_evidence=point(arrays.log_evidence),
        gap=point(arrays.gap),
        approximation_gap=point(arrays.approximation_gap),
        amortisation_gap=point(arrays.amortisation_gap),
        covariance_gain=point(arrays.elbo_full - arrays.elbo_refined),
    )


def _elbo_upper(estimates: Estimates, delta: float) -> Number:
    """Strict by betting where the likelihood has a ceiling and KL(q || prior) a closed form; else asymptotic."""
    parts = estimates.elbo_ceiling
    if parts is not None and parts.log_likelihood.shape[1] >= LEAST_DRAWS:
        below = parts.ceiling - np.asarray(parts.log_likelihood, np.float64)
        least = lower_mean_of_data(below, delta, order=parts.order)
        return Number(parts.ceiling - least - parts.mean_kl, Kind.STRICT)
    arrays = estimates.per_datum
    stderr = mean_stderr(arrays.elbo_stderr)
    return Number(float(np.mean(arrays.elbo)) + normal_margin(stderr, delta), Kind.ASYMPTOTIC)

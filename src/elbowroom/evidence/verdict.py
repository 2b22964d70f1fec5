"""The certificate in words: how far, why, and what to do, with the kinds named and no stronger word than earned."""

import math
from collections.abc import Iterator

from elbowroom.evidence.certificate import Block, Optimum
from elbowroom.evidence.diagnostics import ACTIVE_VARIANCE, KHAT_LIMIT, MOST_FOR_INFORMATION
from elbowroom.evidence.kinds import Interval, Kind, Number
from elbowroom.evidence.rounding import lower_end, upper_end

WELL_CONVERGED = 0.9
MANY_HEAVY_TAILS = 0.1
LEAST_DATA_FOR_UNITS = 500
NEGLIGIBLE_KL = 0.1
NEGLIGIBLE_GAP = 0.02
MOST_OF_IT = 0.6
ACTIVE = f"variance over data of E_q[z_i|x] above {ACTIVE_VARIANCE}"
GAP = "the gap KL(q(z|x) || p(z|x)) is"


def verdict(real: Block, simulated: Block | None, level: float) -> tuple[str, ...]:
    """Sentences for a reader, the most important first."""
    return tuple(_sentences(real, simulated, level))


def _sentences(real: Block, simulated: Block | None, level: float) -> Iterator[str]:
    data = f"{real.n} data" if real.n > 1 else "one datum"
    yield how_far(real, level, f"the given {data}")
    if simulated is not None and real.route != "closed form":
        yield how_far(simulated, level, f"{data} simulated from the model")
    yield from _crossing(real, "these data")
    if simulated is not None:
        yield from _crossing(simulated, "the simulated data")
    yield from _why_upper_is_weak(real, simulated)
    yield from _infinite(real)
    yield from _which_part(real)
    yield from _richer(real)
    yield from _collapse(real)
    yield from _heavy_tails(real)
    yield from _convergence(real)
    yield from _family(real)
    yield from _mismatch(real, simulated)
    yield from _few(real)


def of_optimum(optimum: Optimum | None, level: float) -> Iterator[str]:
    """The distance from the optimum of the objective, where that is not the posterior, or is not known."""
    if optimum is None or optimum.is_posterior:
        return
    if optimum.density is None:
        yield (
            "No optimum of the objective that was trained could be derived, so the gap is the distance from the "
            "posterior, which the objective may not lead to."
        )
        return
    if optimum.against is None:
        return
    gap = optimum.against.intervals.gap
    ends = [f"at least {_lower(gap.lower)}"] if gap.lower is not None else []
    ends += [f"at most {_upper(gap.upper)}"] if gap.upper is not None else []
    yield (
        f"The objective leads to another density than the posterior: q proportional to {optimum.density}, as derived "
        f"from it. On the given data KL(q(z|x) || that optimum) is {' and '.join(ends)} per datum on average; each "
        f"interval holds with probability {level:.0%}. The gap to the posterior cannot close by training on."
    )


def how_far(block: Block, level: float, which: str) -> str:
    """The gap with both ends, or the one end there is."""
    gap, on = block.intervals.gap, f"On {which}"
    if gap.lower is not None and gap.lower is gap.upper:
        return f"{on} {GAP} {_nats(gap.lower.value)} per datum on average (exact: the model is linear-Gaussian)."
    with_probability = f"each interval holds with probability {level:.0%}"
    if gap.upper is None:
        if gap.lower is None:
            return f"{on} {GAP} not bounded from either side."
        return (
            f"{on} {GAP} bounded from below only (one-sided): at least {_lower(gap.lower)} per datum on average; "
            f"{with_probability}. How large it is at most is not known."
        )
    if gap.lower is None:
        return (
            f"{on} {GAP} bounded from above only (one-sided): at most {_upper(gap.upper)} per datum on average; "
            f"{with_probability}."
        )
    small = "" if gap.lower.value > 0.0 else " A gap of zero is not excluded."
    return (
        f"{on} {GAP} at least {_lower(gap.lower)} and at most {_upper(gap.upper)} per datum on average; "
        f"{with_probability}.{small}"
    )


def _why_upper_is_weak(real: Block, simulated: Block | None) -> Iterator[str]:
    upper = real.intervals.log_evidence.upper
    if upper is not None and upper.kind is Kind.ASYMPTOTIC:
        other = (
            ""
            if simulated is None
            else " The simulated data have one, but are other data: neither line bounds the other."
        )
        yield (
            "On given data the upper end of log p(x) is asymptotic: it rests on long chains, and fails on the low "
            f"side if they miss a mode, because no exact posterior draw is known.{other}"
        )


def _infinite(block: Block) -> Iterator[str]:
    if block.elbo == -math.inf:
        yield (
            "The ELBO is minus infinity: q(z|x) puts mass where p(x, z) is zero, so the gap is infinite. Keep the "
            "encoder within the support of the model."
        )


def _which_part(block: Block) -> Iterator[str]:
    gap, parts = block.intervals.gap.estimate, block.intervals
    amortisation, approximation = parts.amortisation_gap.estimate, parts.approximation_gap.estimate
    if gap is None or amortisation is None or approximation is None:
        return
    if not (NEGLIGIBLE_GAP < gap < math.inf and math.isfinite(amortisation)):
        return
    share = min(max(amortisation / gap, 0.0), 1.0)
    encoder = f"{_nats(amortisation)}, {parts.amortisation_gap.kind}"
    family = f"{_nats(approximation)}, {parts.approximation_gap.kind}"
    if share > 1.0 - MOST_OF_IT and share < MOST_OF_IT:
        yield (
            f"Amortisation is about {share:.0%} of the gap ({encoder}) and approximation about {1 - share:.0%} "
            f"({family}): a larger encoder or longer training can close the first, a richer variational family the "
            "second."
        )
    elif share >= MOST_OF_IT:
        yield (
            f"Amortisation is about {share:.0%} of the gap ({encoder}): the encoder misses the best q of its family. A "
            "larger encoder or longer training can close this part."
        )
    else:
        yield (
            f"Approximation is about {1 - share:.0%} of the gap ({family}): the best q that was found in the family is "
            "that far from the posterior. A richer variational family can close this part; a larger encoder cannot, if "
            "no better q of the family was missed."
        )


def _richer(block: Block) -> Iterator[str]:
    """What richer families would win of the approximation gap."""
    parts = block.intervals
    approximation = parts.approximation_gap.estimate
    if approximation is None or approximation <= NEGLIGIBLE_GAP:
        return
    asked = (("a full covariance", parts.covariance_gain), ("a planar flow", parts.flow_gain))
    tried = [(name, gain) for name, gain in asked if gain is not None]
    won = [
        (gain.estimate, name, gain.lower)
        for name, gain in tried
        if gain.estimate is not None and gain.lower is not None and gain.lower.value > 0.0
    ]
    if won:
        most = max(estimate for estimate, *_ in won)
        exact = all(lower.kind is Kind.EXACT for *_, lower in won)
        each = " and ".join(
            f"{name} {_nats(estimate)} ({'exact' if exact else f'at least {_lower(lower)}'})"
            for estimate, name, lower in won
        )
        left = max(approximation - most, 0.0)
        searched = "" if exact else " One-sided: a search may miss the best of its family, which would win more."
        yield (
            f"A richer family would win {_nats(most)} of the approximation gap: {each}; {_nats(left)} would remain."
            f"{searched}"
        )
    elif tried:
        told = " and ".join(name for name, _ in tried)
        lacks = {"a full covariance": "correlation between latents", "a planar flow": "a bend that was found"}
        missing = " nor ".join(lacks[name] for name, _ in tried)
        what = f"neither {missing}" if len(tried) > 1 else f"not {missing}"
        yield f"{told.capitalize()} won nothing that shows when tried for q: what the family misses is {what}."


def _collapse(block: Block) -> Iterator[str]:
    if block.n == 1:
        return
    if block.active_units == 0:
        if block.kl_per_dimension and sum(block.kl_per_dimension) > NEGLIGIBLE_KL:
            yield (
                f"No latent dimension is active ({ACTIVE}): the encoder gives nearly the same q for every datum, and "
                "that q is not the prior."
            )
        else:
            yield (
                f"No latent dimension is active ({ACTIVE}): the posterior has collapsed to the prior. The decoder "
                "ignores z, and a small gap is no success here."
            )
    elif block.active_units <= block.latent / 2:
        yield (
            f"{block.active_units} of {block.latent} latent dimensions are active ({ACTIVE}); the others have no gap "
            "because they carry nothing."
        )


def _heavy_tails(block: Block) -> Iterator[str]:
    if block.khat_share_above > MANY_HEAVY_TAILS:
        yield (
            f"The k-hat of the encoder's importance weights exceeds {KHAT_LIMIT} for {block.khat_share_above:.0%} of "
            "the data: importance sampling with this encoder is unreliable there, and values computed with it are "
            "probably too low."
        )


def _convergence(block: Block) -> Iterator[str]:
    if block.refinement_converged < WELL_CONVERGED:
        yield (
            f"The refinement of q had converged for {block.refinement_converged:.0%} of the data only: the "
            "amortisation gap is probably larger, and the approximation gap smaller, than reported. Raise "
            "`refine_steps`."
        )
    searches = (
        ("a full covariance", block.covariance_converged, "covariance_steps"),
        ("a planar flow", block.flow_converged, "flow_steps"),
    )
    for family, share, setting in searches:
        if share < WELL_CONVERGED:  # false where there was no such search
            yield (
                f"The search for {family} had converged for {share:.0%} of the data only: such a family would probably "
                f"win more than reported. Raise `{setting}`."
            )


def _family(block: Block) -> Iterator[str]:
    if not block.diagonal_family and block.route != "closed form":
        yield (
            "The encoder's family is not the diagonal Gaussian, but q was refined among diagonal Gaussians: the split "
            "of the gap refers to that family."
        )


def _mismatch(real: Block, simulated: Block | None) -> Iterator[str]:
    if simulated is None:
        return
    ours, theirs = real.intervals.gap, simulated.intervals.gap
    if _apart(ours, theirs) and ours.estimate is not None and theirs.estimate is not None:
        yield (
            f"The gap on simulated data ({_nats(theirs.estimate)}) differs from that on these data "
            f"({_nats(ours.estimate)}): the model's own samples are not like the data, so the one says little about "
            "the other."
        )


def _few(block: Block) -> Iterator[str]:
    if block.n < LEAST_DATA_FOR_UNITS and (block.n == 1 or block.active_units < block.latent):
        what = "cannot be counted with one datum" if block.n == 1 else f"were counted over {block.n} data"
        yield f"Active units {what}; at least {LEAST_DATA_FOR_UNITS} are recommended."
    if block.mutual_information_saturated:
        yield (
            f"The mutual information estimate ({_nats(block.mutual_information)}) is near the largest that "
            f"{min(block.n, MOST_FOR_INFORMATION)} data can show: the true value is probably larger."
        )


def _crossing(block: Block, which: str) -> Iterator[str]:
    evidence = block.intervals.log_evidence
    if evidence.lower is not None and evidence.upper is not None and evidence.lower.value > evidence.upper.value:
        culprit = ""
        if evidence.upper.kind is Kind.ASYMPTOTIC:
            culprit = "The upper one is only asymptotic and is the likelier culprit. "
        yield (f"On {which} the two ends of log p(x) cross: at least one does not hold. {culprit}Raise `temperatures`.")


def _apart(a: Interval, b: Interval) -> bool:
    def above(one: Interval, other: Interval) -> bool:
        return one.lower is not None and other.upper is not None and one.lower.value > other.upper.value

    return above(a, b) or above(b, a)


def _lower(number: Number) -> str:
    return f"{lower_end(number.value, _digits(number.value))} nats ({number.kind})"


def _upper(number: Number) -> str:
    return f"{upper_end(number.value, _digits(number.value))} nats ({number.kind})"


def _digits(value: float) -> int:
    return 3 if abs(value) < 1.0 else 2


def _nats(value: float) -> str:
    return f"{value:.3g} nats" if abs(value) < 1.0 else f"{value:.2f} nats"

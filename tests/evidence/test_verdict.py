"""The certificate in words, verbatim: no word stronger than the kind, every end rounded to its own side."""

import dataclasses

import numpy as np

from elbowroom.evidence.certificate import Block
from elbowroom.evidence.intervals import Intervals
from elbowroom.evidence.kinds import Interval, Kind, Number
from elbowroom.evidence.per_datum import PerDatum
from elbowroom.evidence.verdict import verdict

ARRAY = np.zeros(600)
STRICT, ASYMPTOTIC, EXACT = Kind.STRICT, Kind.ASYMPTOTIC, Kind.EXACT


def _interval(lower, upper, estimate=None, kinds=(STRICT, ASYMPTOTIC)) -> Interval:
    ends = [None if value is None else Number(value, kind) for value, kind in zip((lower, upper), kinds, strict=True)]
    return Interval(*ends, estimate)


GAP = _interval(0.4827, 0.5461, 0.51)
INTERVALS = Intervals(
    log_evidence=_interval(-22.79, -22.75, -22.77),
    gap=GAP,
    approximation_gap=_interval(0.0, 0.3, 0.1, (EXACT, ASYMPTOTIC)),
    amortisation_gap=_interval(0.4, 0.55, 0.41, (ASYMPTOTIC, ASYMPTOTIC)),
)
BLOCK = Block(
    n=600,
    elbo=-23.28,
    elbo_stderr=0.01,
    elbo_stderr_over_data=0.2,
    elbo_refined=-22.87,
    elbo_full=-22.80,
    elbo_flow=float("nan"),
    intervals=INTERVALS,
    khat_median=0.4,
    khat_share_above=0.02,
    active_units=19,
    effective_samples=400.0,
    latent=20,
    mutual_information=4.0,
    mutual_information_saturated=False,
    kl_per_dimension=(0.5,) * 20,
    other_lower_bounds={},
    other_upper_bounds={},
    refinement_converged=1.0,
    covariance_converged=1.0,
    flow_converged=float("nan"),
    acceptance=0.8,
    route="annealing",
    diagonal_family=True,
    calibration=None,
    per_datum=PerDatum(*(ARRAY for _ in dataclasses.fields(PerDatum))),
)


def _with(**changes) -> tuple[str, ...]:
    parts = {name: changes.pop(name) for name in list(changes) if hasattr(INTERVALS, name)}
    return verdict(dataclasses.replace(BLOCK, intervals=dataclasses.replace(INTERVALS, **parts), **changes), None, 0.95)


def test_the_gap_with_both_kinds_and_its_larger_part():
    assert _with() == (
        "On the given 600 data the gap KL(q(z|x) || p(z|x)) is at least 0.482 nats (strict) and at most 0.547 nats "
        "(asymptotic) per datum on average; each interval holds with probability 95%.",
        "On given data the upper end of log p(x) is asymptotic: it rests on long chains, and fails on the low side if "
        "they miss a mode, because no exact posterior draw is known.",
        "Amortisation is about 80% of the gap (0.41 nats, asymptotic): the encoder misses the best q of its family. A "
        "larger encoder or longer training can close this part.",
    )


def test_ends_are_rounded_to_their_own_sides():
    assert "at least 8.68 nats (strict) and at most 8.70 nats (asymptotic)" in _with(gap=_interval(8.689, 8.691))[0]


def test_a_gap_of_zero_that_is_not_excluded_is_said_to_be_so():
    assert _with(gap=_interval(-0.001, 0.02, 0.01))[0].endswith("A gap of zero is not excluded.")


def test_D34_one_end_is_called_one_sided():
    assert _with(gap=_interval(0.3, None))[0] == (
        "On the given 600 data the gap KL(q(z|x) || p(z|x)) is bounded from below only (one-sided): at least 0.300 "
        "nats (strict) per datum on average; each interval holds with probability 95%. How large it is at most is not "
        "known."
    )


def test_ends_that_cross_are_reported():
    (found,) = (one for one in _with(log_evidence=_interval(-20.0, -21.0)) if "cross" in one)
    assert found == (
        "On these data the two ends of log p(x) cross: at least one does not hold. The upper one is only asymptotic "
        "and is the likelier culprit. Raise `temperatures`."
    )


def test_no_active_unit_is_a_collapse_and_no_success():
    found = _with(active_units=0, kl_per_dimension=(0.0,) * 20)
    assert any(
        sentence.endswith(
            "the posterior has collapsed to the prior. The decoder ignores z, and a small gap is no success here."
        )
        for sentence in found
    )


def test_few_active_units_carry_the_gap():
    assert any("the others have no gap because they carry nothing." in sentence for sentence in _with(active_units=3))


def test_heavy_tails_are_reported():
    assert any("exceeds 0.7 for 45% of the data" in sentence for sentence in _with(khat_share_above=0.45))


def test_a_refinement_that_did_not_converge_is_reported():
    assert any("had converged for 40% of the data only" in sentence for sentence in _with(refinement_converged=0.4))


def test_a_family_that_falls_short_asks_for_a_richer_one():
    parts = {"approximation_gap": _interval(0.3, 0.5, 0.4), "amortisation_gap": _interval(0.0, 0.2, 0.11)}
    assert any("A richer variational family can close this part" in sentence for sentence in _with(**parts))


RICHER = {"approximation_gap": _interval(0.3, 1.5, 1.4), "amortisation_gap": _interval(0.0, 0.2, 0.11)}
WON = {
    "covariance_gain": _interval(0.8512, 1.5, 0.9, (ASYMPTOTIC, ASYMPTOTIC)),
    "flow_gain": _interval(1.13, 1.5, 1.2, (ASYMPTOTIC, ASYMPTOTIC)),
}


def test_what_richer_families_would_win():
    assert _with(**RICHER, **WON)[-1] == (
        "A richer family would win 1.20 nats of the approximation gap: a full covariance 0.9 nats (at least 0.851 nats "
        "(asymptotic)) and a planar flow 1.20 nats (at least 1.13 nats (asymptotic)); 0.2 nats would remain. "
        "One-sided: a search may miss the best of its family, which would win more."
    )
    exact = _interval(1.25, 1.25, 1.25, (EXACT, EXACT))
    assert _with(**RICHER, covariance_gain=exact)[-1] == (
        "A richer family would win 1.25 nats of the approximation gap: a full covariance 1.25 nats (exact); 0.15 nats "
        "would remain."
    )


def test_richer_families_that_win_nothing():
    nothing = _interval(-0.01, 1.5, 0.01, (ASYMPTOTIC, ASYMPTOTIC))
    assert _with(**RICHER, covariance_gain=nothing)[-1] == (
        "A full covariance won nothing that shows when tried for q: what the family misses is not correlation between "
        "latents."
    )
    assert _with(**RICHER, covariance_gain=nothing, flow_gain=nothing)[-1] == (
        "A full covariance and a planar flow won nothing that shows when tried for q: what the family misses is "
        "neither correlation between latents nor a bend that was found."
    )
    assert "a planar flow 1.20 nats" in _with(**RICHER, covariance_gain=nothing, flow_gain=WON["flow_gain"])[-1]


def test_nothing_is_won_of_a_negligible_part():
    assert not any("richer family would win" in sentence for sentence in _with(
        approximation_gap=_interval(0.0, 0.1, 0.01), **WON
    ))  # fmt: skip


def test_searches_in_richer_families_that_did_not_converge_are_reported():
    found = _with(covariance_converged=0.5, flow_converged=0.25)
    for family, share, setting in (("full covariance", 50, "covariance_steps"), ("planar flow", 25, "flow_steps")):
        assert (
            f"The search for a {family} had converged for {share}% of the data only: such a family would probably win "
            f"more than reported. Raise `{setting}`."
        ) in found


def test_two_parts_of_like_size_are_both_named():
    parts = {"approximation_gap": _interval(0.0, 0.3, 0.261), "amortisation_gap": _interval(0.25, 0.3, 0.26)}
    assert _with(gap=_interval(0.48, 0.55, 0.521), **parts)[-1] == (
        "Amortisation is about 50% of the gap (0.26 nats, asymptotic) and approximation about 50% (0.261 nats, "
        "asymptotic): a larger encoder or longer training can close the first, a richer variational family the second."
    )


def test_simulated_data_unlike_the_real_ones_are_pointed_out():
    other = dataclasses.replace(BLOCK, intervals=dataclasses.replace(INTERVALS, gap=_interval(3.0, 3.2, 3.1)))
    found = verdict(BLOCK, other, 0.95)
    assert found[1].startswith("On 600 data simulated from the model the gap KL(q(z|x) || p(z|x)) is at least 3.00")
    assert any("the model's own samples are not like the data" in sentence for sentence in found)

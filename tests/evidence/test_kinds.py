"""Kinds: no operation makes a number stronger than its weakest part."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elbowroom.evidence.kinds import Interval, Kind, Number, never_negative, weakest

numbers = st.builds(Number, st.floats(-1e6, 1e6), st.sampled_from(Kind))


@given(numbers, numbers)
def test_arithmetic_keeps_the_weakest_kind(left, right):
    assert (left + right).kind == (left - right).kind == max(left.kind, right.kind)
    assert (left + right).value == left.value + right.value
    assert (left - right).value == left.value - right.value


@given(numbers, st.floats(-1e6, 1e6))
def test_a_plain_number_is_exact(number, plain):
    assert (number + plain).kind is number.kind


@given(numbers)
def test_what_is_never_negative_is_bounded_by_zero_with_the_kind_it_had(number):
    assert never_negative(number) == Number(max(number.value, 0.0), number.kind)


def test_the_order_of_kinds_is_exact_strict_asymptotic():
    for first, second in itertools.combinations((Kind.EXACT, Kind.STRICT, Kind.ASYMPTOTIC), 2):
        assert weakest([first, second]) is second
    assert [str(kind) for kind in Kind] == ["exact", "strict", "asymptotic"]


def test_an_interval_is_as_weak_as_its_weaker_end():
    interval = Interval(Number(0.0, Kind.STRICT), Number(1.0, Kind.ASYMPTOTIC))
    assert interval.kind is Kind.ASYMPTOTIC
    assert interval.to_json() == {
        "lower": 0.0,
        "upper": 1.0,
        "lower_kind": "strict",
        "upper_kind": "asymptotic",
        "estimate": None,
    }


def test_D34_an_interval_with_one_end_says_so():
    interval = Interval(Number(0.5, Kind.STRICT), None)
    assert interval.one_sided
    assert interval.to_json()["upper"] is interval.to_json()["upper_kind"] is None


def test_crossing_ends_are_kept_as_they_are():
    interval = Interval(Number(2.0, Kind.STRICT), Number(1.0, Kind.STRICT), 1.5)
    assert (interval.lower.value, interval.upper.value) == (2.0, 1.0)


@pytest.mark.parametrize("kind", Kind)
def test_weakening_never_strengthens(kind):
    assert Number(1.0, Kind.STRICT).weakened(kind).kind >= Kind.STRICT

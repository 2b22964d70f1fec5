"""What is shown of a bound is a bound as well, however it is rounded."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elbowroom.evidence.rounding import lower_end, upper_end
from elbowroom.report.numbers import interval

VALUES = st.floats(allow_nan=False, allow_infinity=False)


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("−", "-"))


@given(VALUES, st.integers(0, 4))
def test_ends_go_outwards_by_less_than_the_last_digit(value, digits):
    exact, step = Fraction(Decimal(repr(value))), Fraction(1, 10**digits)
    assert exact - step < Fraction(number(lower_end(value, digits))) <= exact
    assert exact <= Fraction(number(upper_end(value, digits))) < exact + step


@pytest.mark.parametrize(("lower", "upper"), [(0.4821, 0.5401), (-23.7849, -23.7851 + 0.04), (-0.001, 0.001)])
def test_an_interval_holds_what_it_was_made_of(lower, upper):
    low, high = interval({"lower": lower, "upper": upper}).split(" to ")
    assert number(low) <= Decimal(repr(lower))
    assert Decimal(repr(upper)) <= number(high)
    assert "−0.00" not in (low, high)

"""The price of certainty."""

import numpy as np
import pytest

from elbowroom.evidence.slack import evidence_slack, mean_stderr, normal_margin


def test_slack_is_divided_by_data_and_groups():
    assert evidence_slack(0.025, data=1) == pytest.approx(np.log(40.0))
    assert evidence_slack(0.025, data=32) == pytest.approx(0.1153, abs=1e-4)
    assert evidence_slack(0.025, data=2, groups=16) == pytest.approx(evidence_slack(0.025, data=32))


def test_margin_is_the_normal_quantile():
    assert normal_margin(2.0, 0.025) == pytest.approx(3.919928, abs=1e-6)


def test_the_error_of_a_mean_of_independent_means():
    assert mean_stderr(np.array([3.0, 4.0])) == pytest.approx(2.5)

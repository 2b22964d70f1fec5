"""The certificate for people."""

from elbowroom.cli.certificate_text import certificate_text
from report.contents import certificate


def test_real_and_simulated_are_apart_and_every_bound_has_its_kind():
    text = certificate_text(certificate())
    real, simulated = text.split("Simulated: 270 data drawn from the model itself")
    assert "Real data: 270 of digits, split test" in real
    assert "-24.81 ± 0.02" in real
    assert "-24.10" not in real
    assert "-23.71 to -23.39" in real
    assert "lower end strict, upper end asymptotic" in real
    assert "-23.16 to -22.91" in simulated
    assert " strict\n" in simulated
    assert "intervals at level 95 %" in text
    assert " ".join(text.split()).endswith("longer training would help.")  # wherever the terminal breaks the line


def test_an_end_that_is_not_bounded_is_not_invented():
    one_sided = {"lower": -23.7, "upper": None, "lower_kind": "strict", "upper_kind": None}
    text = certificate_text(certificate(log_evidence=one_sided, simulated=None))
    assert "at least -23.70" in text
    assert "lower end strict" in text
    assert "Simulated" not in text

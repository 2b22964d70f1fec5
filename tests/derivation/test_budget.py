"""The limit on numerical work counts values, an inner limit takes from the outer one, and a document has one."""

import pytest

from elbowroom.derivation.check import check
from elbowroom.derivation.document import check_text
from elbowroom.derivation.numeric.budget import TooMuchWork, limited, spend

HEAVY = r"""
$$D_{KL}(q(z|x) \| p(z|x)) = \mathbb{E}_{q(z|x)}\left[\log\frac{q(z|x)}{p(z|x)}\sin(z)\right]$$
"""
PROVED = r"$$D_{KL}(q(z|x) \| p(z)) = \mathbb{E}_{q(z|x)}[\log q(z|x)] - \mathbb{E}_{q(z|x)}[\log p(z)]$$"


def test_work_is_allowed_up_to_the_limit_and_unlimited_outside():
    spend(10**9)
    with limited(100):
        spend(60)
        spend(40)
        with pytest.raises(TooMuchWork):
            spend(1)
    spend(10**9)


def test_an_inner_limit_is_taken_from_the_outer_one():
    with limited(100):
        with limited(70):
            spend(60)
        with limited(70):
            spend(40)
            with pytest.raises(TooMuchWork):
                spend(1)
        with pytest.raises(TooMuchWork):
            spend(1)


def test_work_that_was_refused_is_not_charged_twice():
    with limited(100):
        with pytest.raises(TooMuchWork), limited(30):
            spend(31)
        spend(70)


def test_a_document_of_many_heavy_links_spends_no_more_than_one_document_may(monkeypatch):
    allowed = 1_000_000
    monkeypatch.setattr("elbowroom.derivation.document.WORK", allowed)
    with limited(3 * allowed):
        verdict = check_text(HEAVY * 20 + PROVED)
        spend(2 * allowed)
        with pytest.raises(TooMuchWork):
            spend(1)
    *heavy, proved = verdict.links
    assert {link.verdict for link in heavy} == {"undecided"}
    assert proved.verdict == "holds", "what is proved takes no numerical work"


def test_an_ordinary_document_with_many_false_links_is_decided_to_the_end():
    false = r"$$\mathbb{E}_{p(x)q(z|x)}[z x] = \mathbb{E}_{p(x)q(z|x)}[z x + %d z]$$"
    verdict = check_text("\n\n".join(false % number for number in range(1, 13)))
    assert [link.verdict for link in verdict.links] == ["fails"] * 12


def test_one_instance_that_refutes_is_enough():
    with limited(1_000_000):
        verdict = check("E_q(z|x)[z**2] = E_q(z|x)[z]")
    assert verdict.verdict == "fails"

"""Derivations as LaTeX and as HTML: every formula is set as one, nothing of it reaches the network."""

import html.parser
import re

import pytest

from elbowroom.derivation.derive import derive
from elbowroom.derivation.presets import PRESETS
from elbowroom.derivation.typeset import latex_line, pieces

DERIVATIONS = {name: derive(preset.problem()) for name, preset in PRESETS.items()}


class _Tags(html.parser.HTMLParser):
    """The open tags of a page; a tag that is closed out of turn is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "mspace", "mprescripts"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("meta", "mspace", "mprescripts"):
            assert self.open.pop() == tag


@pytest.mark.parametrize("derivation", DERIVATIONS.values(), ids=DERIVATIONS.keys())
def test_a_page_is_whole_and_needs_no_network(derivation):
    page = derivation.to_html()
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert "math" in tags.seen
    assert not tags.seen & {"script", "link", "img", "iframe"}
    assert not re.search(r"(src|href)=|@import|url\(", page)
    assert page.count('<p class="rule">') == len(derivation.steps)
    assert derivation._repr_html_() in page


@pytest.mark.parametrize("derivation", DERIVATIONS.values(), ids=DERIVATIONS.keys())
def test_latex_has_balanced_braces_and_every_step(derivation):
    text = derivation.to_latex()
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    assert text.count(r"\item") == len(derivation.steps)
    assert text.count(r"\[") == text.count(r"\]")
    assert len(re.findall(r"\\left\b", text)) == len(re.findall(r"\\right\b", text))


@pytest.mark.parametrize(
    ("line", "latex"),
    [
        ("q(z) = C*p(z)", r"q(z) = C p(z)"),
        ("minimise J[q] = KL(q(z) || p(z)) over q(z)", r"\text{minimise } J[q] = \mathrm{KL}"),
        ("subject to integral(q(z), z) = 1", r"\text{subject to } \int q(z) \, dz = 1"),
        ("lambda = -1, 1/C = 1", r"\lambda = -1 \text{, } \frac{1}{C} = 1"),
        ("d/d epsilon S[q(z) + epsilon*eta] at epsilon = 0", r"\varepsilon = 0"),
        ("positive for every direction", r"\text{positive for every direction}"),
        ("100 % & more_words", r"\text{100 \% \& more\_words}"),
        ("q(z) <- C*q(z)*exp(-z)", r"q(z) \leftarrow C q(z)"),
    ],
)
def test_a_line(line, latex):
    assert latex in latex_line(line)


def test_words_are_never_taken_for_mathematics():
    told = "the integrand is convex in the curve and strictly in its derivative: a global minimum"
    assert pieces(told) == [(False, told)]

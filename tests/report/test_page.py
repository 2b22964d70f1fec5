"""The page: self-contained, escaped, and honest about what is missing."""

import functools
import re
from html.parser import HTMLParser

import pytest

from elbowroom.report.figures import Figures
from elbowroom.report.page import PLACES, page
from report.contents import certificate, config, contents

EMPTY = {"meta", "img", "br", "link", "input"}


class Reader(HTMLParser):
    """Checks that every element is closed in order, and collects the attributes and the text."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


VARIANTS = {
    "images": {},
    "images without labels": {"labels": False},
    "not certified": {"certified": False},
    "table": {"image": False},
    "table, not certified, no labels": {"image": False, "certified": False, "labels": False},
    "no epoch": {"curves": None},
    "one latent dimension": {"latents": None},
    "no arrays": {"per_datum": None},
}


@functools.cache
def made(variant: str) -> tuple[str, dict[str, bytes]]:
    """The page of a variant and its figures, made once."""
    figures = Figures()
    return page(contents(**VARIANTS[variant]), figures), figures.files


def page_of(variant: str) -> str:
    return made(variant)[0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_page_is_well_formed_and_has_every_section(variant):
    text = page_of(variant)
    reader = read(text)
    identifiers = [value for _, name, value in reader.attributes if name == "id"]
    assert set(PLACES) <= set(identifiers)
    assert len(identifiers) == len(set(identifiers))
    assert "None" not in "".join(reader.text)
    assert len(text) < 3_000_000


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_page_needs_no_network(variant):
    reader = read(page_of(variant))
    for tag, name, value in reader.attributes:
        assert tag not in ("script", "link", "iframe", "object", "embed")
        if name in ("src", "href", "xlink:href", "data", "action"):
            assert str(value).startswith(("#", "data:image/png;base64,")), (tag, name, value)
        assert not name.startswith("on")
    css = "".join(reader.text)
    assert "@import" not in css
    assert "url(http" not in css


def test_every_picture_has_an_alternative_text():
    reader = read(page_of("images"))
    assert sum(tag == "img" for tag, name, _ in reader.attributes if name == "src") == sum(
        bool(value) for tag, name, value in reader.attributes if tag == "img" and name == "alt"
    )
    charts = [value for tag, name, value in reader.attributes if tag == "div" and name == "aria-label"]
    assert len(charts) == 5
    assert all(charts)


def test_everything_that_came_from_outside_is_escaped():
    hostile = "<script>alert(1)</script>&\"'"
    settings = config()
    settings["settings"]["data"]["source"] = hostile
    settings["dataset"]["fingerprint"] = hostile
    text = page(
        contents(
            title=hostile,
            lead=hostile,
            split=hostile,
            config=settings,
            commands=(hostile, hostile, hostile),
            certificate=certificate(verdict=[hostile], split=hostile),
        ),
        Figures(),
    )
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 8
    read(text)


def test_real_and_simulated_stand_in_tables_of_their_own():
    text = page_of("images")
    tables = re.findall(r"<table[^>]*>.*?</table>", text, flags=re.DOTALL)
    real = next(table for table in tables if "Real data: 270" in table)
    simulated = next(table for table in tables if "Simulated: 270" in table)
    assert "−24.81" in real
    assert "−24.10" not in real
    assert "−24.10" in simulated
    assert "−24.81" not in simulated


def test_every_bound_shows_its_kind_and_every_kind_is_explained():
    text = page_of("images")
    row = re.search(r"log p\(x\), the evidence</th>.*?</tr>", text, flags=re.DOTALL)
    assert row is not None
    assert re.sub("<[^>]*>", " ", row.group()).split()[-4:] == ["lower", "strict", "upper", "asymptotic"]
    for kind in ("exact", "strict", "asymptotic"):
        assert re.search(rf'<dt><span class="kind {kind}">{kind}</span></dt>\s*<dd>\w', text)


def test_an_interval_without_an_upper_end_says_at_least():
    one_sided = {"lower": -23.7, "upper": None, "lower_kind": "strict", "upper_kind": None}
    text = page(contents(certificate=certificate(log_evidence=one_sided, simulated=None)), Figures())
    assert "at least −23.70" in text
    assert "Simulated:" not in text


def test_without_a_certificate_the_page_says_how_to_get_one():
    text = page_of("not certified")
    assert "Not certified yet" in text
    assert "elbowroom certify runs/digits" in text


def test_a_table_says_that_there_are_no_pictures():
    text = page_of("table")
    assert text.count("there are no pictures to show") == 2
    assert "<img" not in text


def test_the_same_contents_give_the_same_page():
    again = Figures()
    assert page(contents(), again) == page_of("images")
    assert again.files == made("images")[1]


def test_the_figures_are_files_of_their_own():
    files = made("images")[1]
    assert {"room.svg", "training.svg", "latent.svg", "gap.svg", "kl.svg", "samples.png", "reconstructions.png"} <= set(
        files
    )
    for name, file in files.items():
        assert file.startswith(b"<?xml" if name.endswith(".svg") else b"\x89PNG")
        assert b"var(--" not in file

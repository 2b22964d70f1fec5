"""The first section of a report: the verdict in words, three numbers with their kinds, and the picture of the room."""

from collections.abc import Mapping
from typing import Any

from elbowroom.report.contents import Contents
from elbowroom.report.figures import Figures
from elbowroom.report.markup import Markup, element
from elbowroom.report.numbers import error, interval, kinds_of, nats, spread
from elbowroom.report.room import room_chart


def headline(contents: Contents, figures: Figures) -> Markup:
    """What the certificate says, at a glance; without a certificate, how to get one."""
    certificate = contents.certificate
    if certificate is None:
        return element("section", element("h2", "Not certified yet"), *_without(contents), id="verdict")
    first, *others = certificate["verdict"]
    rest = element("ul", *(element("li", sentence) for sentence in others), class_="verdict") if others else Markup("")
    blocks = _blocks(certificate)
    chart = figures.svg(
        "room",
        room_chart(blocks),
        alt=" ".join(_spoken(title, block) for title, block in blocks.items()),
        caption="The room between the ELBO (with a 95 % confidence interval of its mean) and log p(x), in nats per "
        "datum. Real and simulated data are different data: neither line bounds the other.",
    )
    return element(
        "section",
        element("h2", "The verdict"),
        element("div", first, class_="first"),
        _numbers(certificate),
        chart,
        rest,
        id="verdict",
    )


def _without(contents: Contents) -> tuple[Markup, ...]:
    best = None if contents.curves is None else max(contents.curves.validation, default=None)
    known = (
        element(
            "div", _number("validation ELBO", nats(best), "nats per datum, the best of the training"), class_="numbers"
        )
        if best is not None
        else Markup("")
    )
    why = (
        "The certificate in this folder is about other weights: training has gone on since. "
        if contents.outdated
        else ""
    )
    how = element("p", f"{why}How far this encoder is from the posterior is not known until you run")
    return known, how, element("pre", contents.commands[1])


def _numbers(certificate: Mapping[str, Any]) -> Markup:
    elbo, evidence, gap = certificate["elbo"], certificate["log_evidence"], certificate["gap"]
    return element(
        "div",
        _number("ELBO", f"{nats(elbo['mean'])} ± {error(elbo['stderr'])}", spread(elbo)),
        _number("log p(x), the evidence", interval(evidence), kinds_of(evidence)),
        _number("gap = KL(q(z|x) || p(z|x))", interval(gap), kinds_of(gap)),
        class_="numbers",
    )


def _number(name: str, value: str, note: str) -> Markup:
    return element(
        "div",
        element("div", name, class_="name"),
        element("div", value, class_="value"),
        element("div", note, class_="note"),
        class_="number",
    )


def _blocks(certificate: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    blocks: dict[str, Mapping[str, Any]] = {"real data": certificate}
    if certificate.get("simulated"):
        blocks["simulated"] = certificate["simulated"]
    return blocks


def _spoken(title: str, block: Mapping[str, Any]) -> str:
    return (
        f"{title}: ELBO {nats(block['elbo']['mean'])}, log evidence {interval(block['log_evidence'])} nats per datum."
    )

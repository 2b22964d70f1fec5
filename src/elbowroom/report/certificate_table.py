"""The certificate in full: one table for real data, one for simulated data, and what the kinds mean."""

from collections.abc import Mapping
from typing import Any

from elbowroom.report.contents import Contents
from elbowroom.report.markup import Markup, element, join, table
from elbowroom.report.numbers import error, interval, kinds_of, legend, nats, spread

HEAD = ("nats per datum", "value", "kind")


def certificate_section(contents: Contents) -> Markup:
    """Both blocks of the certificate side by side, never mixed."""
    title, certificate = element("h2", "The certificate"), contents.certificate
    if certificate is None:
        text = "There is no certificate of these weights in the run folder. Make one with"
        return element(
            "section",
            title,
            element("p", text, class_="absent"),
            element("pre", contents.commands[1]),
            id="certificate",
        )
    level = f"{certificate['level']:.0%}"
    text = (
        f"Every interval is meant at level {level}. What is real and what is simulated are different data: a bound for "
        "one is no bound for the other."
    )
    real = table(
        f"Real data: {certificate['n']} data of the split {certificate['split']}",
        HEAD,
        block_rows(certificate),
        class_="block",
    )
    tables = [real]
    if simulated := certificate.get("simulated"):
        count = simulated.get("n", certificate["n"])
        tables.append(
            table(f"Simulated: {count} data drawn from the model itself", HEAD, block_rows(simulated), class_="block")
        )
    cost = f"{certificate['seconds']:.1f} seconds and {certificate['gradient_evaluations']:,} gradients of log p(x, z)."
    return element(
        "section",
        title,
        element("p", text),
        element("div", *tables, class_="two"),
        element("h3", "What the kinds mean"),
        element("p", "A number made of several parts carries the weakest of their kinds."),
        legend(),
        element("h3", "What it took"),
        element("p", cost),
        id="certificate",
    )


def block_rows(block: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The rows of one block: quantity, value, kind."""
    rows: list[tuple[str, ...]] = [
        (
            "ELBO",
            f"{nats(block['elbo']['mean'])}\u00a0±\u00a0{error(block['elbo']['stderr'])}",
            spread(block["elbo"]),
        ),
        ("log p(x), the evidence", interval(block["log_evidence"]), kinds_of(block["log_evidence"])),
        ("gap = log p(x) − ELBO", interval(block["gap"]), kinds_of(block["gap"])),
    ]
    for key, name in (("approximation_gap", "of it approximation"), ("amortisation_gap", "of it amortisation")):
        part = block.get(key)
        if part:
            rows.append((name, _with_estimate(part), kinds_of(part)))
    khat = block.get("khat")
    if khat:
        share = khat["share_above_0.7"]
        text = f"{nats(khat['median'])}; {share:.0%} above 0.7" if share is not None else nats(khat["median"])
        rows.append(("k-hat, median", text, "a diagnostic"))
    if block.get("active_units") is not None:
        of = f" of {len(block['kl_per_dimension'])}" if block.get("kl_per_dimension") else ""
        rows.append(("active units", f"{block['active_units']}{of}", "a diagnostic"))
    if block.get("mutual_information") is not None:
        rows.append(("I(x; z)", _information(block), "an estimate"))
    return rows


def _with_estimate(part: Mapping[str, Any]) -> Markup:
    bounds = (
        element("small", f" ({interval(part)})")
        if part.get("lower") is not None or part.get("upper") is not None
        else ""
    )
    return join(f"≈ {nats(part.get('estimate'))}", bounds)


def _information(block: Mapping[str, Any]) -> str:
    value = block["mutual_information"]
    return f"{nats(value)} or more" if block.get("mutual_information_saturated") else nats(value)

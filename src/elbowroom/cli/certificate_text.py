"""A certificate as a table for people: real and simulated data one below the other, the verdict last."""

from collections.abc import Mapping
from typing import Any

from elbowroom.cli.output import bold, wrap
from elbowroom.evidence.rounding import lower_end, upper_end

Row = tuple[str, str, str]


def certificate_text(document: Mapping[str, Any]) -> str:
    """The certificate of `elbowroom certify` in words and numbers; all are nats per datum."""
    level = f"{100 * document['level']:g} %"
    lines = [bold(f"Real data: {document['n']} of {document['data']}, split {document['split']}"), *_table(document)]
    if simulated := document.get("simulated"):
        count = simulated.get("n", document["n"])
        lines += ["", bold(f"Simulated: {count} data drawn from the model itself"), *_table(simulated)]
    if (optimum := document.get("optimum")) and optimum.get("gap"):
        name = f"The same real data, against the objective's own optimum: {optimum['density']}, normalised"
        lines += ["", bold(name), *_table(optimum, _distance(optimum))]
    lines += ["", f"Nats per datum; intervals at level {level}. Kinds: exact, strict (no assumption), asymptotic."]
    lines += ["", *(wrap(sentence) for sentence in document["verdict"])]
    return "\n".join(lines)


def _table(block: Mapping[str, Any], rows: list[Row] | None = None) -> list[str]:
    rows = _rows(block) if rows is None else rows
    name, value = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"  {row[0]:<{name}}  {row[1]:<{value}}  {row[2]}".rstrip() for row in rows]


def _rows(block: Mapping[str, Any]) -> list[Row]:
    elbo = block["elbo"]
    rows: list[Row] = [
        ("ELBO", f"{_number(elbo['mean'])} ± {_error(elbo['stderr'])}", _spread(elbo)),
        ("log evidence", _interval(block["log_evidence"]), _kinds(block["log_evidence"])),
        *_distance(block),
    ]
    for key, name in (("covariance_gain", "full covariance wins"), ("flow_gain", "planar flow wins")):
        gain = block.get(key)
        if gain and gain.get("estimate") is not None:
            rows.append((name, f"about {_number(gain['estimate'])}, {_interval(gain)}", _kinds(gain)))
    if khat := block.get("khat"):
        share = f", {100 * khat['share_above_0.7']:.0f} % above 0.7" if khat.get("share_above_0.7") is not None else ""
        rows.append(("k-hat", f"{_number(khat['median'])} in the median{share}", "diagnostic"))
    if calibration := block.get("calibration"):
        found = "uneven" if calibration["rejected"] else "even"
        p = f"p = {calibration['smallest']:.2g}, by {calibration['worst']}"
        rows.append(("ranks of exact draws", f"{found} ({p})", "diagnostic"))
    if block.get("active_units") is not None:
        rows.append(("active units", f"{block['active_units']} of {len(block['kl_per_dimension'])}", "diagnostic"))
    return rows


def _distance(block: Mapping[str, Any]) -> list[Row]:
    """The gap and its parts."""
    rows: list[Row] = [("gap", _interval(block["gap"]), _kinds(block["gap"]))]
    for key, name in (("approximation_gap", "  of it approximation"), ("amortisation_gap", "  of it amortisation")):
        part = block.get(key)
        if part and part.get("estimate") is not None:
            rows.append((name, f"about {_number(part['estimate'])}, {_interval(part)}", _kinds(part)))
    return rows


def _spread(elbo: Mapping[str, Any]) -> str:
    over_data = elbo.get("stderr_over_data")
    also = "" if over_data is None else f"; ± {_error(over_data)} for all such data"
    return f"standard error on these data{also}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _error(value: float | None) -> str:
    return f"{value:.1g}" if value is not None and 0.0 < value < 0.01 else _number(value)


def _interval(ends: Mapping[str, Any]) -> str:
    """Both ends, rounded outwards, so that what is shown holds as well."""
    lower, upper = ends.get("lower"), ends.get("upper")
    low, high = ("" if lower is None else lower_end(lower)), ("" if upper is None else upper_end(upper))
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}" if high else "not bounded"


def _kinds(ends: Mapping[str, Any]) -> str:
    lower, upper = ends.get("lower_kind"), ends.get("upper_kind")
    if lower == upper:
        return lower or ""
    return ", ".join(f"{side} end {kind}" for side, kind in (("lower", lower), ("upper", upper)) if kind)

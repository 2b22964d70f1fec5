"""Numbers and kinds as a reader wants them."""

import math
from collections.abc import Mapping
from typing import Any

from elbowroom.evidence.rounding import lower_end, upper_end
from elbowroom.report.markup import Markup, element, join

KINDS = {
    "exact": "computed, in closed form or by quadrature, up to a numerical error.",
    "strict": "holds with the stated probability, whatever the tails of the weights; nothing has to have converged.",
    "asymptotic": "true as the computation grows: confidence intervals of means, long chains. Not a guarantee.",
}


def nats(value: float | None, digits: int = 2) -> str:
    """A number with a true minus sign; a dash where there is none.

    >>> nats(-104.316), nats(None), nats(1234.5, 1)
    ('−104.32', '–', '1,234.5')
    """
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−")


def error(value: float | None) -> str:
    """A standard error: two decimals, or its first digit where it is smaller.

    >>> error(0.221), error(0.0042), error(0.0), error(None)
    ('0.22', '0.004', '0.00', '–')
    """
    if value is None or not 0.0 < value < 0.01:
        return nats(value)
    return f"{value:.{1 - math.ceil(math.log10(value))}f}" if value > 1e-6 else f"{value:.0e}"


def interval(ends: Mapping[str, Any], digits: int = 2) -> str:
    """`lower to upper`, or the one end that is known; rounded outwards, so that what is shown holds as well.

    >>> interval({"lower": 1.0, "upper": None}), interval({"lower": -2.0, "upper": 0.5})
    ('at least 1.00', '−2.00 to 0.50')
    """
    lower, upper = ends.get("lower"), ends.get("upper")
    if lower is None and upper is None:
        return "not bounded"
    low = "" if lower is None else lower_end(lower, digits).replace("-", "−")
    high = "" if upper is None else upper_end(upper, digits).replace("-", "−")
    if not high:
        return f"at least {low}"
    return f"{low} to {high}" if low else f"at most {high}"


def spread(elbo: Mapping[str, Any]) -> str:
    """What the standard error of an ELBO is about, and the one that also counts the variation between data.

    >>> spread({"mean": -24.8, "stderr": 0.01, "stderr_over_data": 0.22})
    'standard error on these data; ± 0.22 for all such data'
    """
    over_data = elbo.get("stderr_over_data")
    also = "" if over_data is None else f"; ± {error(over_data)} for all such data"
    return f"standard error on these data{also}"


def kind_badge(kind: str | None) -> Markup:
    """The name of a kind as a small label, or nothing."""
    return element("span", kind, class_=f"kind {kind}") if kind in KINDS else Markup("")


def kinds_of(ends: Mapping[str, Any]) -> Markup:
    """The kinds of the two ends of an interval: one label where they agree."""
    kinds = [ends.get("lower_kind"), ends.get("upper_kind")]
    known = [kind for kind in kinds if kind in KINDS]
    if not known:
        return Markup("")
    if len(known) == 2 and known[0] != known[1]:
        return join(_side("lower", known[0]), _side("upper", known[1]))
    return _side("" if len(known) == 2 else ("lower" if kinds[0] in KINDS else "upper"), known[0])


def _side(side: str, kind: str) -> Markup:
    return element("span", f"{side} " if side else "", kind_badge(kind), class_="side")


def legend(kinds: Mapping[str, str] = KINDS) -> Markup:
    """What each kind means, a sentence each."""
    return element("dl", *(join(element("dt", kind_badge(kind)), element("dd", text)) for kind, text in kinds.items()))

"""The picture at the top of a report: where the ELBO ends, where the evidence begins, and the room between."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from elbowroom.report.drawing import BLUE, FAINT, INK, MUTED, ORANGE, PAPER, chart, to_svg
from elbowroom.report.numbers import interval, nats

HEIGHT = 0.3
BEHIND = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}  # keeps the lines of the grid out of the words


def room_chart(blocks: Mapping[str, Mapping[str, Any]]) -> str:
    """One line for each block of a certificate: the ELBO, the interval of log p(x), and the room between.

    **Arguments.** `blocks` gives each block under its title; a block holds `elbo`, `log_evidence` and `gap` as
    `certify` writes them. A missing end of the interval leaves the line open on that side.
    """
    with chart(10.0, 0.6 + 0.95 * len(blocks)) as (figure, axes):
        for row, block in enumerate(reversed(list(blocks.values()))):
            _line(axes, row, block)
        axes.set_yticks(range(len(blocks)), list(blocks)[::-1], color=INK)
        axes.set_ylim(-0.55, len(blocks) - 0.6)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.3)
        axes.set_xlabel("nats per datum")
        return to_svg(figure, "room")


def _line(axes: Axes, row: int, block: Mapping[str, Any]) -> None:
    elbo, error = block["elbo"]["mean"], 1.96 * (block["elbo"]["stderr"] or 0.0)
    lower, upper = block["log_evidence"]["lower"], block["log_evidence"]["upper"]
    known = [value for value in (lower, upper) if value is not None]
    if lower is not None and lower > elbo:
        axes.barh(row, lower - elbo, left=elbo, height=HEIGHT, color=FAINT)
    if known:
        width = max(known) - min(known)
        axes.barh(row, width, left=min(known), height=HEIGHT, color=BLUE, edgecolor=BLUE, linewidth=2)
        label = f"log p(x)  {interval(block['log_evidence'])}"
        place = (max(known), row)
        axes.annotate(label, place, (10, 0), textcoords="offset points", va="center", color=BLUE, bbox=BEHIND)
        middle = ((elbo + min(known)) / 2, row - HEIGHT / 2)
        text = f"gap  {interval(block['gap'])}"
        axes.annotate(text, middle, (0, -13), textcoords="offset points", ha="center", color=MUTED, bbox=BEHIND)
    axes.errorbar(elbo, row, xerr=error, color=ORANGE, capsize=4, linewidth=1.6)
    axes.plot(elbo, row, "o", color=ORANGE, markersize=9, markeredgecolor=PAPER, markeredgewidth=1.5)
    left = (elbo - error, row)
    axes.annotate(
        f"ELBO  {nats(elbo)}", left, (-9, 0), textcoords="offset points", ha="right", va="center", color=ORANGE,
        bbox=BEHIND,
    )  # fmt: skip

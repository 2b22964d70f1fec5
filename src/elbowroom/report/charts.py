"""The charts of a report, each a function from arrays to SVG text."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.ticker import MaxNLocator

from elbowroom.report.drawing import BLUE, FAINT, INK, MUTED, ORANGE, PAPER, TEN_COLOURS, chart, to_svg
from elbowroom.report.numbers import nats

MOST_LABELS = len(TEN_COLOURS)


def training_curves(
    epochs: Float[np.ndarray, " evaluation"],
    train: Float[np.ndarray, " evaluation"],
    validation: Float[np.ndarray, " evaluation"],
    train_name: str,
) -> str:
    """The objective per datum on training and validation data against the epoch, the best validation value marked.

    The frame leaves out the steep beginning: it starts at the value after a twentieth of the training.
    """
    best = int(np.argmax(validation))
    skipped = len(epochs) // 20
    visible = np.concatenate([train[skipped:], validation[skipped:]])
    room = 0.08 * float(np.ptp(visible)) + 1e-3
    line = {"linewidth": 1.8, "marker": "." if len(epochs) < 20 else ""}
    with chart() as (figure, axes):
        axes.plot(epochs, train, color=BLUE, label=train_name, **line)
        axes.plot(epochs, validation, color=ORANGE, linestyle=(0, (5, 1.5)), label="ELBO, validation data", **line)
        axes.plot(epochs[best], validation[best], "o", color=ORANGE, markersize=7, markeredgecolor=PAPER)
        axes.annotate(
            f"best {nats(float(validation[best]))}", (epochs[best], validation[best]), (0, -26),
            textcoords="offset points", bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
            ha="right" if 2 * best >= len(epochs) else "left", color=ORANGE,
        )  # fmt: skip
        axes.set_ylim(visible.min() - 2 * room, visible.max() + room)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="epoch", ylabel="nats per datum")
        axes.legend(loc="lower right", ncols=2, bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)
        return to_svg(figure, "training")


def kl_per_dimension(kl: Sequence[float]) -> str:
    """The mean KL(q(z_i | x) || p(z_i)) of each latent dimension, from the largest to the smallest."""
    heights = np.sort(np.asarray(kl, float))[::-1]
    with chart(10.0, 3.0) as (figure, axes):
        axes.bar(np.arange(1, heights.size + 1), heights, color=BLUE, width=0.78)
        axes.grid(visible=False, axis="x")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="latent dimension, in order of its KL", ylabel="KL (nats)", xlim=(0.3, heights.size + 0.7))
        return to_svg(figure, "kl")


def latent_map(
    points: Float[np.ndarray, "datum 2"],
    shares: tuple[float, float],
    labels: Int[np.ndarray, " datum"] | None,
    prior: bool,
) -> str:
    """The encoder means in their first two principal directions.

    A colour and, at its centre, a number stand for each label, where there are at most ten; `shares` are the parts of
    the variance along the axes; with `prior`, circles show one and two standard deviations of a standard normal.
    """
    size = float(np.clip(6000 / max(len(points), 1), 7, 22))
    with chart(10.0, 6.4) as (figure, axes):
        axes.set_aspect("equal", adjustable="datalim")
        names = [] if labels is None else list(np.unique(labels))
        if labels is None or len(names) > MOST_LABELS:
            axes.scatter(*points.T, s=size, color=BLUE, alpha=0.6, linewidths=0, rasterized=True)
        else:
            for name, colour in zip(names, TEN_COLOURS, strict=False):
                axes.scatter(*points[labels == name].T, s=size, color=colour, alpha=0.75, linewidths=0, rasterized=True)
            for name, colour in zip(names, TEN_COLOURS, strict=False):
                across, up = np.median(points[labels == name], axis=0)
                axes.text(
                    across, up, str(name), ha="center", va="center", weight="bold",
                    bbox={"boxstyle": "circle,pad=0.28", "facecolor": PAPER, "edgecolor": colour, "linewidth": 2},
                )  # fmt: skip
        if prior:
            angle = np.linspace(0, 2 * np.pi, 181)
            for radius in (1, 2):
                axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=MUTED, linewidth=0.8, dashes=(4, 3))
        axes.set(
            xlabel=f"first principal direction ({shares[0]:.0%} of the variance)",
            ylabel=f"second ({shares[1]:.0%})",
        )
        return to_svg(figure, "latent")


def gap_per_datum(
    amortisation: Float[np.ndarray, " datum"],
    gap: Float[np.ndarray, " datum"],
    mean: float,
) -> str:
    """The gap of each datum, sorted, and the part of it that amortisation makes, both as estimates in nats."""
    order = np.argsort(gap)[::-1]
    rank = np.arange(1, gap.size + 1)
    with chart(10.0, 3.9) as (figure, axes):
        axes.fill_between(rank, 0, gap[order], color=FAINT, linewidth=0, step="mid")
        axes.plot(rank, gap[order], color=INK, linewidth=1.8, drawstyle="steps-mid", label="gap")
        axes.plot(rank, amortisation[order], ".", color=BLUE, markersize=3.5, label="of it amortisation", alpha=0.8)
        axes.axhline(mean, color=ORANGE, linewidth=1.2, dashes=(5, 2), label=f"mean gap {nats(mean)}")
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set(xlabel="data, from the largest gap to the smallest", ylabel="nats", xlim=(0.5, gap.size + 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, prune="lower"))
        axes.legend(loc="upper right")
        return to_svg(figure, "gap")

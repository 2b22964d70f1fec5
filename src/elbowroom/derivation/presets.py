"""Named problems, as data: `elbowroom derive elbo`."""

from __future__ import annotations

import dataclasses
from typing import Literal

from elbowroom.functional.parse import parse
from elbowroom.functional.problem import Problem


@dataclasses.dataclass(frozen=True)
class Preset:
    """A problem with a name: its sense, its functional and its unknown in the plain notation, and one sentence."""

    name: str
    sense: Literal["minimise", "maximise"]
    functional: str
    over: str
    about: str

    def problem(self) -> Problem:
        """The problem that this preset states."""
        over = parse(self.over)
        return Problem(self.sense, parse(self.functional), (over,))  # pyright: ignore[reportArgumentType]


_ALL = (
    Preset("kl", "minimise", "KL(q(z|x) || p(z|x))", "q(z|x)", "the divergence from the posterior"),
    Preset("forward-kl", "minimise", "KL(p(z|x) || q(z|x))", "q(z|x)", "the divergence to the encoder, for simulators"),
    Preset("elbo", "maximise", "E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z))", "q(z|x)", "the evidence lower bound"),
    Preset(
        "beta-elbo",
        "maximise",
        "E_q(z|x)[log p(x|z)] - beta*KL(q(z|x) || p(z))",
        "q(z|x)",
        "the ELBO with a weight on its divergence: the posterior tempered",
    ),
    Preset(
        "generalised-posterior",
        "minimise",
        "E_q(z)[l(z)] + KL(q(z) || p(z))/b",
        "q(z)",
        "a loss held to a prior: the Gibbs posterior",
    ),
    Preset("chi2", "minimise", "integral(q(z|x)**2/p(z|x), z)", "q(z|x)", "the chi-square divergence plus one"),
    Preset(
        "average-kl",
        "minimise",
        "E_p(x)[KL(q(z|x) || p(z|x))]",
        "q(z|x)",
        "amortised inference: one multiplier for each x",
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}

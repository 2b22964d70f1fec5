"""Named problems, as data: `elbowroom derive elbo`."""

from __future__ import annotations

import dataclasses
from typing import Literal

from elbowroom.functional.parse import parse
from elbowroom.functional.problem import Problem
from elbowroom.functional.problem_file import read_problem_text


@dataclasses.dataclass(frozen=True)
class Preset:
    """A problem with a name: its sense, its functional and its unknown in the plain notation, and one sentence."""

    name: str
    sense: Literal["minimise", "maximise"]
    functional: str
    over: str
    about: str
    given: str = ""
    """What a problem file would hold beside functional and unknown: constraints, variables, laws, numbers."""

    def problem(self) -> Problem:
        """The problem that this preset states."""
        if self.given:
            return read_problem_text(f"{self.sense} = {self.functional!r}\nover = {self.over}\n{self.given}")
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
    Preset(
        "maximum-entropy",
        "maximise",
        "H(q(z))",
        "'q(z)'",
        "the density that assumes least beside a mean and a variance: the Normal one",
        "subject_to = ['E_q(z)[z] = m', 'E_q(z)[(z - m)**2] = v']\n[variables]\nz = 'real'\n"
        "[parameters]\nm = 0.3\nv = 0.8\n",
    ),
    Preset(
        "chi2-projection",
        "minimise",
        "integral((q(z) - p(z))**2/p(z), z)",
        "'q(z)'",
        "the nearest density with a given mean, clipped at zero",
        "subject_to = ['E_q(z)[z] = m']\n[variables]\nz = 'real'\n[laws]\n'p(z)' = 'Normal(z; 0, 1)'\n"
        "[parameters]\nm = 1.2\n",
    ),
    Preset(
        "rate-distortion",
        "minimise",
        "MI(q; x, z) + beta*E_q(x,z)[abs(x - z)]",
        "'q(z|x)'",
        "the fewest nats at a price on errors: a fixed point",
        "[variables]\nx = {finite = 2}\nz = {finite = 2}\n[laws]\n'q(x)' = [0.5, 0.5]\n[parameters]\nbeta = 2.0\n",
    ),
    Preset(
        "channel-capacity",
        "maximise",
        "MI(r; x, y)",
        "'r(x)'",
        "what a channel can carry: the Z-channel",
        "[variables]\nx = {finite = 2}\ny = {finite = 2}\n[laws]\n'r(y|x)' = [[1.0, 0.5], [0.0, 0.5]]\n",
    ),
    Preset(
        "information-bottleneck",
        "minimise",
        "MI(q; x, z) - beta*MI(q; z, y)",
        "'q(z|x)'",
        "what to keep of x to know y: a stationary fixed point",
        "[variables]\nx = {finite = 3}\ny = {finite = 2}\nz = {finite = 2}\n[laws]\n'q(x)' = [0.4, 0.3, 0.3]\n"
        "'q(y|x)' = [[0.9, 0.5, 0.1], [0.1, 0.5, 0.9]]\n[parameters]\nbeta = 5.0\n",
    ),
    Preset(
        "mean-field",
        "minimise",
        "KL(q1(a)*q2(b) || p(a,b))",
        "['q1(a)', 'q2(b)']",
        "a product for a correlated Normal density: coordinate updates",
        "[variables]\na = 'real'\nb = 'real'\n[laws]\n'p(a)' = 'Normal(a; 0, 1)'\n"
        "'p(b|a)' = 'Normal(b; rho*a, sqrt(1 - rho**2))'\n[parameters]\nrho = 0.8\n",
    ),
    Preset(
        "entropic-transport",
        "minimise",
        "E_q(x,z)[(x - z)**2] + eps*KL(q(x,z) || a(x)*b(z))",
        "'q(x,z)'",
        "a coupling of two densities: one multiplier function for each marginal",
        "subject_to = ['integral(q(x,z), z) = a(x)', 'integral(q(x,z), x) = b(z)']\n"
        "[variables]\nx = {finite = 3}\nz = {finite = 3}\n[laws]\n'a(x)' = [0.2, 0.3, 0.5]\n'b(z)' = [0.4, 0.4, 0.2]\n"
        "[parameters]\neps = 0.5\n",
    ),
    Preset(
        "moment-matching",
        "minimise",
        "KL(p(z) || q(z))",
        "['m', 's']",
        "the forward divergence inside the Normal family",
        "[variables]\nz = 'real'\n[unknowns]\nm = 'real'\ns = 'positive'\n[laws]\n'q(z)' = 'Normal(z; m, s)'\n"
        "'p(z)' = 'Laplace(z; 1, 0.5)'\n",
    ),
    Preset(
        "fisher-divergence",
        "minimise",
        "integral(q(z)*(diff(q(z), z)/q(z) - diff(p(z), z)/p(z))**2, z)",
        "'q(z)'",
        "the score-matching divergence: a boundary term and a verified guess",
        "[variables]\nz = 'real'\n[laws]\n'p(z)' = 'Normal(z; 0.4, 1.3)'\n",
    ),
    Preset(
        "catenary",
        "minimise",
        "integral(y(x)*sqrt(1 + diff(y(x), x)**2), x)",
        "'y(x)'",
        "the least surface of revolution through two circles",
        "subject_to = ['y(0) = 1', 'y(1) = 2', 'y(x) >= 0']\n[variables]\nx = [0, 1]\n"
        "[unknowns]\n'y(x)' = 'function'\n",
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}

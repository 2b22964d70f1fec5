"""Objectives that have a name: each is an expression, with the way it is estimated where that is part of the name."""

from fractions import Fraction

from elbowroom.errors import InputError
from elbowroom.estimation.gradient import AbstractGradient
from elbowroom.estimation.objective import Objective, Schedule
from elbowroom.estimation.pathwise import Pathwise
from elbowroom.estimation.symbols import p, q, x, z
from elbowroom.functional.expression import Constant, Expression, Parameter, log
from elbowroom.functional.functionals import KL, E

PATHWISE = Pathwise()


def elbo() -> Expression:
    r"""$\mathbb E_{q(z \mid x)}[\log p(x \mid z)] - \mathrm{KL}(q(z \mid x) \,\|\, p(z)) \le \log p(x)$."""
    return E(q(z | x))[log(p(x | z))] - KL(q(z | x), p(z))


def beta_elbo(beta: float | Schedule, *, samples: int = 1, gradient: AbstractGradient = PATHWISE) -> Objective:
    r"""$\mathbb E_{q(z \mid x)}[\log p(x \mid z)] - \beta\,\mathrm{KL}(q(z \mid x) \,\|\, p(z))$.

    `beta` is a number or a schedule, a function of the number of steps done. A lower bound on $\log p(x)$
    only for $\beta \ge 1$. **Reference.** Higgins et al. (2017), beta-VAE.
    """
    bound = E(q(z | x))[log(p(x | z))] - Parameter("beta") * KL(q(z | x), p(z))
    return Objective(bound, samples, gradient, {"beta": beta})


def importance_weighted(samples: int, *, gradient: AbstractGradient = PATHWISE) -> Objective:
    r"""$L_K(x) = \mathbb E \log \frac1K \sum_k p(x, z_k) / q(z_k \mid x)$, K = `samples`: the ELBO for K = 1, and
    $\log p(x)$ in the limit.

    **Reference.** Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders.
    """
    return Objective(log(E(q(z | x))[p(x, z) / q(z | x)]), samples, gradient)


def renyi(alpha: float, samples: int, *, gradient: AbstractGradient = PATHWISE) -> Objective:
    r"""$\frac{1}{1-\alpha} \log \mathbb E_{q(z \mid x)}[(p(x, z) / q(z \mid x))^{1-\alpha}]$, with K = `samples` draws.

    A lower bound on $\log p(x)$ for $\alpha \ge 0$ in the limit of many draws; `alpha` 0 is the importance-weighted
    bound.
    **Raises.** `InputError` for `alpha` = 1, whose limit is the ELBO. **Reference.** Li and Turner (2016), Rényi
    divergence variational inference.
    """
    if alpha == 1:
        raise InputError("The Rényi bound at alpha = 1 is the ELBO. Use elbo().")
    power = Constant(1 - Fraction(repr(float(alpha))))
    return Objective(log(E(q(z | x))[(p(x, z) / q(z | x)) ** power]) / power, samples, gradient)

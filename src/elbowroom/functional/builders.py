r"""Functionals of densities by their names in the literature; each prints as it is written, and `expand` opens it.

Throughout, the integrals run over the variables that the first density is a density of, and logarithms are
natural, so that every divergence and entropy is in nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from elbowroom.functional.density_functionals import DensityFunctional
from elbowroom.functional.discrepancy import SquaredMMD
from elbowroom.functional.divergences import Divergence
from elbowroom.functional.expression import Expression, as_expression
from elbowroom.functional.functionals import KL, Expectation, Integral, measured_variables
from elbowroom.functional.information import MutualInformation
from elbowroom.functional.law import DensityValue, Law, Variable
from elbowroom.functional.problem import Problem


def f_divergence(
    generator: str | Callable[[Expression], Expression], left: Expression, right: Expression, order: Any = None
) -> Expression:
    r"""The f-divergence $D_f(q \,\|\, p) = \int p\, f(q/p)\,dz$ of `left` (q) from `right` (p).

    **Arguments.** `generator` is f itself, convex with f(1) = 0, or the name of a known one: "reverse_KL",
    "Jeffreys", "chi2", "Neyman", "Hellinger", "JS", "TV", or "Alpha" with its `order`. A known one prints by its
    name.

    **Validity.** Non-negative, and zero only for q = p if f is strictly convex at 1. Hellinger is the integral of
    $(\sqrt q - \sqrt p)^2$ without a half, TV half the integral of $|q - p|$, JS the mean of the two divergences
    from the mixture (q + p)/2, and Alpha has f(t) = (t^a - 1)/(a(a - 1)).

    **Raises.** `TypeError` for an unknown name, or an order that is missing or not wanted.

    **Reference.** Csiszár (1967); Amari, *Information Geometry and Its Applications*, for the order of Alpha.

    >>> from elbowroom.functional.law import laws, variables
    >>> (z,), (p, q) = variables("z"), laws("p q")
    >>> f_divergence("chi2", q(z), p(z))
    chi2(q(z) || p(z))
    >>> f_divergence("Alpha", q(z), p(z), 0.5)
    Alpha(1/2; q(z) || p(z))
    >>> f_divergence(lambda t: t**2 - 1, q(z), p(z))
    integral(p(z)*((q(z)/p(z))**2 - 1), z)
    """
    if isinstance(generator, str):
        return Divergence(generator, left, right, None if order is None else as_expression(order))
    return _integrated(right * generator(left / right), left)


def renyi_divergence(left: Expression, right: Expression, order: Any) -> Divergence:
    r"""The Rényi divergence $R_a(q \,\|\, p) = \frac{1}{a - 1} \log \int q^a p^{1 - a}\,dz$ of order a, not 1.

    **Validity.** Non-negative for a > 0; it tends to KL(q || p) as a tends to 1.

    **Reference.** van Erven and Harremoës (2014), *Rényi divergence and Kullback-Leibler divergence*.

    >>> from elbowroom.functional.law import laws, variables
    >>> (z,), (p, q) = variables("z"), laws("p q")
    >>> renyi_divergence(q(z), p(z), 2)
    Renyi(2; q(z) || p(z))
    """
    return Divergence("Renyi", left, right, as_expression(order))


def fisher_divergence(left: Expression, right: Expression) -> Divergence:
    r"""The Fisher divergence $\int q\, |\nabla \log q - \nabla \log p|^2\,dz$ of `left` (q) from `right` (p).

    **Validity.** For differentiable densities; it does not see the normalisation of p.

    **Reference.** Hyvärinen (2005), *Estimation of non-normalized statistical models by score matching*, but for
    a half.

    >>> from elbowroom.functional.expand import expand
    >>> from elbowroom.functional.law import laws, variables
    >>> (z,), (p, q) = variables("z"), laws("p q")
    >>> expand(fisher_divergence(q(z), p(z)))
    integral(q(z)*(diff(q(z), z)/q(z) - diff(p(z), z)/p(z))**2, z)
    """
    return Divergence("Fisher", left, right)


def fisher_information(density: Expression) -> DensityFunctional:
    r"""The Fisher information of location, $\int |\nabla q|^2 / q\,dz$.

    >>> from elbowroom.functional.law import laws, variables
    >>> (z,), (q,) = variables("z"), laws("q")
    >>> fisher_information(q(z))
    FisherInformation(q(z))
    """
    return DensityFunctional("FisherInformation", density)


def tsallis_entropy(density: Expression, order: Any) -> DensityFunctional:
    r"""The Tsallis entropy $S_a(q) = \frac{1}{a - 1} \left(1 - \int q^a\,dz\right)$ of order a, not 1.

    **Validity.** It tends to the differential entropy as a tends to 1.

    **Reference.** Tsallis (1988), with k = 1.

    >>> from elbowroom.functional.law import laws, variables
    >>> (z,), (q,) = variables("z"), laws("q")
    >>> tsallis_entropy(q(z), 2)
    Tsallis(2; q(z))
    """
    return DensityFunctional("Tsallis", density, as_expression(order))


def squared_mmd(kernel: str, left: Expression, right: Expression) -> SquaredMMD:
    r"""The squared maximum mean discrepancy $\iint k(z, z')\,(q(z) - p(z))\,(q(z') - p(z'))\,dz\,dz'$.

    **Arguments.** `kernel` is the name of a symmetric function of two points.

    **Validity.** Zero only for q = p if the kernel is characteristic.

    **Reference.** Gretton et al. (2012), *A kernel two-sample test*.

    >>> from elbowroom.functional.law import laws, variables
    >>> (z,), (p, q) = variables("z"), laws("p q")
    >>> squared_mmd("k", q(z), p(z))
    MMD2(k; q(z) || p(z))
    """
    return SquaredMMD(kernel, left, right)


def mutual_information(law: Law, left: Variable, right: Variable) -> MutualInformation:
    r"""The mutual information $\mathrm{KL}(q(x, z) \,\|\, q(x)\, q(z))$ of two variables under one joint law.

    >>> from elbowroom.functional.law import laws, variables
    >>> (x, z), (q,) = variables("x z"), laws("q")
    >>> mutual_information(q, x, z)
    MI(q; x, z)
    """
    return MutualInformation(law.letter, left, right)


def rate_distortion(law: Law, source: Variable, code: Variable, distortion: Any, slope: Any) -> Expression:
    r"""The rate of a code plus its mean distortion, $I(x; z) + \beta\, E[d(x, z)]$, to be minimised over q(z | x).

    **Arguments.** `distortion` is d, an expression in both variables; `slope` is beta, the price of distortion.

    **Reference.** Berger (1971); Blahut (1972).

    >>> from elbowroom.functional.law import laws, variables
    >>> (x, z), (q,) = variables("x z"), laws("q")
    >>> from elbowroom.functional.expression import Parameter
    >>> rate_distortion(q, x, z, (x - z) ** 2, Parameter("beta"))
    MI(q; x, z) + beta*E_q(x,z)[(x - z)**2]
    """
    return mutual_information(law, source, code) + slope * Expectation(law(source, code), as_expression(distortion))


def information_bottleneck(law: Law, source: Variable, relevant: Variable, code: Variable, slope: Any) -> Expression:
    r"""The bottleneck $I(x; z) - \beta\, I(z; y)$, to be minimised over q(z | x), where z sees y only through x.

    **Reference.** Tishby, Pereira and Bialek (1999), *The information bottleneck method*.

    >>> from elbowroom.functional.law import laws, variables
    >>> (x, y, z), (q,) = variables("x y z"), laws("q")
    >>> from elbowroom.functional.expression import Parameter
    >>> information_bottleneck(q, x, y, z, Parameter("beta"))
    MI(q; x, z) - beta*MI(q; z, y)
    """
    return mutual_information(law, source, code) - slope * mutual_information(law, code, relevant)


def entropic_transport(
    coupling: DensityValue, cost: Any, left: DensityValue, right: DensityValue, temperature: Any
) -> Problem:
    r"""Entropic optimal transport: $\min_q E_q[c] + \epsilon\, \mathrm{KL}(q \,\|\, a\,b)$ with marginals a and b.

    **Arguments.** `coupling` is the unknown q(x, y), `cost` an expression in both variables, `left` and `right` the
    marginals a(x) and b(y), and `temperature` epsilon.

    **Reference.** Cuturi (2013); Peyré and Cuturi (2019), *Computational optimal transport*, chapter 4.

    >>> from elbowroom.functional.law import laws, variables
    >>> (x, y), (a, b, q) = variables("x y"), laws("a b q")
    >>> entropic_transport(q(x, y), (x - y) ** 2, a(x), b(y), 0.5)
    minimise E_q(x,y)[(x - y)**2] + 1/2*KL(q(x,y) || a(x)*b(y)) over q(x,y) subject to integral(q(x,y), y) = a(x),
    integral(q(x,y), x) = b(y)
    """
    divergence = KL(coupling, left * right)
    functional = Expectation(coupling, as_expression(cost)) + temperature * divergence
    constraints = tuple(_marginal(coupling, marginal) == marginal for marginal in (left, right))
    return Problem("minimise", functional, (coupling,), constraints)


def _marginal(coupling: DensityValue, marginal: DensityValue) -> Expression:
    result: Expression = coupling
    for variable in coupling.of:
        if variable not in marginal.of:
            result = Integral(result, variable)
    return result


def _integrated(integrand: Expression, measure: Expression) -> Expression:
    for variable in reversed(measured_variables(measure)):
        integrand = Integral(integrand, variable)
    return integrand

"""`estimate`: the Monte Carlo interpreter of an expression."""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from elbowroom.errors import InputError
from elbowroom.estimation.bindings import Bindings
from elbowroom.estimation.gradient import AbstractGradient
from elbowroom.estimation.interpret import value
from elbowroom.estimation.pathwise import Pathwise
from elbowroom.estimation.scope import Scope, keys_for
from elbowroom.functional.expression import Expression
from elbowroom.functional.law import Variable

PATHWISE = Pathwise()


def estimate(
    expression: Expression,
    bindings: Bindings,
    observed: Mapping[Variable, Array],
    *,
    key: PRNGKeyArray,
    samples: int = 1,
    gradient: AbstractGradient = PATHWISE,
) -> Array:
    r"""A Monte Carlo estimate of an expression for one datum, differentiable in what the bindings hold.

    Every expectation is replaced by an average over `samples` draws,

    $$\mathbb E_q[f] \to \frac1K \sum_k f(z_k), \qquad
      \log \mathbb E_q[w] \to \log \frac1K \sum_k w(z_k), \qquad z_k \sim q,$$

    the second one computed from $\log w$ throughout. So $\log \mathbb E_{q(z|x)}[p(x, z) / q(z|x)]$ with K draws is
    the importance-weighted bound, and $\frac1{1-\alpha} \log \mathbb E_q[(p/q)^{1-\alpha}]$ the Rényi bound. A KL or an
    entropy has its closed form as value where NumPyro knows one.

    **Symbols.** q, p, ... stand for what `bindings` binds them to; a joint density is the product of bound ones.
    `observed` gives variables their values, one datum each; batching is the caller's `vmap`. K is `samples`.

    **Draws.** All expectations under one measure share its draws; another measure has its own. An expectation
    inside the integrand of another draws anew for each outer draw.

    **Units.** Those of the expression: nats for a log-density. Nothing is dropped.

    **Validity.** Unbiased where `is_unbiased(expression)`; under a logarithm it is the estimate of a lower bound. The
    value does not depend on `gradient`, which decides how derivatives are estimated, and refuses where they would be
    wrong.

    **Raises.** `InputError` for what is not bound, or cannot be estimated because it holds an integral without a
    closed form (p(x), p(z | x)); `Refused` by `gradient.check`; `MissingRule` for a node without a rule.

    >>> import jax, numpyro.distributions as dist
    >>> from elbowroom.estimation.symbols import p, q, x, z
    >>> from elbowroom.functional.functionals import KL
    >>> bindings = Bindings({p(z): lambda: dist.Normal(0.0, 1.0), q(z | x): lambda x: dist.Normal(x, 1.0)})
    >>> round(float(estimate(KL(q(z | x), p(z)), bindings, {x: jax.numpy.asarray(2.0)}, key=jax.random.key(0))), 6)
    2.0
    """
    if samples < 1:
        raise InputError(f"samples is {samples}; an average needs at least one draw.")
    gradient.check(expression)
    keys, nested = keys_for(expression, key)
    values = {variable.name: datum for variable, datum in observed.items()}
    return jnp.asarray(value(expression, Scope(bindings, values, keys, nested, samples, gradient)))

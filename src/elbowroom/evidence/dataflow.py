"""Does a traced function depend on its argument? Read off its operations, not tested at points."""

from collections.abc import Callable
from typing import Any

import jax
from jax.extend.core import Literal


def depends_on_argument(function: Callable[[Any], Any], argument: Any) -> bool:
    """Whether the value of `function` can depend on its argument; true when in doubt.

    Every operation of the trace with a dependent operand is taken to give a dependent result, so `z - z` counts as
    dependent, and so does
    all that happens inside a nested compiled function that is given the argument.

    >>> import jax.numpy as jnp
    >>> depends_on_argument(lambda z: jnp.sin(z), 1.0), depends_on_argument(jax.jacfwd(lambda z: 3.0 * z), 1.0)
    (True, False)
    """
    traced = jax.make_jaxpr(function)(argument).jaxpr
    dependent = set(traced.invars)
    for equation in traced.eqns:
        if any(not isinstance(variable, Literal) and variable in dependent for variable in equation.invars):
            dependent.update(equation.outvars)
    return any(not isinstance(variable, Literal) and variable in dependent for variable in traced.outvars)

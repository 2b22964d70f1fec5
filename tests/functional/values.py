"""The value of an expression without integrals at given values of its variables and parameters, by NumPy."""

import math

import numpy as np
import scipy.special

from elbowroom.functional.elementary import Elementary, NamedConstant
from elbowroom.functional.expression import Constant, Exp, Expression, Log, Power, Product, Sum


def value(node, at) -> float:
    """The value of `node`, where `at` gives that of variables, parameters, functions and densities."""
    if node in at:
        return float(at[node])
    inner = {
        Constant: lambda: float(node.value),
        NamedConstant: lambda: node.value,
        Sum: lambda: math.fsum(value(term, at) for term in node.terms),
        Product: lambda: math.prod(value(factor, at) for factor in node.factors),
        Power: lambda: value(node.base, at) ** value(node.exponent, at),
        Log: lambda: math.log(value(node.argument, at)),
        Exp: lambda: math.exp(value(node.argument, at)),
        Elementary: lambda: float(node.function.evaluate(np, scipy.special, value(node.argument, at))),
    }
    assert isinstance(node, Expression)
    return inner[type(node)]()

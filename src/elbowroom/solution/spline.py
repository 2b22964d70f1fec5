"""A function of one variable as a spline: its value and its derivatives as matrices acting on its coefficients.

The spline lives in a coordinate t of the axis. That is the variable itself, or, where the function may be singular
at the ends (the vertical tangent of a cycloid), a coordinate in which powers of the distance to an end are smooth:

    x = lower + (upper - lower) I_t(k, k) ,      I the regularised incomplete beta function,

so that x - lower grows like t^k, and x^(2/3) like t^(2k/3).
"""

from __future__ import annotations

import abc
import dataclasses

import numpy as np
import scipy.sparse as sp
from scipy import special
from scipy.interpolate import BSpline

from elbowroom.errors import InputError

Array = np.ndarray


class Chart(abc.ABC):
    """A coordinate t of an axis."""

    @abc.abstractmethod
    def position(self, times: Array) -> Array:
        """The value x of the variable at t."""

    @abc.abstractmethod
    def times(self, positions: Array) -> Array:
        """The coordinate t of values x."""

    @abc.abstractmethod
    def slopes(self, times: Array) -> tuple[Array, Array]:
        """dx/dt and d²x/dt²."""


@dataclasses.dataclass(frozen=True)
class Straight(Chart):
    """The variable itself."""

    def position(self, times: Array) -> Array:
        return times

    def times(self, positions: Array) -> Array:
        return positions

    def slopes(self, times: Array) -> tuple[Array, Array]:
        return np.ones_like(times), np.zeros_like(times)


@dataclasses.dataclass(frozen=True)
class Graded(Chart):
    """A coordinate in [0, 1] that makes powers of the distance to either end smooth."""

    lower: float
    upper: float
    power: int

    def position(self, times: Array) -> Array:
        return self.lower + (self.upper - self.lower) * special.betainc(self.power, self.power, times)

    def times(self, positions: Array) -> Array:
        share = np.clip((positions - self.lower) / (self.upper - self.lower), 0.0, 1.0)
        return special.betaincinv(self.power, self.power, share)

    def slopes(self, times: Array) -> tuple[Array, Array]:
        power = self.power - 1
        scale = (self.upper - self.lower) / special.beta(self.power, self.power)
        first = scale * (times * (1 - times)) ** power
        return first, scale * power * (times * (1 - times)) ** (power - 1) * (1 - 2 * times)


@dataclasses.dataclass(frozen=True, eq=False)
class Spline:
    """B-splines of `degree` over `edges` in the coordinate of `chart`, `degree - 1` times continuously differentiable.

    A `periodic` one closes up as smoothly as it is inside; at `breaks` it is continuous and no more.
    """

    edges: Array
    chart: Chart = Straight()
    degree: int = 7
    periodic: bool = False
    breaks: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """The number of coefficients."""
        number = len(self._knots) - self.degree - 1
        return number - self.degree if self.periodic else number

    @property
    def centres(self) -> Array:
        """The values of the variable where the coefficients act: those of a straight line are its values there."""
        knots, number = self._knots, len(self._knots) - self.degree - 1
        means = np.array([knots[place + 1 : place + self.degree + 1].mean() for place in range(number)])
        return self.chart.position(means[: self.count])

    def matrix(self, times: Array, order: int = 0) -> sp.csr_array:
        """The matrix from coefficients to the derivative of `order` by the variable, at the coordinates `times`."""
        if order == 0 or isinstance(self.chart, Straight):
            return self._raw(times, order)
        first, second = self.chart.slopes(times)
        slope = sp.diags_array(1 / first) @ self._raw(times, 1)
        if order == 1:
            return sp.csr_array(slope)
        if order > 2:
            raise InputError("Third and higher derivatives of a function with a singular end are not computed.")
        bend = self._raw(times, 2) - sp.diags_array(second) @ slope
        return sp.csr_array(sp.diags_array(1 / first**2) @ bend)

    def _raw(self, times: Array, order: int) -> sp.csr_array:
        knots = self._knots
        number = len(knots) - self.degree - 1
        spline = BSpline(knots, np.eye(number), self.degree)
        values = (spline.derivative(order) if order else spline)(np.clip(times, self.edges[0], self.edges[-1]))
        if self.periodic:
            wrapped = values[:, : self.count].copy()
            wrapped[:, : self.degree] += values[:, self.count :]
            values = wrapped
        return sp.csr_array(values)

    @property
    def _knots(self) -> Array:
        first, *inner, last = self.edges
        repeated = [knot for knot in inner for _ in range(self.degree if knot in self.breaks else 1)]
        if self.periodic:
            before = self.edges[-self.degree - 1 : -1] - (last - first)
            after = self.edges[1 : self.degree + 1] + (last - first)
            return np.concatenate([before, [first, *repeated, last], after])
        return np.array([first] * (self.degree + 1) + repeated + [last] * (self.degree + 1))

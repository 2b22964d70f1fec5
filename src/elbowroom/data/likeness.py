"""Whether rows that a model has not seen are of the kind that its preparation was made for."""

import math

from elbowroom.data.checks import place
from elbowroom.data.contents import Contents, is_binary
from elbowroom.data.preparation import Preparation
from elbowroom.errors import InputError


def preparation_for_new(
    preparation: Preparation, contents: Contents, event_shape: tuple[int, ...], what: str
) -> Preparation:
    """The preparation that turns the rows of `contents` into x for a model trained with `preparation`.

    It is `preparation` itself, but for a model of binarised pixels and rows that are zeros and ones already, samples
    of the model for example: those are used as they are.

    **Arguments.** `event_shape` is that of the training data; `what` names the new data in a message.

    **Raises.** `InputError` if a datum has another number of values, if values lie outside the range of the training
    data, or if they look as if they had been scaled to [0, 1] beforehand.
    """
    rows, levels = contents.joined().rows, preparation.levels
    if rows.shape[1] != math.prod(event_shape):
        raise InputError(
            f"{what} has {rows.shape[1]} values for each datum, of shape {contents.event_shape}, and the model was "
            "trained "
            f"on {math.prod(event_shape)}, of shape {event_shape}. Give data of that shape."
        )
    if levels is None:
        return preparation
    if is_binary(rows) and preparation.binarise != "none":
        return Preparation("none", 1)
    wrong = (rows != 0) & (rows != 1) if levels == 1 else (rows < 0) | (rows > levels)
    if wrong.any():
        first = int(wrong.argmax())
        raise InputError(
            f"{what} holds values that {_outside(levels)}, {int(wrong.sum()):,} of {wrong.size:,}; the first is "
            f"{rows.flat[first]:g} at "
            f"{place(first, (len(rows), *contents.event_shape))}, and they run from {rows[wrong].min():g} to "
            f"{rows[wrong].max():g}. The model was trained on {_range(levels)}: bring the data to the same range."
        )
    if levels > 1 and 0 < rows.max() <= 1:
        raise InputError(
            f"{what} runs from {rows.min():g} to {rows.max():g}, as if it had been scaled to [0, 1], and the model "
            "was trained "
            f"on {_range(levels)}, which it scales itself. Multiply the data by {levels}."
        )
    return preparation


def _outside(levels: int) -> str:
    return "are neither 0 nor 1" if levels == 1 else f"lie outside 0 to {levels}"


def _range(levels: int) -> str:
    return "zeros and ones" if levels == 1 else f"pixels from 0 to {levels}"

"""A schedule that has not arrived where it is going when training ends is said so, with the value it reached."""

import warnings

import numpy as np

from elbowroom.estimation.objective import Objective


def warn_of_long_schedules(objective: Objective, steps: int) -> None:
    """Warn of each parameter that is still on its way after the last of `steps` steps.

    A schedule is any function of the step, so where it is going is not known: it has arrived if it has the same value
    after twice as many steps. A schedule that goes round in circles is reported too.
    """
    for name, given in objective.parameters.items():
        if not callable(given):
            continue
        reached, later = (float(np.asarray(given(after))) for after in (steps, 2 * steps))
        if reached != later:
            warnings.warn(
                f"The schedule of {name} is longer than training: {name} is {reached:g} after the last of {steps:,} "
                f"steps, and would be {later:g} after {2 * steps:,}. The model is trained with what was reached. Train "
                "for more epochs, or shorten the schedule. (Reported ELBOs never contain it.)",
                UserWarning,
                stacklevel=3,
            )

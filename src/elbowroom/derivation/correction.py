"""The smallest change that makes a false equality true."""

from elbowroom.functional.expression import Expression


def smallest_correction(left: Expression, right: Expression) -> Expression | None:
    return None

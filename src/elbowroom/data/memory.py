"""Whether something fits into memory, asked before it is read or made: a false header must not ask for it all."""

import os

from elbowroom.errors import InputError

GIBIBYTE = 2**30


def check_fits(size: int, what: str, instead: str) -> None:
    """Refuse `size` bytes where they are more than the memory of this machine.

    **Arguments.** `what` begins the sentence "... takes 80 GiB"; `instead` is the sentence that says what to do.

    **Raises.** `InputError` with both numbers. Where the system does not tell how much memory there is, nothing is
    refused.
    """
    memory = _memory()
    if memory is not None and size > memory:
        raise InputError(
            f"{what} takes {size / GIBIBYTE:,.1f} GiB, and this machine has {memory / GIBIBYTE:,.1f} GiB of memory. "
            f"{instead}"
        )


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not a POSIX system
        return None

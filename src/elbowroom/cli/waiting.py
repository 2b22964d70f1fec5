"""A sign of life for a stage that takes its time: the seconds so far, on stderr, and only on a terminal."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

SECOND = 1.0


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show `what` and the seconds since it began for as long as the block runs; leave no trace of it."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    counter = threading.Thread(target=_count, args=(what, done), daemon=True)
    counter.start()
    try:
        yield
    finally:
        done.set()
        counter.join()
        print(f"\r{' ' * (len(what) + 12)}\r", end="", file=sys.stderr, flush=True)


def _count(what: str, done: threading.Event) -> None:
    began = time.monotonic()
    while not done.wait(SECOND):
        print(f"\r{what} … {time.monotonic() - began:.0f} s", end="", file=sys.stderr, flush=True)

"""Ctrl-C, noted as well as raised: an interruption that foreign code loses is raised again at the next safe place."""

import signal
import threading
from types import FrameType
from typing import Any


class Interruption:
    """While this is entered, an interruption raises `KeyboardInterrupt` as ever, and `check` raises it once more.

    An exception that is raised while a compiler or a finaliser calls back into Python goes nowhere. Other handlers
    than Python's own are left alone, and so are threads.
    """

    def __init__(self) -> None:
        self._seen = False
        self._before: Any = None

    def __enter__(self) -> "Interruption":
        own = threading.current_thread() is threading.main_thread()
        if own and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def check(self) -> None:
        """**Raises.** `KeyboardInterrupt` if there was an interruption since this was entered."""
        if self._seen:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._seen = True
        raise KeyboardInterrupt

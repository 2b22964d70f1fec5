"""An interruption that is swallowed where it is raised comes up again, and Python's handler is put back."""

import os
import signal
import threading

import pytest

from elbowroom.training.interruption import Interruption


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_that_was_lost_is_raised_again() -> None:
    with Interruption() as interruption:
        interruption.check()
        try:
            os.kill(os.getpid(), signal.SIGINT)
            signal.sigtimedwait([], 0.2)  # the handler runs before this returns
        except KeyboardInterrupt:
            pass  # as foreign code does
        with pytest.raises(KeyboardInterrupt):
            interruption.check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_handlers_and_threads_are_left_alone() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            interruption.check()
    finally:
        signal.signal(signal.SIGINT, before)
    seen = []

    def enter() -> None:
        with Interruption():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]

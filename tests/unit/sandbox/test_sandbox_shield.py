"""Signals wait for the end of a clean-up."""

import signal
import threading

import pytest

from jettison.sandbox.shield import uninterrupted


def test_an_interrupt_acts_after_the_block() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("cleaned up")
        done.append("not reached")
    assert done == ["cleaned up"]


def test_handlers_are_as_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with uninterrupted():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_blocks_can_be_nested() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():  # noqa: PT012
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]


def test_other_threads_just_run_the_block() -> None:
    done = []

    def work() -> None:
        with uninterrupted():
            done.append("ran")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["ran"]

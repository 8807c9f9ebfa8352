"""Ctrl-C and SIGTERM while a command is at work: a flag that stages, epochs and chunks look at.

An exception that a handler raises comes up in whatever Python is at, which may be a callback of the
garbage collector: there it is lost. So the handler sets a flag, and the work ends where it looks at
it. What does not look within `GRACE` seconds has the exception raised in it, again and again until
it arrives.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

GRACE = 0.7
"""Seconds in which the work may come to a point where it looks."""

_asked: list[int] = []
"""The signals that came."""


def asked_to_stop() -> bool:
    """Whether a signal has asked the command at work to stop."""
    return bool(_asked)


def exit_code() -> int:
    """Return the exit code of a command that was stopped: 130 of Ctrl-C, 143 of SIGTERM."""
    return 128 + (_asked[0] if _asked else signal.SIGINT)


def stop_if_asked() -> None:
    """Raise KeyboardInterrupt where a signal has asked the command at work to stop."""
    if _asked:
        stop_noticed()
        raise KeyboardInterrupt


def stop_noticed() -> None:
    """Note that the work is ending, so that nothing is raised while it keeps what it has."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def stopped_by(*signals: int) -> Iterator[None]:
    """Let signals stop the block: the first asks it to, another one raises at once.

    Only in the main thread.
    """
    before = {number: signal.signal(number, _ask) for number in signals}
    if hasattr(signal, "SIGALRM"):
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        yield
    finally:
        stop_noticed()
        _asked.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


def _ask(number: int, frame: Any) -> None:
    _asked.append(number)
    if len(_asked) > 1 or not hasattr(signal, "setitimer"):
        raise KeyboardInterrupt
    signal.setitimer(signal.ITIMER_REAL, GRACE, GRACE)

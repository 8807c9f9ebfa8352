"""What stops a command at work sets a flag, at which its stages, epochs and chunks look.

That is Ctrl-C, SIGTERM, or SIGHUP of a terminal that is closed.

An exception that a handler raises comes up in whatever Python is at, which may be a callback of the
garbage collector: there it is lost. So the handler sets a flag, and the work ends where it looks at
it. What does not look within `GRACE` seconds has the exception raised in it, again and again until
it arrives.
"""

import atexit
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

GRACE = 0.7
"""Seconds in which the work may come to a point where it looks."""

_asked: list[int] = []
"""The signals that came."""

HANGUP: int | None = getattr(signal, "SIGHUP", None)
"""The signal of a terminal that is closed, where there is one."""


def stop_signals() -> tuple[int, ...]:
    """Return the signals that stop a command; `nohup` lets it ignore that of its terminal."""
    is_heard = HANGUP is not None and signal.getsignal(HANGUP) is not signal.SIG_IGN
    return signal.SIGINT, signal.SIGTERM, *((HANGUP,) if is_heard else ())


def asked_to_stop() -> bool:
    """Whether a signal has asked the command at work to stop."""
    return bool(_asked)


def exit_code() -> int:
    """Return the exit code of a command that was stopped: 128 and the number of its signal."""
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


def end(code: int) -> None:
    """End the process with this exit code, after a KeyboardInterrupt that was caught.

    Python alone would end by SIGINT if the exception came up in code that `exec` compiles, as it
    may during an import.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # it was closed, or there is none
            stream.flush()
    os._exit(code)


def leave_terminal() -> None:
    """Write nowhere what would go to a terminal that is closed, where writing fails."""
    for output in (1, 2):
        try:
            os.write(output, b"")
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), output)


def _ask(number: int, frame: Any) -> None:
    if number == HANGUP:
        leave_terminal()
        if _asked:  # the terminal and its shell both send it
            return
    _asked.append(number)
    if len(_asked) > 1 or not hasattr(signal, "setitimer"):
        raise KeyboardInterrupt
    signal.setitimer(signal.ITIMER_REAL, GRACE, GRACE)

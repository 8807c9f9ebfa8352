"""Ctrl-C while the command line is still being imported, which takes a second or two.

No command has begun that could speak of it (`cli.guard`), and nothing has been written that could
be left half done. An exception would not do: what is imported turns it into others, or swallows it.
A script that imports the package keeps Python's traceback.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType


def end_shortly_on_ctrl_c() -> None:
    """Let the command line, if this process is one, end with a line and exit code 130 on Ctrl-C."""
    # who ignores Ctrl-C (`nohup`), or deals with it, goes on doing so
    if _is_command_line() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def leave_ctrl_c_to_the_command() -> None:
    """Let Ctrl-C be an exception again, of which a command says what it leaves."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, b"separatrix: interrupted. Nothing was written.\n")
    os._exit(130)


def _is_command_line() -> bool:
    """Tell whether Python was started as `separatrix` or as `python -m separatrix`."""
    if sys.argv[:1] == ["-m"]:  # as long as Python looks for the module to run
        module = sys.orig_argv[sys.orig_argv.index("-m") + 1 :] if "-m" in sys.orig_argv else []
        return module[:1] == ["separatrix"]
    return bool(sys.argv) and Path(sys.argv[0]).stem == "separatrix"

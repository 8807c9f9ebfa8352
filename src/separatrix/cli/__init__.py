"""The command line."""

import os
import signal
from typing import Any

from .._stopping import leave_terminal, stop_signals

__all__ = ["main"]


def main() -> None:
    """Run the command line; signals end it while it is being imported, too."""
    before = {number: signal.signal(number, _leave) for number in stop_signals()}
    from .commands import start

    for number, handler in before.items():
        signal.signal(number, handler)
    start()


def _leave(number: int, frame: Any) -> None:
    """End the process: an exception would be lost in callbacks of what is being imported."""
    leave_terminal()
    os.write(2, b"separatrix: interrupted. Nothing was written.\n")
    os._exit(128 + number)

"""The memory of the process that asks."""

import contextlib
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
REFERENCES = Path("/proc/self/clear_refs")


def forget_peak() -> None:
    """Count the peak from here on, where Linux lets it: what came before may have been higher."""
    with contextlib.suppress(OSError):
        REFERENCES.write_text("5", encoding="ascii")


def peak() -> float:
    """Return the peak resident memory of this process so far, in MiB."""
    if STATUS.exists():
        lines = STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

"""The second process of a run: draws what is known while the first one goes on.

`cli.drawing` starts it, and tells it of results as they come.
"""

import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import jax

from .._records import Record
from ..store import Run
from .sections import told_sections, write_figures
from .story import Story


def draw_as_told(connection: Connection, others: Connection | None = None) -> None:
    """Draw what each request adds, and answer with the names of what is drawn, until it ends.

    A request is the directory of a run, its settings, and the records that are new; one of another
    directory begins another run. `others` is the far end of the connection, which a forked process
    has to close, or it would never see the end. Errors are for the first process to meet, when it
    draws what is missing.
    """
    if others is not None:
        others.close()
    jax.config.update("jax_platforms", "cpu")  # a GPU is for the first process alone
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    run = Run(Path(), {}, None, {})
    drawn: set[str] = set()
    while True:
        try:
            directory, experiment, new = connection.recv()
        except (EOFError, OSError):
            return
        if directory != run.path:
            run, drawn = Run(directory, experiment, None, {}), set()
        drawn |= _drawn(run, new, drawn)
        connection.send(drawn)


def _drawn(run: Run, new: dict[str, Record], before: set[str]) -> set[str]:
    """Draw what the new records of a run make possible; return the names of those figures."""
    run.records.update(new)
    told: dict[str, Any] = {section.name: section for section in told_sections(Story(run))}
    write_figures(run, run.path, without=before)
    return set(told)

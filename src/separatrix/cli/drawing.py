"""Drawing a run, in part by a second process while the first one goes on analysing.

Matplotlib draws on one core, and slowly, so a figure is drawn beside the analyses that come after
what it shows.
"""

import contextlib
import multiprocessing
import os
import queue
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def drawing(say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Yield the callbacks of a run, which speak of its stages through `say` and draw it."""
    ahead = DrawingAhead() if is_worthwhile() else None
    loading: list[threading.Thread] = []

    def announce(stage: str) -> None:
        if stage == "training":
            loading.append(threading.Thread(target=_load_ahead))
            loading[-1].start()
        say(stage)

    def meanwhile(known: Any, directory: Path) -> None:
        if ahead is not None:
            ahead.tell(known, directory)

    def finish(done: Any, directory: Path) -> None:
        write_figures_and_report(done, directory, ahead.finish() if ahead is not None else ())

    try:
        yield {"announce": announce, "meanwhile": meanwhile, "finish": finish}
    finally:
        if ahead is not None:
            ahead.stop()
        for thread in loading:  # Python would end while it imports, and say so at length
            thread.join()


def _load_ahead() -> None:
    """Import what the end of a run needs, a second's work, while another core trains."""
    import sklearn.decomposition

    from .. import report
    from ..store import netcdf

    del sklearn, report, netcdf


def write_figures_and_report(
    found: Any, directory: Path, drawn: Collection[str] = (), formats: Collection[str] = ()
) -> None:
    """Write the figures of a run, but for those that are drawn already, and its report.

    Figures are PNG and SVG files, and those of further `formats`.
    """
    from ..report import write_report
    from ..report.sections import write_figures

    every = dict.fromkeys(("png", "svg", *formats))
    write_figures(found, directory, without=drawn, formats=list(every))
    write_report(found, directory / "report.html", figures=directory / "figures")


class DrawingAhead:
    """A second process that draws every figure as soon as a run has the results for it.

    Nothing depends on it: a figure that it does not draw, for whatever reason, is missing from
    `finish`, and whoever asked draws it.

    It is to be made before JAX computes anything: on Linux it is forked, so that it need not import
    again what is imported, and JAX must not be forked once it has threads.
    """

    def __init__(self) -> None:
        from ..report.ahead import draw_as_told

        forks = sys.platform == "linux"
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        self._connection, other = context.Pipe()
        arguments = (other, self._connection if forks else None)
        self._process = context.Process(target=draw_as_told, args=arguments, daemon=True)
        self._process.start()
        other.close()
        # A thread passes on what it is told, for the other side may still be drawing.
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._send, daemon=True).start()
        self._directory: Path | None = None
        self._told: set[str] = set()
        self._unanswered = 0

    def tell(self, run: Any, directory: Path) -> None:
        """Let it draw, into `directory`, what the run can tell by now."""
        import jax
        import numpy as np

        if directory != self._directory:
            self._directory, self._told = directory, set()
        new = {name: r for name, r in run.records.items() if name not in self._told}
        if new:
            self._told |= set(new)
            self._unanswered += 1
            # As NumPy arrays, so that the other side needs no device.
            self._requests.put((directory, run.experiment, jax.tree.map(np.asarray, new)))

    def finish(self) -> set[str]:
        """Wait until it has drawn what it was told, and return the names of those figures."""
        drawn: set[str] = set()
        try:
            while self._unanswered:
                drawn = self._connection.recv()
                self._unanswered -= 1
        except (EOFError, OSError):  # it has died
            return set()
        return drawn

    def stop(self) -> None:
        """End it now, whatever it is doing."""
        self._requests.put(None)
        self._process.kill()
        self._process.join()

    def _send(self) -> None:
        try:
            while (request := self._requests.get()) is not None:
                self._connection.send(request)
        except Exception:  # it has died, or cannot be told: `finish` must not wait for an answer
            self._process.kill()


def is_worthwhile() -> bool:
    """Tell whether this process may use a second core."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) > 1
    return (os.cpu_count() or 1) > 1

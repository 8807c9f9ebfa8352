"""Drawing a run, in part by a second process while the first one goes on analysing.

Matplotlib draws on one core, and slowly. What can be drawn as soon as the fixed points are known is
therefore drawn beside the analyses that come after them. What is imported here at the top is light:
the second process is started before the first one has imported what it needs.
"""

import contextlib
import dataclasses
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def drawing(say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Yield the callbacks of a run, which speak of its stages through `say` and draw it."""
    ahead = [DrawingAhead()] if is_worthwhile() else []

    def announce(stage: str) -> None:
        if stage == "training":
            threading.Thread(target=_load_ahead).start()
        if stage == "activity" and not ahead and is_worthwhile():  # of a later variant
            ahead.append(DrawingAhead())
        say(stage)

    def meanwhile(known: Any, directory: Path) -> None:
        if ahead:
            ahead[0].draw(known, directory)

    def finish(done: Any, directory: Path) -> None:
        write_figures_and_report(done, directory, ahead.pop() if ahead else None)

    try:
        yield {"announce": announce, "meanwhile": meanwhile, "finish": finish}
    finally:
        for unfinished in ahead:
            unfinished.stop()


def _load_ahead() -> None:
    """Import what the end of a run needs, a second's work, while another core trains."""
    import sklearn.decomposition

    from .. import report
    from ..store import netcdf

    del sklearn, report, netcdf


def write_figures_and_report(found: Any, directory: Path, ahead: Any = None) -> None:
    """Write figures and report of a run, but for the figures that are drawn ahead."""
    from ..report import write_figures, write_report

    if ahead is None:
        write_figures(found, directory)
    else:
        write_figures(found, directory, without=ahead.names)
        drawn = ahead.drawn()
        if ahead.names - drawn:
            write_figures(found, directory, without=drawn)
    write_report(found, directory / "report.html", figures=directory / "figures")


class DrawingAhead:
    """A second process that draws the figures for which a run has the results already.

    Nothing depends on it: a figure that it does not draw, for whatever reason, is missing from
    `drawn`, and whoever asked draws it. To be made early, for it has to import what it needs.
    """

    def __init__(self) -> None:
        # It computes nothing, so it leaves a GPU alone; Ctrl-C is for the first process, which
        # ends this one by closing its input.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from separatrix.report.ahead import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"JAX_PLATFORMS": "cpu"},
            start_new_session=True,
        )
        self._sender: threading.Thread | None = None
        self.names: frozenset[str] = frozenset()
        """The figures that it was asked for."""

    def draw(self, run: Any, directory: Path) -> None:
        """Begin to draw, into `directory`, what the run can tell so far."""
        from ..report.sections import told_sections
        from ..report.story import Story

        known = dataclasses.replace(run, network=None)  # which no figure asks for
        self.names = frozenset(section.name for section in told_sections(Story(known)))
        request = pickle.dumps((known, directory))
        # In a thread, for the other side may still be importing.
        self._sender = threading.Thread(target=self._send, args=(request,), daemon=True)
        self._sender.start()

    def drawn(self) -> set[str]:
        """Wait for it to end, and return the names of the figures that are drawn."""
        if self._sender is None:
            self.stop()
            return set()
        self._sender.join()
        output, _ = self._process.communicate()
        return set(output.decode().split())

    def stop(self) -> None:
        """End it now, whatever it is doing."""
        self._process.kill()
        with contextlib.suppress(OSError, ValueError):  # what was not sent yet can't be flushed
            self._process.communicate()

    def _send(self, request: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has died: `drawn` will be empty
            self._process.stdin.write(request)
            self._process.stdin.close()
        self._process.stdin = None  # which `communicate` would flush


def is_worthwhile() -> bool:
    """Tell whether this process may use a second core."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) > 1
    return (os.cpu_count() or 1) > 1

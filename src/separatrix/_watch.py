"""Time limits of analyses, and reports of their progress."""

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np

from ._types import require_kind, require_positive

AFTER = 3.0
"""Seconds that an analysis may take before a bar appears by itself."""

_REFRESH = 0.2
"""Seconds between two looks of such a bar at how far the analysis has come."""

_BAR = threading.Lock()
"""Held by what shows a bar, or might: what is called within shows none of its own."""

Report = Callable[[str, int, int | None], None]
"""A function that is called with the progress: the stage, how much of it is done, and of how much.

The last is None where that is not known.
"""


class Stage(StrEnum):
    """The stages of analyses that can take long."""

    SOLVE = "solve"
    SLOW_POINTS = "slow points"
    CERTIFY = "certify"
    EXHAUST = "exhaustive search"
    FURTHER = "further search"
    CONTINUE = "points of a branch"
    FOLLOW = "states settled"
    BISECT = "segments bisected"
    SHOOT = "orbits closed"
    EXPONENTS = "steps"
    SLICES = "slices"
    LINEARIZE = "points"


@dataclass(frozen=True)
class Watch:
    """A time limit, a function for progress, and one that keeps states in case of Ctrl-C.

    It stops nothing: whoever works for long asks between batches whether time `is_over`, and then
    returns what there is.

    Attributes
    ----------
    max_seconds
        The limit, counted from `begun`; None for none.
    report
        Called as `Report` says.
    keep
        Called with states `(state, unit)` near zeros, at which candidates have ended.
    clock, begun
        Gives the time in seconds; the time at which the analysis began.
    """

    max_seconds: float | None = None
    report: Report = lambda stage, done, total: None
    keep: Callable[[np.ndarray], None] = lambda states: None
    clock: Callable[[], float] = time.monotonic
    begun: float = field(default_factory=time.monotonic)

    def is_over(self) -> bool:
        """Whether the time limit was reached."""
        return self.max_seconds is not None and self.clock() - self.begun >= self.max_seconds

    @property
    def left(self) -> float | None:
        """How many seconds are left, at least a thousandth; None for no limit."""
        if self.max_seconds is None:
            return None
        return max(self.max_seconds - (self.clock() - self.begun), 1e-3)

    @property
    def reason(self) -> str:
        """Why what was not finished by the time limit was not."""
        return f"the time limit of {self.max_seconds:g} s was reached"


UNWATCHED = Watch()
"""Without a limit, and in silence."""


def _nothing() -> None:
    """Return what an analysis has found that has nothing to tell before its end."""


class SearchInterruptedError(KeyboardInterrupt):
    """Ctrl-C during an analysis. `found` holds what was found by then."""

    def __init__(self, label: str, so_far: Callable[[], Any] = _nothing):
        self._so_far = so_far
        super().__init__(f"the search for {label} was interrupted")

    @cached_property
    def found(self) -> Any:
        """A record such as the analysis returns, of what it had come to, or None.

        It is made when this is first asked for, so that Ctrl-C itself takes no time.
        """
        return self._so_far()

    @property
    def points(self) -> Any:
        """The same, of a search for fixed points: those that candidates had come to."""
        return self.found


@contextmanager
def watching(
    label: str,
    max_seconds: Any,
    progress: Any,
    keep: Callable[[np.ndarray], None] = UNWATCHED.keep,
    so_far: Callable[[], Any] = _nothing,
) -> Iterator[Watch]:
    """Watch over an analysis as a user asks; `label` stands before its bar.

    Without a `progress` a bar appears after a while where someone sees it. One that is called
    within another analysis, or where another bar is shown, has none.

    `so_far` returns what was found by then, if Ctrl-C ends it. Raises InvalidInputError for a limit
    that is not positive, a `progress` that is no function; SearchInterruptedError on Ctrl-C.
    """
    if max_seconds is not None:
        require_positive(max_seconds, "max_seconds")
    require_kind(
        progress, (bool, np.bool_, type(None), Callable), "progress",
        "True, False, or a function of a stage, what is done of it, and of how much",
    )  # fmt: skip
    try:
        with quiet() as is_first, _reporting(label, progress, is_first) as report:
            yield Watch(max_seconds, report, keep)
    except KeyboardInterrupt as interrupt:
        raise SearchInterruptedError(label, so_far) from interrupt


@contextmanager
def quiet() -> Iterator[bool]:
    """Keep bars from appearing by themselves; whether none was kept from it before."""
    is_first = _BAR.acquire(blocking=False)
    try:
        yield is_first
    finally:
        if is_first:
            _BAR.release()


def _reporting(label: str, progress: Any, is_first: bool) -> AbstractContextManager[Report]:
    if callable(progress):
        return nullcontext(progress)
    if progress:
        return _bar(label)
    if progress is None and is_first and _may_appear():
        return _appearing_bar(label)
    return nullcontext(UNWATCHED.report)


@contextmanager
def _bar(label: str) -> Iterator[Report]:
    """Show a bar from the beginning, which stays at the end."""
    with progress_bar(label, "{task.fields[stage]}", stage="") as update:

        def report(stage: str, done: int, total: int | None) -> None:
            update(**_told(stage, done, total))

        yield report
        update(completed=1, total=1, stage="done")


def _told(stage: str, done: int, total: int | None) -> dict[str, Any]:
    """Return what a bar shows of a report; one of unknown length stays empty."""
    of = "" if total is None else f"/{total:,}"
    size = float("inf") if total is None else total
    return {"completed": done, "total": size, "stage": f"{stage} {done:,}{of}" if stage else ""}


@contextmanager
def _appearing_bar(label: str) -> Iterator[Report]:
    """Show a bar once `AFTER` seconds have passed, and take it away at the end.

    It has a thread of its own, as an analysis may have nothing to report for longer than that.
    """
    latest: list[tuple[str, int, int | None]] = [("", 0, None)]
    over = threading.Event()

    def report(stage: str, done: int, total: int | None) -> None:
        latest[0] = stage, done, total

    def show() -> None:
        if over.wait(AFTER):
            return
        with suppress(OSError, ValueError), _passing_bar(label) as update:  # or it was closed
            update(**_told(*latest[0]))
            while not over.wait(_REFRESH):
                update(**_told(*latest[0]))

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield report
    finally:
        over.set()
        thread.join()


def _may_appear() -> bool:
    """Whether someone sees a bar: in a notebook, or where all output goes to a terminal."""
    if multiprocessing.parent_process() is not None:
        return False
    streams = (sys.stdout, sys.stderr)
    return _in_notebook() or all(stream is not None and stream.isatty() for stream in streams)


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


def _passing_bar(label: str) -> AbstractContextManager[Callable[..., Any]]:
    if _in_notebook():
        return _bar_of_a_notebook(label)
    return progress_bar(label, "{task.fields[stage]}", passing=True, stage="")


@contextmanager
def _bar_of_a_notebook(label: str) -> Iterator[Callable[..., Any]]:
    """Show a bar below the cell: HTML, which needs no widgets."""
    from IPython.display import display

    def looks(bar: str, text: str) -> dict[str, str]:
        return {
            "text/html": bar and f"{label} {bar} {text}",
            "text/plain": bar and f"{label} {text}",
        }

    handle = display(looks("", ""), raw=True, display_id=True)

    def update(completed: int, total: float, stage: str) -> None:
        part = f' value="{completed}" max="{total}"' if total < float("inf") else ""
        handle.update(looks(f"<progress{part}></progress>", stage), raw=True)

    try:
        yield update
    finally:
        handle.update(looks("", ""), raw=True)


@contextmanager
def progress_bar(
    label: str, *texts: str, total: int | None = None, passing: bool = False, **fields: Any
) -> Iterator[Callable[..., Any]]:
    """Show a bar on standard error, in a terminal or a notebook; a log gets its last line only.

    What comes changes the bar: `completed`, `total` and the `fields` of the `texts` beside it. One
    that is `passing` began `AFTER` seconds ago, and is gone at the end.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(label), BarColumn(), *map(TextColumn, texts), TimeElapsedColumn())
    kept = not passing
    bar = Progress(
        *columns,
        console=Console(stderr=True),
        transient=passing,
        redirect_stdout=kept,
        redirect_stderr=kept,
    )
    with quiet(), bar:
        row = bar.add_task(label, total=total, **fields)
        if passing:
            bar.tasks[0].start_time = bar.get_time() - AFTER

        def update(**changes: Any) -> None:
            bar.update(row, **changes)

        yield update

"""Time limits of analyses, and reports of their progress."""

import multiprocessing
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

from ._checked import Positive, checked
from ._parallel import chunks, cores
from ._stopping import asked_to_stop

AFTER = 3.0
"""Seconds that an analysis may take before a bar appears by itself."""

_IN_A_SECOND = 1e8
"""Of a decomposition, the cubes of the number of rows that a core takes about a second for."""
_ENTRIES = 1 << 22  # of matrices that are formed at once, at most

_REFRESH = 0.2
"""Seconds between two changes of a bar in a notebook."""

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
    CONTROLS = "controls"


@dataclass(frozen=True)
class Watch:
    """A time limit, a function for progress reports, and a flag that Ctrl-C sets.

    Attributes
    ----------
    max_seconds
        The limit, counted from `begun`; None for none.
    report
        Called as `Report` says.
    outer
        The watch of the analysis that this one is a part of: its limit holds here, too.
    interrupted
        Set by Ctrl-C.
    clock, begun
        Gives the time in seconds; the time at which the analysis began.
    """

    max_seconds: float | None = None
    report: Report = lambda stage, done, total: None
    outer: "Watch | None" = None
    interrupted: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.monotonic
    begun: float = field(default_factory=time.monotonic)

    def is_over(self) -> bool:
        """Whether the time limit was reached, or Ctrl-C was pressed."""
        if self is UNWATCHED:
            return False
        late = self.max_seconds is not None and self.clock() - self.begun >= self.max_seconds
        stopped = self.interrupted.is_set() or asked_to_stop()
        return late or stopped or (self.outer is not None and self.outer.is_over())

    @property
    def reason(self) -> str:
        """Text for results that are cut short."""
        if self.outer is not None and self.outer.is_over():
            return self.outer.reason
        if self.interrupted.is_set() or self.max_seconds is None:
            return "the search was interrupted"
        return f"the time limit of {self.max_seconds:g} s was reached"


UNWATCHED = Watch()
"""Without a limit, and in silence."""

_AT_WORK: ContextVar[Watch] = ContextVar("_AT_WORK", default=UNWATCHED)


def is_over() -> bool:
    """Whether the analysis at work is to return what there is: time is up, or Ctrl-C was pressed.

    Nothing else stops an analysis: each loop that can take long asks, between batches.
    """
    return _AT_WORK.get().is_over()


def in_time(count: int, size: int) -> Iterator[slice]:
    """Cut matrices of so many rows into parts whose linear algebra takes each core about a second.

    Once the time is over there are no more parts. The first is left out only if a single matrix
    takes longer than that.
    """
    room = cores() * int(_IN_A_SECOND / max(1, size) ** 3)
    for part in chunks(count, max(1, min(room, _ENTRIES // max(1, size) ** 2))):
        if is_over() and (part.start or not room):
            return
        yield part


def why_over() -> str:
    """Return the text for results that are cut short."""
    return _AT_WORK.get().reason


def report_progress(stage: str, done: int, total: int | None) -> None:
    """Report how far the analysis at work has come."""
    _AT_WORK.get().report(stage, done, total)


@contextmanager
def watched_by(watch: Watch) -> Iterator[None]:
    """Make a watch the one that loops ask."""
    token = _AT_WORK.set(watch)
    try:
        yield
    finally:
        _AT_WORK.reset(token)


@checked
@contextmanager
def watching(
    label: str, max_seconds: Positive | None, progress: bool | Report | None
) -> Iterator[Watch]:
    """Watch over an analysis as a user asks; `label` stands before its bar.

    Without a `progress` a bar appears after a while where someone sees it. One that is called
    within another analysis, or where another bar is shown, has none. The first Ctrl-C makes the
    analysis return what there is, unless it is part of another or of a program that handles it.

    Raises InvalidInputError for a limit that is not positive, a `progress` that is no function.
    """
    outer = _AT_WORK.get()
    is_whole = outer is UNWATCHED
    with quiet() as is_first, _reporting(label, progress, is_first) as report:
        watch = Watch(max_seconds, report, None if is_whole else outer)
        with watched_by(watch), _returning_on_ctrl_c(label, watch) if is_whole else nullcontext():
            yield watch


def unlimited() -> AbstractContextManager[None]:
    """Leave out the time limit, in checks that must be whole and take little."""
    return watched_by(UNWATCHED)


@contextmanager
def part_of_a_program() -> Iterator[None]:
    """Let Ctrl-C end the program, and not one analysis of it after the other."""
    with watched_by(Watch()):
        yield


@contextmanager
def _returning_on_ctrl_c(label: str, watch: Watch) -> Iterator[None]:
    """Let the first Ctrl-C end the analysis, the second the program."""
    standard = signal.default_int_handler
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not standard:
        yield
        return

    def interrupt(*_: Any) -> None:
        signal.signal(signal.SIGINT, standard)
        watch.interrupted.set()
        said = f"Ctrl-C: what was found by now is returned ({label}). Again ends the program."
        warnings.warn_explicit(said, UserWarning, "separatrix", 0)  # the line at work is anyone's

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, standard)


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
    if progress is None and is_first and multiprocessing.parent_process() is None:
        return _bar(label, passing=True) if _may_appear() else _lines(label)
    return nullcontext(UNWATCHED.report)


@contextmanager
def _bar(label: str, passing: bool = False) -> Iterator[Report]:
    """Show a bar; one of unknown length stays empty."""
    with _look(label, passing) as update:

        def report(stage: str, done: int, total: int | None) -> None:
            of = "" if total is None else f"/{total:,}"
            size = float("inf") if total is None else total
            update(completed=done, total=size, stage=f"{stage} {done:,}{of}")

        yield report
        update(completed=1, total=1, stage="done")


def _look(label: str, passing: bool) -> AbstractContextManager[Callable[..., Any]]:
    if passing and _in_notebook():
        return _bar_of_a_notebook(label)
    return progress_bar(label, "{task.fields[stage]}", passing=passing, stage="")


@contextmanager
def _later(begin: Callable[[], Any], end: Callable[[], Any] = lambda: None) -> Iterator[None]:
    """Begin to show something once `AFTER` seconds have passed, and end it.

    It is shown by another thread, as an analysis may have nothing to report for longer than that.
    """

    def show() -> None:
        with suppress(OSError, ValueError, AttributeError):  # it was closed, or there is none
            begin()

    timer = threading.Timer(AFTER, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        with suppress(OSError, ValueError):
            end()


@contextmanager
def _lines(label: str) -> Iterator[Report]:
    """Write a line of each stage to standard error, a log, once `AFTER` seconds have passed."""
    begun, latest, written = time.monotonic(), [""], {""}

    def write() -> None:
        if latest[0] not in written:
            written.add(latest[0])
            with suppress(OSError, ValueError, AttributeError):  # it was closed, or there is none
                sys.stderr.write(f"{label}: {latest[0]}\n")
                sys.stderr.flush()

    def report(stage: str, done: int, total: int | None) -> None:
        latest[0] = stage
        if time.monotonic() - begun >= AFTER:
            write()

    with _later(write):
        yield report


def _may_appear() -> bool:
    """Whether someone sees a bar: in a notebook, or where all output goes to a terminal."""
    streams = (sys.stdout, sys.stderr)
    return _in_notebook() or all(stream is not None and stream.isatty() for stream in streams)


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


@contextmanager
def _bar_of_a_notebook(label: str) -> Iterator[Callable[..., Any]]:
    """Show a bar below the cell: HTML, for rich needs widgets there."""
    from IPython.display import display

    def looks(bar: str, text: str) -> dict[str, str]:
        return {
            "text/html": bar and f"{label} {bar} {text}",
            "text/plain": bar and f"{label} {text}",
        }

    handle, due = display(looks("", ""), raw=True, display_id=True), float("inf")
    latest: dict[str, Any] = {"total": float("inf"), "stage": ""}

    def show() -> None:
        nonlocal due
        due = time.monotonic() + _REFRESH
        part = ' value="{completed}" max="{total}"' if latest["total"] < float("inf") else ""
        bar = f"<progress{part.format(**latest)}></progress>"
        handle.update(looks(bar, latest["stage"]), raw=True)

    def update(**changes: Any) -> None:
        latest.update(changes)
        if time.monotonic() >= due:
            show()

    with _later(show, lambda: handle.update(looks("", ""), raw=True)):
        yield update


@contextmanager
def progress_bar(
    label: str, *texts: str, total: int | None = None, passing: bool = False, **fields: Any
) -> Iterator[Callable[..., Any]]:
    """Show a bar on standard error, in a terminal or a notebook; a log gets its last line only.

    What comes changes the bar: `completed`, `total` and the `fields` of the `texts` beside it. One
    that is `passing` appears after `AFTER` seconds, and is gone at the end.
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
    row = bar.add_task(label, total=total, **fields)
    with quiet(), _later(bar.start, bar.live.stop) if passing else bar:
        yield partial(bar.update, row)

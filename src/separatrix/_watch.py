"""Time limits of analyses, and reports of their progress."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np

from ._types import require_kind, require_positive

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
    """Watch over an analysis as a user asks; `label` stands before the bar of `progress=True`.

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
        with _reporting(label, max_seconds, progress, keep) as watch:
            yield watch
    except KeyboardInterrupt as interrupt:
        raise SearchInterruptedError(label, so_far) from interrupt


@contextmanager
def _reporting(
    label: str, max_seconds: float | None, progress: Any, keep: Callable[[np.ndarray], None]
) -> Iterator[Watch]:
    if callable(progress):
        yield Watch(max_seconds, progress, keep)
    elif not progress:
        yield Watch(max_seconds, keep=keep)
    else:
        with progress_bar(label, "{task.fields[stage]}", stage="") as update:

            def report(stage: str, done: int, total: int | None) -> None:
                of = "" if total is None else f"/{total:,}"
                # A bar of unknown length stays empty.
                size = float("inf") if total is None else total
                update(completed=done, total=size, stage=f"{stage} {done:,}{of}")

            yield Watch(max_seconds, report, keep)
            update(completed=1, total=1, stage="done")


@contextmanager
def progress_bar(
    label: str, *texts: str, total: int | None = None, **fields: Any
) -> Iterator[Callable[..., Any]]:
    """Show a bar on standard error, in a terminal or a notebook; a log gets its last line only.

    What comes changes the bar: `completed`, `total` and the `fields` of the `texts` beside it.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(label), BarColumn(), *map(TextColumn, texts), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        row = bar.add_task(label, total=total, **fields)

        def update(**changes: Any) -> None:
            bar.update(row, **changes)

        yield update

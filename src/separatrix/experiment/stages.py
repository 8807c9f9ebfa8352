"""Analyses that may have nothing to work on, or fail, without losing the run."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._parallel import give_memory_back
from .._records import Record
from .._stopping import stop_if_asked
from .._types import InvalidInputError
from ..analysis import Analyses

Announce = Callable[[str], None]
"""Called with a short text when a stage begins."""

Stage = Callable[[], Record]


class SkippedError(Exception):
    """An analysis has nothing to work on, for the reason given."""


def run_stages(stages: Mapping[str, Stage | None], announce: Announce) -> dict[str, Record]:
    """Return the result of every stage by name, and as "analyses" the outcome of each.

    A stage that is None was switched off in the settings.
    """
    done: dict[str, Record] = {}
    told: list[tuple[str, str, str]] = []
    for name, stage in stages.items():
        result: Any = ("skipped", "it was switched off in the settings.")
        if stage is not None:
            announce(name.replace("_", " "))
            give_memory_back()
            result = _tried(stage)
            stop_if_asked()  # what it gave may be a part
        if isinstance(result, Record):
            done[name], result = result, ("done", "")
        told.append((name, *result))
    columns = [np.array(column, dtype=str) for column in zip(*told, strict=True)]
    return {**done, "analyses": Analyses(*columns)}


def _tried(stage: Stage) -> Record | tuple[str, str]:
    """Return the result of a stage, or its outcome and reason: nothing may lose the run."""
    try:
        return stage()
    except SkippedError as reason:
        return "skipped", str(reason)
    except InvalidInputError as error:
        return "failed", str(error)
    except Exception as error:  # the training before it may have taken hours
        return "failed", f"{type(error).__name__}: {error}"

"""One plan of analyses, from a system and its activity to records.

A run gives it a network and its task, `make_report` a system and arrays. An analysis may have
nothing to work on, or fail, without losing the others.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ._parallel import give_memory_back
from ._records import Record
from ._stopping import stop_if_asked
from ._types import InvalidInputError
from ._watch import is_over, why_over
from .activity import Activity
from .analysis import Analyses, FixedPoints, FrozenInputs, Verdict, linearize, verdict
from .analysis.projections import widest
from .systems import AbstractSystem

Announce = Callable[[str], None]
"""Called with a short text when a stage begins."""

Stage = Callable[[], Record]

Slopes = Callable[[np.ndarray], Float[np.ndarray, "point output unit"]]
"""A function that returns the derivative of the outputs at states `(point, unit)`."""


class SkippedError(Exception):
    """An analysis has nothing to work on, for the reason given."""


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """The analyses of every system, and the stages that are asked of this one.

    Attributes
    ----------
    system
        At the input that is frozen.
    inputs
        The inputs that are frozen, that of the system first.
    activity
        Trials of the system, or of the network that it belongs to.
    search
        Finds the fixed and slow points of a system.
    slopes
        The derivative of the outputs; None where no output is known.
    max_linearized
        Of more points so many are linearized.
    """

    system: AbstractSystem
    inputs: FrozenInputs
    activity: Activity
    search: Callable[[AbstractSystem], FixedPoints]
    slopes: Slopes | None
    max_linearized: int

    def records(
        self,
        stages: Callable[[FixedPoints], Mapping[str, Stage | None]],
        announce: Announce,
        behavior: Mapping[str, Record] = {},
    ) -> dict[str, Record]:
        """Return every result by name; `stages` gives what is asked beyond the points."""
        records: dict[str, Record] = {"activity": self.activity}
        flat = self.activity.flat_states
        axis = np.eye(flat.shape[1])[0]
        if min(flat.shape) >= 2:
            components = self.activity.pca(min(3, *flat.shape))
            records["principal_components"], axis = components, np.asarray(components.components[0])
        records |= behavior
        records["frozen_inputs"] = self.inputs
        announce("fixed points")
        points = records["fixed_points"] = self.search(self.system)
        stop_if_asked()
        announce("linearization")
        return records | self._linear(points, axis) | run_stages(stages(points), announce)

    def _linear(self, points: FixedPoints, axis: Float[np.ndarray, " unit"]) -> dict[str, Record]:
        """Return the records of the linearization, none without points, by name.

        Of too many points: the fixed ones, the middle one along the axis, the slowest ones.
        """
        if not len(points):
            return {}
        linear = linearize(self.system, points[_to_linearize(points, axis, self.max_linearized)])
        records = {"linearization": linear, "non_normality": linear.non_normality()}
        if self.slopes is not None:
            readout = self.slopes(np.asarray(linear.states))
            records["selection_vectors"] = linear.selection_vectors(1, readout)
        return records

    def held(
        self,
        points: FixedPoints,
        states: Float[np.ndarray, "state unit"],
        axis: tuple[Float[np.ndarray, " unit"], str] | None,
        period: str | None,
        **known: Any,
    ) -> Verdict:
        """Run on from states, at the end of a period where one is named; say what holds them.

        Without an axis and its name, the one along which the states differ most.
        """
        along, name = axis or (widest(states), "their first principal component")
        found = verdict(self.system, states, axis=along, axis_name=name, points=points, **known)
        words = "" if self.system.input is None else f"the input “{self.inputs.words[0]}”"
        since = "" if period is None else f"the end of the period “{period}”"
        return dataclasses.replace(found, input=words, since=since)


def check_linked(points: FixedPoints, most: int | None = None) -> None:
    """Raise SkippedError where there are no fixed points to link, or too many."""
    count = len(points.fixed)
    if not count:
        raise SkippedError("no fixed point was found.")
    if most is not None and count > most:
        raise SkippedError(f"{count} fixed points are too many to follow.")


def _to_linearize(points: FixedPoints, axis: np.ndarray, limit: int) -> Int[np.ndarray, " chosen"]:
    """Choose the fixed points, the middle point, then the slowest ones, up to `limit`."""
    order = np.lexsort((points.speed, points.kind))
    first = np.flatnonzero(order == points.middle(axis))
    order = np.concatenate([order[first], np.delete(order, first)])
    return np.sort(order[:limit])


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
        return ("skipped", f"{why_over()}.") if is_over() else stage()
    except SkippedError as reason:
        return "skipped", str(reason)
    except InvalidInputError as error:
        return "failed", str(error)
    except Exception as error:  # the training before it may have taken hours
        return "failed", f"{type(error).__name__}: {error}"

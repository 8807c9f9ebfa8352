"""What a run has to tell: its records by class, and the choices that figures and texts share."""

import functools
from collections import Counter
from typing import Any, TypeVar, cast

import numpy as np

from .. import tasks
from .._records import Record
from .._types import InvalidInputError
from ..activity import Activity, PrincipalComponents
from ..analysis import Branches, FixedPoints, Linearization, SlowCurve
from ..figures.mode_choice import integrating_mode
from ..figures.space import in_plane
from ..figures.view import reached
from ..store import Run
from ..tasks import AbstractTask
from ..tasks.neurogym import named_environment

R = TypeVar("R", bound=Record)

READOUT = "readout, choice 1 − choice 2"
"""What the axis of a slow curve, or of branches, is called in figures."""


class Story:
    """A run, asked by what is needed instead of by the names it happens to use."""

    def __init__(self, run: Run):
        self.run = run

    def find(self, cls: type[R]) -> R | None:
        """Return the first record of a class, or None."""
        return next((r for r in self.run.records.values() if isinstance(r, cls)), None)

    def get(self, cls: type[R]) -> R:
        """Return the record of a class, which the caller knows to be there."""
        record = self.find(cls)
        if record is None:
            raise InvalidInputError(f"the run {self.run.path} holds no {cls.__name__}.")
        return record

    def has(self, *classes: type[Record]) -> bool:
        """Tell whether there is a record, of at least one entry, of every class."""
        return all(bool(record) for record in map(self.find, classes))

    @functools.cached_property
    def task(self) -> AbstractTask | None:
        """The task, built again from the configuration, or None where that does not tell it."""
        table = dict(self.run.experiment.get("task", {}))
        name = str(table.pop("name", ""))
        make: Any = named_environment if name == "neurogym" else getattr(tasks, name, None)
        is_class = isinstance(make, type) and issubclass(make, AbstractTask)
        if not (is_class or make is named_environment):
            return None
        try:
            return cast(AbstractTask, make(**table))
        except (TypeError, ValueError):
            return None

    @functools.cached_property
    def answers_in_classes(self) -> bool:
        """Whether outputs compete for one answer, as where no task is known, or follow values."""
        return self.task is None or self.task.answers_in_classes

    @functools.cached_property
    def space(self) -> PrincipalComponents:
        """The principal components: those of the run, or else those of its activity."""
        held = self.find(PrincipalComponents)
        if held is not None:
            return held
        activity = self.get(Activity)
        return activity.pca(min(2, *activity.flat_states.shape))

    @property
    def plane(self) -> PrincipalComponents:
        """The first two of them, in which the activity is drawn."""
        return self.space[:2]

    @property
    def points(self) -> FixedPoints | None:
        """The fixed and slow points at the main input, or None."""
        return self.find(FixedPoints)

    @property
    def has_activity(self) -> bool:
        """Tell whether there is activity."""
        return self.has(Activity)

    @property
    def has_plane(self) -> bool:
        """Tell whether the states have two principal components to be drawn in."""
        return self.has(Activity) and len(self.plane) >= 2

    def outside_view(self, states: np.ndarray) -> dict[int, str]:
        """Say of those states `(state, unit)` that figures over the activity leave out how far.

        By their rows; in times the distance of the farthest activity from its mean.
        """
        if not self.has_plane:
            return {}
        active = self.get(Activity).flat_states
        seen = reached(in_plane(self.plane, active), in_plane(self.plane, states))
        mean = active.mean(0)
        away = np.linalg.norm(states - mean, axis=1) / np.linalg.norm(active - mean, axis=1).max()
        return {
            int(k): f"{away[k]:.2g} times as far from the mean activity as the activity ever is"
            for k in np.flatnonzero(~seen)
        }

    @property
    def branch_axis(self) -> np.ndarray | None:
        """The readout of the choice, along which branches are drawn where a slow curve tells it."""
        branches, curve = self.find(Branches), self.find(SlowCurve)
        if branches is None or curve is None or len(curve.axis) != branches.states.shape[1]:
            return None
        return np.asarray(curve.axis)

    @functools.cached_property
    def linearized_points(self) -> dict[int, int]:
        """Which point each entry of the linearization is at, where it is one of the points."""
        linearization, points = self.find(Linearization), self.find(FixedPoints)
        if linearization is None or points is None:
            return {}
        places = {row.tobytes(): i for i, row in enumerate(np.asarray(points.states, float))}
        rows = enumerate(np.asarray(linearization.states, float))
        return {i: places[row.tobytes()] for i, row in rows if row.tobytes() in places}

    @functools.cached_property
    def far_points(self) -> dict[int, str]:
        """The places of points that figures leave out, far from all activity, and how far."""
        return self.outside_view(np.asarray(self.get(FixedPoints).states, float))

    @functools.cached_property
    def index(self) -> int:
        """The entry of the linearization that is shown.

        Of the fixed points, the one that keeps a displacement best (μ nearest to 1), of those far
        from all activity only where there are no others; where there is none, the middle slow point
        along the first principal component, as in the primer.
        """
        entries, points = self.linearized_points, self.find(FixedPoints)
        if points is not None and entries:
            fixed = [i for i, place in entries.items() if str(points.kind[place]) == "fixed"]
            if fixed:
                near = [i for i in fixed if entries[i] not in self.far_points]
                return min(near or fixed, key=self._stillness)
            if self.has(Activity):
                middle = points.middle(np.asarray(self.plane.components)[0])
                return next((i for i, p in entries.items() if p == middle), next(iter(entries)))
        return min(range(len(self.get(Linearization))), key=self._stillness)

    @property
    def shown_point(self) -> int | None:
        """The place among the points of the entry that is shown, or None."""
        return self.linearized_points.get(self.index)

    @property
    def shown_point_name(self) -> str:
        """The point whose linearization is shown: "point 3 (fixed, saddle)"."""
        stability = str(np.asarray(self.get(Linearization).stability)[self.index])
        place, points = self.shown_point, self.points
        if points is None or place is None:
            return f"point {self.index} ({stability})"
        return f"point {int(points.label[place])} ({points.kind[place]}, {stability})"

    def _stillness(self, index: int) -> float:
        linearization = self.get(Linearization)
        still = 1.0 if linearization.system == "map" else 0.0
        values = np.asarray(linearization.eigenvalues)[index]
        return float(np.abs(values[integrating_mode(linearization, index)] - still))

    def kind_counts(self) -> dict[str, int]:
        """How many points there are of each kind."""
        kinds = Counter(str(k) for k in self.get(FixedPoints).kind)
        return {"fixed": kinds["fixed"], "slow": kinds["slow"]}

    def stability_counts(self, kind: str) -> str:
        """Count the points of a kind by stability, as a text: "2 stable, 1 saddle"."""
        points = self.get(FixedPoints)
        chosen = np.asarray(points.stability)[np.asarray(points.kind) == kind]
        one, several = {"kink": "on a kink"}, {"saddle": "saddles", "kink": "on kinks"}
        return ", ".join(
            f"{n} {(several if n > 1 else one).get(name, name)}"
            for name, n in Counter(map(str, chosen)).most_common()
        )

    def unstable_counts(self, kind: str) -> dict[int, int]:
        """How many points of a kind there are with each number of unstable directions."""
        points = self.get(FixedPoints)
        chosen = np.asarray(points.n_unstable)[np.asarray(points.kind) == kind]
        return {int(k): int(n) for k, n in zip(*np.unique(chosen, return_counts=True), strict=True)}

    def proved(self, kind: str) -> int:
        """How many fixed points are proved to exist, or slow points proved not to be fixed."""
        points = self.get(FixedPoints)
        return int(np.sum((np.asarray(points.kind) == kind) & np.asarray(points.certified)))

    def rejections(self) -> list[tuple[str, int]]:
        """Why candidates were rejected, and how many for each reason, the commonest first."""
        points = self.get(FixedPoints)
        rejected = np.asarray(points.outcomes) == "rejected"
        return Counter(map(str, np.asarray(points.outcome_reasons)[rejected])).most_common()

    @property
    def name(self) -> str:
        """What the experiment is called."""
        return str(self.run.experiment.get("name", self.run.path.name))

    @property
    def seed(self) -> Any:
        """The seed of the experiment, or None."""
        return self.run.experiment.get("seed")

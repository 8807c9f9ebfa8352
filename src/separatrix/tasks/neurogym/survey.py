"""What an environment's trials are like: length, periods and conditions, from many of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._types import InvalidInputError
from .environment import RawTrial

_MOST = 64  # entries of a list in `env.trial` that become conditions of their own
DTYPES = {"flag": np.bool_, "whole": np.int32, "number": np.float32, "text": np.int32}


@dataclass(frozen=True)
class Column:
    """A condition: where it stands in `env.trial`, and what kind of value it has."""

    key: str
    place: int | None
    kind: str
    words: tuple[str, ...] = ()

    def code(self, trial: RawTrial) -> Any:
        """Return the value of a trial: a text by its place in `words`; NaN or −1 if it has none."""
        value = _at(trial.conditions.get(self.key), self.place)
        if self.kind == "text":
            return self.words.index(str(value)) if str(value) in self.words else -1
        if self.kind == "number":
            return np.nan if value is None else value
        return value


def columns(trials: Sequence[RawTrial], periods: Collection[str]) -> dict[str, Column]:
    """Return the conditions of trials by name; lists of equal length have one for each entry.

    The names of periods are left to their durations. What is neither a number nor a text, nor a
    short list of them, is left out.
    """
    found: dict[str, Column] = {}
    for key in dict.fromkeys(key for t in trials for key in t.conditions):
        values = [t.conditions.get(key) for t in trials]
        lengths = {np.shape(v) for v in values if v is not None}
        if len(lengths) != 1:
            continue
        (shape,) = lengths
        places: Sequence[int | None] = [None] if not shape else range(shape[0])
        if len(shape) > 1 or len(places) > _MOST:
            continue
        for place in places:
            column = _column(key, place, [_at(v, place) for v in values])
            if column is not None:
                name = f"{key}_value" if key in periods else key
                found[name if place is None else f"{name}_{place}"] = column
    return found


def _at(value: Any, place: int | None) -> Any:
    return value if place is None or value is None else value[place]


def _column(key: str, place: int | None, values: list[Any]) -> Column | None:
    there = [v for v in values if v is not None]
    complete = len(there) == len(values)
    if all(isinstance(v, str) for v in there):
        return Column(key, place, "text", tuple(sorted({str(v) for v in there})))
    if not all(np.asarray(v).dtype.kind in "biuf" for v in there):
        return None
    kinds = {np.asarray(v).dtype.kind for v in there}
    if complete and kinds == {"b"}:
        return Column(key, place, "flag")
    if complete and kinds <= {"i", "u"}:
        return Column(key, place, "whole")
    return Column(key, place, "number")


def tiled(trial: RawTrial) -> dict[str, int]:
    """Return how many steps each period of a trial has, one after the other.

    A period that overlaps the one before it is counted from where that one ends; what lies between
    two periods, and before the first, belongs to the later one, what follows the last to that one.
    """
    ordered = sorted(trial.periods.items(), key=lambda item: item[1])
    if not ordered:
        return {"trial": trial.num_steps}
    stops = np.maximum.accumulate([stop for _, (_, stop) in ordered])
    stops[-1] = trial.num_steps
    lengths = np.diff(stops, prepend=0)
    return {name: int(n) for (name, _), n in zip(ordered, lengths, strict=True)}


def common_periods(trials: Sequence[RawTrial]) -> dict[str, int]:
    """Return the longest duration in steps of each period, or of "trial" where trials differ.

    A trial may lack periods, but not have others, or another order, than the fullest one.
    """
    each = [tiled(t) for t in trials]
    order = list(each[int(np.argmax([len(one) for one in each]))])
    if any([p for p in order if p in one] != list(one) for one in each):
        return {"trial": max(t.num_steps for t in trials)}
    return {p: max(one.get(p, 0) for one in each) for p in order}


def varying(trials: Sequence[RawTrial], periods: dict[str, int]) -> tuple[str, ...]:
    """Return the periods whose duration varies from trial to trial."""
    each = [durations(t, periods) for t in trials]
    return tuple(p for p in periods if len({one[p] for one in each}) > 1)


def check_rounding(
    name: str, dt: float, timing: Mapping[str, Any], trials: Sequence[RawTrial]
) -> None:
    """Raise InvalidInputError for a period that has a duration, but no step in any trial.

    NeuroGym rounds durations down to whole steps, and says nothing where none is left.
    """
    longest: dict[str, int] = {}
    for period, (start, stop) in (item for t in trials for item in t.periods.items()):
        longest[period] = max(longest.get(period, 0), stop - start)
    for period, asked in timing.items():
        is_zero = isinstance(asked, (int, float)) and asked <= 0
        if not is_zero and longest.get(period) == 0:
            raise InvalidInputError(
                f"{name}: the {period} period (timing {asked!r}) is shorter than one step "
                f"(dt = {dt:g} ms). Use a smaller dt, or a timing of 0 to leave the period out."
            )


def durations(trial: RawTrial, periods: dict[str, int]) -> dict[str, int]:
    """Return the steps of each of these periods in a trial."""
    own = tiled(trial)
    if list(periods) == ["trial"]:
        return {"trial": trial.num_steps}
    return {p: own.get(p, 0) for p in periods}


def scored_steps(trial: RawTrial, period: str | None) -> slice:
    """Return the steps of the named period, of the decision, or else of the last period."""
    if not trial.periods:
        return slice(0, trial.num_steps)
    name = period if period is not None else "decision"
    if name not in trial.periods:
        if period is not None:
            return slice(0, 0)
        name = max(trial.periods, key=lambda p: (trial.periods[p][1], trial.periods[p][0]))
    return slice(*trial.periods[name])


def named(space: Any, count: int, what: str) -> tuple[str, ...]:
    """Return the names of channels or actions that a space of NeuroGym gives, or numbered ones."""
    found = [f"{what} {k}" for k in range(count)]
    for name, places in (getattr(space, "name", None) or {}).items():
        members = np.atleast_1d(np.asarray(list(places) if np.ndim(places) else places, int))
        for k, place in enumerate(members):
            if 0 <= place < count:
                found[place] = name if len(members) == 1 else f"{name} {k + 1}"
    return tuple(found)

"""Periods of a trial as a user names them: steps, and the input that is held."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from .._types import InvalidInputError, is_whole, nearest, real_array
from ..evaluation.trial_periods import SAME, Period


def named_periods(
    periods: Mapping[str, Any] | None,
    inputs: Float[np.ndarray, "trial time channel"] | None,
    inside: Bool[np.ndarray, "trial time"],
) -> tuple[Period, ...]:
    """Return the periods that a user named: steps, or steps and the input that is held."""
    found = []
    for name, given in (periods or {}).items():
        steps, value = given if _is_pair(given) else (given, None)
        start, stop = _span(steps, str(name), inside.shape[1])
        within = np.zeros_like(inside)
        within[:, start:stop] = inside[:, start:stop]
        differs = False
        if value is None and inputs is None:
            raise InvalidInputError(
                f"periods[{name!r}] has no input: give ((start, stop), input), or inputs=."
            )
        if inputs is not None:
            differs = bool(np.ptp(inputs[:, start:stop], axis=(0, 1)).max(initial=0.0) > SAME)
        mean = None if inputs is None else inputs[:, start:stop].mean((0, 1))
        value = mean if value is None else value
        held = np.atleast_1d(real_array(value, f"the input of periods[{name!r}]"))
        is_mean = value is mean
        found.append(Period(str(name), within, held, in_words(held), differs and is_mean))
    return tuple(found)


def _is_pair(given: Any) -> bool:
    """Whether a period is steps and an input, not steps alone."""
    return isinstance(given, tuple | list) and len(given) == 2 and not is_whole(given[0])


def _span(steps: Any, name: str, count: int) -> tuple[int, int]:
    """Return the first step of a period, and the one after its last."""
    if isinstance(steps, slice):
        start, stop, _ = steps.indices(count)
    elif isinstance(steps, tuple | list) and len(steps) == 2 and all(map(is_whole, steps)):
        start, stop = int(steps[0]), int(steps[1])
    else:
        start, stop = -1, -1
    if not 0 <= start < stop <= count:
        raise InvalidInputError(
            f"periods[{name!r}] must be (start, stop) or a slice within the {count} steps of a "
            f"trial, got {steps!r:.60}."
        )
    return start, stop


def main_period(periods: tuple[Period, ...], question: Mapping[str, str]) -> Period | None:
    """Return the period that is asked for, or the longest one."""
    wanted = question.get("period")
    names = [period.name for period in periods]
    if wanted is not None and wanted not in names:
        raise InvalidInputError(
            f"question: there is no period {wanted!r}: {nearest(wanted, names)}"
        )
    if wanted is not None:
        return periods[names.index(wanted)]
    return max(periods, key=lambda period: int(period.within[0].sum()), default=None)


def in_words(values: Float[np.ndarray, " channel"], most: int = 12) -> str:
    """Write an input without names of its channels: "1, 0.5, 0.5"."""
    if not values.any():
        return "all channels 0"
    shown = [f"{value:.4g}" for value in values[:most]] + ["…"] * (len(values) > most)
    return ", ".join(shown).replace("-", "−")

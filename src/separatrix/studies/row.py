"""One network of a study in numbers: its row of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..activity import Activity
from ..analysis import (
    Cycles,
    FixedPoints,
    FixedPointTopology,
    Linearization,
    LyapunovSpectrum,
    Verdict,
)
from ..evaluation import Performance, Psychometric
from ..store import Run
from ..training import History

_FOR_EVER = 1e6
"""Time constants above so many time units (steps) are not told from infinite ones."""


def row_of(run: Run) -> dict[str, Any]:
    """Return what a run says of its network, by column; what it does not say is left out."""
    row: dict[str, Any] = {}
    for name, columns in _COLUMNS.items():
        if (record := run.find(name)) is not None:
            row |= columns(record)
    if row.get("cube") is False and not row.get("complete"):
        row["cube"] = None  # points of a cube may be among those that are missing
    return {name: _plain(value) for name, value in row.items()}


def _of_history(history: History) -> dict[str, Any]:
    epochs = history.epochs()
    return {"steps": len(history), "loss": epochs["loss"][-1], "accuracy": epochs["accuracy"][-1]}


def _of_psychometric(found: Psychometric) -> dict[str, Any]:
    return {"score": found.mean_accuracy, "ideal_score": found.ideal_mean_accuracy}


def _of_performance(found: Performance) -> dict[str, Any]:
    ideal = found.ideal_mean_score
    return {"score": found.mean_score, "ideal_score": ideal, "chance": found.chance}


def _of_rules(found: Any) -> dict[str, Any]:
    return {"score": found.mean_score, "ideal_score": float(np.mean(found.ideal_score))}


def _of_points(points: FixedPoints) -> dict[str, Any]:
    fixed = points.fixed
    stability = np.asarray(fixed.stability)
    return {
        "fixed_points": len(fixed),
        "stable": int((stability == "stable").sum()),
        "saddles": int((stability == "saddle").sum()),
        "slow_points": len(points.slow),
        "proved": int(np.asarray(fixed.certified).sum()),
        "index_sum": points.index_sum,
        "coverage": points.coverage,
        "complete": points.complete,
    }


def _of_linearization(found: Linearization) -> dict[str, Any]:
    times = np.asarray(found.time_constants, float)
    # at a slow point one mode stays for ever, by definition
    settled = times[np.abs(times) < _FOR_EVER * found.time_unit]
    if not settled.size:
        return {}
    return {"slowest_time_constant": float(settled[np.abs(settled).argmax()])}  # negative: it grows


def _of_verdict(found: Verdict) -> dict[str, Any]:
    moved = found.claim("moved")
    drift = None if moved is None else moved.numbers["value"]
    row = {"held": found.held, "attractor": found.answer, "drift": drift}
    return row | {"kept": found.keeps_differences, "verdict": " ".join(found.sentences)}


def _of_topology(found: FixedPointTopology) -> dict[str, Any]:
    answer = found.is_cube
    row = {"topology": " + ".join(map(str, found.counts))}
    return row | {"cube": answer if isinstance(answer, bool) else None}  # it may be undecided


def _of_cycles(found: Cycles) -> dict[str, Any]:
    return {"cycles": len(found), "stable_cycles": int((found.stability == "stable").sum())}


def _of_exponents(found: LyapunovSpectrum) -> dict[str, Any]:
    return {"largest_exponent": float(np.nanmax(np.asarray(found.exponents)))}


def _of_activity(activity: Activity) -> dict[str, Any]:
    return {"participation_ratio": activity.dimensionality().participation_ratio}


_COLUMNS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "history": _of_history,
    "psychometric": _of_psychometric,
    "performance": _of_performance,
    "rule_performance": _of_rules,
    "fixed_points": _of_points,
    "linearization": _of_linearization,
    "verdict": _of_verdict,
    "topology": _of_topology,
    "cycles": _of_cycles,
    "lyapunov_spectrum": _of_exponents,
    "activity": _of_activity,
}
"""The columns that the record of a name gives."""


def _plain(value: Any) -> Any:
    """Return a number of Python's; None where it is not finite, as JSON has no NaN."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value

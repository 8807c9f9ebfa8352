"""The linearization at the point that the report shows: eigenvalues and what they select."""

from typing import Any

import numpy as np

from ... import figures
from ...analysis import Linearization, SelectionVectors
from ...figures.mode_choice import describe_number, describe_time, integrating_mode
from ...store import Run
from ..section import Section, Values
from ..view import far_points, linearized_points, shown_entry, shown_point_name


def values(run: Run) -> Values:
    """Return the eigenvalues, the integrating mode, and what drives it."""
    linearization, index = run.linearization, shown_entry(run)
    eigenvalues = np.asarray(linearization.eigenvalues)[index]
    normal, selection = run.find("non_normality"), run.find("selection_vectors")
    if normal is not None and index >= len(normal):
        normal = None
    return {
        "point": shown_point_name(run),
        "is_map": linearization.system == "map",
        "is_finite": bool(np.isfinite(eigenvalues).all()),
        "num_modes": len(eigenvalues),
        "num_growing": int(np.sum(np.asarray(linearization.time_constants)[index] < 0)),
        "mode": _integrating_mode(linearization, index),
        "on_a_kink": str(linearization.stability[index]) == "kink",
        "normal": normal,
        "index": index,
        **_selected(run, selection),
        **_chosen(run),
    }


def _integrating_mode(linearization: Linearization, index: int) -> dict[str, str]:
    """Return the eigenvalue of the integrating mode and what its time constant is, in words."""
    mode = integrating_mode(linearization, index)
    value = complex(np.asarray(linearization.eigenvalues)[index, mode])
    time = float(np.asarray(linearization.time_constants)[index, mode])
    return {
        "eigenvalue": describe_number(value),
        "time": describe_time(time, linearization.time_units),
    }


def _selected(run: Run, selection: SelectionVectors | None) -> Values:
    """Return how inputs and outputs are aligned with the integrating mode, by their names."""
    if selection is None or shown_entry(run) >= len(selection):
        return {"inputs": [], "idle": [], "outputs": [], "chance": None}
    inputs = _named(run, selection.input_alignment, "channels")
    drives = _named(run, selection.input_drive, "channels")
    return {
        "inputs": [(name, cosine) for name, cosine in inputs if np.isfinite(cosine)],
        "idle": [name for name, drive in drives if drive == 0 and np.isnan(dict(inputs)[name])],
        "outputs": _named(run, selection.readout_alignment, "responses"),
        "chance": selection.chance_alignment,
    }


def _named(run: Run, values: Any, names: str) -> list[tuple[str, Any]]:
    """Return values of the shown point's first mode by channel or by output."""
    if values is None:
        return []
    row = np.asarray(values)[shown_entry(run), 0]
    known = getattr(run.task, names, None)
    if known is None or len(known) != len(row):
        known = [str(k + 1) for k in range(len(row))]
    return list(zip(known, row.tolist(), strict=True))


def _chosen(run: Run) -> Values:
    """Return what the point was chosen for: its kind, and which points were left out."""
    place, points = linearized_points(run).get(shown_entry(run)), run.find("fixed_points")
    if points is None or place is None:
        return {"kind": "", "speed": None, "is_near": False, "num_linearized": 0, "num_fixed": 0}
    kinds, left = np.asarray(points.kind), far_points(run)
    linearized = np.asarray(list(linearized_points(run).values()))
    far = place not in left and any(kinds[k] == "fixed" for k in left)
    return {
        "kind": str(kinds[place]),
        "speed": float(points.speed[place]),
        "is_near": far,
        "num_linearized": int((kinds[linearized] == "fixed").sum()),
        "num_fixed": int((kinds == "fixed").sum()),
    }


SECTION = Section(
    "spectrum",
    "Linearization: the eigenvalues at one point",
    ("linearization",),
    lambda run: figures.spectrum(run.linearization, shown_entry(run)),
    values,
    script=lambda run: f'sx.figures.spectrum(records["linearization"], {shown_entry(run)})',
    of_any=True,
    folded=True,
)

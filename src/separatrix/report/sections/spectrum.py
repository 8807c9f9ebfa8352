"""The linearization at the point that the report shows: eigenvalues and what they select."""

from typing import Any

import numpy as np

from ... import figures
from ...analysis import Linearization, NonNormality, SelectionVectors
from ...figures.mode_choice import describe_number, describe_time, integrating_mode, slowest_mode
from ..section import Rows, Section, Values
from ..story import Story
from ..words import time_constant


def values(story: Story) -> Values:
    """Return the eigenvalues, the integrating mode, and what drives it."""
    linearization, index = story.get(Linearization), story.index
    eigenvalues = np.asarray(linearization.eigenvalues)[index]
    normal, selection = story.find(NonNormality), story.find(SelectionVectors)
    if normal is not None and index >= len(normal):
        normal = None
    return {
        "is_map": linearization.system == "map",
        "is_finite": bool(np.isfinite(eigenvalues).all()),
        "num_modes": len(eigenvalues),
        "num_growing": int(np.sum(np.asarray(linearization.time_constants)[index] < 0)),
        "mode": _integrating_mode(linearization, index),
        "on_a_kink": str(linearization.stability[index]) == "kink",
        "normal": normal,
        "index": index,
        **_selected(story, selection),
        **_chosen(story),
    }


def numbers(story: Story) -> Rows:
    """Return the point that is shown, and its modes."""
    if not story.has(Linearization):
        return []
    linearization, index = story.get(Linearization), story.index
    is_map = linearization.system == "map"
    slowest = slowest_mode(linearization, index)
    time = float(np.asarray(linearization.time_constants)[index, slowest])
    mode = _integrating_mode(linearization, index)
    return [
        ("point of the linearization", story.shown_point_name.removeprefix("point ")),
        (f"slowest time constant ({'|μ| nearest 1' if is_map else 'Re λ nearest 0'})",
         time_constant(time)),
        (f"integrating mode (nearest {1 if is_map else 0})",
         f"{mode['eigenvalue']}, {mode['time']}"),
    ]  # fmt: skip


def _integrating_mode(linearization: Linearization, index: int) -> dict[str, str]:
    """Return the eigenvalue of the integrating mode and what its time constant is, in words."""
    mode = integrating_mode(linearization, index)
    value = complex(np.asarray(linearization.eigenvalues)[index, mode])
    time = float(np.asarray(linearization.time_constants)[index, mode])
    return {"eigenvalue": describe_number(value), "time": describe_time(time)}


def _selected(story: Story, selection: SelectionVectors | None) -> Values:
    """Return how inputs and outputs are aligned with the integrating mode, by their names."""
    if selection is None or story.index >= len(selection):
        return {"inputs": [], "outputs": [], "chance": None}
    return {
        "inputs": _named(story, selection.input_alignment, "channels", "input"),
        "outputs": _named(story, selection.readout_alignment, "responses", "output"),
        "chance": selection.chance_alignment,
    }


def _named(story: Story, alignment: Any, names: str, noun: str) -> list[tuple[str, float]]:
    """Return the alignments of the shown point's first mode by channel or by output."""
    if alignment is None:
        return []
    row = np.asarray(alignment, float)[story.index, 0]
    known = getattr(story.task, names, None)
    if known is None or len(known) != len(row):
        known = [f"{noun} {k}" for k in range(len(row))]
    return list(zip(known, row.tolist(), strict=True))


def _chosen(story: Story) -> Values:
    """Return what the point was chosen for: its kind, and whether points far away were left."""
    place, points = story.shown_point, story.points
    if points is None or place is None:
        return {"kind": "", "speed": None, "is_near": False}
    kinds = np.asarray(points.kind)
    far = place not in story.far_points and any(kinds[k] == "fixed" for k in story.far_points)
    return {"kind": str(kinds[place]), "speed": float(points.speed[place]), "is_near": far}


SECTION = Section(
    "spectrum",
    "Linearization: the eigenvalues at one point",
    (Linearization,),
    lambda story: figures.spectrum(story.get(Linearization), story.index),
    values,
    numbers,
)

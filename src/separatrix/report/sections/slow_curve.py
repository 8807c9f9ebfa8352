"""The slowest states along the readout of the choice, or along the axis that the curve names."""

import numpy as np

from ... import figures
from ...store import Run
from ..section import Figure, Section, Values
from ..view import READOUT

CURVES = ("slow_curve", "choice_curve", "memory_curve")
"""If a run holds several, the first is shown."""


def draw(run: Run) -> Figure:
    """Draw the drift along the axis."""
    curve = run.find(*CURVES)
    return figures.slow_curve(curve, axis_name=curve.axis_name or READOUT)


def values(run: Run) -> Values:
    """Return the curve, and how fast the states on it drift."""
    curve = run.find(*CURVES)
    drift = np.abs(np.asarray(curve.drift))
    known = bool(np.isfinite(drift).any())
    return {
        "curve": curve,
        "drift": (np.nanmin(drift), np.nanmax(drift)) if known else None,
        "travel": (np.nanmin(curve.times), np.nanmax(curve.times)) if known else None,
        "num_proved": int(np.sum(curve.crossing_certified)),
        "num_repelling": int(np.sum(np.asarray(curve.transverse_time) < 0)),
        "num_jumps": int(np.sum(~np.asarray(curve.joined)[1:])),
    }


SECTION = Section(
    "slow_curve",
    "The slow curve along the readout",
    (),
    draw,
    values,
    applies=lambda run: bool(run.find(*CURVES)),
    folded=True,
)

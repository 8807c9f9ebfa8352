"""The slowest states along the readout of the choice, or along the axis that the curve names."""

import numpy as np

from ... import figures
from ...analysis import SlowCurve
from ..section import Figure, Section, Values
from ..story import READOUT, Story


def draw(story: Story) -> Figure:
    """Draw the drift along the axis."""
    curve = story.get(SlowCurve)
    return figures.slow_curve(curve, axis_name=curve.axis_name or READOUT)


def values(story: Story) -> Values:
    """Return the curve, and how fast the states on it drift."""
    curve = story.get(SlowCurve)
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
    (SlowCurve,),
    draw,
    values,
    analyses=("slow_curve",),
)

"""The slowest states along the readout of the choice, or along the axis that the curve names."""

import numpy as np

from ... import figures
from ...analysis import ContinuousAttractor, SlowCurve
from ..section import Figure, Rows, Section, Values
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


def numbers(story: Story) -> Rows:
    """Return where states along the line go when left alone, where that was analyzed."""
    attractor = story.find(ContinuousAttractor)
    if attractor is None:
        return []
    text = f"{attractor.verdict}, over {attractor.duration:.4g} ms"
    return [("states along the line, left alone", text)]


SECTION = Section(
    "slow_curve",
    "The slow curve along the readout",
    (SlowCurve,),
    draw,
    values,
    numbers,
    analyses=("slow_curve",),
)

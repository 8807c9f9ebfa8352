"""Lyapunov exponents at the input that is held constant."""

import numpy as np

from ... import figures
from ...analysis import LyapunovSpectrum
from ..section import Rows, Section, Values
from ..story import Story
from ..words import brief, number, time_constant


def values(story: Story) -> Values:
    """Return the exponents, and the largest of each trajectory."""
    spectrum = story.get(LyapunovSpectrum)
    return {
        "spectrum": spectrum,
        "num_steps": int(spectrum.checkpoints[-1]),
        "is_map": spectrum.system == "map",
        "largest": [_largest(spectrum, k) for k in range(len(spectrum))],
    }


def numbers(story: Story) -> Rows:
    """Return the largest exponent of all trajectories."""
    spectrum = story.find(LyapunovSpectrum)
    return [("largest Lyapunov exponent", largest_exponent(spectrum))] if spectrum else []


def largest_exponent(spectrum: LyapunovSpectrum) -> str:
    """Tell the largest exponent of all trajectories, and no time constant where it may be 0."""
    exponents = np.nan_to_num(np.asarray(spectrum.exponents)[:, 0], nan=-np.inf)
    found = _largest(spectrum, int(exponents.argmax()))
    if np.isnan(found["exponent"]) or "without bound" in found["outcome"]:
        return brief(found["outcome"])
    per = "step" if spectrum.system == "map" else "time constant"
    text = f"{number(found['exponent'], '.3g')} ± {number(found['error'], '.1g')} per {per}"
    if "may be 0" in found["outcome"]:
        return f"{text}, may be 0"
    return f"{text}, {time_constant(found['time'])}"


def _largest(spectrum: LyapunovSpectrum, k: int) -> Values:
    """Return the largest exponent of a trajectory, and whether its sign is known."""
    value, outcome = float(spectrum.exponents[k, 0]), str(spectrum.outcome[k])
    return {
        "exponent": value,
        "error": float(spectrum.standard_error[k, 0]),
        "time": float(spectrum.time_constants[k, 0]),
        "outcome": outcome,
        "has_sign": not (np.isnan(value) or "without bound" in outcome or "may be 0" in outcome),
    }


SECTION = Section(
    "lyapunov",
    "Lyapunov exponents: does it come to rest?",
    (LyapunovSpectrum,),
    lambda story: figures.lyapunov(story.get(LyapunovSpectrum)),
    values,
    numbers,
    analyses=("lyapunov_spectrum",),
)

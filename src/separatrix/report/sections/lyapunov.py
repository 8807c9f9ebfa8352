"""Lyapunov exponents at the input that is held constant."""

from ... import figures
from ...analysis import LyapunovSpectrum
from ...store import Run
from ..section import Section, Values


def values(run: Run) -> Values:
    """Return the exponents, and the largest of each trajectory."""
    spectrum = run.lyapunov_spectrum
    return {
        "spectrum": spectrum,
        "num_steps": int(spectrum.checkpoints[-1]),
        "is_map": spectrum.system == "map",
        "largest": [_largest(spectrum, k) for k in range(len(spectrum))],
    }


def _largest(spectrum: LyapunovSpectrum, k: int) -> Values:
    """Return the largest exponent of a trajectory, and whether its sign is known."""
    return {
        "exponent": float(spectrum.exponents[k, 0]),
        "error": float(spectrum.standard_error[k, 0]),
        "time": float(spectrum.time_constants[k, 0]),
        "outcome": str(spectrum.outcome[k]),
        "has_sign": bool(spectrum.has_sign[k]),
    }


SECTION = Section(
    "lyapunov",
    "Lyapunov exponents: does it come to rest?",
    ("lyapunov_spectrum",),
    lambda run: figures.lyapunov(run.lyapunov_spectrum),
    values,
    folded=True,
)

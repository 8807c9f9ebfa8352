"""Which mode is shown of a point, and its numbers in words: for figures and for texts.

Nothing here draws, so a text needs no matplotlib.
"""

import numpy as np

from ..analysis import Linearization


def integrating_mode(linearization: Linearization, index: int) -> int:
    """Return the mode along which a displacement changes least: nearest to μ = 1, or to λ = 0.

    A large |μ| alone does not make a line attractor: with μ near −1 or i the state would jump.
    """
    values = np.asarray(linearization.eigenvalues)[index]
    still = 1.0 if linearization.system == "map" else 0.0
    distance = np.abs(values - still)
    return int(np.argmin(np.where(np.isnan(distance), np.inf, distance)))


def slowest_mode(linearization: Linearization, index: int) -> int:
    """Return the mode of the longest time constant, of decay or growth: nearest to the boundary.

    That is |μ| nearest to 1 (map) or Re λ nearest to 0 (flow), whether or not the mode turns.
    """
    length = np.abs(np.asarray(linearization.time_constants)[index])
    return int(np.argmax(np.where(np.isnan(length), -1.0, length)))


def describe_number(value: complex) -> str:
    """Write an eigenvalue; a pair of conjugates with ±."""
    real = f"{value.real:.4g}".replace("-", "−")
    return f"{real} ± {abs(value.imag):.4g}i" if value.imag else real


def describe_time(time: float, units: str = "ms") -> str:
    """Say what a time constant means; negative ones are of growth, infinite ones neither."""
    if np.isnan(time):
        return "time constant unknown"
    if np.isinf(time):
        return "neither decays nor grows"
    if time == 0:
        return "vanishes in one step"
    long = units == "ms" and abs(time) >= 999.5
    size = f"{abs(time) / 1000:.3g} s" if long else f"{abs(time):.3g} {units}"
    return f"{'decays' if time > 0 else 'grows'} with τ = {size}"

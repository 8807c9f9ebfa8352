"""Which mode is shown of a point, and its numbers in words: for figures and for texts.

Nothing here draws, so a text needs no matplotlib.
"""

import numpy as np

from .._tables import describe_number as describe_number, describe_time as describe_time
from ..analysis import Linearization


def integrating_mode(linearization: Linearization, index: int) -> int:
    """Return the mode along which a displacement changes least: nearest to μ = 1, or to λ = 0.

    A large |μ| alone does not make a line attractor: with μ near −1 or i the state would jump.
    """
    values = np.asarray(linearization.eigenvalues)[index]
    still = 1.0 if linearization.system == "map" else 0.0
    distance = np.abs(values - still)
    return int(np.argmin(np.where(np.isnan(distance), np.inf, distance)))


def slowest_mode(linearization: Linearization, index: int, is_still: bool = False) -> int:
    """Return the mode of the longest time constant, of decay or growth: nearest to the boundary.

    That is |μ| nearest to 1 (map) or Re λ nearest to 0 (flow), whether or not the mode turns. At a
    slow point, where a mode `is_still` by definition, this mode is left out, if there is another.
    """
    length = np.abs(np.asarray(linearization.time_constants)[index])
    if is_still:
        length[integrating_mode(linearization, index)] = np.nan
    return int(np.argmax(np.where(np.isnan(length), -1.0, length)))

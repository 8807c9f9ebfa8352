r"""A fixed point at the end of a path from the center of the box.

Where the velocity v points inward on every face of a box with the center c, the zeros of

.. math:: (1 - \lambda)\,(c - x) + \lambda\,v(x)

cannot leave the box, and the curve of them that begins at c, λ = 0, comes to a zero of v at λ = 1
(but for centers of measure zero), however narrow the basins of that zero are. Its index is 1.
"""

import numpy as np
from jaxtyping import Float

from ...solvers.continuation import CurveEnd, PseudoArclength, follow
from ...solvers.newton import Evaluate
from .domain import Domain

MOST_UNITS = 512
"""Beyond which a path takes too long."""
_PATH = PseudoArclength(first_step=0.02, max_step=0.2, max_points=500, max_angle=30.0)


def from_center(evaluate: Evaluate, domain: Domain) -> Float[np.ndarray, "start unit"]:
    """Return the state at the end of the path; none where that is too long, or units too many.

    `evaluate` gives velocities (or what has their zeros) `(batch, unit)`, and their Jacobians.

    References
    ----------
    Chow, Mallet-Paret & Yorke (1978) Math. Comput. 32:887.
    """
    size = len(domain.lower)
    if size > MOST_UNITS:
        return np.zeros((0, size))
    center = (domain.lower + domain.upper) / 2
    # In these units the corners of the box lie in a distance of 1 from the center.
    half = domain.upper - center
    lengths = np.sqrt(size) * np.where(half > 0, half, 1.0)

    def velocity(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        v, jacobian = (value[0] for value in evaluate((center + lengths * y)[None]))
        return v / lengths, jacobian * (lengths / lengths[:, None])

    first, slopes = velocity(np.zeros(size))
    if not np.isfinite(first).all() or not np.isfinite(slopes).all():
        return np.zeros((0, size))
    rate = float(np.abs(slopes).sum(axis=1).max()) or 1.0

    def homotopy(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y, part = point[:-1], point[-1]
        v, jacobian = velocity(y)
        back = -rate * y
        of_state = part * jacobian - (1 - part) * rate * np.eye(size)
        return (1 - part) * back + part * v, np.column_stack([of_state, v - back])

    tangent = np.append(first / rate, 1.0)
    tangent /= np.linalg.norm(tangent)
    curve = follow(homotopy, np.zeros(size + 1), tangent, (0.0, 1.0), _PATH)
    arrived = curve.end is CurveEnd.RANGE and curve.points[-1, -1] > 0.5
    return center + lengths * curve.points[-1:, :-1] if arrived else np.zeros((0, size))

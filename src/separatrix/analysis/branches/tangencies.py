"""Where a mode touches the stability boundary and turns back, so that no sign changes.

At such a point two branches may touch, a branch may stand still in the parameter without a fold
(a hysteresis point, as of p − x³), or one pair may cross as another one crosses back.
"""

from collections.abc import Callable

import numpy as np

from ..._watch import is_over
from ...solvers.continuation import Curve, correct, tangent_of
from ..stability import growth
from .crossings import sharpened
from .family import Family
from .normal_forms import NormalForm
from .special import TOGETHER, Special
from .spectra import change, critical_modes, eigenvalues, names_together, signatures

FALL = 0.5
"""By what part the distance to the boundary falls at a point of a branch beside a tangency."""
GOLDEN = (np.sqrt(5) - 1) / 2
SHRINKINGS = 44
"""Steps of the golden section: a billionth of the piece is left."""


def find_tangencies(family: Family, curve: Curve, values: np.ndarray) -> list[Special]:
    """Return the points of a curve where a mode comes to the boundary and its sign stays."""
    distance = np.abs(growth(values, family.kind)).min(1)
    marks = signatures(curve, values, family.kind)
    found = []
    for k in range(1, len(distance) - 1):
        # two points may lie symmetrically about the tangency
        last = k + 1 + int(np.isclose(distance[k], distance[k + 1], rtol=1e-6, atol=0))
        if last >= len(distance):
            continue
        ends = distance[[k - 1, last]]
        falls = distance[k] < ends.min() and distance[k] < FALL * ends.max()
        # below that a distance is rounding, as all along a branch of marginal points
        if not falls or ends.max() < 10 * TOGETHER:
            continue
        if any(change(marks[j], marks[j + 1]).count for j in range(k - 1, last)):
            continue
        special = _nearest(family, curve.points[k - 1 : last + 1], float(ends.max()))
        if special is not None:
            found.append(special)
        if is_over():
            break
    return found


def _nearest(family: Family, points: np.ndarray, above: float) -> Special | None:
    """Return the point of a piece where a mode is nearest the boundary, if it is on it."""
    along = (points[-1] - points[0]) / np.linalg.norm(points[-1] - points[0])
    length = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1)))

    def at(s: float) -> tuple[float, np.ndarray, np.ndarray]:
        guess = np.array([np.interp(s, length, column) for column in points.T])
        corrected = correct(family.residual_and_jacobian, guess, along)
        point = corrected.point if corrected.converged else guess
        values = eigenvalues(family, point[None])[0]
        return float(np.abs(growth(values[None], family.kind)).min()), point, values

    low, high, (distance, point, values) = _golden(at, length[-1])
    if distance > TOGETHER or distance > 1e-3 * above:
        return None
    critical = critical_modes(values, family.kind, TOGETHER)
    together = names_together(critical, family.kind)
    jacobian = family.residual_and_jacobian(point)[1]
    # where the distance is a parabola its lowest part is lost in rounding
    rounding = 16 * np.finfo(float).eps * (1 + np.abs(values).max())
    blur = length[-1] * np.sqrt(rounding / above)
    special = Special(
        "crossing" if together else "tangency",
        point,
        max(high - low, float(blur)),
        float(np.abs(np.angle(critical) if family.kind == "map" else critical.imag).max()),
        NormalForm(np.nan, together or "degenerate"),
        tangents=[tangent_of(jacobian, along)[0]],
    )
    return sharpened(family, special)


def _golden(
    at: Callable[[float], tuple[float, np.ndarray, np.ndarray]], length: float
) -> tuple[float, float, tuple[float, np.ndarray, np.ndarray]]:
    """Shrink a piece around the smallest value on it; stop where the value is not going to 0."""
    low, high = 0.0, length
    first, second = high - GOLDEN * length, low + GOLDEN * length
    one, other = at(first), at(second)
    ends = [at(low)[0], at(high)[0]]
    for count in range(SHRINKINGS):
        # the two in the middle alone may be equal by chance, on either side of a corner at 0
        values = [*ends, one[0], other[0]]
        if count >= 6 and min(values) > max(0.9 * max(values), 100 * TOGETHER):
            break
        if one[0] <= other[0]:
            high, second, ends[1], other = second, first, other[0], one
            first = high - GOLDEN * (high - low)
            one = at(first)
        else:
            low, first, ends[0], one = first, second, one[0], other
            second = low + GOLDEN * (high - low)
            other = at(second)
    return low, high, min(one, other, key=lambda found: found[0])

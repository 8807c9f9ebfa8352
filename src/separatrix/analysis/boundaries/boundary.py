"""The boundary between basins: points on it by bisection, and its normals."""

import numpy as np
import scipy
from jaxtyping import Float, Int, Shaped

from ..._checked import Natural, checked
from ..._parallel import chunks
from ..._records import Record, array, setting
from ..._types import Array
from ..._watch import Report, Stage, is_over, report_progress, watching
from ...solvers.endings import Ending
from ...systems import System
from ..checks import states_of
from ..fixed_points.points import FixedPoints
from .graph import oriented
from .landscape import Landscape, survey
from .settling import Follower, Settled

EPS = np.finfo(float).eps
_HALVINGS = 60
_CHEAP = 128  # states that are followed at little more than the cost of one
_NARROW = 1e-12  # width of a bracket, as a part of its first width, at which bisection ends
_PASSES = 0.05  # how near to a saddle, as a part of its separation, the motion has to come
_LONGEST_PATH = 4096  # steps
_PATHS = 16  # kept at once: memory


class Separatrix(Record):
    """Points on the boundary between basins.

    Near each of these points the boundary is, to first order, a hyperplane through the point, and
    `normals` holds the unit normal of this hyperplane. To find the normal, the point is followed
    until it passes near a saddle. There, the left eigenvector of the saddle's unstable direction is
    normal to the boundary. This vector, pulled back along the motion to the point, is the normal.
    It points into the basin of the attractor `sides[:, 0]`. If no saddle is known, the normal is
    NaN.
    """

    states: Float[Array, "boundary unit"] = array("points on the boundary")
    width: Float[Array, " boundary"] = array(
        "length of the segment that bisection left around the point: its two ends, followed in "
        "steps of `step`, lead to different attractors; 0 if a state on it came to rest at a "
        "saddle"
    )
    sides: Int[Array, "boundary side"] = array(
        "indices, among the given points, of the attractors on the two sides"
    )
    saddle: Int[Array, " boundary"] = array(
        "index, among the given points, of the saddle to which the boundary point leads; −1 if "
        "none is known"
    )
    normals: Float[Array, "boundary unit"] = array(
        "unit normal of the boundary; NaN if no saddle is known"
    )
    nearness: Float[Array, " boundary"] = array(
        "smallest distance between the path of the boundary point and `saddle`, or, if `saddle` is "
        "−1, the saddle that the path comes nearest to; NaN if the points have no saddle "
        "with one unstable direction"
    )
    outcomes: Shaped[np.ndarray, " segment"] = array("how the bisection of each segment ended")
    step: float = setting(
        "duration of a step: dt of a map, or a tenth of the shortest time constant of a flow at "
        "the points",
        units="ms",
    )
    system: str = setting('"map" or "flow"; empty if unknown', default="")
    time_unit: float = setting(
        "dt of a map, tau of a flow; NaN if unknown", units="ms", default=float("nan")
    )

    def summary(self) -> str:
        known = int((np.asarray(self.saddle) >= 0).sum())
        return (
            f"Separatrix: {len(self)} boundary points from {len(self.outcomes)} segments, {known} "
            f"lead to a saddle that is known; width at most {np.max(self.width, initial=0):.1e}"
        )


_Brackets = tuple[Float[np.ndarray, "_ _ unit"], Int[np.ndarray, "_ _"]]
"""Segments with their ends a and b in different basins, which rows of the landscape name."""


@checked
def separatrix(
    system: System,
    points: FixedPoints | Float[Array, "point unit"],
    states: Float[Array, "..."] | None = None,
    *,
    segments: Natural = 64,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> Separatrix:
    r"""Find points on the boundary between basins, and the normals of the boundary there.

    Each segment between two attractors, or between a sampled state and its nearest neighbor in
    another basin, is bisected: states on the segment are followed to see which attractor they
    reach. The motion carries a boundary point b past a saddle $x^*$ at time T. If l is the left
    eigenvector of the saddle's unstable direction, the normal of the boundary at b is
    $(D\Phi_T(b))^\top l$. A flow is integrated with the tolerance 1e−7. The derivative $D\Phi_T$ of
    its motion is taken through Runge–Kutta steps of length $0.1\,\tau/|\lambda|$, with the largest
    |λ| of the Jacobians at the points.

    Parameters
    ----------
    system
        A map, or a flow (integrated as in `verdict`).
    points
        Fixed points of the system: attractors, and the saddles between them.
    states
        States `(…, unit)` near which to look for the boundary, such as activity. None means that
        only segments between attractors are bisected.
    segments
        The maximum number of segments between states that are bisected.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. After a stop, the
        outcome of a segment says so if its bisection was not finished.

    Returns
    -------
    Separatrix
        One boundary point for each segment that could be bisected, and an outcome for every
        segment.

    Raises
    ------
    InvalidInputError
        If the points are not fixed points, or the states do not have as many units as the system.

    References
    ----------
    Skufca et al. (2006) Phys. Rev. Lett. 96:174101 (bisection); Chiang et al. (1988) IEEE Trans.
    Autom. Control 33:16.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> points = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    >>> bool(abs(sx.separatrix(system, points).states[0, 0]) < 1e-12)
    True
    """
    landscape = survey(system, points)
    sampled = None if states is None else states_of(system, states, "states")
    with watching("separatrix", max_seconds, progress):
        follower = Follower(system, landscape)
        ends, basins = _attractor_pairs(landscape)
        if sampled is not None:
            more = _sampled_pairs(follower, sampled, segments)
            ends, basins = np.concatenate([ends, more[0]]), np.concatenate([basins, more[1]])
        outcomes = _narrow(follower, ends, basins)
        found = outcomes == ""
        ends, basins = ends[found], basins[found]
        saddle, normals, nearness = _normals(follower, ends.sum(1) / 2)
    attractors = landscape.states[basins]
    across = (attractors[:, 0] - attractors[:, 1]) * normals
    inward = (ends[:, 0] - ends[:, 1]) * normals
    side = np.where(np.abs(inward.sum(1)) > 0, inward.sum(1), across.sum(1))
    normals *= np.where(side < 0, -1.0, 1.0)[:, None]
    label = np.append(landscape.label, -1)
    return Separatrix(
        states=ends.sum(1) / 2,
        width=np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1),
        sides=label[basins],
        saddle=label[saddle],
        normals=normals,
        nearness=nearness,
        outcomes=np.where(found, _FOUND, outcomes),
        step=follower.step * system.time_unit,
        system=system.kind,
        time_unit=system.time_unit,
    )


_FOUND = "the boundary was found"


def _attractor_pairs(landscape: Landscape) -> _Brackets:
    rows = np.flatnonzero(landscape.attractors)
    basins = rows[np.stack(np.triu_indices(len(rows), 1), axis=1)]
    return landscape.states[basins], basins


def _sampled_pairs(follower: Follower, states: np.ndarray, most: int) -> _Brackets:
    """Pair states with their nearest neighbors in another basin."""
    if follower.landscape.attractors.sum() < 2:
        most, states = 0, states[:0]
    ends = follower.follow(states)
    settled = np.flatnonzero(ends.reached >= 0)
    states, reached = states[settled], ends.reached[settled]
    if len(np.unique(reached)) < 2 or most == 0:
        none = np.zeros((0, 2), int)
        return states[none], none
    chosen = np.unique(np.linspace(0, len(states) - 1, 4 * most).astype(int))
    distances = scipy.spatial.distance.cdist(states[chosen], states)
    distances[reached[chosen][:, None] == reached[None]] = np.inf
    other = distances.argmin(1)
    pairs = np.unique(np.sort(np.stack([chosen, other], axis=1), axis=1), axis=0)
    pairs = pairs[np.unique(np.linspace(0, len(pairs) - 1, most).astype(int))]
    return states[pairs], reached[pairs]


def _narrow(follower: Follower, sides: np.ndarray, basins: np.ndarray) -> np.ndarray:
    """Narrow brackets in place, and return why no boundary was found for each; empty: it was.

    States evenly between the ends are followed, as many as are cheap at once. The first that does
    not go where the end a goes is the new end b, whatever basin it lies in.
    """
    outcomes = np.full(len(sides), "", object)
    first = np.linalg.norm(sides[:, 0] - sides[:, 1], axis=1)
    going = np.ones(len(outcomes), bool)
    for _ in range(_HALVINGS):
        rows = np.flatnonzero(going)
        if not len(rows) or is_over():
            break
        report_progress(Stage.BISECT, len(going) - len(rows), len(going))
        parts = next((p for p in (16, 8, 4) if len(rows) * (p - 1) <= _CHEAP), 2)
        share = np.arange(1, parts)[:, None] / parts
        a, b = sides[rows, 0], sides[rows, 1]
        between = a[:, None] + share * (b - a)[:, None]
        ends = follower.follow(between.reshape(-1, a.shape[1]), quickly=True)
        reached = ends.reached.reshape(len(rows), parts - 1)
        other = reached != basins[rows, :1]
        last = np.where(other.any(1), other.argmax(1), parts - 1)  # the first of another basin
        each = np.arange(len(rows))
        states = np.concatenate([a[:, None], between, b[:, None]], axis=1)
        sides[rows, 0], sides[rows, 1] = states[each, last], states[each, last + 1]
        labels = np.append(reached, basins[rows, 1:], axis=1)[each, last]
        basins[rows[labels >= 0], 1] = labels[labels >= 0]
        _close(sides, rows, labels, last + (parts - 1) * each, ends, outcomes)
        width = np.linalg.norm(sides[rows, 0] - sides[rows, 1], axis=1)
        finest = 4 * EPS * np.linalg.norm(a, axis=1)
        going[rows] = (labels >= 0) & (width > np.maximum(_NARROW * first[rows], finest))
    if going.any() and is_over():
        outcomes[going] = Ending.RUNNING.text
    return outcomes.astype(str)


def _close(
    sides: np.ndarray,
    rows: np.ndarray,
    labels: np.ndarray,
    place: np.ndarray,
    ends: Settled,
    outcomes: np.ndarray,
) -> None:
    """End a bracket whose end b settles nowhere: at a saddle it lies on the boundary itself."""
    for k in np.flatnonzero(labels < 0):
        if ends.resting[place[k]] >= 0:
            sides[rows[k], 0] = sides[rows[k], 1]
        else:
            reason = ends.reasons[place[k]]
            outcomes[rows[k]] = f"a state between the two ends settles nowhere: {reason}"


def _normals(follower: Follower, states: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the saddle that each boundary point is carried to, its normal, how near it comes."""
    gates = np.flatnonzero(follower.landscape.gates)
    saddle, nearness = np.full(len(states), -1), np.full(len(states), np.nan)
    normals = np.full(states.shape, np.nan)
    if not len(gates) or not len(states) or is_over():
        return saddle, normals, nearness
    longest = min(follower.steps(states), _LONGEST_PATH)
    for part in chunks(len(states), _PATHS):
        path = follower.path(states[part], longest)
        saddle[part], normals[part], nearness[part] = _pulled_back(follower, gates, path)
    return saddle, normals, nearness


def _pulled_back(
    follower: Follower, gates: np.ndarray, path: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Carry the normal at the saddle that each path passes back to where the path began."""
    landscape = follower.landscape
    separation = landscape.separation[gates]
    apart = [np.linalg.norm(path - landscape.states[gate], axis=2) for gate in gates]
    relative = np.stack(apart, axis=2) / separation
    relative = np.where(np.isnan(relative), np.inf, relative)
    which = relative.min(0).argmin(1)
    each = np.arange(path.shape[1])
    time = relative[:, each, which].argmin(0)
    nearest = relative[time, each, which]
    left = oriented(landscape, gates)[1][which]
    normals = follower.pull_back(path, time, left)
    known = nearest <= _PASSES
    normals[~known] = np.nan
    return np.where(known, gates[which], -1), normals, nearest * separation[which]

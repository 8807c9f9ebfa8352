"""When a trajectory is committed: its distance to the boundary, and when it crosses for good."""

from typing import Annotated, Any

import numpy as np
import scipy
from jaxtyping import Float, Int, Shaped

from ..._checked import REAL, Milliseconds, checked
from ..._records import Record, array, setting
from ..._types import Array, InvalidInputError, counted
from ...systems import System
from ..checks import require_some_finite
from ..fixed_points.points import FixedPoints
from .boundary import Separatrix, separatrix
from .landscape import survey
from .settling import Follower


class Commitment(Record):
    """The attractor to which each state of a trajectory leads, and the decision time.

    Index t along the time axis stands for the state after t + 1 steps, as in `Activity`.
    """

    choice: Int[Array, " trial"] = array(
        "index, among the points, of the attractor to which the last state leads; −1 if none"
    )
    decision_step: Int[Array, " trial"] = array(
        "index of the state from which on all states of the trial lead to `choice`; −1 if "
        "`choice` is −1"
    )
    decision_time: Float[Array, " trial"] = array(
        "time of the decision; NaN if `choice` is −1", units="ms"
    )
    reached: Int[Array, "trial time"] = array(
        "index, among the points, of the attractor to which each state leads; −1 if none"
    )
    distance: Float[Array, "trial time"] = array(
        "distance to the boundary, positive in the basin of `choice` and negative in other "
        "basins; NaN if no boundary is known, or if this state or the last state leads to no "
        "attractor"
    )
    nearest: Float[Array, "trial time"] = array(
        "distance to the nearest boundary point of the basin in which the state lies; NaN if "
        "none was found"
    )
    reasons: Shaped[np.ndarray, " trial"] = array("how the motion from the last state ended")
    dt: float = setting("time between the states of a trajectory", units="ms")
    system: str = setting(
        '"map" or "flow"; empty if `dt` is neither the dt of the map nor the tau of the flow',
        default="",
    )

    def summary(self) -> str:
        decided = np.asarray(self.decision_time)[np.asarray(self.choice) >= 0]
        middle = f"{np.median(decided):.4g} {self.time_units}" if len(decided) else "none"
        return (
            f"Commitment of {counted(len(self), 'trajectory', 'trajectories')}: "
            f"{len(decided)} decide, median time {middle}"
        )


@checked
def commitment(
    system: System,
    trajectories: Annotated[Float[Array, "trial time unit"], REAL],
    points: FixedPoints | Float[Array, "point unit"],
    *,
    boundary: Separatrix | None = None,
    dt: Milliseconds | None = None,
) -> Commitment:
    r"""Find when each trajectory is committed to the attractor where it will end.

    From every state x(t) of a trajectory, the system runs on with its frozen input, until the state
    settles. The decision is made at the first t from which all states of the trajectory lead to the
    same attractor as the last state. The distance of a state to the boundary is, to first order,
    $|n \cdot (x - b)|$ with the nearest point b on the boundary of the state's basin and the normal
    n there. (If this normal is not known, the distance is $|x - b|$.) Its sign is + for a state
    that leads to the same attractor as the last state, and − for a state that leads to another
    attractor. This sign does not rest on the approximation, because the state was followed to its
    end.

    Parameters
    ----------
    system
        A map or a flow, with the input at which every state is followed to its end. If the input of
        the trajectories is constant, freeze this input. If their input ends, freeze the input that
        follows it.
    trajectories
        States `(trial, time, unit)`, such as `activity.states`. Any input may have driven the
        trajectories: only their states are used.
    points
        Fixed points of the system.
    boundary
        What `separatrix` returned. None means that a boundary near the trajectories is computed.
    dt
        The time between two states in ms. None means the system's dt or tau.

    Returns
    -------
    Commitment
        The decision time of every trajectory, and the distances of its states to the boundary. If
        the last state of a trajectory reaches no attractor, `choice` is −1, and `reasons` says why.

    Raises
    ------
    InvalidInputError
        If the trajectories do not have the shape `(trial, time, unit)`, or `points` are not fixed
        points of the system.

    References
    ----------
    Wong & Wang (2006) J. Neurosci. 26:1314.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> system = sx.Flow(lambda x: x - x**3, size=1)
    >>> points = sx.find_fixed_points(system, np.linspace(-2, 2, 9)[:, None])
    >>> walk = np.array([0.2, -0.1, 0.3, 0.5])[None, :, None]
    >>> made = sx.commitment(system, walk, points, dt=10.0)
    >>> made.decision_time, made.distance.round(6)
    (array([30.]), array([[ 0.2, -0.1,  0.3,  0.5]]))
    """
    states = np.asarray(trajectories)
    if states.shape[2] != system.size or 0 in states.shape:
        raise InvalidInputError(
            f"trajectories must have shape (trial, time, {system.size}), one column for each unit "
            f"of the system, got {states.shape}."
        )
    flat = states.reshape(-1, system.size)
    require_some_finite(flat, "trajectories")
    dt = system.time_unit if dt is None else dt
    landscape = survey(system, points)
    ends = Follower(system, landscape).follow(flat)
    reached = np.append(landscape.label, -1)[ends.reached].reshape(states.shape[:2])
    if boundary is None:
        boundary = separatrix(system, points, flat)
    choice = reached[:, -1]
    step = _first_for_good(reached)
    nearest, distance = _distances(flat, np.append(landscape.label, -1)[ends.reached], boundary)
    inside = np.where(reached == choice[:, None], 1.0, -1.0)
    inside = np.where((reached < 0) | (choice < 0)[:, None], np.nan, inside)
    return Commitment(
        choice=choice,
        decision_step=step,
        decision_time=np.where(step >= 0, (step + 1) * float(dt), np.nan),
        reached=reached,
        distance=inside * distance.reshape(reached.shape),
        nearest=nearest.reshape(reached.shape),
        reasons=ends.reasons.reshape(reached.shape)[:, -1],
        dt=float(dt),
        system=system.kind if dt == system.time_unit else "",
    )


def _first_for_good(reached: np.ndarray) -> np.ndarray:
    """Return the first time from which on the attractor is the last one; −1 where there is none."""
    other = reached != reached[:, -1:]
    last_other = np.where(other.any(1), other.shape[1] - 1 - other[:, ::-1].argmax(1), -1)
    return np.where(reached[:, -1] >= 0, last_other + 1, -1)


def _distances(states: np.ndarray, reached: np.ndarray, boundary: Separatrix) -> Any:
    """Return distances to the nearest boundary point of each state's basin, and to the boundary."""
    if not len(boundary):
        nothing = np.full(len(states), np.nan)
        return nothing, nothing
    places, normals = np.asarray(boundary.states), np.asarray(boundary.normals)
    apart = scipy.spatial.distance.cdist(states, places)
    of_basin = (np.asarray(boundary.sides)[None] == reached[:, None, None]).any(2)
    apart[~of_basin] = np.inf
    closest = np.where(np.isnan(apart), np.inf, apart).argmin(1)
    nearest = apart[np.arange(len(states)), closest]
    plane = np.abs(((states - places[closest]) * normals[closest]).sum(1))
    # Without a normal the distance to the point is all that is known.
    distance = np.where(np.isnan(plane), nearest, plane)
    unknown = ~np.isfinite(nearest)
    return np.where(unknown, np.nan, nearest), np.where(unknown, np.nan, distance)

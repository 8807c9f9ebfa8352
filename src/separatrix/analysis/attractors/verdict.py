"""Watching states for a while, and saying what kind of attractor they show."""

from typing import Any

import numpy as np
import scipy
from jaxtyping import Float

from ..._types import Array, InvalidInputError, require_positive
from ...systems import AbstractSystem, require_system
from ..checks import method_of, states_of
from ..fixed_points.points import FixedPoints
from ..motion import Stepper, velocities
from .attractor import ContinuousAttractor, nowhere
from .evidence import examine
from .loops import landmarks
from .watching import Watching

_AT_REST = 1e-9  # speed beside the extent of the states


def continuous_attractor(
    system: AbstractSystem,
    states: FixedPoints | Float[Array, "..."],
    *,
    duration: float | None = None,
    method: Watching | None = None,
) -> ContinuousAttractor:
    r"""Say whether a system holds states at isolated points, on a line, a ring or a surface.

    A continuous attractor forgets nothing along itself and everything across, over the time that
    matters. So the states are left to settle for a `duration`, and then watched for another one:

    * where the distance to the neighbor is kept (more than half of it, for half of the states) the
      set is continuous, and its dimension is that of each state's neighborhood; where neighbors
      fall together it is isolated points;
    * a one-dimensional set is a ring when it holds a loop that lasts: persistent homology, death
      over birth at least 2;
    * a two-dimensional set is a plane when it is flat. A curved one is closed when no states lie at
      an edge of it, which some hundreds of states tell, and its loops tell a torus, a sphere and a
      cylinder;
    * a set that moves by more than 5 % of its extent during the watch is no attractor of resting
      states (a limit cycle is a loop, too): "moving".

    Linearized at the settled states, the tangent of the set should be the slowest mode, and the gap
    to the next mode, $\tau_d / \tau_{d+1}$, large.

    Parameters
    ----------
    system
        A map or a flow.
    states
        States to start from, `(…, unit)`: activity, or random states, some tens at least; or what
        `find_fixed_points` returned: then also states between neighboring points. States that
        rest where they are given keep their distances anywhere, so what lies between them is
        watched first: it tells whether they are isolated.
    duration
        In ms, such as the delay of the task; None for 200 steps of a map, 20 tau of a flow.
    method
        `sx.Watching(…)`: the step of a flow, bounds, and the thresholds named above.

    Returns
    -------
    ContinuousAttractor
        The verdict and its evidence.

    Raises
    ------
    InvalidInputError
        For states of another size than the system, too few of them, a duration that is not
        positive, or takes more than the steps that `method` allows.

    References
    ----------
    Seung (1996) PNAS 93:13339; Khona & Fiete (2022) Nat. Rev. Neurosci. 23:744; Ságodi et al.
    (2024) NeurIPS 37 (back to the continuous attractor); Edelsbrunner et al. (2002) Discrete
    Comput. Geom. 28:511 (persistence).

    Examples
    --------
    >>> import jax, numpy as np, separatrix as sx
    >>> W = np.array([[0.0, -1.0], [-1.0, 0.0]])
    >>> line = sx.Flow(lambda r: -r + jax.nn.relu(W @ r + 1), size=2)
    >>> starts = np.random.default_rng(0).uniform(0, 1, (60, 2))
    >>> sx.continuous_attractor(line, starts).verdict
    'line'
    """
    system = require_system(system)
    method = method_of(method, Watching)
    starts = _starts(system, states, method.max_states)
    if duration is not None:
        require_positive(duration, "duration", "ms")
    stepper = Stepper(system, starts[landmarks(starts, method.examined)], method.step)
    steps = 200 if system.kind == "map" else round(20 / stepper.step)
    if duration is not None:
        steps = max(1, round(duration / stepper.step_time))
    if steps > method.max_steps:
        raise InvalidInputError(
            f"a watch of {steps} steps of {stepper.step_time:.3g} ms is longer than max_steps = "
            f"{method.max_steps}: give a shorter duration, or Watching(max_steps=…)."
        )
    if not isinstance(states, FixedPoints) and _rest(system, starts):
        found = _watch(stepper, _thinned(_between(starts), method.max_states), steps, method)
        if found.verdict == "isolated points":
            return found
    return _watch(stepper, starts, steps, method)


def _watch(
    stepper: Stepper, starts: np.ndarray, steps: int, method: Watching
) -> ContinuousAttractor:
    """Let states settle, watch them, and weigh the evidence."""
    system, duration = stepper.system, steps * stepper.step_time
    before = stepper.advance(starts, steps)
    after = stepper.advance(before, steps)
    fine = np.isfinite(after).all(1) & (np.abs(after).max(1) < 1e8 * (1 + np.abs(starts).max()))
    if fine.sum() < 3:
        return nowhere(system, starts, duration, f"{int((~fine).sum())} states left for infinity")
    return examine(system, starts[fine], before[fine], after[fine], duration, method)


def _starts(system: AbstractSystem, states: Any, most: int) -> np.ndarray:
    given = states.states if isinstance(states, FixedPoints) else states
    rows = states_of(system, given, "states", least=0)
    rows = rows[np.isfinite(rows).all(1)]
    if isinstance(states, FixedPoints) and len(rows) > 1:
        rows = _between(rows)
    if len(rows) < 3:
        raise InvalidInputError(
            f"{len(rows)} finite states do not show a set: give some tens, such as activity or "
            "random states."
        )
    return _thinned(rows, most)


def _thinned(states: np.ndarray, most: int) -> np.ndarray:
    return states[np.unique(np.linspace(0, len(states) - 1, most).astype(int))]


def _rest(system: AbstractSystem, states: np.ndarray) -> bool:
    """Tell whether most states are at rest: staying, they would keep all distances anywhere."""
    speed = np.linalg.norm(velocities(system, states), axis=1)
    return bool(
        np.mean(speed <= _AT_REST * scipy.spatial.distance.cdist(states, states[:1]).max()) > 0.5
    )


def _between(points: np.ndarray) -> np.ndarray:
    """Return the points, and states on the segments between each and its nearest neighbors.

    Each once, up to a millionth of the extent: segments overlap where points lie on a line.
    """
    near = np.argsort(scipy.spatial.distance.cdist(points, points), axis=1, kind="stable")[:, 1:4]
    share = np.linspace(0, 1, 12)[1:-1, None]
    along = [(1 - share) * points[i] + share * points[j] for i, row in enumerate(near) for j in row]
    states = np.concatenate([points, *along])
    extent = max(float(np.ptp(points, axis=0).max()), 1e-300)
    places = np.round((states - points[0]) / extent * 1e6)
    return states[np.sort(np.unique(places, axis=0, return_index=True)[1])]

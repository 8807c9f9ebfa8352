"""What holds the states of a system? The question, from the arguments to the verdict."""

import dataclasses

import numpy as np
import scipy
from jaxtyping import Float

from ..._parallel import one_blas_thread
from ..._types import Array, InvalidInputError, require_positive
from ...systems import AbstractSystem, require_system
from ..attractors.loops import landmarks
from ..attractors.verdict import continuous_attractor
from ..attractors.watching import Watching
from ..checks import axis_of, method_of, states_of
from ..fixed_points.points import FixedPoints
from ..motion import Stepper
from ..slow_curves.states import SlowCurve
from .agreement import compared, refuted
from .answer import Verdict
from .judgment import Judgment, judge
from .observation import Observation, observe


def verdict(
    system: AbstractSystem,
    states: Float[Array, "..."],
    *,
    duration: float,
    axis: Float[Array, " unit"] | None = None,
    axis_name: str = "the axis",
    points: FixedPoints | None = None,
    curve: SlowCurve | None = None,
    method: Watching | None = None,
) -> Verdict:
    r"""Say what holds the states of a system over a duration: a line, a ring, points, or nothing.

    The states are left alone for twice the duration T. After the first T, when they have settled,
    their extent E is the largest distance between two of them. During the second T

    * they rest on a *line*, a *ring* or a *surface* where neighbors keep their distances, the
      median state moves by at most 5 % of E ("yes") or 15 % ("approximately"), and the size of
      the set changes by no more;
    * at *points* where most come to rest, for another 4 T, at fewer than half as many places;
    * on a *cycle* where they come back to where they were, again and again;
    * at a *ghost* where they have met, and their speed falls and rises again fivefold;
    * on a *slow path* where they move along one dimension otherwise; *moving* is anything else.

    Along the axis a, such as the readout of a choice, `spread` is the standard deviation of
    $a \cdot x$ over the states: whether differences between them are kept, at rest or on the way.
    What `continuous_attractor` says of the same states, the points and the slow curve are compared
    with the verdict (`checks`, `agreement`); where a proof contradicts it, it is "unknown".

    Parameters
    ----------
    system
        A map or a flow, with the input of the time over which states are to be held.
    states
        Where trials stand when that time begins `(…, unit)`, a hundred or so.
    duration
        T in ms: how long the task asks for states to be held.
    axis
        What states are read out along `(unit,)`; None: `spread` stays unknown.
    axis_name
        What that is called in the sentence.
    points
        What `find_fixed_points` found of this system.
    curve
        What `slow_curve` found of this system.
    method
        `sx.Watching(…)`: the step of a flow, bounds, and thresholds.

    Returns
    -------
    Verdict
        What holds the states, its evidence, and a sentence (`summary()`).

    Raises
    ------
    InvalidInputError
        For states or an axis of another size than the system, fewer than three states, a duration
        that is not positive, or takes more steps than `method` allows.

    References
    ----------
    Seung (1996) PNAS 93:13339; Sussillo & Barak (2013) Neural Comput. 25:626; Khona & Fiete (2022)
    Nat. Rev. Neurosci. 23:744.

    Examples
    --------
    >>> import jax, numpy as np, separatrix as sx
    >>> W = np.array([[0.0, -1.0], [-1.0, 0.0]])
    >>> pair = sx.Flow(lambda r: -r + jax.nn.relu(W @ r + 1), size=2, tau=10.0)
    >>> starts = np.random.default_rng(0).uniform(0, 1, (60, 2))
    >>> held = sx.verdict(pair, starts, duration=200.0, axis=np.array([1.0, -1.0]))
    >>> held.held, held.answer
    ('line', 'yes')
    """
    system, method = require_system(system), method_of(method, Watching)
    starts = states_of(system, states, "states", least=0)
    starts = starts[np.isfinite(starts).all(1)]
    if len(starts) < 3:
        raise InvalidInputError(
            f"{len(starts)} finite states do not show what holds them: give some tens, such as "
            "the states of many trials at the end of the stimulus."
        )
    starts = starts[np.unique(np.linspace(0, len(starts) - 1, method.max_states).astype(int))]
    along = None if axis is None else axis_of(system, axis)
    require_positive(duration, "duration", "ms")
    stepper = Stepper(system, starts[landmarks(starts, method.examined)], method.step)
    steps = max(2, round(duration / stepper.step_time))
    if steps > method.max_steps:
        raise InvalidInputError(
            f"a watch of {steps} steps of {stepper.step_time:.3g} ms is longer than max_steps = "
            f"{method.max_steps}: give a shorter duration, or Watching(max_steps=…)."
        )
    with one_blas_thread():
        seen = observe(stepper, starts, steps)
        judged = judge(system, seen, duration, method)
    checks: dict[str, str] = {}
    if judged.held != "unknown":
        apart = seen.landmarks if len(seen.landmarks) > 2 else slice(None)  # fewer: they have met
        spaced = seen.path[0][apart]
        attractor = continuous_attractor(system, spaced, duration=duration, method=method)
        checks = compared(judged, seen, duration, attractor, points, curve)
    if judged.held != "unknown" and refuted(judged, seen, points):
        judged = Judgment("unknown", "unknown", doubt="a proof", places=judged.places)
    return dataclasses.replace(
        _verdict(judged, seen, along, duration, checks), axis_name=str(axis_name)
    )


def _verdict(
    judged: Judgment,
    seen: Observation,
    axis: np.ndarray | None,
    duration: float,
    checks: dict[str, str],
) -> Verdict:
    moved = np.full(len(seen.times), np.nan)
    moved[seen.settled :] = seen.moved if len(seen.moved) else np.nan
    spread, order = _spread(seen, axis)
    kept = float(spread[seen.settled])
    return Verdict(
        times=seen.times,
        spread=spread,
        moved=moved,
        direction=_direction(seen),
        checks=np.array(list(checks), dtype=str),
        agreement=np.array(list(checks.values()), dtype=str),
        held=judged.held,
        answer=judged.answer,
        doubt=judged.doubt,
        duration=float(duration),
        extent=seen.extent,
        still=judged.still,
        growth=judged.growth,
        holds_for=judged.holds_for,
        kept=float(np.median(seen.kept)) if len(seen.kept) else float("nan"),
        places=judged.places,
        period=float("nan"),  # what was measured was a fraction of it too often
        gap=judged.gap,
        spread_kept=kept,
        spread_time=float("nan"),  # two instants do not give one
        order=order,
    )


def _spread(seen: Observation, axis: np.ndarray | None) -> tuple[np.ndarray, float]:
    """Return the spread along the axis `(time,)`, and the rank correlation after the duration.

    """
    if axis is None or seen.path.shape[1] < 3:
        return np.full(len(seen.times), np.nan), float("nan")
    along = seen.path @ axis
    deviation = along.std(1)
    if not deviation[0] > 1e-12 * np.abs(along[0]).max(initial=0.0):
        return np.full(len(seen.times), np.nan), float("nan")
    last = along[seen.settled]
    order = float(scipy.stats.spearmanr(along[0], last)[0]) if np.ptp(last) > 0 else 0.0
    return deviation / deviation[0], order


def _direction(seen: Observation) -> np.ndarray:
    """Return the direction in which the settled states extend most; zero where they do not."""
    settled = seen.path[seen.settled]
    if len(settled) < 2:
        return np.zeros(settled.shape[1])
    return np.asarray(np.linalg.svd(settled - settled.mean(0), full_matrices=False)[2][0])

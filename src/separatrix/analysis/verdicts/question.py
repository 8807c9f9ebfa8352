"""Verdict on what holds the states of a system and where they end, from arguments to claims.

It takes no method: how far a state is followed belongs to what the words mean.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._checked import Positive, checked
from ..._parallel import one_blas_thread
from ..._types import Array, InvalidInputError
from ..._watch import Report, is_over, watching
from ...systems import AbstractSystem, System
from ..checks import axis_of, labels_of, states_of
from ..cycles.cycle_search import Cycles
from ..fixed_points.points import FixedPoints
from ..following.end import What
from ..following.exponents import with_exponent
from ..following.follower import follow
from ..following.pool import empty_pool
from ..following.sizes import largest
from ..following.thresholds import AT
from . import holding
from .answer import Verdict
from .assembling import Question, not_followed, recorded, without_contradictions
from .recording import Recording


@checked
def verdict(
    system: System,
    states: Float[Array, "..."],
    *,
    duration: Positive | None = None,
    axis: Float[Array, " unit"] | None = None,
    axis_name: str | None = None,
    labels: Mapping[str, Any] | None = None,
    points: FixedPoints | None = None,
    cycles: Cycles | None = None,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> Verdict:
    r"""Find what holds the states of a system over a duration, and where the states end.

    The system runs on from the states, without noise, at its frozen input. It runs for twice the
    duration T. Then it runs on until the ends of 95 % of the states are known, but not beyond 20 T.
    If that takes fewer than 2,000 steps, this limit is doubled until it takes as many. States that
    come to a stable point very slowly are followed further. No state is followed beyond 50,000
    steps. (Steps are those of the map, or of the integrator of a flow.)
    A verdict is a list of claims, which anyone can check by
    running the system on. The page docs/reference/verdict.md says what every word means, with its
    thresholds.

    A verdict on a model that was fitted to recordings speaks of the model. `sx.mechanism_recovery`
    asks whether the same can be said of the circuit.

    * Where states *end*: a stable point, a closed curve with its period, a point of a continuum,
      bounded motion that does not close, or infinity. An end may also be unknown. The share of the
      states at each end comes with Wilson's interval.
    * What *holds* the states over T: points, a line, a ring, a surface, a closed curve, a ghost (a
      place where states become slow, although no fixed point is near), a slow path … or nothing. A
      line, for example, is tested: states that have settled on it stay where they are, states put
      between them stay too, and states put beside the line come back.
    * How far the states *move* over T, and which *labels* can still be decoded from them.
    * What is kept *along an axis* a, such as the readout of a choice: how much of the spread of
      $a \cdot x$ over the states is left at T, and whether the states keep their order.

    Parameters
    ----------
    system
        A map or a flow, with the input that is on while the states must be held.
    states
        About a hundred states `(…, unit)`, such as the states of trials at the time from which they
        must be held. At most 512 of them are followed. With fewer than three finite states, the
        verdict only says where they end.
    duration
        T: how long the task needs states to be held, in the unit of the system's dt or tau (ms).
        With None, the verdict only says where the states end.
    axis
        The axis along which states are read out, `(unit,)`. Without it the verdict says nothing
        about spread and order.
    axis_name
        The name of the axis in the sentences; None means "the axis".
    labels
        What the states stand for, a number or a text for each state: a dictionary from names, such
        as "f1" or "choice", to columns `(state,)`. The verdict says how well each of them can be
        decoded from the states at the beginning and after T, on conditions that the decoder has
        not seen, and what chance gives.
    points, cycles
        What `find_fixed_points` and `find_cycles` returned for this system; both are optional.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. After a stop, the ends
        of some states are not known. If the stop comes before 2 T, it is also unknown what holds
        the states.

    Returns
    -------
    Verdict
        The claims, and a few sentences that say them in words (`summary()`): what is kept, by
        what, where the states end, and what is not known.

    Raises
    ------
    InvalidInputError
        If the states or the axis do not have as many units as the system, or no state is finite. If
        the duration is not positive, or is longer than 25,000 steps of a map. If a label does not
        have one number or text for each state.

    References
    ----------
    Seung (1996) PNAS 93:13339; Sussillo & Barak (2013) Neural Comput. 25:626; Khona & Fiete (2022)
    Nat. Rev. Neurosci. 23:744; Wilson (1927) JASA 22:209.

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
    given = states_of(system, states, "states", least=0)
    finite = np.flatnonzero(np.isfinite(given).all(1))
    if not len(given):
        raise InvalidInputError(
            "there are no states: give a few dozen states, such as the states at the end of trials."
        )
    chosen = np.linspace(0, len(finite) - 1, min(AT.most_states, len(finite))).round().astype(int)
    rows = finite[np.unique(chosen)]
    along = None if axis is None else axis_of(system.size, axis)
    span = None if duration is None else _steps(system, duration)
    asked = Question(
        system=system,
        states=given[rows],
        rows=rows,
        span=None if len(rows) < 3 else span,
        axis=along,
        axis_name="the axis" if axis_name is None else axis_name,
        points=points,
        cycles=cycles,
        labels={name: of[rows] for name, of in labels_of(labels, len(given), "state").items()},
    )
    with watching("verdict", max_seconds, progress), one_blas_thread():
        return _answer(asked)


def _answer(asked: Question) -> Verdict:
    """Follow the states, and claim what was seen."""
    system, span = asked.system, asked.span
    pool = empty_pool(system.size, largest(system, asked.states))
    if asked.points is not None:
        pool = pool.with_points(system, asked.points, given=True)
    if span is None:
        ends = with_exponent(system, follow(system, asked.states, pool=pool))
        return recorded(asked, without_contradictions(asked, ends))
    seen = Recording(asked.states, span, system.kind == "map", asked.axis)
    ends = follow(system, asked.states, duration=span, pool=pool, look=seen.add)
    ends = without_contradictions(asked, with_exponent(system, ends))
    lost = ends.are(What.INFINITY)
    if is_over() and (ends.times[~lost] < 2 * span * (1 - 1e-12)).any():
        return not_followed(recorded(asked, ends), span * system.time_unit)
    return recorded(asked, ends, seen, holding.measured(system, ends, seen))


def _steps(system: AbstractSystem, duration: float) -> float:
    """Return a duration in units of the system: whole steps of a map."""
    span = duration / system.time_unit
    if system.kind == "flow":
        return span
    check_steps(span)
    return float(max(1, round(span)))


def check_steps(span: float) -> None:
    """Raise InvalidInputError for a duration in steps of a map that is longer than is followed."""
    if span > AT.most_steps / 2:
        raise InvalidInputError(
            f"a duration of {span:.6g} steps is too long: at most {AT.most_steps // 2} steps are "
            "followed; give the time over which the task asks for states to be held."
        )

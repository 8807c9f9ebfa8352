"""What holds the states of a system, and where do they end? From the arguments to the claims."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._types import Array, InvalidInputError, require_positive
from ..._watch import Watch, watching
from ...systems import AbstractSystem, require_system
from ..checks import axis_of, states_of
from ..cycles.search import Cycles
from ..fixed_points.points import FixedPoints
from ..following.end import Ends, What
from ..following.follower import MOST_STEPS, follow, no_look, scale_of
from ..following.pool import empty_pool
from . import holding
from .along import along_axis
from .answer import Verdict
from .claims import Claim, Held, Kind, Known, to_json
from .ending import detail, end_claims, name, with_exponent
from .recording import Recording

MOST_STATES = 512
MOST_MOVED = 10.0
"""Extents: of a movement by more no number is claimed."""
_TOLERANCE, _OF_CHAOS = 0.02, 0.1
"""Of order and spread; chaos makes much of small errors."""
_DRAWN = 16
"""Closed curves in the figure, at most."""


def verdict(
    system: AbstractSystem,
    states: Float[Array, "..."],
    *,
    duration: float | None = None,
    axis: Float[Array, " unit"] | None = None,
    axis_name: str = "the axis",
    points: FixedPoints | None = None,
    cycles: Cycles | None = None,
    max_seconds: float | None = None,
) -> Verdict:
    r"""Say what holds the states of a system over a duration, and where they end.

    The states are run on from where they are, without noise, at the input that is frozen in: for
    twice the duration T, and then until the ends of 95 % are known, or for max(20 T, 2,000 steps),
    at most 50,000. A verdict is a list of claims, which anyone can check by running the system on;
    docs/reference/verdict.md says what every word means, with its thresholds.

    * Where states *end*: a stable point, a closed curve with its period, a point of a continuum,
      motion within bounds that does not close, infinity; or it is not known. Shares come with
      Wilson's intervals.
    * What *holds* them over T: points, a line, a ring, a surface, a closed curve, a ghost, a slow
      path … or nothing. On a line states at rest stay, so do states that are put between them, and
      states that are put beside come back.
    * *Along the axis* a, such as the readout of a choice: which part is left at T of the spread of
      $a \cdot x$ over the states, and whether their order is kept.

    Parameters
    ----------
    system
        A map or a flow, with the input of the time over which states are to be held.
    states
        Where trials stand when that time begins `(…, unit)`, a hundred or so; 512 of them at most
        are followed.
    duration
        T in the unit of the system (ms, where dt or tau are): how long the task asks for states to
        be held. None: only where they end.
    axis
        What states are read out along `(unit,)`; None: nothing is said of it.
    axis_name
        What that is called in the sentence.
    points, cycles
        What `find_fixed_points` and `find_cycles` found of this system, with their proofs.
    max_seconds
        When to stop: the ends of states that were not followed so far are not known.

    Returns
    -------
    Verdict
        The claims, and three sentences at most (`summary()`).

    Raises
    ------
    InvalidInputError
        For states or an axis of another size than the system, no finite state, a duration that is
        not positive, or is longer than 25,000 steps of a map.
    SearchInterruptedError
        On Ctrl-C.

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
    system = require_system(system)
    given = states_of(system, states, "states", least=0)
    finite = np.flatnonzero(np.isfinite(given).all(1))
    if not len(finite):
        raise InvalidInputError("no state is finite: give some tens, such as where trials stand.")
    chosen = np.linspace(0, len(finite) - 1, min(MOST_STATES, len(finite))).round().astype(int)
    rows = finite[np.unique(chosen)]
    along = None if axis is None else axis_of(system, axis)
    span = None if duration is None else _steps(system, duration)
    with watching("verdict", max_seconds, None) as watch:
        return _verdict(
            system, given[rows], rows, span, along, str(axis_name), points, cycles, watch
        )


def _steps(system: AbstractSystem, duration: Any) -> float:
    """Return a duration in units of the system: whole steps of a map."""
    require_positive(duration, "duration")
    span = float(duration) / system.time_unit
    if system.kind == "flow":
        return span
    if span > MOST_STEPS / 2:
        raise InvalidInputError(
            f"a duration of {span:.0f} steps is too long: at most {MOST_STEPS // 2} steps are "
            "followed; give the time over which the task asks for states to be held."
        )
    return float(max(1, round(span)))


def _verdict(
    system: AbstractSystem,
    starts: np.ndarray,
    rows: np.ndarray,
    span: float | None,
    axis: np.ndarray | None,
    axis_name: str,
    points: FixedPoints | None,
    cycles: Cycles | None,
    watch: Watch,
) -> Verdict:
    if len(starts) < 3:
        span = None
    pool = empty_pool(system.size, max(scale_of(starts), float(np.abs(starts).max())))
    if points is not None:
        pool = pool.with_points(system, points, given=True)
    seen = None if span is None else Recording(starts, span, system.kind == "map", axis)
    look = no_look if seen is None else seen.add
    ends = follow(system, starts, duration=span, pool=pool, watch=watch, look=look)
    ends = with_exponent(system, ends)
    claims, ended = end_claims(system, ends, cycles)
    of_ends = list(claims)
    settings: dict[str, Any] = {}
    nan = np.full(1 if seen is None else len(seen.grid), np.nan)
    curves = {"spread": nan, "order": nan, "distance": nan}
    if seen is not None:
        m = holding.measured(system, ends, seen)
        found = holding.words(m, holding.Thresholds())
        claims += _held_claims(m, found, points)
        curves["distance"] = _distance(seen, m.extent)
        if axis is not None:
            recurs = ends.are(What.CURVE, What.BOUNDED).mean() >= 0.95
            recurs |= found[0].held in (Held.CYCLE, Held.RECURRENT)
            is_chaos = ends.exponent > 2 * ends.exponent_error
            kept = along_axis(seen, bool(recurs), _OF_CHAOS if is_chaos else _TOLERANCE)
            claims += _in_time(kept.claims, system.time_unit)
            curves |= {"spread": kept.spread, "order": kept.order}
        changes = holding.changed(m, holding.Thresholds())
        settings = {
            "held": str(found[0].held),
            "answer": found[0].answer,
            "extent": m.extent,
            "changes": ", ".join(f"{how}: {word}" for how, word in changes.items()),
        }
    numbers = [claim.numbers for claim in of_ends]
    nothing = np.full(system.size, np.nan)
    settled = starts if seen is None else seen.settled
    end_states = np.array([n.get("state", nothing) for n in numbers]).reshape(-1, system.size)
    drawn, end_drawn, curve_drawn = _drawn(settled, end_states, ends)
    verdict = Verdict(
        end=np.array([name(n) for n in numbers], str),
        share=np.array([n["share"] for n in numbers]),
        low=np.array([n["low"] for n in numbers]),
        high=np.array([n["high"] for n in numbers]),
        known=np.array([str(claim.known) for claim in of_ends], str),
        detail=np.array(["" for _ in numbers], str),
        end_states=end_states,
        drawn=drawn,
        end_drawn=end_drawn,
        curve_drawn=curve_drawn,
        times=np.zeros(1) if seen is None else seen.grid * system.time_unit,
        followed=rows,
        settled=settled,
        ended=ended,
        duration=float("nan") if span is None else span * system.time_unit,
        axis_name=axis_name if axis is not None else "",
        input=_input(system),
        system=system.kind,
        time_unit=system.time_unit,
        defects=_defects(ends, points),
        claims_text=to_json(claims),
        **curves,  # type: ignore[arg-type]
        **settings,
    )
    details = np.array([detail(n, verdict.time_units) for n in numbers], str)
    return dataclasses.replace(verdict, detail=details)


def _held_claims(
    m: holding.Measured, found: list[holding.Word], points: FixedPoints | None
) -> list[Claim]:
    """Return the claims on what holds the states over T."""
    claims = [
        Claim(
            Kind.HELD,
            {
                "word": str(word.held),
                "first": k == 0,
                "answer": word.answer,
                "pieces": word.pieces,
                "dimension": word.dimension,
                "attracting": word.attracting,
                "places": word.places,
            },
            0.1,
        )
        for k, word in enumerate(found)
    ]
    most = float(np.quantile(m.moved, 0.95, method="inverted_cdf"))
    if most <= MOST_MOVED and m.has_set:
        claims.append(Claim(Kind.MOVED, {"value": most}, 0.01))
    if holding.passes(m, holding.Thresholds()) and m.saddle is not None:
        claims.append(Claim(Kind.PASSES, {"state": m.saddle}, 0.01, Known.SOLVED))
    none = points is not None and points.complete and not (np.asarray(points.kind) == "fixed").any()
    if none:
        claims.append(Claim(Kind.NO_FIXED_POINT, {}, 0.0, Known.PROVED))
    return claims


def _in_time(claims: list[Claim], unit: float) -> list[Claim]:
    """Return claims with time constants in ms."""
    return [
        dataclasses.replace(c, numbers={"value": c.numbers["value"] * unit})
        if c.kind == Kind.SPREAD_TIME
        else c
        for c in claims
    ]


def _distance(seen: Recording, extent: float) -> np.ndarray:
    """Return how far states are from where they are at T, as a part of the extent `(time,)`."""
    with np.errstate(all="ignore"):
        away = np.linalg.norm(seen.places - seen.settled, axis=2)
    away = np.where(np.isfinite(away), away, np.inf)
    most = np.quantile(away, 0.95, axis=1, method="inverted_cdf")
    return np.where(np.isfinite(most) & (extent > 0), most / max(extent, 1e-300), np.nan)


def _drawn(
    settled: np.ndarray, end_states: np.ndarray, ends: Ends
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return settled states, ends and closed curves along two principal components."""
    curves = [curve.path for curve in ends.curves[:_DRAWN]]
    seen = np.concatenate([settled, end_states, *curves])
    seen = seen[np.isfinite(seen).all(1)]
    center = seen.mean(0) if len(seen) else np.zeros(settled.shape[1])
    axes = np.zeros((2, settled.shape[1]))
    if len(seen):
        directions = np.linalg.svd(seen - center, full_matrices=False)[2][:2]
        axes[: len(directions)] = directions
    apart = np.full((1, settled.shape[1]), np.nan)
    paths = np.concatenate([apart, *(part for path in curves for part in (path, apart))])
    with np.errstate(all="ignore"):
        first, second, third = ((part - center) @ axes.T for part in (settled, end_states, paths))
    return first, second, third


def _defects(ends: Ends, points: FixedPoints | None) -> str:
    """Say which ends contradict a proof: they are not among points that are proved to be all."""
    if points is None or not points.complete:
        return ""
    new = np.flatnonzero(ends.pool.label < 0)
    used = np.unique(ends.which[ends.are(What.POINT, What.UNSTABLE)])
    count = len(np.intersect1d(new, used))
    if not count:
        return ""
    return f"states end at {count} points that are not among those that are proved to be all"


def _input(system: AbstractSystem) -> str:
    """Write the input that is frozen in."""
    if system.input is None:
        return ""
    values = np.asarray(system.input, float).ravel()
    if not values.any():
        return "input 0"
    if len(values) > 6:
        return f"a constant input of {len(values)} channels"
    return "input " + ", ".join(f"{value:.4g}" for value in values).replace("-", "−")

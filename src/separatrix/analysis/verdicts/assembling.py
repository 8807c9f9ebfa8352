"""From what was followed and measured to a verdict: all claims, and the numbers of its figure."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ...systems import AbstractSystem
from ..cycles.cycle_search import Cycles
from ..fixed_points.points import FixedPoints
from ..following.end import Ends, What
from ..following.sizes import coincide
from ..following.thresholds import AT
from . import holding
from .along import along_axis
from .answer import Verdict, units_of
from .claims import Claim, Held, Kind, Known, to_json
from .decoding import Labels, decoded
from .ending import detail, end_claims, is_known, name
from .recording import Recording

_DRAWN = 16
"""Closed curves in the figure, at most."""


@dataclass(frozen=True)
class Question:
    """Question about `rows` of the given states, for `span` steps or tau (None: ends only)."""

    system: AbstractSystem
    states: Float[np.ndarray, "state unit"]
    rows: Int[np.ndarray, " state"]
    span: float | None
    axis: Float[np.ndarray, " unit"] | None
    axis_name: str
    points: FixedPoints | None
    cycles: Cycles | None
    labels: Labels


def without_contradictions(asked: Question, ends: Ends) -> Ends:
    """Return ends in which none contradicts a proof: those that do are not known, and said.

    Where it is proved that no fixed point is missing, or no cycle of a length, there is no other.
    """
    wrong = np.zeros(len(ends.what), bool)
    if asked.points is not None and asked.points.complete:
        at_point = ends.are(What.POINT, What.UNSTABLE)
        wrong[at_point] = ends.pool.label[ends.which[at_point]] < 0
    if asked.cycles is not None:
        lengths = set(np.asarray(asked.cycles.complete_lengths).tolist())
        for row in np.flatnonzero(ends.are(What.CURVE)):
            curve = ends.curves[ends.which[row]]
            wrong[row] = curve.steps in lengths and not is_known(
                curve, asked.system.time_unit, asked.cycles, any_stability=True
            )
    if not wrong.any():
        return ends
    text = f"{int(wrong.sum())} states end where it is proved that there is no point or cycle"
    return replace(ends.ended(wrong, What.UNKNOWN), defect=text)


def recorded(
    asked: Question,
    ends: Ends,
    seen: Recording | None = None,
    measured: holding.Measured | None = None,
) -> Verdict:
    """Return the verdict; without a recording, on ends alone."""
    system = asked.system
    claims, ended = end_claims(system, ends, asked.cycles)
    numbers = [claim.numbers for claim in claims]
    known = [str(claim.known) for claim in claims]
    units = units_of(system.kind, system.time_unit)
    settled = asked.states if seen is None else seen.settled
    nothing = np.full(system.size, np.nan)
    end_states = np.array([n.get("state", nothing) for n in numbers]).reshape(-1, system.size)
    drawn, end_drawn, curve_drawn = _drawn(settled, end_states, ends)
    over: dict[str, Any] = {"times": np.zeros(1), "spread": np.full(1, np.nan)}
    over |= {"order": over["spread"], "distance": over["spread"]}
    if seen is not None and measured is not None:
        found, over = _over_the_duration(asked, ends, seen, measured)
        claims = claims + found
    return Verdict(
        ends=np.array([name(n) for n in numbers], str),
        shares=np.array([n["share"] for n in numbers]),
        low=np.array([n["low"] for n in numbers]),
        high=np.array([n["high"] for n in numbers]),
        known=np.array(known, str),
        detail=np.array([detail(n, units) for n in numbers], str),
        end_states=end_states,
        states=asked.states,
        axis=nothing if asked.axis is None else asked.axis,
        followed=asked.rows,
        settled=settled,
        ended=ended,
        drawn=drawn,
        end_drawn=end_drawn,
        curve_drawn=curve_drawn,
        input=_input(system),
        system=system.kind,
        time_unit=system.time_unit,
        defects=ends.defect,
        claims_text=to_json(claims),
        **over,
    )


def not_followed(found: Verdict, duration: float) -> Verdict:
    """Return the verdict on ends where states were not followed for long enough to say more."""
    nothing = holding.Word(Held.UNKNOWN, "unknown")
    claims = [*found.claims, _held_claim(nothing, True)]
    return replace(
        found,
        held=str(Held.UNKNOWN),
        answer="unknown",
        duration=duration,
        claims_text=to_json(claims),
    )


def _over_the_duration(
    asked: Question, ends: Ends, seen: Recording, measured: holding.Measured
) -> tuple[list[Claim], dict[str, Any]]:
    """Return the claims on what holds the states over T and what is kept, and their fields."""
    unit = asked.system.time_unit
    words = holding.words(measured)
    claims = _held_claims(measured, words, asked.points)
    far = float(np.quantile(seen.drifted, 1 - AT.exceptions, method="inverted_cdf"))
    if (drift := far / measured.first_extent) <= AT.most_moved:
        claims.append(Claim(Kind.DRIFT, {"value": drift}, 0.01))
    claims += _decoded_claims(asked, seen)
    changes = holding.changed(measured)
    fields = {
        "times": seen.grid * unit,
        "spread": np.full(len(seen.grid), np.nan),
        "order": np.full(len(seen.grid), np.nan),
        "distance": _distance(seen, measured.extent),
        "held": str(words[0].held),
        "answer": words[0].answer,
        "duration": seen.duration * unit,
        "extent": measured.extent,
        "speed": seen.later_speed(),
        "changes": ", ".join(f"“{word}” with {how}" for how, word in changes.items()),
    }
    if asked.axis is not None:
        recurs = ends.are(What.CURVE, What.BOUNDED).mean() >= AT.exceptions
        recurs |= words[0].held in (Held.CYCLE, Held.RECURRENT)
        spread, order, kept = along_axis(seen, bool(recurs), unit)
        hidden = _is_lost(asked.system, ends, seen.duration) or coincide(asked.system, seen.starts)
        claims += [] if hidden else kept
        fields |= {"spread": spread, "order": order, "axis_name": asked.axis_name}
    return claims, fields


def _is_lost(system: AbstractSystem, ends: Ends, span: float) -> bool:
    """Whether chaos makes so much of small errors within 2 T that another run would differ."""
    if not ends.exponent > AT.sure * ends.exponent_error:
        return False
    error = np.finfo(float).eps if system.kind == "map" else AT.integration
    return bool(np.log(error) + 2 * span * ends.exponent > np.log(AT.much))


def _held_claims(
    m: holding.Measured, found: list[holding.Word], points: FixedPoints | None
) -> list[Claim]:
    """Return the claims on what holds the states over T."""
    claims = [_held_claim(word, k == 0) for k, word in enumerate(found)]
    most = float(np.quantile(m.moved, 1 - AT.exceptions, method="inverted_cdf"))
    if most <= AT.most_moved and m.has_set(AT):
        claims.append(Claim(Kind.MOVED, {"value": most}, 0.01))
    if holding.passes(m) and m.saddle is not None:
        claims.append(Claim(Kind.PASSES, {"state": m.saddle}, 0.01, Known.SOLVED))
    if points is not None and points.complete and "fixed" not in np.asarray(points.kind):
        claims.append(Claim(Kind.NO_FIXED_POINT, {}, 0.0, Known.PROVED))
    return claims


def _decoded_claims(asked: Question, seen: Recording) -> list[Claim]:
    """Return the claims on what can be decoded at the beginning and at T."""
    claims = []
    for label in asked.labels:
        kind, first, _ = decoded(seen.starts, seen.starts, asked.labels, label)
        _, value, chance = decoded(seen.settled, seen.starts, asked.labels, label)
        numbers = {"label": label, "as": kind, "first": first, "value": value, "chance": chance}
        if np.isfinite([first, value]).all():
            claims.append(Claim(Kind.DECODED, numbers, 0.05))
    return claims


def _held_claim(word: holding.Word, first: bool) -> Claim:
    """Return the claim that a word is true, and first."""
    numbers = {
        "word": str(word.held),
        "first": first,
        "answer": word.answer,
        "pieces": word.pieces,
        "dimension": word.dimension,
        "attracting": word.attracting,
        "connected": word.connected,
        "places": word.places,
    }
    return Claim(Kind.HELD, numbers, 0.1)


def _distance(seen: Recording, extent: float) -> np.ndarray:
    """Return how far states are from where they are at T, as a part of the extent `(time,)`."""
    with np.errstate(all="ignore"):
        away = np.linalg.norm(seen.places - seen.settled, axis=2)
    away = np.where(np.isfinite(away), away, np.inf)
    most = np.quantile(away, 1 - AT.exceptions, axis=1, method="inverted_cdf")
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


def _input(system: AbstractSystem) -> str:
    """Write the input that is frozen in."""
    if system.input is None:
        return ""
    values = np.asarray(system.input, float).ravel()
    if not values.any():
        return "input 0"
    if len(values) > 6:
        return f"the input of {len(values)} channels"
    return "input " + ", ".join(f"{value:.4g}" for value in values).replace("-", "−")

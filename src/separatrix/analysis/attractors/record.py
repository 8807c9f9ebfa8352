"""The verdict on a set of states, its evidence, and the evidence in words."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ..._records import Record, array, setting
from ..._types import Array
from ...systems import AbstractSystem


class ContinuousAttractor(Record):
    """What a set of settled states looks like, and what speaks for it.

    Leading axis: the states that were watched. `verdict` is "isolated points", "line", "ring",
    "plane", "manifold of dimension d", "moving" or "none".
    """

    states: Float[Array, "state unit"] = array("where the states were at the end of the watch")
    kept: Float[Array, " state"] = array(
        "distance to the neighbour at the end of the watch, as a part of that at its beginning"
    )
    drift: Float[Array, " state"] = array("distance moved during the watch")
    alignment: Float[Array, " examined"] = array(
        "cosine of the largest angle between the set and the slowest modes; NaN: isolated"
    )
    slow_times: Float[Array, " examined"] = array(
        "time constant of the fastest mode along the set", units="ms"
    )
    next_times: Float[Array, " examined"] = array(
        "time constant of the slowest mode across the set", units="ms"
    )
    verdict: str = setting("what the set is")
    reasons: str = setting("the evidence in words")
    dimension: int = setting("of the set; 0 for isolated points")
    groups: int = setting("number of points that the states gathered at, of isolated points")
    extent: float = setting("largest distance between two states")
    retention: float = setting("share of the states that kept their distance to a neighbour")
    relative_drift: float = setting(
        "median drift during the watch, as a part of the extent; of isolated points, of the starts'"
    )
    relative_speed: float = setting("median speed, as a part of that of the activity given")
    loop_birth: float = setting("distance at which the longest loop closes; NaN: no loop")
    loop_death: float = setting("distance at which it is filled; NaN: no loop")
    spectral_gap: float = setting("median ratio of the two time constants; NaN: isolated")
    duration: float = setting("length of the watch, and of the time to settle", units="ms")
    system: str = setting('"map" or "flow"')

    def summary(self) -> str:
        return f"ContinuousAttractor: {self.verdict} over {self.duration:.4g} ms; {self.reasons}"


def verdict_of(dimension: int, moving: bool, *, lasts: bool) -> str:
    """Name the set that the numbers speak for."""
    if moving:
        return "moving"
    if dimension == 1:
        return "ring" if lasts else "line"
    return {0: "isolated points", 2: "plane"}.get(dimension, f"manifold of dimension {dimension}")


def with_reasons(record: ContinuousAttractor, kept: float, *, lasts: bool) -> ContinuousAttractor:
    """Put the evidence into words."""
    part = "half" if kept == 0.5 else f"{kept:.0%} of"
    parts = [
        f"{record.retention:.0%} of {len(record)} states kept {part} the distance to a neighbour",
        f"the median one moved by {record.relative_drift:.1e} of the extent",
    ]
    if record.verdict == "isolated points":
        parts.append(f"the states gathered at {record.groups} places")
    if record.dimension == 1:
        parts.append(
            "no loop lasts"
            if not lasts
            else f"a loop lasts from {record.loop_birth:.3g} to {record.loop_death:.3g}"
        )
    if record.dimension:
        parts.append(f"|cos| of tangent and slowest mode {np.median(record.alignment):.3f}")
        parts.append(f"spectral gap {record.spectral_gap:.3g}")
    return replace(record, reasons="; ".join(parts))


def nowhere(
    system: AbstractSystem, starts: np.ndarray, duration: float, reason: str
) -> ContinuousAttractor:
    """Return the record of states that leave too few to tell anything."""
    nothing = np.zeros(0)
    return ContinuousAttractor(
        states=starts[:0],
        kept=nothing,
        drift=nothing,
        alignment=nothing,
        slow_times=nothing,
        next_times=nothing,
        verdict="none",
        reasons=reason,
        dimension=0,
        groups=0,
        extent=float("nan"),
        retention=0.0,
        relative_drift=float("nan"),
        relative_speed=float("nan"),
        loop_birth=float("nan"),
        loop_death=float("nan"),
        spectral_gap=float("nan"),
        duration=duration,
        system=system.kind,
    )

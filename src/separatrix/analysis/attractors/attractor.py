"""The verdict on a set of states, its evidence, and the evidence in words."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ..._records import Record, array, setting
from ..._types import Array
from ...systems import AbstractSystem
from .surfaces import Surface

_MOVES = 1e-6
"""Part of the speed of the activity above which states are not at rest."""


class ContinuousAttractor(Record):
    """What a set of settled states looks like, and what speaks for it.

    Leading axis: the states that were watched. `verdict` is "isolated points", "line", "ring",
    "manifold of dimension d", "moving", "none", or, of two dimensions, "plane" where it is flat,
    "surface" where it is curved. A curved one without an edge is a "closed surface", or "torus" or
    "sphere" where its loops tell; "cylinder" has an edge and a loop. What `edge` says is of the
    states: a sphere of which they cover a half is a surface with an edge.
    """

    states: Float[Array, "state unit"] = array("where the states were at the end of the watch")
    kept: Float[Array, " state"] = array(
        "distance to the neighbor at the end of the watch, as a part of that at its beginning"
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
    retention: float = setting("share of the states that kept their distance to a neighbor")
    relative_drift: float = setting(
        "median drift during the watch, as a part of the extent; of isolated points, of the starts'"
    )
    relative_speed: float = setting("median speed, as a part of that of the activity given")
    loop_birth: float = setting("distance at which the longest loop closes; NaN: no loop")
    loop_death: float = setting("distance at which it is filled; NaN: no loop")
    spectral_gap: float = setting("median ratio of the two time constants; NaN: isolated")
    duration: float = setting("length of the watch, and of the time to settle", units="ms")
    system: str = setting('"map" or "flow"')
    thickness: float = setting(
        "of a surface, across the plane that fits best, as a part of its shorter side; NaN: of "
        "another dimension",
        default=float("nan"),
    )
    edge: float = setting(
        "share of the states of a surface at an edge of it; NaN: not known", default=float("nan")
    )
    loops: int = setting("number of loops of a surface that last; −1: not known", default=-1)
    finest: float = setting(
        "width of the narrowest loop that the states of a surface would show; NaN: not known",
        default=float("nan"),
    )
    pieces: int = setting(
        "number of pieces, far apart, in which the states of a continuous set lie; 0: not known",
        default=0,
    )
    piece_gap: float = setting(
        "smallest distance between two pieces; NaN: one", default=float("nan")
    )

    def summary(self) -> str:
        return f"ContinuousAttractor: {self.verdict} over {self.duration:.4g} ms; {self.reasons}"


def verdict_of(dimension: int, moving: bool, *, lasts: bool, surface: Surface | None) -> str:
    """Name the set that the numbers speak for."""
    if moving:
        return "moving"
    if dimension == 1:
        return "ring" if lasts else "line"
    if surface is not None:
        return surface.name
    return f"manifold of dimension {dimension}" if dimension else "isolated points"


def with_reasons(record: ContinuousAttractor, kept: float, *, lasts: bool) -> ContinuousAttractor:
    """Put the evidence into words."""
    part = "half" if kept == 0.5 else f"{kept:.0%} of"
    parts = [
        f"{record.retention:.0%} of {len(record)} states kept {part} the distance to a neighbor",
        f"the median one moved by {record.relative_drift:.1e} of the extent",
    ]
    if record.verdict == "isolated points":
        parts.append(f"the states gathered at {record.groups} places")
        if record.relative_speed > _MOVES:
            parts.append(
                f"they still move, at {record.relative_speed:.1e} of the speed that they began with"
            )
    if record.pieces > 1:
        parts.append(f"the states lie in {record.pieces} pieces, {record.piece_gap:.3g} apart")
    if record.dimension == 1:
        parts.append(
            "no loop lasts"
            if not lasts
            else f"a loop lasts from {record.loop_birth:.3g} to {record.loop_death:.3g}"
        )
    if record.dimension == 2:
        parts += _of_surface(record)
    if record.dimension:
        parts.append(f"|cos| of tangent and slowest mode {np.median(record.alignment):.3f}")
        parts.append(f"spectral gap {record.spectral_gap:.3g}")
    return replace(record, reasons="; ".join(parts))


def _of_surface(record: ContinuousAttractor) -> list[str]:
    flatness = f"off the nearest plane by {record.thickness:.1e} of its shorter side"
    if np.isnan(record.edge):
        return [flatness, "too few states to tell edges and loops: give some hundreds"]
    loops = {0: "no loop lasts", 1: "one loop lasts"}.get(
        record.loops, f"{record.loops} loops last"
    )
    if record.verdict == "closed surface":
        loops += (
            f" (one narrower than {record.finest:.2g} would not show: give more states, "
            "Watching(max_states=…))"
        )
    return [flatness, f"{record.edge:.0%} of the states lie at an edge", loops]


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

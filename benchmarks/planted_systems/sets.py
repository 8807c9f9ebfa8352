"""Planted lines, rings and planes: at rest over T, but for bumps, leaks and drifts."""

from typing import Any

import numpy as np

from .few import (
    ALL,
    SOME,
    TAU,
    Few,
    Rng,
    box,
    circle,
    column,
    decay,
    disc,
    many,
    resting,
    settling,
    spread,
    turned,
)


def waves(rng: Rng, variables: int) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies and phases of four sines of each variable."""
    return rng.normal(size=(4, variables)) * 2.5, rng.uniform(0, TAU, (variables, 4))


def wave(xp: Any, z: Any, frequencies: Any, phases: Any) -> Any:
    """Return a smooth function of z with values in [−1, 1]."""
    return xp.stack([xp.mean(xp.sin(frequencies @ z + column(p, z)), axis=0) for p in phases])


def stretch(xp, z, size, frequencies, phases):
    return size * wave(xp, z, frequencies, phases) + 20.0 * (xp.clip(z, -1.2, 1.2) - z)


def band(xp, z, size, frequencies, phases):
    back = 20.0 * z * (1 - xp.sum(z**2, axis=0))
    return back + size * wave(xp, z, frequencies, phases)[0] * turned(xp, z)


def rough(rng: Rng) -> float:
    """Return the size of a perturbation: it moves states by at most this part of half the extent."""
    return 0.0 if rng.random() < 0.3 else spread(rng, 0.005, 0.3)


def line(rng: Rng) -> Few:
    size, starts = rough(rng), box(rng, -1, 1)
    ends = {"continuum": ALL} if size == 0 else {"point": SOME, "unknown": SOME}
    why = f"a line, pushed along by at most {size:.3f} of half its extent in T"
    return Few(stretch, (size, *waves(rng, 1)), starts, why, ends=ends, rate=20.0, curved=True)


def plane(rng: Rng) -> Few:
    size, starts = rough(rng), box(rng, -1, 1, 2)
    ends = {"continuum": ALL} if size == 0 else None
    why = f"a square, pushed along by at most {size:.3f} of half its extent in T"
    return Few(
        stretch, (size, *waves(rng, 2)), starts, why, ends=ends, rate=20.0, curved=True, round=3.0
    )


def ring(rng: Rng) -> Few:
    size, starts = rough(rng), disc(rng, 0.7, 1.3)
    ends = {"continuum": ALL} if size == 0 else {"point": SOME, "curve": SOME, "unknown": SOME}
    why = f"a circle, pushed along by at most {size:.3f} of its radius in T"
    return Few(
        band, (size, *waves(rng, 2)), starts, why, ends=ends, rate=40.0, curved=True, round=3.0
    )


def bumps(xp, z, rate, pitch, first):
    return -(rate / column(pitch, z)) * xp.sin(column(pitch, z) * (z - column(first, z)))


def bumpy(rng: Rng, variables: int, most: int) -> Few:
    """Wells side by side, with an unstable point between two; the rate is that at both."""
    wells, rate = rng.integers(2, most + 1, variables), spread(rng, 0.1, 40)
    starts = box(rng, -1, 1, variables)
    first, gap = -1 + 1 / wells, 2 / wells
    cell = np.clip(np.floor((starts + 1) / gap[:, None]), 0, wells[:, None] - 1)
    at = first[:, None] + cell * gap[:, None]
    away = np.abs(np.tan(np.clip(TAU / gap[:, None] * (starts - at) / 2, -1.5707, 1.5707)))
    sides = [first[i] + gap[i] / 2 * np.arange(-1, 2 * wells[i]) for i in range(variables)]
    fixed = np.array([p.ravel() for p in np.meshgrid(*sides)])
    why = f"{'×'.join(map(str, wells))} wells side by side, {rate:.2f} e-folds per T"
    return Few(
        bumps, (rate, TAU / gap, first), starts, why, at=at, **settling(away, 0.2, rate), fixed=fixed,
        rate=rate, curved=True, attracting=variables == 1 or None, round=3.0,
    )  # fmt: skip


def bumpy_line(rng: Rng) -> Few:
    return bumpy(rng, 1, 6)


def bumpy_plane(rng: Rng) -> Few:
    return bumpy(rng, 2, 4)


def ring_bumps(xp, z, rate, wells, first):
    speed = -(rate / wells) * xp.sin(wells * (xp.arctan2(z[1], z[0]) - first))
    return 20.0 * z * (1 - xp.sum(z**2, axis=0)) + speed * turned(xp, z)


def bumpy_ring(rng: Rng) -> Few:
    wells, rate, first = int(rng.integers(2, 13)), spread(rng, 0.1, 40), rng.uniform(0, TAU)
    starts = disc(rng, 0.7, 1.3)
    phase = (np.arctan2(starts[1], starts[0]) - first) * wells / TAU
    at = first + TAU * np.round(phase) / wells
    away = np.abs(np.tan(np.clip(np.pi * (phase - np.round(phase)), -1.5707, 1.5707)))
    angles = first + np.pi * np.arange(2 * wells) / wells
    fixed = np.column_stack([circle(angles), np.zeros(2)])
    why = f"{wells} wells on a circle, {rate:.2f} e-folds per T"
    return Few(
        ring_bumps, (rate, float(wells), first), starts, why, at=circle(at), **settling(away[None], 0.2, rate),
        fixed=fixed, rate=max(rate, 40.0), curved=True, round=3.0,
    )  # fmt: skip


def pair(xp, z, pace, gain):
    return pace * (xp.maximum(1 - gain * z[::-1], 0.0) - z)


def pair_of(rng: Rng, time: float) -> Few:
    """Two units that inhibit each other: a line that leaks with `time`, exact where that is infinite."""
    pace = spread(rng, 6, 40)
    gain, along = 1 - 1 / (time * pace), box(rng, 0.1, 0.9)
    off = 0.05 * rng.normal(size=along.shape)
    starts, rest = np.vstack([along, 1 - along]) + off, 1 / (1 + gain)
    told = resting(starts) | {"at": np.full_like(starts, rest), "fixed": np.full((2, 1), rest)}
    why = f"the exact pair with a gain of {gain:.5f}: leaks with {time:.2f} T"
    return Few(pair, (pace, gain), starts, why, rate=2 * pace, **told)


def few_conditions(rng: Rng) -> Few:
    """States at a few values along an exact line, those of one value at one place."""
    return at_values(rng, 0.0)


def few_clumps(rng: Rng) -> Few:
    """The same, where those of one value start beside one another, and settle at nearly one place."""
    return at_values(rng, 0.05)


def at_values(rng: Rng, off: float) -> Few:
    """The exact line of two rectified units, with states at 2 to 16 values along it."""
    number, count, pace = int(rng.integers(2, 17)), many(rng), spread(rng, 6, 40)
    apart = np.arange(number) + rng.uniform(0, 0.6, number)
    values = 0.05 + 0.9 * apart / (number - 0.4)
    which = np.concatenate([np.arange(number), rng.integers(0, number, count - number)])
    starts = np.array([values[which], 1 - values[which]]) + off * rng.normal(size=count)
    why = f"an exact line, {count} states at {number} values along it"
    ends = {"continuum": ALL, "unknown": (0.0, 0.05)}
    told = {"words": frozenset({"line"}), "ends": ends, "twins": which if off == 0 else None}
    return Few(pair, (pace, 1.0), starts, why, rate=2 * pace, **told)


def leak(rng: Rng) -> Few:
    time, low = spread(rng, 0.5, 20), float(rng.choice([-1.0, 0.3]))
    if rng.random() < 0.4:
        return pair_of(rng, time)
    starts, why = box(rng, low, 1), f"a line from {low} to 1 that leaks to 0 with {time:.2f} T"
    return Few(decay, (np.array([1 / time]),), starts, why, rate=2.0, **resting(starts))


def beside(xp, z, half, apart):
    return xp.stack([0.0 * z[0], half * z[1] * (1 - (z[1] / apart) ** 2)])


def two_lines(rng: Rng) -> Few:
    rate, apart, count = spread(rng, 8, 40), rng.uniform(1.3, 2.5), many(rng)
    starts = np.array([rng.uniform(-1, 1, count), apart * rng.uniform(-1.3, 1.3, count)])
    ends = {"continuum": ALL, "unknown": (0.0, 0.05)}
    why = f"two exact lines, {2 * apart:.2f} apart and 2 long"
    return Few(
        beside,
        (rate / 2, apart),
        starts,
        why,
        ends=ends,
        rate=2 * rate,
        never=frozenset({"surface"}),
        round=2.0,
    )


def leaking_plane(rng: Rng) -> Few:
    time, starts = (
        spread(rng, *[(0.1, 0.16), (0.8, 20)][int(rng.random() < 0.7)]),
        box(rng, -1, 1, 2),
    )
    ends = {"continuum": ALL if time < 0.9 else SOME, "unknown": (0.0, 0.05 if time < 0.9 else 1.0)}
    why = f"a square whose second variable leaks with {time:.2f} T"
    return Few(decay, (np.array([0.0, 1 / time]),), starts, why, ends=ends, rate=10.0, round=2.0)


def sliding(xp, z, speed, end):
    return speed * (1 - (z / end) ** 2)


def drift(rng: Rng) -> Few:
    speed, end, starts = (
        spread(rng, 0.02, 3) * rng.choice([-1, 1]),
        float(rng.choice([20.0, 1e9])),
        box(rng, -1, 1),
    )
    ends = {"unknown": (1.0, 1.0)} if end > 20 else {"point": SOME, "unknown": SOME}
    at = np.full_like(starts, 20 * np.sign(speed)) if end == 20 else None
    fixed = np.array([[-end, end]])
    return Few(
        sliding,
        (speed, end),
        starts,
        f"drifts by {speed:.3f} of half the extent in T",
        ends=ends,
        at=at,
        fixed=fixed,
        known=False,
        rate=1.0,
    )

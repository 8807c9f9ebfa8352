"""Planted flows that do not come to rest: closed curves, tori, chaos."""

from typing import Any

import numpy as np

from .few import ALL, GOLDEN, SOME, TAU, Few, Rng, box, circle, disc, many, spread, turned
from .points import focus

CYCLE, RECURRENT = frozenset({"cycle"}), frozenset({"recurrent"})

CURVE = {"curve": ALL, "unknown": (0.0, 0.05)}

BOUNDED = {"bounded": ALL, "unknown": (0.0, 0.05)}


def held_by(period: float) -> frozenset[str] | None:
    """Return the word of a cycle: of a period beyond T the page is to be applied."""
    return CYCLE if period < 0.9 else None


def off_one(rng: Rng, low: float, high: float) -> float:
    """Return a number between two, away from 1: the page asks whether a period is at most T."""
    while 0.9 < (value := spread(rng, low, high)) < 1.12:
        pass
    return value


def hopf(xp, z, growth, turning, uneven):
    """The unit circle, along which the angle grows by turning (1 + uneven cos)."""
    back = growth * z * (1 - xp.sum(z**2, axis=0))
    return back + turning * (1 + uneven * z[0]) * turned(xp, z)


def limit_cycle(rng: Rng) -> Few:
    period, uneven = off_one(rng, 0.004, 3), float(rng.choice([0.0, rng.uniform(0.1, 0.8)]))
    turning, starts = TAU / (period * np.sqrt(1 - uneven**2)), disc(rng, 0.7, 1.3)
    later = None if uneven else circle(np.arctan2(starts[1], starts[0]) + turning)
    why = f"a circle with a period of {period:.4f} T, uneven by {uneven:.2f}"
    return Few(
        hopf,
        (20.0, turning, uneven),
        starts,
        why,
        held_by(period),
        CURVE,
        period=period,
        later=later,
        recurs=True,
        round=3.0,
    )


def weak_hopf(rng: Rng) -> Few:
    duration, turns = rng.uniform(1000, 2000), spread(rng, 20, 450)
    pace, starts = spread(rng, 0.03, 0.1) * duration, disc(rng, 0.1, 1.5)
    later = circle(np.arctan2(starts[1], starts[0]) + TAU * duration / turns)
    why = f"Hopf oscillator {pace / duration:.3f} (1 − |x|²), P = {turns:.1f}, T = {duration:.0f}"
    numbers = (pace, TAU * duration / turns, 0.0)
    return Few(
        hopf, numbers, starts, why, CYCLE, CURVE, period=turns / duration, later=later, recurs=True
    )


PERIODS = {1.0: 6.6632868593, 5.0: 11.6122306678, 10.0: 19.0783695669}


def van_der_pol(xp, z, pace, mu):
    return pace * xp.stack([z[1], mu * (1 - z[0] ** 2) * z[1] - z[0]])


def relaxation(rng: Rng) -> Few:
    mu = float(rng.choice(list(PERIODS)))
    period = off_one(rng, 0.05, 2.5 if mu == 1 else 0.9)
    why = f"van der Pol, μ = {mu:g}, period {period:.3f} T"
    numbers = (PERIODS[mu] / period, mu)
    return Few(
        van_der_pol,
        numbers,
        disc(rng, 0.5, 2.5),
        why,
        held_by(period),
        CURVE,
        period=period,
        recurs=True,
    )


def center(rng: Rng) -> Few:
    """A neutral oscillation: curves beside one another."""
    period, starts = spread(rng, 0.01, 0.88), disc(rng, 0.2, 1)
    angle = TAU / period
    later = np.cos(angle) * starts + np.sin(angle) * np.array([-starts[1], starts[0]])
    why = f"a neutral oscillation, a turn in {period:.4f} T"
    return Few(
        focus,
        (0.0, angle),
        starts,
        why,
        CYCLE,
        CURVE,
        period=period,
        later=later,
        family=True,
        recurs=True,
    )


def line_and_cycle(xp, z, turning):
    return xp.concatenate([0.0 * z[:1], hopf(xp, z[1:], 20.0, turning, 0.0)])


def line_times_cycle(rng: Rng) -> Few:
    period, around = spread(rng, 0.02, 0.5), disc(rng, 0.7, 1.3)
    along, turning = rng.uniform(-1, 1, around.shape[1]), TAU / period
    later = np.vstack([along, circle(np.arctan2(around[1], around[0]) + turning)])
    why = f"a line of cycles with a period of {period:.3f} T"
    starts = np.vstack([along, around])
    return Few(
        line_and_cycle,
        (turning,),
        starts,
        why,
        CYCLE,
        CURVE,
        period=period,
        later=later,
        family=True,
        recurs=True,
        round=3.0,
    )


def two_circles(xp, z, turning, other):
    return xp.concatenate([hopf(xp, z[:2], 20.0, turning, 0.0), hopf(xp, z[2:], 20.0, other, 0.0)])


def torus(rng: Rng) -> Few:
    period, starts = spread(rng, 0.05, 0.5), disc(rng, 0.7, 1.3)
    other = period * (1 + GOLDEN)
    angles = rng.uniform(0, TAU, starts.shape[1])
    later = np.vstack(
        [circle(np.arctan2(starts[1], starts[0]) + TAU / period), circle(angles + TAU / other)]
    )
    why = f"a torus with periods of {period:.3f} and {other:.3f} T"
    starts = np.vstack([starts, circle(angles) * rng.uniform(0.8, 1.2, len(angles))])
    numbers = (TAU / period, TAU / other)
    return Few(
        two_circles,
        numbers,
        starts,
        why,
        RECURRENT,
        BOUNDED,
        exponent=(-0.05, 0.05),
        later=later,
        recurs=True,
        round=3.0,
    )


def bistable_cycle(xp, z, turning, rim):
    r2 = xp.sum(z**2, axis=0)
    return -10.0 * (1 - r2 / rim**2) * (1 - r2) * z + turning * turned(xp, z)


def cycle_beside_point(rng: Rng) -> Few:
    period, rim, count = spread(rng, 0.05, 0.6), rng.uniform(0.4, 0.7), many(rng)
    within = round(count * rng.uniform(0.15, 0.85))
    inside, outside = (
        disc(rng, 0.05, 0.85 * rim, within),
        disc(rng, 1.15 * rim, 1.3, count - within),
    )
    starts = np.hstack([inside, outside])
    part = within / count
    at = np.where(np.arange(count) < within, 0.0, np.nan) * np.ones((2, 1))
    ends = {"point": (part - 0.05, part), "curve": (0.95 - part, 1 - part), "unknown": (0.0, 0.05)}
    why = f"a point and, beyond a radius of {rim:.2f}, a cycle with a period of {period:.3f} T"
    return Few(
        bistable_cycle,
        (TAU / period, rim),
        starts,
        why,
        frozenset({"mixture"}),
        ends,
        at=at,
        period=period,
        recurs=True,
        round=3.0,
    )


def lorenz_field(xp, z, pace):
    x, y, s = z[0], z[1], z[2]
    return pace * xp.stack([10.0 * (y - x), x * (28.0 - s) - y, x * y - 8.0 / 3.0 * s])


def lorenz(rng: Rng) -> Few:
    duration = spread(rng, 5, 40)
    starts = box(rng, -10, 10, 3) + np.array([[0.0], [0.0], [25.0]])
    told = (0.9056 * 0.93 * duration, 0.9056 * 1.07 * duration)
    return Few(
        lorenz_field,
        (duration,),
        starts,
        f"Lorenz, T = {duration:.1f}",
        RECURRENT,
        BOUNDED,
        exponent=told,
        recurs=True,
    )


def rossler_field(xp, z, pace):
    x, y, s = z[0], z[1], z[2]
    return pace * xp.stack([-y - s, x + 0.2 * y, 0.2 + s * (x - 5.7)])


def rossler(rng: Rng) -> Few:
    duration, flat = spread(rng, 30, 200), disc(rng, 3, 7)
    starts = np.vstack([flat, rng.uniform(0, 0.5, flat.shape[1])])
    told = (0.0714 * 0.85 * duration, 0.0714 * 1.15 * duration)
    return Few(
        rossler_field,
        (duration,),
        starts,
        f"Rössler, T = {duration:.1f}",
        RECURRENT,
        BOUNDED,
        exponent=told,
        recurs=True,
    )


def may_leonard_field(xp, z, pace, a, b):
    nearest = xp.concatenate([z[1:], z[:1]])
    other = xp.concatenate([z[2:], z[:2]])
    return pace * z * (1 - z - a * nearest - b * other)


def may_leonard(rng: Rng) -> Few:
    """Comes ever nearer to a cycle of three saddles, and stays at each ever longer.

    It is not mixed: what rounding makes of numbers near 0 would cross over to negative ones.
    """
    duration, starts = spread(rng, 20, 60), box(rng, 0.05, 1, 3)
    a, b = rng.uniform(0.6, 0.8), rng.uniform(1.4, 1.7)
    words = frozenset({"recurrent", "unstable point", "moving"})
    ends: dict[str, Any] = {"bounded": SOME, "unknown": SOME, "unstable point": SOME}
    return Few(
        may_leonard_field,
        (duration, a, b),
        starts,
        f"May–Leonard, {a:.2f}, {b:.2f}, T = {duration:.0f}",
        words,
        ends,
        plain=True,
        recurs=True,
    )

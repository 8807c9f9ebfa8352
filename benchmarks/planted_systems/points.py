"""Planted points: wells, what comes to them late, what passes a saddle or none, what goes to infinity."""

from typing import Any

import numpy as np

from .few import ALL, SOME, TAU, Few, Rng, box, decay, disc, many, resting, settling, spread, turned


def wells(xp, z, rate, place):
    return rate * z * (1 - (z / place) ** 2)


def in_wells(
    rng: Rng, half: float, starts: np.ndarray, why: str, place: float = 1.0, **more: Any
) -> Few:
    """Two wells of each variable, at ±place, with a rate of `half` at 0 and −2 half in the wells."""
    at, q = place * np.sign(starts), np.minimum((starts / place) ** 2, 0.999)
    away = (1 - q) / np.maximum(q, 1e-300)  # falls as e^(−2 half t)
    sides = np.meshgrid(*[place * np.array([-1.0, 0.0, 1.0])] * len(starts))
    fixed = np.array([p.ravel() for p in sides])
    told = settling(away, 0.2, 2 * half) | {"rate": 4 * half} | more
    return Few(wells, (half, place), starts, why, at=at, fixed=fixed, **told)


def discrete(rng: Rng) -> Few:
    variables = int(rng.integers(1, 4))
    rate = spread(rng, 8 if variables == 3 else 0.1, 40)
    why = f"two wells of each of {variables} variables, {rate:.2f} e-folds per T"
    return in_wells(
        rng,
        rate / 2,
        box(rng, -1.3, 1.3, variables),
        why,
        curved=variables < 3,
        attracting=variables == 1 or None,
        round=3.0,
    )


def slow_wells(rng: Rng) -> Few:
    half, width, count = spread(rng, 0.1, 2), spread(rng, 0.03, 0.4), many(rng)
    side = np.where(rng.random(count) < rng.uniform(0.3, 0.7), 1.0, -1.0)
    starts = (side + width * rng.uniform(-1, 1, count))[None]
    return in_wells(
        rng, half, starts, f"clumps of ± {width:.2f} around two wells at ±1, ε T = {half:.2f}"
    )


def parting(rng: Rng) -> Few:
    time = spread(rng, 0.15, 20)
    return in_wells(
        rng, 1 / time, box(rng, -1, 1), f"parts from 0 with {time:.2f} T, ends at ±20", place=20.0
    )


def one_point(rng: Rng) -> Few:
    variables = int(rng.integers(1, 4))
    rates, starts = (
        np.exp(rng.uniform(np.log(4), np.log(40), variables)),
        box(rng, -1.3, 1.3, variables),
    )
    return Few(
        decay,
        (rates,),
        starts,
        f"one point, rates {rates.round(1)}",
        rate=40.0,
        curved=True,
        **resting(starts),
    )


def saturated(xp, z, pace, gain):
    return pace * (xp.tanh(-gain * z) - z)


def saturated_start(rng: Rng) -> Few:
    gain, pace = spread(rng, 35, 200), spread(rng, 5, 60)
    starts = rng.choice([-1.0, 1.0], (3, many(rng)))
    starts = starts * rng.uniform(0.6, 1.0, starts.shape)
    later = np.zeros_like(starts)
    why = f"three units −x + tanh(−{gain:.0f} x), T = {pace:.1f} τ, from |x| > 0.6"
    return Few(
        saturated, (pace, gain), starts, why, frozenset({"point"}), later=later, **resting(starts)
    )


def marginal(xp, z, rate):
    return -rate * z**3


def algebraic(rng: Rng) -> Few:
    rate, starts = spread(rng, 0.1, 100), box(rng, -1, 1)
    why = f"−{rate:.2f} z³: comes to a marginal point as 1/√t"
    return Few(
        marginal,
        (rate,),
        starts,
        why,
        ends={"unknown": (1.0, 1.0)},
        fixed=np.zeros((1, 1)),
        rate=3 * rate,
    )


def too_short(rng: Rng) -> Few:
    variables = int(rng.choice([5, 10, 30]))
    rates, starts = rng.uniform(0.02, 0.1, variables), box(rng, -1, 1, variables)
    told = resting(starts) | {"ends": {"point": SOME, "unknown": SOME}, "attracting": False}
    why = f"{variables} variables, each with a time constant of 10 to 50 T: nothing moves, nothing attracts"
    return Few(decay, (rates,), starts, why, rate=0.1, round=2.0, **told)


def saddle(xp, z, rate):
    return xp.stack([rate * z[0] * (1 - z[0] / 20), -6.0 * z[1]])


def stable_set(rng: Rng) -> Few:
    starts = np.vstack([np.zeros(count := many(rng)), rng.uniform(-1, 1, count)])
    why = "states exactly on the stable set of a saddle"
    return Few(
        saddle, (spread(rng, 1, 10),), starts, why, at=np.full_like(starts, np.nan), fixed=np.array([[0.0, 20], [0, 0]]),
        ends={"unstable point": ALL, "unknown": (0.0, 0.05)}, rate=12.0, plain=True,
    )  # fmt: skip


def passing(rng: Rng) -> Few:
    rate, count = rng.uniform(4, 12), many(rng)
    first = np.exp(-rate) * rng.uniform(0.6, 1.6, count)
    starts = np.array([first, rng.choice([-1, 1], count) * rng.uniform(0.5, 1, count)])
    at, fixed = np.array([[20.0], [0.0]]) * np.ones(count), np.array([[0.0, 20.0], [0.0, 0.0]])
    why = f"passes the saddle at 0 (rates {rate:.2f}, −6), ends at 20"
    return Few(
        saddle,
        (rate,),
        starts,
        why,
        ends={"point": ALL, "unknown": (0, 0.05)},
        at=at,
        fixed=fixed,
        rate=15.0,
        saddle=np.zeros(2),
    )


def bottleneck(xp, z, rate, narrow):
    return rate * (narrow**2 + z**2) / (1 + 4 * z**2) * xp.tanh(2.0 - z)


def ghost(rng: Rng) -> Few:
    narrow, passage = rng.uniform(0.02, 0.06), spread(rng, 0.7, 6)
    rate, starts = np.pi / (passage * narrow), box(rng, -1, -0.5)
    why = f"passes where no fixed point is (n² + z², n = {narrow:.3f}) in about {passage:.2f} T, ends at 2"
    ends = {"point": ALL, "unknown": (0, 0.05)}
    return Few(
        bottleneck,
        (rate, narrow),
        starts,
        why,
        ends=ends,
        at=np.full_like(starts, 2.0),
        fixed=np.full((1, 1), 2.0),
        never=frozenset(),
        rate=rate / 3,
    )


def focus(xp, z, growth, turning):
    return growth * z + turning * turned(xp, z)


def spiral(rng: Rng, sign: int) -> Few:
    time, period, starts = (
        spread(rng, 8 if sign < 0 else 5, 50),
        rng.uniform(0.1, 0.6),
        disc(rng, 0.2, 1),
    )
    told = (
        resting(starts)
        if sign < 0
        else {"ends": {"unknown": (1.0, 1.0)}, "fixed": np.zeros((2, 1))}
    )
    why = f"a spiral {'in' if sign < 0 else 'out'} with {time:.1f} T, a turn in {period:.2f} T"
    return Few(focus, (sign / time, TAU / period), starts, why, round=4.0, **told)


def spiral_in(rng: Rng) -> Few:
    return spiral(rng, -1)


def spiral_out(rng: Rng) -> Few:
    return spiral(rng, 1)


def cubic(xp, z, rate):
    return rate * (z**3 - z)


def beside_infinity(rng: Rng) -> Few:
    rate, count = spread(rng, 3, 30), many(rng)
    beyond = rng.permutation(count) < round(count * (part := rng.uniform(0.4, 0.49)))
    size = np.where(beyond, rng.uniform(1.1, 2, count), rng.uniform(0, 0.9, count))
    starts, part = (size * rng.choice([-1, 1], count))[None], beyond.mean()
    ends = {
        "point": (0.95 - part, 1 - part),
        "infinity": (part - 0.05, part),
        "unknown": (0.0, 0.05),
    }
    at = np.where(beyond, np.nan, 0.0)[None]
    why = f"−x + x³, {part:.0%} of the states beyond 1"
    return Few(cubic, (rate,), starts, why, frozenset({"mixture"}), ends, at=at, rate=5 * rate)


def diverging(rng: Rng) -> Few:
    ends = {"infinity": ALL, "unknown": (0.0, 0.05)}
    if rng.random() < 0.5:
        starts = box(rng, 1.1, 2)
        why = "−x + x³, all states beyond 1"
        return Few(
            cubic,
            (rate := spread(rng, 3, 30),),
            starts,
            why,
            frozenset({"diverging"}),
            ends,
            rate=5 * rate,
        )
    time, starts = spread(rng, 0.05, 0.7), box(rng, -1, 1)
    why = f"grows without end with {time:.2f} T"
    return Few(
        decay, (np.array([-1 / time]),), starts, why, frozenset({"diverging"}), ends, rate=1 / time
    )


def chain(xp, z, pace):
    return pace * (xp.concatenate([0.0 * z[:1], z[:-1]]) - z)


def lags(rng: Rng) -> Few:
    """A delay line of lags in a row: one Jordan block, so that the distance falls as t^k e^(−t)."""
    k, starts = 5, box(rng, -1, 1, 5)
    pace = float(rng.choice([spread(rng, 1.5, 2.5), spread(rng, 14, 60)]))
    why = f"{k} lags in a row, T = {pace:.1f} time constants"
    word = "point" if pace > 10 else "moving"
    return Few(chain, (pace,), starts, why, frozenset({word}), **resting(starts))

"""Planted maps: cycles of a few steps, invariant circles, shift registers, chaos of one variable."""

import numpy as np

from .cycles import BOUNDED, CURVE, CYCLE, RECURRENT
from .few import GOLDEN, TAU, Few, Rng, box, circle, disc, resting, spread, turned


def turning_map(xp, z, angle, back):
    """Turn by an angle, and come nearer to the unit circle."""
    radius = xp.sqrt(xp.sum(z**2, axis=0))
    return (xp.cos(angle) * z + xp.sin(angle) * turned(xp, z)) * (1 + back * (1 - radius))


def steps(rng: Rng, low: float, high: float) -> int:
    return round(spread(rng, low, high))


def turn_by_part(rng: Rng) -> Few:
    """Turn by p/k: cycles of k steps, side by side on an attracting circle, or (neutral) everywhere."""
    k, count = int(rng.choice([5, 7, 8, 11, 12])), steps(rng, 200, 2000)
    turns = (
        int(rng.choice([p for p in range(1, k // 2 + 1) if np.gcd(p, k) == 1]))
        if rng.random() < 0.5
        else 1
    )
    back, starts = float(rng.choice([0.1, 0.1, 0.0])), disc(rng, 0.5, 1.5)
    angle = TAU * turns / k
    radius = np.linalg.norm(starts, axis=0) if back == 0 else 1.0
    later = radius * circle(np.arctan2(starts[1], starts[0]) + angle * count)
    why = f"turns by {turns}/{k} a step ({'neutral' if back == 0 else 'on an attracting circle'}), T = {count} steps"
    return Few(
        turning_map,
        (angle, back),
        starts,
        why,
        CYCLE,
        CURVE,
        steps=count,
        period=k / count,
        later=later,
        family=True,
        recurs=True,
    )


def invariant_circle(rng: Rng) -> Few:
    period, count, starts = rng.integers(3, 26) + GOLDEN, steps(rng, 200, 1000), disc(rng, 0.5, 1.5)
    angle = TAU / period
    later = circle(np.arctan2(starts[1], starts[0]) + angle * count)
    why = f"an invariant circle, a turn in {period:.3f} steps, T = {count} steps"
    return Few(
        turning_map,
        (angle, 0.1),
        starts,
        why,
        CYCLE,
        CURVE,
        steps=count,
        period=period / count,
        later=later,
        recurs=True,
    )


def alternating(xp, z, gain):
    """To −gain tanh(z), or to −z where the gain is 0."""
    return xp.where(gain > 0, -gain * xp.tanh(z), -z)


def alternation(rng: Rng) -> Few:
    gain, count = float(rng.choice([0.0, rng.uniform(1.3, 3)])), steps(rng, 20, 300)
    starts = box(rng, -1, 1, int(rng.integers(1, 3)))
    why = "x → −x" if gain == 0 else f"x → −{gain:.2f} tanh x"
    return Few(
        alternating,
        (gain,),
        starts,
        f"{why}, T = {count} steps",
        CYCLE,
        CURVE,
        steps=count,
        period=2 / count,
        family=gain == 0,
        recurs=True,
    )


def shift(xp, z, closed):
    """Hand each number on to the next place; the last one to the first, where the line is closed."""
    return xp.concatenate([closed * z[-1:], z[:-1]])


def shift_register(rng: Rng) -> Few:
    k = int(rng.choice([3, 4, 6, 12, 12]))
    count, starts = steps(rng, 1.3 * k, 40 * k), box(rng, -1, 1, k)
    why = f"a shift register of {k} places, T = {count} steps"
    later = np.roll(starts, count, axis=0)
    return Few(
        shift,
        (1.0,),
        starts,
        why,
        CYCLE,
        CURVE,
        steps=count,
        period=k / count,
        later=later,
        family=True,
        recurs=True,
    )


def delay_line(rng: Rng) -> Few:
    """Forgets its states after as many steps as it has places."""
    k = int(rng.choice([3, 5, 10, 30]))
    short = k >= 10 and rng.random() < 0.4
    count, starts = (
        int(rng.integers(3, k // 2) if short else rng.integers(k + 1, 10 * k)),
        box(rng, -1, 1, k),
    )
    words, why = "moving" if short else "point", f"a delay line of {k} places, T = {count} steps"
    later = np.vstack([np.zeros((min(count, k), starts.shape[1])), starts[: max(k - count, 0)]])
    return Few(
        shift, (0.0,), starts, why, frozenset({words}), steps=count, later=later, **resting(starts)
    )


def logistic(xp, z, r):
    return r * z * (1 - z)


WINDOWS = {3.2: 2, 3.5: 4, 3.55: 8, 3.73891491: 5, 3.832: 3}


def logistic_cycle(rng: Rng) -> Few:
    r, count = float(rng.choice(list(WINDOWS))), steps(rng, 240, 1000)
    why = f"logistic map, r = {r}: a cycle of {WINDOWS[r]} steps, T = {count} steps"
    return Few(
        logistic,
        (r,),
        box(rng, 0.05, 0.95),
        why,
        CYCLE,
        CURVE,
        steps=count,
        period=WINDOWS[r] / count,
        recurs=True,
    )


def logistic_chaos(rng: Rng) -> Few:
    """Chaos in two bands, outside of the windows that are wide enough to be met."""
    exponent = 0.0
    while exponent < 0.1:
        r, z, total = rng.uniform(3.6, 3.65), rng.uniform(0.1, 0.9, 64), 0.0
        for step in range(3000):
            z = r * z * (1 - z)
            total += np.log(np.abs(r * (1 - 2 * z)) + 1e-300).mean() if step >= 1000 else 0.0
        exponent = total / 2000
    count = steps(rng, 50, 500)
    told = (exponent * 0.93 * count, exponent * 1.07 * count)
    why = f"logistic map, r = {r:.5f}, exponent {exponent:.3f} per step, T = {count} steps"
    return Few(
        logistic,
        (r,),
        box(rng, 0.05, 0.95),
        why,
        RECURRENT,
        BOUNDED,
        steps=count,
        exponent=told,
        recurs=True,
    )

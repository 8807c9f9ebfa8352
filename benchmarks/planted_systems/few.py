"""Few variables: a law, where states start, and what is known of them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

Rng = np.random.Generator
Share = tuple[float, float]
TAU = 2 * np.pi
GOLDEN = (np.sqrt(5) - 1) / 2


class Few(NamedTuple):
    """A law of few variables, where states start, and what its construction tells.

    `words` None: the page is to be applied to the path (`page`). `ends` None: not told.
    """

    law: Callable[..., Any]
    numbers: tuple[Any, ...]
    starts: np.ndarray  # (variable, state)
    why: str
    words: frozenset[str] | None = None
    ends: Mapping[str, Share] | None = None
    at: Any = None  # (variable, state): the fixed point where a state ends, NaN for another end
    known: bool = True  # the ends of 95 % are surely known after 20 T
    fixed: Any = None  # (variable, point): all fixed points, where they are written down
    steps: int = 0  # the law is a map, and this is T in steps; 0: it is a field
    rate: float = 0.0  # of a field: its fastest, per T, where Euler's map will do; 0: a flow only
    period: float | None = None  # in T
    family: bool = False  # curves lie beside one another
    exponent: Share | None = None  # per T
    later: Any = None  # (variable, state): z at T in closed form
    saddle: Any = None  # (variable,): a saddle that is passed
    recurs: bool = False
    attracting: bool | None = True  # the set; None: only where it fills z
    twins: Any = None  # (state,): states with the same number are one and the same
    curved: bool = False  # the set may be bent into the other units
    plain: bool = False  # not mixed: some states are exactly 0
    never: frozenset[str] = frozenset({"ghost"})  # words that its thresholds give it by accident
    round: float = 8.0  # the condition of the mixing of z


ALL: Share = (0.95, 1.0)

SOME: Share = (0.0, 1.0)


def many(rng: Rng) -> int:
    return int(np.exp(rng.uniform(np.log(60), np.log(300))))


def spread(rng: Rng, low: float, high: float) -> float:
    """Return a number between two, uniform in its logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def disc(rng: Rng, least: float, most: float, count: int = 0) -> np.ndarray:
    """Return starts between two circles."""
    count = count or many(rng)
    angle, radius = rng.uniform(0, TAU, count), np.sqrt(rng.uniform(least**2, most**2, count))
    return np.array([radius * np.cos(angle), radius * np.sin(angle)])


def box(rng: Rng, low: float, high: float, variables: int = 1) -> np.ndarray:
    return rng.uniform(low, high, (variables, many(rng)))


def column(a: Any, z: Any) -> Any:
    """Return numbers of the variables, to be combined with one state or with many."""
    return a.reshape(a.shape + (1,) * (z.ndim - 1))


def turned(xp: Any, z: Any) -> Any:
    return xp.stack([-z[1], z[0]])


def circle(angle: np.ndarray) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle)])


def resting(starts: np.ndarray) -> dict[str, Any]:
    """Return what is known where all states end at z = 0."""
    return {
        "at": np.zeros_like(starts),
        "fixed": np.zeros((len(starts), 1)),
        "ends": {"point": ALL, "unknown": (0.0, 0.05)},
    }


def settling(away: np.ndarray, near: float, rate: float) -> dict[str, Any]:
    """Return the ends of states that come as e^(−rate t) from `away` (variable, state), per T.

    An end is surely known two e-folds after the state is as near as `near`.
    """
    time = (np.log(np.maximum(away / near, 1.0)).max(axis=0) + 2) / rate
    known = float(np.mean(time <= 20))
    low = 0.95 if known >= 0.97 else max(0.0, known - 0.05)
    return {"known": known >= 0.97, "ends": {"point": (low, 1.0), "unknown": (0.0, 1.0 - low)}}


def decay(xp, z, rates):
    return -column(rates, z) * z

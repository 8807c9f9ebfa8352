"""Systems of which it is known what holds their states, because it was planted.

Each has a few variables z whose law is written down (`planted_systems/`), and
others w that decay to a set above z, which may be bent. Both are mixed by a matrix A whose columns are
not orthogonal, moved, and put in other units:

    x = b + A (z, w),    z' = f(z) or z → F(z),    w comes to c(z) with rates of 10 to 50 per T

The truth comes from the construction, from a closed form, or from the law of z, run on by itself and
held against the page of the words (`planted_systems/page.py`); what a threshold of that page ± 10 % leaves
open is drawn again. Seeds 0 to 999 are there to tune on; what is reported is of seeds from 1000 on,
on which nothing was tuned.
"""

import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.spatial.distance import pdist
from threadpoolctl import ThreadpoolController

import separatrix as sx

if __package__:
    from .planted_systems import CLASSES
    from .planted_systems.few import Few, Rng, Share, spread
    from .planted_systems.page import Ends, Slow, follow, order_and_spread, settled_words
else:
    sys.path.insert(0, str(Path(__file__).parent))
    from planted_systems import CLASSES
    from planted_systems.few import Few, Rng, Share, spread
    from planted_systems.page import Ends, Slow, follow, order_and_spread, settled_words

DIMENSIONS = (1, 2, 3, 5, 10, 30, 100)
DRAWS = 12
"""How often a system is drawn until the page leaves one word."""


class Planted(NamedTuple):
    """A system, states, a duration, an axis, and the truth. Times are in ms.

    A share of `ends` that is not named is 0. `end_at` holds the fixed point where each state ends, NaN
    where it ends at none; None where it is not written down.
    """

    name: str
    system: sx.AbstractSystem
    states: np.ndarray  # (state, unit)
    duration: float
    axis: np.ndarray | None  # (unit,)
    words: frozenset[str]
    ends: Mapping[str, Share] | None
    period: float | None
    order_at_T: float | None
    spread_at_T: float | None
    why: str
    end_at: np.ndarray | None  # (state, unit)
    family: bool  # where states end on curves: on many, beside one another
    exponent: Share | None  # per ms
    saddle: np.ndarray | None  # (unit,): passed by the states


def plant(name: str, seed: int) -> Planted:
    """Return the system of a class and a seed."""
    with _THREADS.limit(limits=1):
        for draw in range(DRAWS):
            rng = np.random.default_rng([zlib.crc32(name.encode()), seed, draw])
            few = CLASSES[name](rng)
            run = running(few, rng)
            mixing = Mixing.drawn(rng, few)
            words, last = truth(few, mixing, run)
            if few.words is not None or (len(words) == 1 and not words & few.never):
                break
        return embedded(name, few, mixing, run, words, last, rng)


_THREADS = ThreadpoolController()


# The other variables


def curved(z: Any, bends: Any) -> Any:
    """Return the point of the set above z, in the other variables."""
    return bends @ features(jnp, z)


def features(xp: Any, z: Any) -> Any:
    return xp.concatenate([z**2 / 2, xp.sin(2 * z)])


def parted(x: Any, inverse: Any, shift: Any, bends: Any) -> Any:
    """Return z and w of a state."""
    return jnp.split(inverse @ (x - shift), [bends.shape[1] // 2])


def field(
    x: Any,
    law: Any,
    numbers: Any,
    A: Any,
    inverse: Any,
    shift: Any,
    bends: Any,
    rates: Any,
    pace: Any,
) -> Any:
    """Return dx/dt; `pace` is tau / T."""
    z, w = parted(x, inverse, shift, bends)
    dz = law(jnp, z, *numbers)
    above, lifted = jax.jvp(lambda z: curved(z, bends), (z,), (dz,))
    return pace * (A @ jnp.concatenate([dz, rates * (above - w) + lifted]))


def map_step(
    x: Any, law: Any, numbers: Any, A: Any, inverse: Any, shift: Any, bends: Any, keep: Any
) -> Any:
    """Return the next state: w keeps a part of its distance to the set."""
    z, w = parted(x, inverse, shift, bends)
    new = law(jnp, z, *numbers)
    return shift + A @ jnp.concatenate([new, curved(new, bends) + keep * (w - curved(z, bends))])


def euler(law: Callable[..., Any]) -> Callable[..., Any]:
    """Return Euler's map of a field; its first number is the step, in T."""
    return _EULER.setdefault(law, lambda xp, z, h, *numbers: z + h * law(xp, z, *numbers))


_EULER: dict[Any, Callable[..., Any]] = {}


class Mixing(NamedTuple):
    """How z and w make a state."""

    A: np.ndarray  # (unit, unit)
    shift: np.ndarray  # (unit,)
    bends: np.ndarray  # (w, 2 z)
    rates: np.ndarray  # (w,), per T
    off: np.ndarray  # (w, state): of the starts from the set

    @classmethod
    def drawn(cls, rng: Rng, few: Few) -> "Mixing":
        few_count, count = few.starts.shape
        fit = [d for d in DIMENSIONS if d >= few_count]
        size = few_count if few.attracting is False else int(rng.choice(fit))
        units = float(rng.choice([1e-3, 1.0, 1e3]))
        shift = units * rng.uniform(-2, 2, size) * rng.choice([0.0, 1.0]) * (not few.plain)
        rest = size - few_count
        bends = rng.normal(size=(rest, 2 * few_count)) * 0.3 / np.sqrt(size) * few.curved
        rates = np.exp(rng.uniform(np.log(10), np.log(50), rest))
        off = 0.2 * rng.normal(size=(rest, count)) / np.sqrt(size)
        off = off if few.twins is None else off[:, few.twins]
        A = (
            np.diag(rng.uniform(0.5, 2, size))
            if few.plain
            else matrix(rng, size, few_count, few.round)
        )
        return cls(units * A, shift, bends, rates, off)

    def place(self, z: np.ndarray) -> np.ndarray:
        """Return the states (..., unit) on the set above z (variable, ...)."""
        f = features(np, z).reshape(2 * len(z), -1)
        return (self.shift + (self.above @ np.vstack([z.reshape(len(z), -1), f])).T).reshape(
            *z.shape[1:], -1
        )

    @property
    def above(self) -> np.ndarray:
        """The matrix of z and its features."""
        count = self.bends.shape[1] // 2
        return np.hstack([self.A[:, :count], self.A[:, count:] @ self.bends])

    def lift(self) -> Callable[[np.ndarray], np.ndarray]:
        """Return z (variable, ...) ↦ (..., coordinate), as far from one another as the states are."""
        R = np.linalg.qr(self.above, mode="r")

        def lifted(z: np.ndarray) -> np.ndarray:
            f = features(np, z).reshape(2 * len(z), -1)
            return (R @ np.vstack([z.reshape(len(z), -1), f])).T.reshape(*z.shape[1:], -1)

        return lifted

    def states(self, z: np.ndarray, time: float = 0.0) -> np.ndarray:
        """Return the states of z at a time, in T."""
        return self.place(z) + self.beside(np.array([time]))[0]

    def beside(self, times: np.ndarray) -> np.ndarray:
        """Return what is left of the distance to the set, (time, state, unit)."""
        left = np.exp(-times[:, None] * self.rates)[:, :, None] * self.off
        return np.einsum("uw,tws->tsu", self.A[:, self.bends.shape[1] // 2 :], left)


def matrix(rng: Rng, size: int, few: int, most: float) -> np.ndarray:
    """Return a matrix with a condition of 1 to 8, that of its first columns at most `most`."""
    condition = spread(rng, 1, 8)
    while True:
        values = np.exp(rng.uniform(0, np.log(condition), size))
        left, right = (np.linalg.qr(rng.normal(size=(size, size)))[0] for _ in range(2))
        A = (left * values) @ right
        if np.linalg.cond(A[:, :few]) <= most:
            return A
        condition *= 0.9


# A planted system


class Running(NamedTuple):
    """How the law is run: as a map of `steps` per T, or (0) as a flow; alone, by `step`, `nodes` per T."""

    law: Callable[..., Any]
    numbers: tuple[np.ndarray, ...]
    steps: int
    step: Callable[[np.ndarray], np.ndarray]
    nodes: int


def running(few: Few, rng: Rng) -> Running:
    """Decide whether the law is a map or a flow; a field with a rate may be either."""
    law, numbers, steps = few.law, tuple(np.asarray(n, float) for n in few.numbers), few.steps
    if not steps and few.rate and rng.random() < 0.5:
        steps = round(spread(rng, max(20.0, 4 * few.rate), max(500.0, 8 * few.rate)))
        law, numbers = euler(law), (np.asarray(1 / steps), *numbers)
    if steps:
        return Running(law, numbers, steps, lambda z: law(np, z, *numbers), steps)
    nodes = round(max(100.0, 4 * few.rate)) if few.rate else 400
    return Running(
        law, numbers, 0, lambda z: runge_kutta(lambda z: law(np, z, *numbers), z, 1 / nodes), nodes
    )  # fmt: skip


def truth(few: Few, mixing: Mixing, run: Running) -> tuple[frozenset[str], np.ndarray | None]:
    """Return the words that are right, and z at T where it is known."""
    if few.words is None:
        slow = Slow(run.step, run.nodes, mixing.lift(), mixing.beside, mixing.place)
        fixed = None if few.fixed is None else np.asarray(few.fixed, float)
        ends = Ends(few.at, few.known, fixed, few.recurs, few.attracting)
        words, last = settled_words(slow, few.starts, pdist(mixing.states(few.starts)).max(), ends)
        return frozenset(words), last
    if few.later is None and not few.recurs and "infinity" not in (few.ends or {}):
        return few.words, follow(run.step, few.starts, run.nodes)[-1]
    return few.words, few.later


def embedded(
    name: str, few: Few, mixing: Mixing, run: Running, words: frozenset[str], last: Any, rng: Rng
) -> Planted:
    """Return a system whose few variables are mixed with others."""
    size, unit, states = len(mixing.A), spread(rng, 1, 100), mixing.states(few.starts)  # ms
    arrays = (run.numbers, mixing.A, np.linalg.inv(mixing.A), mixing.shift, mixing.bends)
    if run.steps:
        duration, keep = run.steps * unit, np.exp(-mixing.rates / run.steps)
        system: Any = sx.DiscreteMap(bound(map_step, run.law, *arrays, keep), size, unit)
    else:
        duration = unit * spread(rng, 1, 2000)
        pace = np.asarray(unit / duration)
        system = sx.Flow(bound(field, run.law, *arrays, mixing.rates, pace), size, tau=unit)
    axis, order, ratio = drawn_axis(rng, mixing.A), None, None
    if axis is not None and last is not None:
        order, ratio = order_and_spread(states @ axis, mixing.states(last, 1.0) @ axis)
    return Planted(
        name, system, states, duration, axis, words, few.ends, few.period and few.period * duration, order, ratio,
        few.why, None if few.at is None else mixing.place(np.asarray(few.at)), few.family,
        few.exponent and (few.exponent[0] / duration, few.exponent[1] / duration),
        None if few.saddle is None else mixing.place(few.saddle),
    )  # fmt: skip


def runge_kutta(f: Callable[..., Any], z: np.ndarray, h: float) -> np.ndarray:
    a = f(z)
    b = f(z + h / 2 * a)
    c = f(z + h / 2 * b)
    return z + h / 6 * (a + 2 * b + 2 * c + f(z + h * c))


def drawn_axis(rng: Rng, A: np.ndarray) -> np.ndarray | None:
    """Return an axis along which the first variable is read out alone, or with others, or none."""
    which = rng.random()
    if which < 0.2:
        return None
    if which < 0.6:
        return np.linalg.inv(A)[0]
    return A[:, 0] / np.linalg.norm(A[:, 0]) + 0.5 * rng.normal(size=len(A)) / np.sqrt(len(A))


def bound(function: Callable[..., Any], law: Callable[..., Any], *arrays: Any) -> Any:
    """Return a function of the state whose arrays are arguments of what JAX compiles."""
    call = _CALLS.setdefault((function, law), lambda *rest: function(rest[-1], law, *rest[:-1]))
    return jax.tree_util.Partial(call, *arrays)


_CALLS: dict[Any, Callable[..., Any]] = {}

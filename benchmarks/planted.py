"""Systems whose answer to "what holds the states?" is known, because it was planted.

Each system has a few slow variables z, whose dynamics is written down, and fast variables w that
bring states back to a curved set w = c(z), turned into random directions Q of all units:

    x = Q (z, w),    z' = f(z),    w' = (c(z) − w) / τ_w + Dc f(z)

Time is measured by the duration T over which states are to be held. `CLASSES` has one maker for
each answer; what a maker draws at random (rates, perturbations, shapes, starts, sizes, flow or map)
stays on the side of its answer: a perturbed line moves by at most 4 % of its extent in T, a slow
path by 20 % or more.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx

SIZES = (4, 16, 64)
STARTS = 128
WAVES = 4
"""Terms of a random function."""


class Planted(NamedTuple):
    """A system, where its trials stand, what they encode it along, and the answer."""

    name: str
    answer: str
    system: sx.AbstractSystem
    states: np.ndarray  # (state, unit)
    axis: np.ndarray  # (unit,)
    duration: float  # ms


class Slow(NamedTuple):
    """The dynamics of the slow variables, in units of T, and where trials start in them."""

    name: str
    field: Callable[..., Any]  # (z, *numbers) -> dz/dt
    numbers: tuple[Any, ...]
    starts: np.ndarray  # (state, slow)


def waves(rng: np.random.Generator, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies and phases of a random function of size at most 1."""
    return rng.normal(size=(WAVES, dimension)) * 2.5, rng.uniform(0, 2 * np.pi, (WAVES, dimension))


def wave(z: Any, frequencies: Any, phases: Any) -> Any:
    """Return a smooth function of z with values in [−1, 1]."""
    return jnp.mean(jnp.sin((frequencies @ z)[:, None] + phases), axis=0)


def stretch(z: Any, size: Any, frequencies: Any, phases: Any) -> Any:
    """A line or a plane: at rest up to a perturbation, with ends that push back."""
    back = 20.0 * (jnp.clip(z, -1.2, 1.2) - z)
    return size * wave(z, frequencies, phases) + back


def line(rng: np.random.Generator) -> Slow:
    size = 0.0 if rng.random() < 0.3 else rng.uniform(0.005, 0.04) * 2
    return Slow("line", stretch, (size, *waves(rng, 1)), rng.uniform(-1, 1, (STARTS, 1)))


def plane(rng: np.random.Generator) -> Slow:
    size = 0.0 if rng.random() < 0.3 else rng.uniform(0.005, 0.04) * 2
    return Slow("plane", stretch, (size, *waves(rng, 2)), rng.uniform(-1, 1, (STARTS, 2)))


def circle(z: Any, turning: Any, uneven: Any, size: Any, frequencies: Any, phases: Any) -> Any:
    """A circle, along which states turn with an uneven speed and a perturbation."""
    radius = jnp.linalg.norm(z)
    along = jnp.array([-z[1], z[0]]) / radius
    speed = turning * (1 + uneven * z[0] / radius) + size * wave(z / radius, frequencies, phases)[0]
    return 20.0 * z * (1 - radius**2) / (1 + radius**2) + speed * along


def around(rng: np.random.Generator) -> np.ndarray:
    """Return starts near the unit circle."""
    angle, radius = rng.uniform(0, 2 * np.pi, STARTS), rng.uniform(0.7, 1.3, STARTS)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def ring(rng: np.random.Generator) -> Slow:
    size = 0.0 if rng.random() < 0.3 else rng.uniform(0.005, 0.04) * 2
    return Slow("ring", circle, (0.0, 0.0, size, *waves(rng, 2)), around(rng))


def cycle(rng: np.random.Generator) -> Slow:
    if rng.random() < 0.25:
        return alternation(rng)
    turning, uneven = 2 * np.pi / np.exp(rng.uniform(*np.log([0.05, 2.0]))), rng.uniform(0, 0.6)
    return Slow("limit cycle", circle, (turning, uneven, 0.0, *waves(rng, 2)), around(rng))


def alternating(z: Any, gain: Any) -> Any:
    """A step of a map that changes sides: to −gain tanh(z) / gain, or to −z where gain is 0."""
    return jnp.where(gain > 0, -gain * jnp.tanh(z), -z)


def alternation(rng: np.random.Generator) -> Slow:
    gain = rng.choice([0.0, rng.uniform(1.3, 3.0)])
    return Slow("alternation", alternating, (gain,), rng.uniform(-1, 1, (STARTS, 1)))


def bottleneck(z: Any, rate: Any, narrow: Any) -> Any:
    """No fixed point where states pass slowly, and one far beyond."""
    return rate * (narrow**2 + z**2) * jnp.tanh((2.0 - z) / 0.3)


def ghost(rng: np.random.Generator) -> Slow:
    narrow, passage = rng.uniform(0.02, 0.06), rng.uniform(3.0, 6.0)
    rate = np.pi / (passage * narrow)
    return Slow("ghost", bottleneck, (rate, narrow), rng.uniform(-1, -0.5, (STARTS, 1)))


def sliding(z: Any, speed: Any, rate: Any, end: Any) -> Any:
    """States slide along a line, drift together or apart, until a far end."""
    return (speed + rate * z) * (1 - (z / end) ** 2)


def slow_path(rng: np.random.Generator) -> Slow:
    which, speed, rate = rng.integers(3), 0.0, 0.0
    if which == 0:
        speed = rng.choice([-1, 1]) * rng.uniform(0.4, 3.0)
    else:
        rate = (-1) ** which / np.exp(rng.uniform(*np.log([0.8, 2.5])))
    name = ("slow path", "leaking line", "parting line")[which]
    return Slow(name, sliding, (speed, rate, 20.0), rng.uniform(-1, 1, (STARTS, 1)))


def wells(z: Any, rate: Any) -> Any:
    """Two stable states in each variable."""
    return rate * (z - z**3)


def funnel(z: Any, rate: Any) -> Any:
    """One stable state."""
    return -rate * z


def discrete(rng: np.random.Generator) -> Slow:
    dimension, rate = rng.integers(1, 4), np.exp(rng.uniform(*np.log([8, 40])))
    starts = rng.uniform(-1.3, 1.3, (STARTS, dimension))
    alone = rng.random() < 0.25
    return Slow("one point" if alone else "points", funnel if alone else wells, (rate,), starts)


CLASSES = {
    "line": line,
    "ring": ring,
    "plane": plane,
    "cycle": cycle,
    "ghost": ghost,
    "slow path": slow_path,
    "discrete": discrete,
}


def curved(z: Any, bends: Any) -> Any:
    """Return the point of the slow set above z, in the fast variables."""
    return bends @ jnp.concatenate([z**2 / 2, jnp.sin(2 * z)])


def moved(x: Any, slow: Any, Q: Any, bends: Any, rates: Any) -> Any:
    """Return dx/dt, in units of T."""
    u = Q.T @ x
    z, w = jnp.split(u, [bends.shape[1] // 2])
    dz = slow(z)
    above, lifted = jax.jvp(lambda z: curved(z, bends), (z,), (dz,))
    return Q @ jnp.concatenate([dz, rates * (above - w) + lifted])


def flow_field(x: Any, field: Any, numbers: Any, Q: Any, bends: Any, rates: Any) -> Any:
    return moved(x, lambda z: field(z, *numbers), Q, bends, rates)


def euler_step(x: Any, field: Any, numbers: Any, Q: Any, bends: Any, rates: Any, h: Any) -> Any:
    return x + h * flow_field(x, field, numbers, Q, bends, rates)


def jump_step(x: Any, field: Any, numbers: Any, Q: Any, bends: Any, keep: Any) -> Any:
    """A step of a map in which the slow variables jump: w keeps a part of its distance."""
    u = Q.T @ x
    z, w = jnp.split(u, [bends.shape[1] // 2])
    new = field(z, *numbers)
    return Q @ jnp.concatenate([new, curved(new, bends) + keep * (w - curved(z, bends))])


def bound(function: Callable[..., Any], field: Callable[..., Any], *arrays: Any) -> Any:
    """Return a function of the state whose arrays are arguments of what JAX compiles."""
    call = _CALLS.setdefault((function, field), lambda *rest: function(rest[-1], field, *rest[:-1]))
    return jax.tree_util.Partial(call, *arrays)


_CALLS: dict[Any, Callable[..., Any]] = {}


def plant(answer: str, seed: int) -> Planted:
    """Return the system of an answer and a seed."""
    rng = np.random.default_rng([list(CLASSES).index(answer), seed])
    slow = CLASSES[answer](rng)
    dimension, size = slow.starts.shape[1], int(rng.choice(SIZES))
    Q = np.linalg.qr(rng.normal(size=(size, size)))[0]
    bends = rng.normal(size=(size - dimension, 2 * dimension)) * 0.3 / np.sqrt(size)
    rates = np.exp(rng.uniform(*np.log([10, 50]), size - dimension))
    duration = float(rng.choice([500.0, 1000.0, 2000.0]))
    numbers = tuple(np.asarray(number, float) for number in slow.numbers)
    arrays = (numbers, Q, bends, rates)
    steps = round(2 * rates.max()) if rng.random() < 0.5 else 0
    if slow.name == "alternation":
        keep, dt = np.asarray(rng.uniform(0.1, 0.6)), duration / round(rng.uniform(20, 60))
        system: Any = sx.DiscreteMap(
            bound(jump_step, slow.field, numbers, Q, bends, keep), size, dt
        )
    elif steps:
        h = np.asarray(1.0 / max(steps, 200))
        system = sx.DiscreteMap(
            bound(euler_step, slow.field, *arrays, h), size, duration * float(h)
        )
    else:
        system = sx.Flow(bound(flow_field, slow.field, *arrays), size, tau=duration)
    above = np.asarray(jax.vmap(curved, (0, None))(slow.starts, bends), float)
    off = 0.2 * rng.normal(size=above.shape) / np.sqrt(size)
    states = np.hstack([slow.starts, above + off]) @ Q.T
    axis = Q[:, 0] + 0.5 * rng.normal(size=size) / np.sqrt(size)
    return Planted(slow.name, answer, system, states, axis, duration)

"""Pairs of systems of which it is known whether their topology is the same, because it was planted.

Most systems are networks of tanh units with a connectivity of low rank, x' = −x + M Nᵀ tanh(x) + b, as
maps. Their units form populations that see one latent variable, so that the fixed points are those of
few scalar or planar equations, whose number follows from concavity or from symmetry (`FAMILIES`).

There are five kinds of pairs, 40 of each:

    permuted       one system, its units in another order
    rotated        one system, its state turned by a random orthogonal matrix (no network any more)
    noisy          one system, its weights disturbed by 1 %, in half of the cases beyond the low rank
    another seed   two draws of one family: other sizes, gains, thresholds, time steps
    another class  draws of two families
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx

STARTS = 256
NOISE = 0.01
"""Relative, of each weight; and of a matrix of full rank, as a spectral radius."""

Rng = np.random.Generator


class Network(NamedTuple):
    """The weights of a tanh network of low rank: outputs are `readout @ tanh(x) + offset`."""

    left: np.ndarray  # (unit, rank)
    right: np.ndarray  # (unit, rank)
    bias: np.ndarray  # (unit,)
    readout: np.ndarray  # (output, unit)
    offset: np.ndarray  # (output,)


class Planted(NamedTuple):
    """A system, states to search from, and its outputs."""

    family: str
    system: sx.AbstractSystem
    starts: np.ndarray  # (state, unit)
    outputs: Callable[[np.ndarray], np.ndarray]


class Pair(NamedTuple):
    """Two systems, and whether their topology is the same."""

    kind: str
    same: bool
    first: Planted
    second: Planted


# Families


def population(
    rng: Rng, count: int, directions: np.ndarray, gain: float, slope: float, spread: float
):
    """Return patterns of units that see a latent direction each: x = s (u·κ), fed back as g u.

    Of each population the mean of g over its units is `gain`, up to `spread`.
    """
    slopes = slope * (1 + spread * rng.uniform(-1, 1, (len(directions), count)))
    gains = gain * (1 + spread * rng.uniform(-1, 1, (len(directions), count))) / count
    left, right = (values[..., None] * directions[:, None] for values in (slopes, gains))
    return left.reshape(-1, directions.shape[1]), right.reshape(-1, directions.shape[1])


def mean_rates(weights: np.ndarray, count: int) -> np.ndarray:
    """Return a readout of the mean rates of populations, by `weights` (output, population)."""
    return np.repeat(weights / count, count, axis=1)


def bits(rng: Rng, number: int) -> Network:
    """Independent bits: κ = mean g tanh(s κ), odd and concave above 0, has 3 roots for g s > 1."""
    count, gain = int(rng.choice([4, 9])), rng.uniform(1.0, 1.5)
    left, right = population(rng, count, np.eye(number), gain, rng.uniform(1.5, 2.0) / gain, 0.2)
    readout = mean_rates(np.eye(number), count)
    return Network(left, right, np.zeros(len(left)), readout, np.zeros(number))


def one(rng: Rng) -> Network:
    """One stable point: the same with g s < 1."""
    count, gain = int(rng.choice([8, 16])), rng.uniform(0.3, 1.0)
    left, right = population(rng, count, np.eye(1), gain, rng.uniform(0.2, 0.6) / gain, 0.2)
    return Network(left, right, np.zeros(count), mean_rates(np.eye(1), count), np.array([0.5]))


def chain(rng: Rng, middle: float) -> Network:
    """Three wells on a line: two steep thresholds; an output is of the sign of `middle` between."""
    count, slope = int(rng.choice([6, 12])), rng.uniform(3.0, 4.0)
    left, right = population(rng, count, np.ones((2, 1)), rng.uniform(0.97, 1.1), slope, 0.05)
    thresholds = np.repeat([-1.0, 1.0], count) * (1 + 0.05 * rng.uniform(-1, 1, 2 * count))
    readout = mean_rates(np.full((1, 2), 0.5), count)
    return Network(left, right, left[:, 0] * thresholds, readout, np.array([0.4 * middle]))


def ring(rng: Rng) -> Network:
    """Six wells on a ring: three directions, each steep; saddles lie between, a source inside."""
    count = int(rng.choice([5, 9]))
    angles = np.deg2rad([0.0, 60.0, 120.0])
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    left, right = population(rng, count, directions, 1.0, rng.uniform(5.0, 7.0), 0.03)
    turned = np.deg2rad([15.0, 105.0])  # no well lies where an output changes its sign
    readout = np.column_stack([np.cos(turned), np.sin(turned)]) @ directions.T
    return Network(left, right, np.zeros(len(left)), mean_rates(readout, count), np.zeros(2))


def cycle(rng: Rng) -> Network:
    """A cycle around an unstable focus: two bits, each of which drives the other away."""
    count, angle = int(rng.choice([5, 10])), np.deg2rad(rng.uniform(55.0, 65.0))
    left, right = population(rng, count, np.eye(2), rng.uniform(2.6, 3.2), 1.0, 0.05)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return Network(
        left, right @ turn, np.zeros(2 * count), mean_rates(np.eye(2), count), np.zeros(2)
    )


FAMILIES: dict[str, Callable[[Rng], Network]] = {
    "one point": one,
    "bistable": lambda rng: bits(rng, 1),
    "square": lambda rng: bits(rng, 2),
    "cube": lambda rng: bits(rng, 3),
    "three wells, middle up": lambda rng: chain(rng, 1.0),
    "three wells, middle down": lambda rng: chain(rng, -1.0),
    "ring of six": ring,
    "cycle": cycle,
}
KICKED = "kicked square"
"""A flow of 4 + 4 + 1 points as the square, but what leaves the source goes to one side only."""


# Systems


def step(x: Any, left: Any, right: Any, more: Any, bias: Any, alpha: Any) -> Any:
    """One step of a network; `more` is what its connectivity has beyond the low rank."""
    rates = jnp.tanh(x)
    return x + alpha * (left @ (right.T @ rates) + more @ rates + bias - x)


def low_rank_step(x: Any, left: Any, right: Any, bias: Any, alpha: Any) -> Any:
    return x + alpha * (left @ (right.T @ jnp.tanh(x)) + bias - x)


def turned_step(x: Any, Q: Any, left: Any, right: Any, bias: Any, alpha: Any) -> Any:
    """The step of Qᵀ x, turned back; the leak is the same in any basis."""
    return x + alpha * (Q @ (left @ (right.T @ jnp.tanh(Q.T @ x)) + bias) - x)


def kicked_field(x: Any, Q: Any, rates: Any, push: Any) -> Any:
    """Two wells, the second slow and pushed while the first moves, and fast variables, mixed."""
    u = Q.T @ x
    z, w = u[:2], u[2:]
    pushed = jnp.stack([0.0 * z[0], push * (z[0] * (1 - z[0] ** 2)) ** 2])
    return Q @ jnp.concatenate([rates * (z - z**3) + pushed, -5.0 * w])


def bound(function: Callable[..., Any], *arrays: Any) -> Any:
    """Return a function of the state whose arrays are arguments of what JAX compiles."""
    call = _CALLS.setdefault(function, lambda *rest: function(rest[-1], *rest[:-1]))
    return jax.tree_util.Partial(call, *arrays)


_CALLS: dict[Any, Callable[..., Any]] = {}


def planted(
    rng: Rng,
    family: str,
    network: Network,
    alpha: float,
    turn: np.ndarray | None = None,
    more: np.ndarray | None = None,
) -> Planted:
    """Return a network as a map, in another basis or with a matrix added to its connectivity."""
    size, rank = network.left.shape
    factors, rest = (network.left, network.right), (network.bias, np.asarray(alpha))
    if turn is not None:
        function = bound(turned_step, turn, *factors, *rest)
    elif more is not None:
        function = bound(step, *factors, more, *rest)
    else:
        function = bound(low_rank_step, *factors, *rest)
    back = np.eye(size) if turn is None else turn
    latent = rng.uniform(-3, 3, (STARTS, rank))
    starts = latent @ network.left.T + network.bias + 0.1 * rng.normal(size=(STARTS, size))

    def outputs(states: np.ndarray) -> np.ndarray:
        return np.asarray(np.tanh(states @ back) @ network.readout.T + network.offset)

    return Planted(family, sx.DiscreteMap(function, size, 100.0 * alpha), starts @ back.T, outputs)


def kicked(rng: Rng, rates: np.ndarray, push: float, Q: np.ndarray) -> Planted:
    starts = rng.uniform(-1.5, 1.5, (STARTS, len(Q))) @ Q.T
    flow = sx.Flow(bound(kicked_field, Q, rates, np.asarray(push)), len(Q), tau=100.0)
    return Planted(KICKED, flow, starts, lambda states: states @ Q[:, :2])


# Pairs


def orthogonal(rng: Rng, size: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(size, size)))[0]


def permuted(network: Network, order: np.ndarray) -> Network:
    left, right, bias, readout, offset = network
    return Network(left[order], right[order], bias[order], readout[:, order], offset)


def disturbed(rng: Rng, network: Network) -> Network:
    """Change every weight by 1 % of itself, and add as much of what the others are."""

    def change(weights: np.ndarray) -> np.ndarray:
        scale = 0.5 * (np.abs(weights) + np.abs(weights).mean())
        return weights + NOISE * scale * rng.normal(size=weights.shape)

    changed = (change(w) for w in (network.left, network.right, network.bias, network.readout))
    return Network(*changed, network.offset)


def draw_alpha(rng: Rng) -> float:
    return float(rng.choice([0.1, 0.2]))


def draw_kicked(rng: Rng) -> Planted:
    rates = np.array([1.0, 0.2]) * rng.uniform(0.9, 1.1)
    return kicked(
        rng, rates, 8.0 * rng.uniform(0.95, 1.05), orthogonal(rng, int(rng.choice([3, 6])))
    )


def draw(rng: Rng, family: str) -> Planted:
    """Return a system of a family."""
    if family == KICKED:
        return draw_kicked(rng)
    return planted(rng, family, FAMILIES[family](rng), draw_alpha(rng))


def changed_pair(rng: Rng, kind: str, family: str) -> Pair:
    """Return a system and what becomes of it when it is permuted, turned or disturbed."""
    if family == KICKED:
        return changed_flow(rng, kind)
    network, alpha = FAMILIES[family](rng), draw_alpha(rng)
    first, size = planted(rng, family, network, alpha), len(network.left)
    if kind == "permuted":
        second = planted(rng, family, permuted(network, rng.permutation(size)), alpha)
    elif kind == "rotated":
        second = planted(rng, family, network, alpha, turn=orthogonal(rng, size))
    else:
        more = NOISE * rng.normal(size=(size, size)) / np.sqrt(size) if rng.random() < 0.5 else None
        second = planted(rng, family, disturbed(rng, network), alpha, more=more)
    return Pair(kind, True, first, second)


def changed_flow(rng: Rng, kind: str) -> Pair:
    rates, push = np.array([1.0, 0.2]) * rng.uniform(0.9, 1.1), 8.0 * rng.uniform(0.95, 1.05)
    Q = orthogonal(rng, int(rng.choice([3, 6])))
    first = kicked(rng, rates, push, Q)
    if kind == "permuted":
        second = kicked(rng, rates, push, Q[rng.permutation(len(Q))])
    elif kind == "rotated":
        second = kicked(rng, rates, push, orthogonal(rng, len(Q)) @ Q)
    else:
        second = kicked(
            rng, rates * (1 + NOISE * rng.normal(size=2)), push * (1 + NOISE * rng.normal()), Q
        )
    return Pair(kind, True, first, second)


COUNTS = {
    "one point": (1,),
    "bistable": (2, 1),
    "square": (4, 4, 1),
    "cube": (8, 12, 6, 1),
    "three wells, middle up": (3, 2),
    "three wells, middle down": (3, 2),
    "ring of six": (6, 6, 1),
    "cycle": (0, 0, 1),
    KICKED: (4, 4, 1),
}
"""How many fixed points with 0, 1, 2 … unstable directions a system of each family has."""
EVERY = tuple(COUNTS)
KINDS = ("permuted", "rotated", "noisy", "another seed", "another class")


def pair(kind: str, seed: int) -> Pair:
    """Return the pair of a kind and a seed; families take turns."""
    rng = np.random.default_rng([KINDS.index(kind), seed])
    family = EVERY[seed % len(EVERY)]
    if kind == "another seed":
        return Pair(kind, True, draw(rng, family), draw(rng, family))
    if kind == "another class":
        others = list(itertools.permutations(EVERY, 2))
        one, other = others[int(rng.integers(len(others)))]
        return Pair(kind, False, draw(rng, one), draw(rng, other))
    return changed_pair(rng, kind, family)

"""Circuits with a planted mechanism, to which the circuits behind recordings can be compared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._checked import Bounds, Count, Milliseconds, Named, Natural, Seed, checked
from .._types import InvalidInputError
from ..systems import DiscreteMap

GAIN, FASTER = 1.6, 5.0
"""Gain of the units of the saturating circuits for a long duration T, above 1 so that there is more
than one state; what is added to it where T is one time constant, as states must have settled at T.
"""
CYCLING = 2.0
"""Gain of the units of a cycle."""
KEPT = 0.98
"""Part of a value that is left on a planted line or surface after the duration T."""
STEEP = 20.0
"""Strength of the connection from the amplified to the amplifying mode of an amplifier."""
SUMMED = 0.5
"""Weight of each stage of a chain on the unit that sums them."""
Radius = Annotated[float, Bounds(least=0, below=1)]


@dataclass(frozen=True, eq=False)
class Circuit:
    """A circuit in which a mechanism was planted, and what the planting knows of it.

    The function `circuit` returns an object of this class.

    Attributes
    ----------
    system
        The circuit as a map, with the input 0 frozen in.
    mechanism
        The name of the mechanism.
    right
        The words of a verdict that are right for the mechanism.
    weights, input_weights, bias
        W `(unit, unit)`, B `(unit, channel)` and b `(unit,)`.
    driven
        The directions `(unit, direction)` that inputs drive, which are columns of the mechanism.
    is_linear
        Whether the rates are the currents themselves, and not their hyperbolic tangents.
    leak
        The part α = dt/τ of the state that a step replaces.
    latent
        The map of the latent variables in which the mechanism was planted; None if the circuit has
        no such variables that are closed in themselves.
    patterns
        `(unit, latent)`: the state of the circuit at latent variables z is `patterns @ z`; None
        without latent variables.

    Examples
    --------
    >>> import separatrix as sx
    >>> ring = sx.models.circuit("ring", 40)
    >>> ring.latent.size, ring.weights.shape
    (2, (40, 40))
    """

    system: DiscreteMap
    mechanism: str
    right: tuple[str, ...]
    weights: Float[np.ndarray, "unit unit"]
    input_weights: Float[np.ndarray, "unit channel"]
    bias: Float[np.ndarray, " unit"]
    driven: Float[np.ndarray, "unit direction"]
    is_linear: bool
    leak: float
    latent: DiscreteMap | None
    patterns: Float[np.ndarray, "unit latent"] | None

    def step(self, states: np.ndarray, inputs: np.ndarray) -> np.ndarray:
        """Return the states `(state, unit)` after a step at inputs `(state, channel)`."""
        rates = states if self.is_linear else np.tanh(states)
        current = rates @ self.weights.T + inputs @ self.input_weights.T + self.bias
        return (1 - self.leak) * states + self.leak * current


@dataclass(frozen=True)
class _Place:
    """What is planted where: sizes, and the random numbers that choose among equal circuits."""

    units: int
    rank: int | None
    background: float
    kept: float
    gain: float
    period: float
    """The turn of a cycle, in time constants."""
    passage: float
    """How long a ghost holds states, in time constants."""
    rng: np.random.Generator

    def directions(self, count: int) -> np.ndarray:
        """Return orthonormal directions `(unit, count)`, drawn at random."""
        return np.linalg.qr(self.rng.normal(size=(self.units, count)))[0]

    def others(self, planted: np.ndarray) -> np.ndarray:
        """Return the weights among the modes beside the planted, which all decay alike."""
        beside = self.units if self.rank is None else self.rank
        more = self.directions(beside)[:, planted.shape[1] :]
        more = more - planted @ (planted.T @ more)
        q = np.linalg.qr(more)[0] if more.size else more
        return self.background * q @ q.T

    def gaussian(self, radius: float) -> np.ndarray:
        """Return Gaussian weights with eigenvalues within the radius, of the rank that is asked."""
        if self.rank is None:
            return radius * self.rng.normal(size=(self.units, self.units)) / np.sqrt(self.units)
        left, right = self.rng.normal(size=(2, self.units, self.rank))
        weights = left @ right.T
        return radius * weights / np.abs(np.linalg.eigvals(right.T @ left)).max()


@dataclass(frozen=True)
class _Planted:
    """Weights, the directions that inputs drive, and the latent weights where they are closed."""

    weights: np.ndarray
    driven: np.ndarray
    patterns: np.ndarray | None = None
    latent: np.ndarray | None = None
    bias: float = 0.0
    """The bias along the first pattern."""
    is_linear: bool = True


def _held(dimension: int) -> Callable[[_Place], _Planted]:
    def plant(place: _Place) -> _Planted:
        planted = place.directions(dimension)
        weights = place.kept * planted @ planted.T + place.others(planted)
        # One mode beside the set tells whether the set attracts.
        beside = place.directions(dimension + 1)[:, -1:]
        beside = beside - planted @ (planted.T @ beside)
        shown = np.hstack([planted, beside / np.linalg.norm(beside)])
        if place.rank is not None:
            return _Planted(weights, planted)
        values = np.array([place.kept] * dimension + [place.background])
        return _Planted(weights, planted, shown, np.diag(values))

    return plant


def _leak(place: _Place) -> _Planted:
    return _Planted(place.gaussian(place.background), place.directions(1))


def _chain(place: _Place) -> _Planted:
    stages = place.units if place.rank is None else place.rank + 1
    shift = np.eye(stages, k=-1)
    shift[1, 0], shift[0, 2:] = 0.0, SUMMED
    q = place.directions(stages)
    return _Planted(q @ shift @ q.T, 3 * q[:, 1:2], q, shift)


def _amplifier(place: _Place) -> _Planted:
    q = place.directions(2)
    weights = STEEP * np.outer(q[:, 0], q[:, 1]) + place.others(q)
    return _Planted(weights, q[:, 1:])


def _around(place: _Place) -> np.ndarray:
    """Return two patterns in which the units lie evenly around a circle, in random order."""
    angles = place.rng.permutation(2 * np.pi * np.arange(place.units) / place.units)
    return np.sqrt(2) * np.stack([np.cos(angles), np.sin(angles)], 1)


def _saturating(patterns: np.ndarray, latent: np.ndarray, bias: float = 0.0) -> _Planted:
    norms = (patterns**2).sum(0)
    weights = patterns @ latent @ (patterns / norms).T
    driven = patterns / np.sqrt(norms)
    return _Planted(weights, driven, patterns, latent, bias, is_linear=False)


def _ring(place: _Place) -> _Planted:
    return _saturating(_around(place), place.gain * np.eye(2))


def _cycle(place: _Place) -> _Planted:
    # On the cycle the saturation divides the weights by the gain, and leaves the turn.
    turn = 2 * np.pi / place.period * np.array([[0, -1.0], [1.0, 0]])
    return _saturating(_around(place), CYCLING * (np.eye(2) + turn))


def _points(place: _Place) -> _Planted:
    signs = np.zeros((place.units, 2))
    group = place.rng.permutation(place.units) % 2
    signs[np.arange(place.units), group] = place.rng.choice([-1.0, 1.0], place.units)
    planted = _saturating(signs, place.gain * np.eye(2))
    if place.background == 0 or place.rank is not None:
        return planted
    weights = planted.weights + place.gaussian(place.background)
    return _Planted(weights, planted.driven, is_linear=False)


def _ghost(place: _Place) -> _Planted:
    # −z + g tanh(z) + h has a fold at tanh² z = 1 − 1/g; beyond it by ε a state takes π/√(ε a) τ,
    # where a is half the curvature.
    bend = np.sqrt(1 - 1 / place.gain)
    fold = place.gain * bend - np.arctanh(bend)
    beyond = (np.pi / place.passage) ** 2 / bend
    signs = place.rng.choice([-1.0, 1.0], (place.units, 1))
    return _saturating(signs, place.gain * np.eye(1), fold + beyond)


@dataclass(frozen=True)
class Mechanism:
    """A mechanism that can be planted: how, which words are right for it, and what it is."""

    plant: Callable[[_Place], _Planted]
    right: tuple[str, ...]
    words: str
    background: float | None = None
    """Radius of the modes beside it; None where there are none."""
    least_rank: int = 1


MECHANISMS = {
    "line": Mechanism(_held(1), ("line",), "a line attractor", 0.2),
    "ring": Mechanism(_ring, ("ring",), "a ring attractor", least_rank=2),
    "surface": Mechanism(_held(2), ("surface",), "a plane attractor", 0.2, least_rank=2),
    "points": Mechanism(_points, ("points",), "four stable points", 0.3, least_rank=2),
    "cycle": Mechanism(_cycle, ("cycle",), "a cycle", least_rank=2),
    "ghost": Mechanism(
        _ghost, ("ghost", "point", "slow path", "moving"), "the ghost of a saddle-node"
    ),
    "leak": Mechanism(_leak, ("point", "moving"), "random connections that hold nothing", 0.8),
    "chain": Mechanism(
        _chain,
        ("moving", "point", "slow path"),
        "a feed-forward chain with a unit that sums it",
        least_rank=3,
    ),
    "amplifier": Mechanism(
        _amplifier, ("moving", "point"), "a mode that amplifies another for a while", 0.2, 2
    ),
}
"""The mechanisms by name; the page docs/explanation/from-a-fit-to-a-circuit.md shows the table."""


@checked
def circuit(
    mechanism: Annotated[str, Named(tuple(MECHANISMS))],
    units: Count,
    *,
    channels: Natural = 1,
    rank: Count | None = None,
    seed: Seed = 0,
    dt: Milliseconds = 10.0,
    tau: Milliseconds = 100.0,
    duration: Milliseconds = 500.0,
    background: Radius | None = None,
    period: Milliseconds | None = None,
) -> Circuit:
    r"""Plant a mechanism in a circuit of randomly embedded units.

    The circuit is the map

    $$x_{t+1} = (1 - \alpha)\, x_t + \alpha\, (W \phi(x_t) + B u_t + b), \qquad
      \alpha = \mathrm{dt}/\tau,$$

    where φ is the identity for "line", "surface", "leak", "chain" and "amplifier", and the
    hyperbolic tangent for "ring", "points", "cycle" and "ghost".

    Parameters
    ----------
    mechanism
        "line", "ring", "surface", "points" (four of them), "cycle", "ghost" (of a saddle-node),
        "leak" (random connections that hold nothing), "chain" (a feed-forward delay line and its
        sum), or "amplifier" (a mode that drives another mode strongly).
    units
        The number N of units.
    channels
        The number of input channels. They drive the variables of the mechanism in random mixtures.
    rank
        The rank of W. None means full rank where the mechanism has modes beside it, and otherwise
        the rank of the mechanism. W has at most this rank. A chain of rank r has r stages.
    seed
        Chooses among the circuits of this kind.
    dt, tau
        The duration of a step and the time constant of the units, both in ms.
    duration
        The duration T in ms over which the mechanism does what its name says: after T, 98 % of a
        value on a line is left, and a ghost holds states for longer than T.
    background
        The radius of the eigenvalues of W beside the mechanism, from 0 to below 1. None means 0.8
        for "leak", 0.3 for "points", 0.2 for "line", "surface" and "amplifier". The other
        mechanisms have no such modes, and take no background.
    period
        The duration of a turn of a "cycle" in ms. None means a third of the duration T.

    Returns
    -------
    Circuit
        `.system` is the map, and `.latent` the map of its latent variables.

    Raises
    ------
    InvalidInputError
        If the rank is too small for the mechanism or larger than the number of units, dt is larger
        than tau, or `background` or `period` is given for a mechanism that has none.

    References
    ----------
    Qian, Zavatone-Veth, Ruben & Pehlevan (2024) NeurIPS; Murphy & Miller (2009) Neuron 61:635;
    Mastrogiuseppe & Ostojic (2018) Neuron 99:609.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> chain = sx.models.circuit("chain", 50, seed=1)
    >>> bool(np.abs(np.linalg.eigvals(chain.weights)).max() < 0.6), chain.right
    (True, ('moving', 'point', 'slow path'))
    """
    kind = MECHANISMS[mechanism]
    _check(mechanism, kind, units, rank, dt, tau, background, period)
    radius = 0.0 if kind.background is None else kind.background
    place = _Place(
        units=units,
        rank=rank,
        background=radius if background is None else background,
        kept=1 - tau / duration * (1 - KEPT),
        gain=GAIN + FASTER * tau / duration,
        period=(duration / 3 if period is None else period) / tau,
        passage=1.2 * duration / tau,
        rng=np.random.default_rng([seed, *mechanism.encode()]),
    )
    planted, leak = kind.plant(place), dt / tau
    mixture = place.rng.normal(size=(planted.driven.shape[1], channels))
    mixture /= np.linalg.norm(mixture, axis=0) + (channels == 0)
    driven = np.sqrt(units) * planted.driven
    input_weights = driven @ mixture
    patterns, latent = planted.patterns, None
    bias = np.zeros(units) if patterns is None else planted.bias * patterns[:, 0]
    if patterns is not None and planted.latent is not None:
        latent = _latent(planted, leak, dt)
    if planted.is_linear and patterns is not None:
        patterns = np.sqrt(units) * patterns
    return Circuit(
        _map(planted.weights, input_weights, bias, planted.is_linear, leak, dt),
        mechanism,
        kind.right,
        planted.weights,
        input_weights,
        bias,
        driven,
        planted.is_linear,
        leak,
        latent,
        patterns,
    )


def _check(
    mechanism: str,
    kind: Mechanism,
    units: int,
    rank: int | None,
    dt: float,
    tau: float,
    background: float | None,
    period: float | None,
) -> None:
    least = kind.least_rank if rank is None else rank
    if not kind.least_rank <= least < units:
        raise InvalidInputError(
            f"{mechanism} needs a rank of at least {kind.least_rank} and more units than that, got "
            f"{'no rank' if rank is None else f'the rank {rank}'} and {units} units."
        )
    if dt > tau:
        raise InvalidInputError(f"dt must be at most tau = {tau:g} ms, got {dt:g}.")
    for name, value, has in (
        ("background", background, kind.background is not None),
        ("period", period, mechanism == "cycle"),
    ):
        if value is not None and not has:
            raise InvalidInputError(f"{mechanism} has no {name}: leave it out.")


def _map(
    weights: np.ndarray, driven: np.ndarray, bias: np.ndarray, linear: bool, leak: float, dt: float
) -> DiscreteMap:
    def step(x: Any, u: Any = None) -> Any:
        current = weights @ (x if linear else jnp.tanh(x)) + bias
        return (1 - leak) * x + leak * (current if u is None else current + driven @ u)

    channels = driven.shape[1]
    return DiscreteMap(step, len(weights), dt, input=np.zeros(channels) if channels else None)


def _latent(planted: _Planted, leak: float, dt: float) -> DiscreteMap:
    """Return the map of the latent variables: of states that lie in the span of the patterns."""
    patterns, latent = planted.patterns, planted.latent
    assert patterns is not None and latent is not None
    if planted.is_linear:
        return DiscreteMap(lambda z: (1 - leak) * z + leak * (latent @ z), len(latent), dt)
    inward = leak * latent @ (patterns / (patterns**2).sum(0)).T
    constant = leak * planted.bias * np.eye(len(latent))[0]
    return DiscreteMap(
        lambda z: (1 - leak) * z + inward @ jnp.tanh(patterns @ z) + constant, len(latent), dt
    )

"""Textbook systems with known answers: each gives the system, starts, and what must be found.

Numbers were computed in double precision and confirmed with 25 digits or with ball arithmetic.
"""

from dataclasses import dataclass
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx

DATA = Path(__file__).parent / "data"


def turned(x):
    """A state of two units, turned by a right angle."""
    return jnp.stack([-x[1], x[0]])


@dataclass(frozen=True)
class Textbook:
    """A system, states to start from, its fixed points and how many directions are unstable.

    `tolerance` is half a unit of the last digit with which the points are known.
    """

    system: sx.AbstractSystem
    candidates: np.ndarray
    states: np.ndarray
    n_unstable: list[int]
    tolerance: float = 1e-12


def box(size, low, high, count=200, seed=0):
    """Return uniform random states `(count, size)`."""
    return np.random.default_rng(seed).uniform(low, high, (count, size))


def both_signs(states):
    """Return each state and its mirror image, and the origin once."""
    states = np.atleast_2d(np.asarray(states, float))
    return np.concatenate([states, -states, np.zeros((1, states.shape[1]))])


class TanhUnit(eqx.Module):
    """x ↦ tanh(w x + b)."""

    weight: jax.Array
    bias: jax.Array

    def step(self, x):
        return jnp.tanh(self.weight * x + self.bias)


TANH_UNIT = {
    1.1: 0.5029405749446416,
    1.5: 0.8585596366401104,
    2.0: 0.9575040240772687,
    3.0: 0.9949015284526289,
    5.0: 0.9999091217152326,
}


def tanh_unit(weight, bias=0.0, kind="map"):
    """One unit (pitchfork at w = 1); the points are known for b = 0."""
    step = TanhUnit(np.float64(weight), np.float64(bias)).step
    system = sx.DiscreteMap(step, 1) if kind == "map" else sx.Flow(lambda x: step(x) - x, 1)
    states, unstable = np.zeros((1, 1)), [0]
    if weight > 1:
        states, unstable = both_signs([[TANH_UNIT[weight]]]), [0, 0, 1]
    return Textbook(system, box(1, -2, 2), states, unstable)


def ghost(mu):
    """x' = μ + x²: no fixed point where μ > 0, but the slow point x = 0 of speed μ."""
    system = sx.Flow(lambda x, u: u + x**2, 1, input=np.array([mu]))
    states = np.sqrt(-mu) * np.array([[-1.0], [1.0]]) if mu < 0 else np.zeros((0, 1))
    return Textbook(system, box(1, -2, 2, 50), states, [0, 1] if mu < 0 else [])


def hopf(a, b, kind="flow"):
    """x' = −x + W tanh x with W = [[a, −b], [b, a]], or h ↦ tanh(W h): the origin alone."""
    W = np.array([[a, -b], [b, a]])
    if kind == "map":
        system, unstable = sx.DiscreteMap(lambda x: jnp.tanh(W @ x), 2), np.hypot(a, b) > 1
    else:
        system, unstable = sx.Flow(lambda x: -x + W @ jnp.tanh(x), 2), a > 1
    return Textbook(system, box(2, -1, 1), np.zeros((1, 2)), [2 * int(unstable)])


def _rank_one_weights():
    m, n = np.random.default_rng(0).standard_normal((2, 50))
    return m, n + (1.8 - n @ m / 50) * m / (m @ m / 50)


RANK_ONE = _rank_one_weights()
"""m and n, of 50 units, with n · m / 50 = 1.8."""


def rank_one(gain=1.0):
    """x' = −x + m nᵀ tanh(x)/N with N = 50: the points are κ m, κ a root of a scalar equation."""
    m, n = RANK_ONE
    system = sx.Flow(lambda x: -x + gain * m * (n @ jnp.tanh(x)) / 50, 50, tau=100.0)
    states = both_signs([1.2991568555472 * m])
    return Textbook(system, box(50, -3, 3, 100), states, [0, 0, 1], 1e-11)


def unscaled(model):
    """Return a flow whose unit of time is that of its field."""
    return sx.Flow(model.evaluate, model.size)


def wong_wang(mu, coherence):
    """Two competing populations (Wong & Wang 2006); time in s, rates in Hz."""
    states, unstable = WONG_WANG[mu, coherence]
    system = unscaled(sx.models.wong_wang(coherence, mu=mu))
    return Textbook(system, box(2, 0, 1, 400), np.array(states), unstable, 1e-11)


WONG_WANG = {
    (0.0, 0.0): (
        [
            (0.102651249565, 0.102651249565),
            (0.566987180557, 0.0318914198205),
            (0.0318914198205, 0.566987180557),
            (0.313844924265, 0.0557853305247),
            (0.0557853305247, 0.313844924265),
        ],
        [0, 0, 0, 1, 1],
    ),
    (30.0, 0.0): (
        [
            (0.658694233523, 0.0518071991493),
            (0.0518071991493, 0.658694233523),
            (0.424455591643, 0.424455591643),
        ],
        [0, 0, 1],
    ),
    (30.0, 0.14): (
        [
            (0.66797761994, 0.0458301437228),
            (0.0591100360917, 0.64810466846),
            (0.384558607208, 0.453630916848),
        ],
        [0, 0, 1],
    ),
    (30.0, 1.0): ([(0.709280520282, 0.0239636646117)], [0]),
}


def fitzhugh_nagumo(current):
    """V' = V − V³/3 − w + I, w' = (V + a − b w)/τ; Hopf at I = 0.33128… and 1.41872…"""
    a, b, tau = 0.7, 0.8, 12.5

    def field(x):
        v, w = x
        return jnp.stack([v - v**3 / 3 - w + current, (v + a - b * w) / tau])

    states = np.array([[-0.2729009589972977, 0.5338738012533779]])
    return Textbook(sx.Flow(field, 2), box(2, -2, 2), states, [2])


def wilson_cowan():
    """E and I populations with a stable silent state, a saddle and a stable active state."""
    states = [(0, 0), (0.1780372586002, 0.062801178425593), (0.46246487316095, 0.24336411278349)]
    system = unscaled(sx.models.wilson_cowan())
    return Textbook(system, box(2, 0, 1), np.array(states, float), [0, 1, 0], 1e-12)


RING = {
    2: ([(0.9575040240772687, -0.9575040240772687)], {"flow": [0], "map": [0]}),
    3: (
        [(0.949795711386598, -0.425502295112648, -0.879894003155241)],
        {"flow": [0], "map": [1]},
    ),
    4: (
        [
            (0.962891906717896, 0.525235230965373, -0.962891906717896, -0.525235230965372),
            (0.877263141750039, -0.569696163135321, 0.339744995541853, -0.78964767096492),
            (0.339744995541853, -0.78964767096492, 0.877263141750039, -0.569696163135321),
        ],
        {"flow": [0, 1, 1], "map": [1, 2, 2]},
    ),
}
ORIGIN = {2: {"flow": 1, "map": 1}, 3: {"flow": 1, "map": 2}, 4: {"flow": 2, "map": 3}}


def ring(n, kind):
    """x = tanh(x W), W[i] = −roll(linspace(−1, 1, n), −i): the networks of FixedPointFinder's test.

    The points were proved to be all there are, by branch and prune in interval arithmetic.
    """
    W = np.stack([-np.roll(np.linspace(-1, 1, n), -i) for i in range(n)])
    if kind == "map":
        system = sx.DiscreteMap(lambda x: jnp.tanh(x @ W), n)
    else:
        system = sx.Flow(lambda x: jnp.tanh(x @ W) - x, n)
    some, unstable = RING[n]
    states, counts = both_signs(some), 2 * unstable[kind]
    if n == 4:
        alternating = 0.775516313851923 * np.array([[1.0, -1.0, 1.0, -1.0]])
        states = np.concatenate([states[:-1], alternating, -alternating, states[-1:]])
        counts = [*counts, 0, 0]
    return Textbook(system, box(n, -1, 1, 300), states, [*counts, ORIGIN[n][kind]], 1e-12)


class TanhCell(eqx.Module):
    """PyTorch's `nn.RNN` without input."""

    weights: np.ndarray
    bias: np.ndarray

    def step(self, h):
        return jnp.tanh(self.weights @ h + self.bias)


class GRUCell(eqx.Module):
    """PyTorch's `nn.GRU` without input; `candidate(h) − h` has the zeros of `step(h) − h`."""

    weights: np.ndarray
    bias_input: np.ndarray
    bias_hidden: np.ndarray

    def gates(self, h):
        reset, update, new = jnp.split(self.weights @ h + self.bias_hidden, 3)
        reset_bias, update_bias, new_bias = jnp.split(jnp.asarray(self.bias_input), 3)
        gate = jax.nn.sigmoid(reset + reset_bias)
        return jax.nn.sigmoid(update + update_bias), jnp.tanh(new_bias + gate * new)

    def step(self, h):
        update, candidate = self.gates(h)
        return (1 - update) * candidate + update * h

    def residual(self, h):
        return self.gates(h)[1] - h


def flip_flop(architecture):
    """A 3-bit flip-flop trained in PyTorch, "tanh16" or "gru32", and 1024 noisy starts."""
    data = np.load(DATA / f"flipflop_{architecture}.npz")
    hidden, *biases = (data[f"rnn.{name}_l0"] for name in ("weight_hh", "bias_ih", "bias_hh"))
    if architecture == "tanh16":
        return sx.DiscreteMap(TanhCell(hidden, sum(biases)).step, 16), data["x0"]
    cell = GRUCell(hidden, *biases)
    return sx.DiscreteMap(cell.step, 32, residual=cell.residual), data["x0"]


def morris_lecar(current, v3=12.0, v4=17.4, g_ca=4.0, phi=0.23):
    """Morris & Lecar (1981), here in Rinzel & Ermentrout's homoclinic regime; mV, ms, μA/cm²."""

    def field(x):
        v, w = x
        m = 0.5 * (1 + jnp.tanh((v + 1.2) / 18))
        rest = 0.5 * (1 + jnp.tanh((v - v3) / v4))
        channels = 2 * (v + 60) + g_ca * m * (v - 120) + 8 * w * (v + 84)
        slowly = phi * jnp.cosh((v - v3) / (2 * v4))
        return jnp.stack([(current - channels) / 20, slowly * (rest - w)])

    return sx.Flow(field, 2)


MORRIS_LECAR = {"Hopf": 36.316217, "fold": 40.59335, "homoclinic": (35.0067322, 35.0067352)}
"""Where its cycle is born, folds and ends; the last one was bracketed by simulation."""


def lorenz(r):
    """Lorenz (1963), σ = 10, b = 8/3: cycles lie between the homoclinic and the Hopf point."""

    def field(x):
        x, y, z = x
        return jnp.stack([10 * (y - x), r * x - y - x * z, x * y - 8 / 3 * z])

    return sx.Flow(field, 3)


def henon():
    """Hénon (1976): a = 1.4, b = 0.3."""
    return sx.DiscreteMap(lambda x: jnp.stack([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]]), 2)


def logistic(r):
    """x ↦ r x (1 − x)."""
    return sx.DiscreteMap(lambda x: r * x * (1 - x), 1, dt=10.0)


def van_der_pol(mu=1.0):
    """x'' = μ (1 − x²) x' − x, whose cycle has the period 6.6632868593 for μ = 1."""
    return sx.Flow(lambda x: jnp.stack([x[1], mu * (1 - x[0] ** 2) * x[1] - x[0]]), 2)


def hodgkin_huxley(current):
    """Hodgkin & Huxley (1952), mV from rest and ms."""

    def quotient(x):
        """x / (exp(x) − 1), continued at 0."""
        near = jnp.abs(x) < 1e-6
        return jnp.where(near, 1 - x / 2, x / jnp.expm1(jnp.where(near, 1.0, x)))

    def field(x):
        v, m, h, n = x
        opens = [quotient((25 - v) / 10), 0.07 * jnp.exp(-v / 20), 0.1 * quotient((10 - v) / 10)]
        closes = [4 * jnp.exp(-v / 18), jax.nn.sigmoid((v - 30) / 10), 0.125 * jnp.exp(-v / 80)]
        channels = 120 * m**3 * h * (v - 115) + 36 * n**4 * (v + 12) + 0.3 * (v - 10.6)
        gates = jnp.stack([m, h, n])
        slopes = jnp.stack(opens) * (1 - gates) - jnp.stack(closes) * gates
        return jnp.append(current - channels, slopes)

    return sx.Flow(field, 4)


def jansen_rit(p):
    """Jansen & Rit (1995): six units in mV and mV/s, times in seconds, p pulses a second."""
    return unscaled(sx.models.jansen_rit(p))


JANSEN_RIT_AT_REST = np.array([0.00077825, -1.00143, 2.52819, 0.0, 0.0, 0.0])
"""The only fixed point at p = −50, roughly."""


def brusselator(b, sizes=(1.0, 1.0)):
    """x' = 1 + x²y − (b + 1) x, y' = b x − x²y, measured in other units; Hopf at b = 2."""
    sizes = np.asarray(sizes)

    def field(z):
        x, y = z / sizes
        return sizes * jnp.stack([1 + x * x * y - (b + 1) * x, b * x - x * x * y])

    return sx.Flow(field, 2)

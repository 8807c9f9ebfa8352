"""Textbook systems, whose points are known from print, from enumeration or by formula."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import systems
from scipy.special import expit
from systems import box

import separatrix as sx

from .row import Problem, Row


def normal(size: int, count: int, seed: int = 0) -> np.ndarray:
    """Return normal random states `(count, size)`."""
    return np.random.default_rng(seed).standard_normal((count, size))


def flow(starts: np.ndarray, tau: float = 1.0) -> Callable[[Callable], Callable[[], Problem]]:
    """Return what makes a row of a field: its flow, and the starts."""
    return lambda field: lambda: (sx.Flow(field, starts.shape[1], tau), starts)


def discrete(starts: np.ndarray) -> Callable[[Callable], Callable[[], Problem]]:
    """Return what makes a row of a step: its map, and the starts."""
    return lambda step: lambda: (sx.DiscreteMap(step, starts.shape[1]), starts)


# One unit, and two.


@discrete(box(1, -2, 2, 200))
def tanh_unit(x):
    return jnp.tanh(2.0 * x)


@flow(box(1, -2, 2, 200))
def ghost(x):
    """x' = 0.01 + x²: no fixed point, but a slow one."""
    return 0.01 + x**2


def near_fold(bias: float) -> Problem:
    """A unit whose two upper points meet at a bias of 0.53283997535."""
    return sx.Flow(lambda x: -x + jnp.tanh(2 * x - bias), 1, 10.0), box(1, -2, 2, 200)


@flow(box(2, 0, (160, 16), 400))
def toggle_switch(x):
    """Gardner, Cantor & Collins (2000) without inducer; time in lives of the repressors."""
    u, v = x
    return jnp.stack([156.25 / (1 + v**2.5) - u, 15.6 / (1 + u) - v])


@flow(box(2, 0, 1, 400), 1000.0)
def wong_wang(s):
    """Two populations that compete (Wong & Wang 2006) at 30 Hz; time in s."""
    current = 0.2609 * s - 0.0497 * s[::-1] + 0.3255 + 0.00052 * 30
    drive = 270 * current - 108
    return -s / 0.1 + (1 - s) * 0.641 * drive / (1 - jnp.exp(-0.154 * drive))


# BrainPy's example with a silent state, a saddle and an active one; Rinzel & Ermentrout's
# homoclinic regime, at 38 μA/cm², in mV and ms.
SHARED = {
    "wilson_cowan": lambda: (systems.wilson_cowan().system, box(2, 0, 1, 400)),
    "fitzhugh_nagumo": lambda: (systems.fitzhugh_nagumo(0.8).system, box(2, -2, 2, 200)),
    "morris_lecar": lambda: (systems.morris_lecar(38), box(2, (-80, 0), (60, 1), 400)),
}

A = np.array([-200, -100, -170, 15.0])
X0, Y0 = np.array([[1, 0, -0.5, -1], [0, 0.5, 1.5, 1]])
XX, XY, YY = np.array([[-1, -1, -6.5, 0.7], [0, 0, 11, 0.6], [-10, -10, -6.5, 0.7]])


def potential(z):
    x, y = z[0] - X0, z[1] - Y0
    return jnp.sum(A * jnp.exp(XX * x**2 + XY * x * y + YY * y**2))


@flow(box(2, (-1.5, -0.2), (1.2, 2.0), 400))
def mueller_brown(z):
    """Descent of the potential of Müller & Brown (1979)."""
    return -jax.grad(potential)(z)


W_EI, TAU_EI = np.array([[1.25, -0.65], [1.2, -0.5]]), np.array([20.0, 10.0])


@flow(box(2, 0, 50, 400))
def stabilized_supralinear(r):
    """Rates of E and I that grow as the square of their input (Rubin et al. 2015)."""
    return (-r + 0.04 * jax.nn.relu(W_EI @ r + 2.0) ** 2) / TAU_EI


@flow(box(2, (-90, -100), (0, 300), 400))
def adaptive_exponential(x):
    """A neuron of Brette & Gerstner (2005), without its reset, at 500 pA; mV, pA and ms."""
    v, w = x
    spike = 30 * 2 * jnp.exp((v + 50.4) / 2)
    return jnp.stack([(-30 * (v + 70.6) + spike - w + 500) / 281, (4 * (v + 70.6) - w) / 144])


# Maps of two variables.


PLRNN_A, PLRNN_W = (
    np.array([-0.0222311, 0.96461297]),
    np.array([[0, -0.64375], [0.52505308, 0]]),
)
PLRNN_H = np.array([0.37298253, -0.97931491])


@discrete(10 * normal(2, 400))
def plrnn(z):
    """The two-dimensional test of SCYFI."""
    return PLRNN_A * z + PLRNN_W @ jax.nn.relu(z) + PLRNN_H


@discrete(box(2, 0, 1, 200))
def delayed_logistic(n):
    """A population that the one of the year before limits, beyond its Neimark–Sacker point."""
    return jnp.stack([2.1 * n[0] * (1 - n[1]), n[0]])


@discrete(box(2, -1.5, 1.5, 200))
def henon(z):
    return jnp.stack([1 - 1.4 * z[0] ** 2 + z[1], 0.3 * z[0]])


# More variables.


@flow(box(3, (-20, -30, 0), (20, 30, 50), 300))
def lorenz(s):
    x, y, z = s
    return jnp.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])


@flow(box(4, (-20, 0, 0, 0), (120, 1, 1, 1), 400))
def hodgkin_huxley(x):
    """Hodgkin & Huxley (1952) at 10 μA/cm²; mV from rest and ms. 0/0 at V = 10 and V = 25."""
    v, m, h, n = x
    into_m = 0.1 * (25 - v) / (jnp.exp((25 - v) / 10) - 1) * (1 - m)
    into_n = 0.01 * (10 - v) / (jnp.exp((10 - v) / 10) - 1) * (1 - n)
    into_h = 0.07 * jnp.exp(-v / 20) * (1 - h)
    channels = 120 * m**3 * h * (v - 115) + 36 * n**4 * (v + 12) + 0.3 * (v - 10.6)
    return jnp.stack(
        [
            10 - channels,
            into_m - 4 * jnp.exp(-v / 18) * m,
            into_h - h / (jnp.exp((30 - v) / 10) + 1),
            into_n - 0.125 * jnp.exp(-v / 80) * n,
        ]
    )


def jansen_rit(p: float) -> Problem:
    """Jansen & Rit (1995) at p pulses a second; mV, mV/s and s."""

    def rate(v):
        return 5 / (1 + jnp.exp(0.56 * (6 - v)))

    def field(y):
        x, slopes = y[:3], y[3:]
        a = np.array([100.0, 100.0, 50.0])
        drive = [
            3.25 * 100 * rate(x[1] - x[2]),
            3.25 * 100 * (p + 108 * rate(135 * x[0])),
            22 * 50 * 33.75 * rate(33.75 * x[0]),
        ]
        return jnp.concatenate([slopes, jnp.stack(drive) - 2 * a * slopes - a**2 * x])

    most = np.array([0.2, 40, 30, 5, 500, 500])
    return sx.Flow(field, 6, 1000.0), box(6, [0, 0, 0, *-most[3:]], most, 400)


@flow(box(6, 0, 100, 300))
def repressilator(x):
    """Three genes that repress each other in a circle (Elowitz & Leibler 2000): mRNA, proteins."""
    m, p = jnp.split(x, 2)
    made = 216 / (1 + jnp.roll(p, 1) ** 2) + 0.216
    return jnp.concatenate([made - m, 5 * (m - p)])


@flow(box(3, 0, (1000, 1000, 1000), 400))
def oregonator(s):
    """Field & Noyes (1974) in their scaled units, which are far apart."""
    x, y, z = s
    fast = 77.27 * (y - x * y + x - 8.375e-6 * x**2)
    return jnp.stack([fast, (-y - x * y + z) / 77.27, 0.161 * (x - z)])


def oregonator_negative() -> np.ndarray:
    """Return x = z, y = x / (1 + x) with q x (1 + x) = 2 where x is negative."""
    x = (-1 - np.sqrt(1 + 8 / 8.375e-6)) / 2
    return np.array([[x, x / (1 + x), x]])


def competition() -> tuple[np.ndarray, np.ndarray]:
    """Return how species compete, and how fast they grow alone."""
    rng = np.random.default_rng(0)
    a = rng.uniform(0, 1.2, (5, 5))
    np.fill_diagonal(a, 1)
    return a, rng.uniform(0.5, 1, 5)


def lotka_volterra() -> Problem:
    a, r = competition()
    return sx.Flow(lambda x: x * (r - a @ x), 5), box(5, 0, 1, 500)


def lotka_volterra_negative() -> np.ndarray:
    """Return a point for each set of species that cannot live together."""
    a, r = competition()
    states = np.zeros((32, 5))
    for x, number in zip(states, range(32), strict=True):
        on = number >> np.arange(5) & 1 == 1
        x[on] = np.linalg.solve(a[np.ix_(on, on)], r[on])
    return states[(states < 0).any(1)]


@flow(box(3, 0, (100, 1, 1), 400), 1000.0)
def synaptic_memory(s):
    """Rate, depression and facilitation of a cluster (Mi, Katkov & Tsodyks 2017); Hz and s."""
    r, x, u = s
    rate = 1.5 * jax.nn.softplus((8 * u * x * r - 4) / 1.5)
    depression = (1 - x) / 0.3 - u * x * r
    return jnp.stack([(rate - r) / 0.013, depression, (0.3 - u) / 1.5 + 0.3 * (1 - u) * r])


# Small networks of tanh or logistic units.


def fixed_point_finder(size: int, flow: bool = False) -> Problem:
    """A network of FixedPointFinder's tests, as a map or as a flow."""
    W = np.stack([-np.roll(np.linspace(-1, 1, size), -i) for i in range(size)])
    if flow:
        return sx.Flow(lambda x: -x + jnp.tanh(x @ W), size), box(size, -1, 1, 512)
    return sx.DiscreteMap(lambda x: jnp.tanh(x @ W), size), box(size, -1, 1, 512)


def random_tanh(size: int) -> Problem:
    W = 3 * np.random.default_rng(0).standard_normal((size, size)) / np.sqrt(size)
    return sx.DiscreteMap(lambda x: jnp.tanh(W @ x), size), box(size, -1, 1, 500)


W_BEER = np.random.default_rng(0).uniform(-16, 16, (3, 3))
TAU_BEER = np.array([1.0, 2.5, 6.0])


@flow(box(3, -16, 16, 500))
def beer_ctrnn(y):
    """A center-crossing network (Beer 1995)."""
    return (-y + W_BEER @ jax.nn.sigmoid(y - W_BEER.sum(1) / 2)) / TAU_BEER


COMPETITION = 14 * np.eye(3) - 6


@flow(box(3, 0, 1, 500), 10.0)
def winner_take_all(x):
    """Three populations that excite themselves and inhibit one another."""
    return -x + jax.nn.sigmoid(COMPETITION @ x - 1.0)


# Networks that hold patterns, of low rank, or of many like parts.


def patterns() -> np.ndarray:
    """Return three orthogonal patterns of 64 units, `(3, 64)`."""
    return 1.0 - 2 * (np.arange(64) >> np.arange(3)[:, None] & 1)


def hopfield() -> Problem:
    W = patterns().T @ patterns() / 64
    return sx.Flow(lambda x: -x + jnp.tanh(3 * W @ x), 64, 10.0), box(64, -1, 1, 1000)


def factors(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return m and n with nᵀm/N = 1.8."""
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal(size), rng.standard_normal(size)
    return m, n + (1.8 - n @ m / size) * m / (m @ m / size)


def rank_one(size: int) -> Problem:
    m, n = factors(size)
    W = np.outer(m, n) / size
    return sx.Flow(lambda x: -x + W @ jnp.tanh(x), size, 100.0), normal(size, 300)


COUPLING = 0.1


def wilson_cowan_pairs(count: int) -> Problem:
    """E and I of Wilson & Cowan's cycle (1972), on a ring where the E of neighbors excite E."""

    def sigmoid(x, a, threshold):
        return jax.nn.sigmoid(a * (x - threshold)) - expit(-a * threshold)

    def field(x):
        e, i = jnp.split(x, 2)
        around = COUPLING * (jnp.roll(e, 1) + jnp.roll(e, -1)) if count > 1 else 0
        to_e = sigmoid(16 * e - 12 * i + 1.25 + around, 1.3, 4.0)
        to_i = sigmoid(15 * e - 3 * i, 2.0, 3.7)
        return jnp.concatenate([-e + (1 - e) * to_e, -i + (1 - i) * to_i])

    return sx.Flow(field, 2 * count, 10.0), box(2 * count, 0, 0.5, 256)


PULL = 0.05 * np.array([1.0, -2.0, 1.0])


@flow(box(5, -1.5, 1.5, 1000))
def bistable_chain(x):
    """Five bistable units, of which neighbors are pulled together."""
    return x - x**3 + jnp.convolve(x, PULL, "same")


# Threshold-linear networks.


def graph(size: int, density: float) -> np.ndarray:
    """Return the weights of a combinatorial network (Curto & Morrison 2016) of a random graph."""
    arrows = np.random.default_rng(0).random((size, size)) < density
    return np.where(arrows, -1 + 0.25, -1 - 0.5) * (1 - np.eye(size))


def combinatorial(size: int, density: float) -> Problem:
    W = graph(size, density)
    return sx.Flow(lambda x: -x + jax.nn.relu(W @ x + 1.0), size), box(size, 0, 1, 500)


def random_rectified() -> Problem:
    rng = np.random.default_rng(0)
    W, b = 1.5 * rng.standard_normal((10, 10)) / np.sqrt(10), rng.standard_normal(10)
    return sx.DiscreteMap(lambda x: jax.nn.relu(W @ x + b), 10), box(10, 0, 2, 500)


@flow(box(3, (-3, -1, -4), (3, 1, 4), 200))
def chua(s):
    """Chua's circuit with its double scroll."""
    x, y, z = s
    diode = -5 / 7 * x - 3 / 14 * (jnp.abs(x + 1) - jnp.abs(x - 1))
    return jnp.stack([15.6 * (y - x - diode), x - y + z, -28 * y])


INHIBITION = np.array([[0, -1.0], [-1.0, 0]])


@flow(box(2, 0, 1, 200), 100.0)
def line(r):
    """Two rectified units that inhibit each other: all with r₁ + r₂ = 1 rest."""
    return -r + jax.nn.relu(INHIBITION @ r + 1.0)


@flow(box(3, 0, 1, 300))
def epidemic(x):
    """Susceptible, infected and recovered: everyone may be well, in any proportion."""
    s, i, _ = x
    return jnp.stack([-0.5 * s * i, 0.5 * s * i - 0.1 * i, 0.1 * i])


def threshold_ring_weights(coupling: float) -> np.ndarray:
    angle = 2 * np.pi * np.arange(6) / 6
    return (-6 + coupling * np.cos(angle[:, None] - angle)) / 6


def threshold_ring(coupling: float) -> Problem:
    """Six rectified units on a ring: a continuum where the coupling is 4 (Noorman et al. 2024)."""
    W = threshold_ring_weights(coupling)
    return sx.Flow(lambda r: -r + jax.nn.relu(W @ r + 1.0), 6, 100.0), box(6, 0, 1, 300)


# Rings of smooth units.


def ring_weights(noise: float) -> np.ndarray:
    angle = 2 * np.pi * np.arange(64) / 64
    around = 4 * np.cos(angle[:, None] - angle) / 64
    return around + noise * np.random.default_rng(0).standard_normal((64, 64)) / 8


def smooth_ring(noise: float) -> Problem:
    W = ring_weights(noise)
    return sx.Flow(lambda x: -x + jnp.tanh(W @ x), 64, 100.0), normal(64, 500)


ROWS: list[Row] = [
    Row("tanh_unit", tanh_unit),
    Row("ghost", ghost),
    Row("before_fold", partial(near_fold, 0.5328399)),
    Row("after_fold", partial(near_fold, 0.53284)),
    Row("toggle_switch", toggle_switch),
    Row("wong_wang", wong_wang),
    *(Row(name, make) for name, make in SHARED.items()),
    Row("mueller_brown", mueller_brown),
    Row("supralinear", stabilized_supralinear),
    Row("adaptive_exponential", adaptive_exponential),
    Row("plrnn_2", plrnn),
    Row("delayed_logistic", delayed_logistic),
    Row("henon", henon),
    Row("lorenz", lorenz),
    Row("hodgkin_huxley", hodgkin_huxley),
    Row("jansen_rit_120", partial(jansen_rit, 120), uneven=True),
    Row("jansen_rit_100", partial(jansen_rit, 100)),
    Row("synaptic_memory", synaptic_memory),
    Row("repressilator", repressilator),
    Row("oregonator", oregonator, allowed=oregonator_negative),
    Row("lotka_volterra_5", lotka_volterra, allowed=lotka_volterra_negative),
    *(Row(f"fpf_map_{n}", partial(fixed_point_finder, n)) for n in range(2, 8)),
    Row("fpf_flow_4", partial(fixed_point_finder, 4, flow=True)),
    Row("random_tanh_4", partial(random_tanh, 4)),
    Row("random_tanh_8", partial(random_tanh, 8)),
    Row("beer_3", beer_ctrnn),
    Row("winner_take_all_3", winner_take_all),
    Row("hopfield_64", hopfield),
    Row("rank_one_50", partial(rank_one, 50)),
    Row("rank_one_300", partial(rank_one, 300)),
    Row("wilson_cowan_pair", partial(wilson_cowan_pairs, 1)),
    Row(
        "wilson_cowan_40_pairs",
        partial(wilson_cowan_pairs, 40),
        unsolved="The one fixed point is missing, and an index sum of 0 says so.",
    ),
    Row("bistable_chain_5", bistable_chain),
    Row("combinatorial_8", partial(combinatorial, 8, 0.5)),
    Row("combinatorial_9", partial(combinatorial, 9, 0.3)),
    Row("combinatorial_12", partial(combinatorial, 12, 0.5)),
    # Without an arrow, each set of units that are active together is a fixed point.
    Row("rectified_winners_7", partial(combinatorial, 7, 0.0)),
    Row("random_rectified_10", random_rectified),
    Row("chua", chua),
    Row("epidemic", epidemic, continuum=True),
    Row("relu_line", line, continuum=True),
    Row("threshold_ring_exact", partial(threshold_ring, 4.0), continuum=True),
    Row("threshold_ring_detuned", partial(threshold_ring, 3.28)),
    Row("smooth_ring_exact", partial(smooth_ring, 0.0), continuum=True),
    Row("smooth_ring_1e-3", partial(smooth_ring, 1e-3)),
    Row("smooth_ring_1e-5", partial(smooth_ring, 1e-5)),
]

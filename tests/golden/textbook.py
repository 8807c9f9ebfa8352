"""Textbook systems, whose points are known from print, from enumeration or by formula."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import expit

import separatrix as sx

from .enumerate import polished, roots, saturating, threshold_linear
from .row import Problem, Row


def box(size: int, low: object, high: object, count: int, seed: int = 0) -> np.ndarray:
    """Return uniform random states `(count, size)`."""
    return np.random.default_rng(seed).uniform(low, high, (count, size))


def normal(size: int, count: int, seed: int = 0) -> np.ndarray:
    """Return normal random states `(count, size)`."""
    return np.random.default_rng(seed).standard_normal((count, size))


def both_signs(states: object) -> np.ndarray:
    """Return each state and its mirror image, and the origin once."""
    states = np.atleast_2d(np.asarray(states, float))
    return np.concatenate([states, -states, np.zeros((1, states.shape[1]))])


# One unit, and two.


def tanh_unit() -> Problem:
    return sx.DiscreteMap(lambda x: jnp.tanh(2.0 * x), 1), box(1, -2, 2, 200)


def ghost() -> Problem:
    """x' = 0.01 + x²: no fixed point, but a slow one."""
    return sx.Flow(lambda x: 0.01 + x**2, 1), box(1, -2, 2, 200)


def near_fold(bias: float) -> Problem:
    """A unit whose two upper points meet at a bias of 0.53283997535."""
    return sx.Flow(lambda x: -x + jnp.tanh(2 * x - bias), 1, 10.0), box(1, -2, 2, 200)


def near_fold_states(bias: float) -> np.ndarray:
    return roots(lambda x: np.tanh(2 * x - bias) - x, -1.0, 1.0, 2_000_001)[:, None]


def toggle_switch() -> Problem:
    """Gardner, Cantor & Collins (2000) without inducer; time in lives of the repressors."""

    def field(x):
        u, v = x
        return jnp.stack([156.25 / (1 + v**2.5) - u, 15.6 / (1 + u) - v])

    return sx.Flow(field, 2), box(2, 0, (160, 16), 400)


def toggle_switch_states() -> np.ndarray:
    u = lambda v: 156.25 / (1 + v**2.5)  # noqa: E731
    v = roots(lambda v: 15.6 / (1 + u(v)) - v, 0, 16)
    return np.column_stack([u(v), v])


def wong_wang() -> Problem:
    """Two populations that compete (Wong & Wang 2006) at 30 Hz; time in s."""

    def field(s):
        current = 0.2609 * s - 0.0497 * s[::-1] + 0.3255 + 0.00052 * 30
        drive = 270 * current - 108
        return -s / 0.1 + (1 - s) * 0.641 * drive / (1 - jnp.exp(-0.154 * drive))

    return sx.Flow(field, 2, 1000.0), box(2, 0, 1, 400)


def wong_wang_states() -> np.ndarray:
    def field(s):
        drive = 270 * (0.2609 * s - 0.0497 * s[::-1] + 0.3255 + 0.00052 * 30) - 108
        return -s / 0.1 + (1 - s) * 0.641 * drive / -np.expm1(-0.154 * drive)

    high, low, saddle = 0.658694233523, 0.0518071991493, 0.424455591643
    return polished(field, [(high, low), (low, high), (saddle, saddle)])


def wilson_cowan() -> Problem:
    """The two-dimensional example of BrainPy: silent, a saddle, active."""

    def sigmoid(x, a, threshold):
        return jax.nn.sigmoid(a * (x - threshold)) - expit(-a * threshold)

    def field(x):
        e, i = x
        to_e = (1 - e) * sigmoid(12 * e - 4 * i, 1.2, 2.8)
        return jnp.stack([-e + to_e, -i + (1 - i) * sigmoid(13 * e - 11 * i, 1.0, 4.0)])

    return sx.Flow(field, 2, 10.0), box(2, 0, 1, 400)


def wilson_cowan_states() -> np.ndarray:
    def field(x):
        e, i = x
        to_e = expit(1.2 * (12 * e - 4 * i - 2.8)) - expit(-1.2 * 2.8)
        to_i = expit(13 * e - 11 * i - 4.0) - expit(-4.0)
        return np.array([-e + (1 - e) * to_e, -i + (1 - i) * to_i])

    printed = [(0.1780372586002, 0.062801178425593), (0.46246487316095, 0.24336411278349)]
    return polished(field, [(0, 0), *printed])


def fitzhugh_nagumo() -> Problem:
    def field(x):
        v, w = x
        return jnp.stack([v - v**3 / 3 - w + 0.8, (v + 0.7 - 0.8 * w) / 12.5])

    return sx.Flow(field, 2), box(2, -2, 2, 200)


def fitzhugh_nagumo_states() -> np.ndarray:
    return np.array([[-0.2729009589972977, 0.5338738012533779]])


def morris_lecar() -> Problem:
    """Rinzel & Ermentrout's homoclinic regime, at 38 μA/cm²; mV and ms."""

    def field(x):
        v, w = x
        m = 0.5 * (1 + jnp.tanh((v + 1.2) / 18))
        rest = 0.5 * (1 + jnp.tanh((v - 12) / 17.4))
        channels = 2 * (v + 60) + 4 * m * (v - 120) + 8 * w * (v + 84)
        return jnp.stack([(38 - channels) / 20, 0.23 * jnp.cosh((v - 12) / 34.8) * (rest - w)])

    return sx.Flow(field, 2), box(2, (-80, 0), (60, 1), 400)


def morris_lecar_states() -> np.ndarray:
    rest = lambda v: 0.5 * (1 + np.tanh((v - 12) / 17.4))  # noqa: E731

    def current(v):
        m = 0.5 * (1 + np.tanh((v + 1.2) / 18))
        return 38 - 2 * (v + 60) - 4 * m * (v - 120) - 8 * rest(v) * (v + 84)

    v = roots(current, -100, 200)
    return np.column_stack([v, rest(v)])


A = np.array([-200, -100, -170, 15.0])
X0, Y0 = np.array([[1, 0, -0.5, -1], [0, 0.5, 1.5, 1]])
XX, XY, YY = np.array([[-1, -1, -6.5, 0.7], [0, 0, 11, 0.6], [-10, -10, -6.5, 0.7]])


def mueller_brown() -> Problem:
    """Descent of the potential of Müller & Brown (1979)."""

    def potential(z):
        x, y = z[0] - X0, z[1] - Y0
        return jnp.sum(A * jnp.exp(XX * x**2 + XY * x * y + YY * y**2))

    return sx.Flow(lambda z: -jax.grad(potential)(z), 2), box(2, (-1.5, -0.2), (1.2, 2.0), 400)


def mueller_brown_states() -> np.ndarray:
    def descent(z):
        x, y = z[0] - X0, z[1] - Y0
        terms = A * np.exp(XX * x**2 + XY * x * y + YY * y**2)
        return -np.array([terms @ (2 * XX * x + XY * y), terms @ (XY * x + 2 * YY * y)])

    minima = [(-0.558224, 1.441726), (0.623499, 0.028038), (-0.050011, 0.466694)]
    return polished(descent, [*minima, (-0.822002, 0.624313), (0.212487, 0.292988)])


def stabilized_supralinear() -> Problem:
    """Rates of E and I that grow as the square of their input (Rubin et al. 2015)."""
    W, tau = np.array([[1.25, -0.65], [1.2, -0.5]]), np.array([20.0, 10.0])
    field = lambda r: (-r + 0.04 * jax.nn.relu(W @ r + 2.0) ** 2) / tau  # noqa: E731
    return sx.Flow(field, 2), box(2, 0, 50, 400)


def stabilized_supralinear_states() -> np.ndarray:
    def inhibition(e):
        # r = k (c − r/2)² where c = 1.2 e + 2 is the rest of its input.
        c, k = 1.2 * e + 2, 0.04
        return 2 * k * c**2 / (1 + k * c + np.sqrt(1 + 2 * k * c))

    rate = lambda e: 0.04 * np.maximum(1.25 * e - 0.65 * inhibition(e) + 2, 0) ** 2  # noqa: E731
    e = roots(lambda e: rate(e) - e, 0, 1000)
    return np.column_stack([e, inhibition(e)])


def adaptive_exponential() -> Problem:
    """A neuron of Brette & Gerstner (2005), without its reset, at 500 pA; mV, pA and ms."""

    def field(x):
        v, w = x
        spike = 30 * 2 * jnp.exp((v + 50.4) / 2)
        return jnp.stack([(-30 * (v + 70.6) + spike - w + 500) / 281, (4 * (v + 70.6) - w) / 144])

    return sx.Flow(field, 2), box(2, (-90, -100), (0, 300), 400)


def adaptive_exponential_states() -> np.ndarray:
    v = roots(lambda v: -34 * (v + 70.6) + 60 * np.exp((v + 50.4) / 2) + 500, -100, 0)
    return np.column_stack([v, 4 * (v + 70.6)])


# Maps of two variables.


def plrnn() -> Problem:
    """The two-dimensional test of SCYFI."""
    scale, W = np.array([-0.0222311, 0.96461297]), np.array([[0, -0.64375], [0.52505308, 0]])
    h = np.array([0.37298253, -0.97931491])
    system = sx.DiscreteMap(lambda z: scale * z + W @ jax.nn.relu(z) + h, 2)
    return system, 10 * normal(2, 400)


def plrnn_states() -> np.ndarray:
    a1, a2, w2, h1, h2 = -0.0222311, 0.96461297, 0.52505308, 0.37298253, -0.97931491
    z1 = h1 / (1 - a1)
    return np.array([[z1, (w2 * z1 + h2) / (1 - a2)]])


def delayed_logistic() -> Problem:
    """A population that the one of the year before limits, beyond its Neimark–Sacker point."""
    step = lambda n: jnp.stack([2.1 * n[0] * (1 - n[1]), n[0]])  # noqa: E731
    return sx.DiscreteMap(step, 2), box(2, 0, 1, 200)


def delayed_logistic_states() -> np.ndarray:
    return np.array([[0, 0], [1 - 1 / 2.1, 1 - 1 / 2.1]])


def henon() -> Problem:
    step = lambda z: jnp.stack([1 - 1.4 * z[0] ** 2 + z[1], 0.3 * z[0]])  # noqa: E731
    return sx.DiscreteMap(step, 2), box(2, -1.5, 1.5, 200)


def henon_states() -> np.ndarray:
    x = (-0.7 + np.array([-1, 1]) * np.sqrt(0.49 + 5.6)) / 2.8
    return np.column_stack([x, 0.3 * x])


# More variables.


def lorenz() -> Problem:
    def field(s):
        x, y, z = s
        return jnp.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])

    return sx.Flow(field, 3), box(3, (-20, -30, 0), (20, 30, 50), 300)


def lorenz_states() -> np.ndarray:
    return np.array([[0, 0, 0], [np.sqrt(72), np.sqrt(72), 27], [-np.sqrt(72), -np.sqrt(72), 27]])


def hodgkin_huxley() -> Problem:
    """Hodgkin & Huxley (1952) at 10 μA/cm²; mV from rest and ms. 0/0 at V = 10 and V = 25."""

    def field(x):
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

    return sx.Flow(field, 4), box(4, (-20, 0, 0, 0), (120, 1, 1, 1), 400)


def hodgkin_huxley_states() -> np.ndarray:
    def gates(v):
        opens = np.stack(
            [
                0.1 * (25 - v) / np.expm1((25 - v) / 10),
                0.07 * np.exp(-v / 20),
                0.01 * (10 - v) / np.expm1((10 - v) / 10),
            ]
        )
        closes = [4 * np.exp(-v / 18), expit((v - 30) / 10), 0.125 * np.exp(-v / 80)]
        return opens / (opens + np.stack(closes))

    def current(v):
        m, h, n = gates(v)
        return 10 - 120 * m**3 * h * (v - 115) - 36 * n**4 * (v + 12) - 0.3 * (v - 10.6)

    v = roots(current, -50.0001, 150)
    return np.column_stack([v, gates(v).T])


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


def jansen_rit_states(p: float) -> np.ndarray:
    rate = lambda v: 5 * expit(0.56 * (v - 6))  # noqa: E731

    def others(y):
        return 0.0325 * (p + 108 * rate(135 * y)), 0.44 * 33.75 * rate(33.75 * y)

    def along(y):
        excited, inhibited = others(y)
        return 0.0325 * rate(excited - inhibited) - y

    y = roots(along, 0, 0.17)
    return np.column_stack([y, *others(y), np.zeros((len(y), 3))])


def repressilator() -> Problem:
    """Three genes that repress each other in a circle (Elowitz & Leibler 2000): mRNA, proteins."""

    def field(x):
        m, p = jnp.split(x, 2)
        made = 216 / (1 + jnp.roll(p, 1) ** 2) + 0.216
        return jnp.concatenate([made - m, 5 * (m - p)])

    return sx.Flow(field, 6), box(6, 0, 100, 300)


def repressilator_states() -> np.ndarray:
    """Each protein is a falling function of the one before, and so is three times that function."""
    made = lambda p: 216 / (1 + p**2) + 0.216  # noqa: E731
    (p,) = roots(lambda p: made(made(made(p))) - p, 0, 217)
    return np.full((1, 6), p)


def oregonator() -> Problem:
    """Field & Noyes (1974) in their scaled units, which are far apart."""

    def field(s):
        x, y, z = s
        fast = 77.27 * (y - x * y + x - 8.375e-6 * x**2)
        return jnp.stack([fast, (-y - x * y + z) / 77.27, 0.161 * (x - z)])

    return sx.Flow(field, 3), box(3, 0, (1000, 1000, 1000), 400)


def oregonator_states(sign: int = 1) -> np.ndarray:
    """Return the origin, and x = z, y = x / (1 + x) with q x (1 + x) = 2."""
    x = (-1 + sign * np.sqrt(1 + 8 / 8.375e-6)) / 2
    return np.array([[0, 0, 0], [x, x / (1 + x), x]])


def competition() -> tuple[np.ndarray, np.ndarray]:
    """Return how species compete, and how fast they grow alone."""
    rng = np.random.default_rng(0)
    a = rng.uniform(0, 1.2, (5, 5))
    np.fill_diagonal(a, 1)
    return a, rng.uniform(0.5, 1, 5)


def lotka_volterra() -> Problem:
    a, r = competition()
    return sx.Flow(lambda x: x * (r - a @ x), 5), box(5, 0, 1, 500)


def lotka_volterra_states(negative: bool = False) -> np.ndarray:
    """Return a point for each set of species that can live together, or for each that cannot."""
    a, r = competition()
    states = np.zeros((32, 5))
    for x, number in zip(states, range(32), strict=True):
        on = number >> np.arange(5) & 1 == 1
        x[on] = np.linalg.solve(a[np.ix_(on, on)], r[on])
    return states[(states < 0).any(1) == negative]


def synaptic_memory() -> Problem:
    """Rate, depression and facilitation of a cluster (Mi, Katkov & Tsodyks 2017); Hz and s."""

    def field(s):
        r, x, u = s
        rate = 1.5 * jax.nn.softplus((8 * u * x * r - 4) / 1.5)
        depression = (1 - x) / 0.3 - u * x * r
        return jnp.stack([(rate - r) / 0.013, depression, (0.3 - u) / 1.5 + 0.3 * (1 - u) * r])

    return sx.Flow(field, 3, 1000.0), box(3, 0, (100, 1, 1), 400)


def synaptic_memory_states() -> np.ndarray:
    def synapse(r):
        u = 0.3 * (1 + 1.5 * r) / (1 + 0.45 * r)
        return 1 / (1 + 0.3 * u * r), u

    def rate(r):
        x, u = synapse(r)
        return 1.5 * np.logaddexp(0, (8 * u * x * r - 4) / 1.5)

    r = roots(lambda r: rate(r) - r, 0, 1000)
    return np.column_stack([r, *synapse(r)])


# Small networks of tanh or logistic units.


def fixed_point_finder(size: int, flow: bool = False) -> Problem:
    """A network of FixedPointFinder's tests, as a map or as a flow."""
    W = np.stack([-np.roll(np.linspace(-1, 1, size), -i) for i in range(size)])
    if flow:
        return sx.Flow(lambda x: -x + jnp.tanh(x @ W), size), box(size, -1, 1, 512)
    return sx.DiscreteMap(lambda x: jnp.tanh(x @ W), size), box(size, -1, 1, 512)


def fixed_point_finder_states(size: int) -> np.ndarray:
    W = np.stack([-np.roll(np.linspace(-1, 1, size), -i) for i in range(size)])
    return saturating(W.T, np.zeros(size))


def random_tanh(size: int) -> Problem:
    W = 3 * np.random.default_rng(0).standard_normal((size, size)) / np.sqrt(size)
    return sx.DiscreteMap(lambda x: jnp.tanh(W @ x), size), box(size, -1, 1, 500)


def random_tanh_states(size: int) -> np.ndarray:
    W = 3 * np.random.default_rng(0).standard_normal((size, size)) / np.sqrt(size)
    return saturating(W, np.zeros(size))


def logistic(W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return all s = σ(W s + b); 2 s − 1 is a tanh of half the input."""
    return (1 + saturating(W / 4, b / 2 + W.sum(1) / 4)) / 2


def beer() -> tuple[np.ndarray, np.ndarray]:
    """Return the weights and biases of a center-crossing network (Beer 1995)."""
    W = np.random.default_rng(0).uniform(-16, 16, (3, 3))
    return W, -W.sum(1) / 2


def beer_ctrnn() -> Problem:
    W, bias = beer()
    tau = np.array([1.0, 2.5, 6.0])
    field = lambda y: (-y + W @ jax.nn.sigmoid(y + bias)) / tau  # noqa: E731
    return sx.Flow(field, 3), box(3, -16, 16, 500)


def beer_ctrnn_states() -> np.ndarray:
    W, bias = beer()
    return logistic(W, bias) @ W.T


COMPETITION = 14 * np.eye(3) - 6


def winner_take_all() -> Problem:
    """Three populations that excite themselves and inhibit one another."""
    field = lambda x: -x + jax.nn.sigmoid(COMPETITION @ x - 1.0)  # noqa: E731
    return sx.Flow(field, 3, 10.0), box(3, 0, 1, 500)


def winner_take_all_states() -> np.ndarray:
    return logistic(COMPETITION, -np.ones(3))


# Networks that hold patterns, of low rank, or of many like parts.


def patterns() -> np.ndarray:
    """Return three orthogonal patterns of 64 units, `(3, 64)`."""
    return 1.0 - 2 * (np.arange(64) >> np.arange(3)[:, None] & 1)


def hopfield() -> Problem:
    W = patterns().T @ patterns() / 64
    return sx.Flow(lambda x: -x + jnp.tanh(3 * W @ x), 64, 10.0), box(64, -1, 1, 1000)


def hopfield_states() -> np.ndarray:
    """Units of equal patterns are equal, and those of opposite ones opposite: four units remain."""
    signs = np.array([[1, a, b] for a in (1, -1) for b in (1, -1)])
    small = saturating(0.75 * signs @ signs.T, np.zeros(4))
    return np.tanh(0.75 * small @ signs @ patterns())


def factors(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return m and n with nᵀm/N = 1.8."""
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal(size), rng.standard_normal(size)
    return m, n + (1.8 - n @ m / size) * m / (m @ m / size)


def rank_one(size: int) -> Problem:
    m, n = factors(size)
    W = np.outer(m, n) / size
    return sx.Flow(lambda x: -x + W @ jnp.tanh(x), size, 100.0), normal(size, 300)


def rank_one_states(size: int) -> np.ndarray:
    m, n = factors(size)
    kappa = roots(lambda k: np.tanh(np.multiply.outer(k, m)) @ n / size - k, 0.01, 10, 2001)
    return both_signs(kappa[:, None] * m)


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


def wilson_cowan_pairs_states(count: int) -> np.ndarray:
    """Return the one point, in which all pairs are alike.

    A pair has one point at each drive that the others can give it, and its E moves there by less
    than 1 / (4 · coupling) per unit of drive. So E = e(drive + around), which the E of all pairs
    solve, is a contraction.
    """

    def inhibition(e):
        lower, upper = np.zeros_like(e), np.ones_like(e)
        for _ in range(60):
            i = (lower + upper) / 2
            more = (1 - i) * (expit(2 * (15 * e - 3 * i - 3.7)) - expit(-7.4)) > i
            lower, upper = np.where(more, i, lower), np.where(more, upper, i)
        return (lower + upper) / 2

    def pair(e, drive):
        to_e = expit(1.3 * (16 * e - 12 * inhibition(e) + drive - 4)) - expit(-5.2)
        return (1 - e) * to_e - e

    coupling = COUPLING if count > 1 else 0
    drives = 1.25 + np.linspace(0, 2 * COUPLING, 41)
    each = [roots(lambda e, drive=drive: pair(e, drive), 0, 1, 20_001) for drive in drives]
    assert [len(one) for one in each] == [1] * len(each)
    assert 4 * COUPLING * np.abs(np.diff(np.concatenate(each)) / np.diff(drives)).max() < 1
    (e,) = roots(lambda e: pair(e, 1.25 + 2 * coupling * e), 0, 1)
    return np.repeat([e, float(inhibition(np.array(e)))], count)[None]


def bistable_chain() -> Problem:
    """Five bistable units, of which neighbors are pulled together."""
    return sx.Flow(lambda x: x - x**3 + jnp.convolve(x, PULL, "same"), 5), box(5, -1.5, 1.5, 1000)


PULL = 0.05 * np.array([1.0, -2.0, 1.0])


def bistable_chain_states() -> np.ndarray:
    """Follow the 3⁵ states of single units: none is lost while the pull is weak (Keener 1987)."""
    pull = np.array([np.convolve(unit, PULL, "same") for unit in np.eye(5)])
    x = np.array(np.meshgrid(*[[-1.0, 0, 1]] * 5)).reshape(5, -1).T
    for part in np.linspace(0, 1, 11):
        for _ in range(20):
            jacobians = np.eye(5) * (1 - 3 * x[:, None] ** 2) + part * pull
            x = x - np.linalg.solve(jacobians, (x - x**3 + part * x @ pull)[..., None])[..., 0]
    return x


# Threshold-linear networks.


def graph(size: int, density: float) -> np.ndarray:
    """Return the weights of a combinatorial network (Curto & Morrison 2016) of a random graph."""
    arrows = np.random.default_rng(0).random((size, size)) < density
    return np.where(arrows, -1 + 0.25, -1 - 0.5) * (1 - np.eye(size))


def combinatorial(size: int, density: float) -> Problem:
    W = graph(size, density)
    return sx.Flow(lambda x: -x + jax.nn.relu(W @ x + 1.0), size), box(size, 0, 1, 500)


def combinatorial_states(size: int, density: float) -> np.ndarray:
    return threshold_linear(graph(size, density), np.ones(size))


def random_rectified() -> Problem:
    rng = np.random.default_rng(0)
    W, b = 1.5 * rng.standard_normal((10, 10)) / np.sqrt(10), rng.standard_normal(10)
    return sx.DiscreteMap(lambda x: jax.nn.relu(W @ x + b), 10), box(10, 0, 2, 500)


def random_rectified_states() -> np.ndarray:
    rng = np.random.default_rng(0)
    W, b = 1.5 * rng.standard_normal((10, 10)) / np.sqrt(10), rng.standard_normal(10)
    return threshold_linear(W, b)


def chua() -> Problem:
    """Chua's circuit with its double scroll."""

    def field(s):
        x, y, z = s
        diode = -5 / 7 * x - 3 / 14 * (jnp.abs(x + 1) - jnp.abs(x - 1))
        return jnp.stack([15.6 * (y - x - diode), x - y + z, -28 * y])

    return sx.Flow(field, 3), box(3, (-3, -1, -4), (3, 1, 4), 200)


def line() -> Problem:
    """Two rectified units that inhibit each other: all with r₁ + r₂ = 1 rest."""
    W = np.array([[0, -1.0], [-1.0, 0]])
    return sx.Flow(lambda r: -r + jax.nn.relu(W @ r + 1.0), 2, 100.0), box(2, 0, 1, 200)


def epidemic() -> Problem:
    """Susceptible, infected and recovered: everyone may be well, in any proportion."""

    def field(x):
        s, i, _ = x
        return jnp.stack([-0.5 * s * i, 0.5 * s * i - 0.1 * i, 0.1 * i])

    return sx.Flow(field, 3), box(3, 0, 1, 300)


def threshold_ring_weights(coupling: float) -> np.ndarray:
    angle = 2 * np.pi * np.arange(6) / 6
    return (-6 + coupling * np.cos(angle[:, None] - angle)) / 6


def threshold_ring(coupling: float) -> Problem:
    """Six rectified units on a ring: a continuum where the coupling is 4 (Noorman et al. 2024)."""
    W = threshold_ring_weights(coupling)
    return sx.Flow(lambda r: -r + jax.nn.relu(W @ r + 1.0), 6, 100.0), box(6, 0, 1, 300)


def threshold_ring_states(coupling: float) -> np.ndarray:
    return threshold_linear(threshold_ring_weights(coupling), np.ones(6))


# Rings of smooth units.


def ring_weights(noise: float) -> np.ndarray:
    angle = 2 * np.pi * np.arange(64) / 64
    around = 4 * np.cos(angle[:, None] - angle) / 64
    return around + noise * np.random.default_rng(0).standard_normal((64, 64)) / 8


def smooth_ring(noise: float) -> Problem:
    W = ring_weights(noise)
    return sx.Flow(lambda x: -x + jnp.tanh(W @ x), 64, 100.0), normal(64, 500)


def smooth_ring_states(noise: float, count: int = 1000) -> np.ndarray:
    """Return the points on the ring, and the one within.

    On each of many slices across the ring all of the field vanishes but for a part along the ring,
    and from where that changes its sign Newton's method goes on.
    """
    W, size = ring_weights(noise), 64
    away = 2 * np.pi * (np.arange(size) / size - np.arange(count)[:, None] / count)
    slices = np.tanh(1.78857 * np.cos(away))
    tangents = np.sin(away) * (1 - slices**2)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    x, along = slices.copy(), np.zeros(count)

    def linearized(x):
        there = np.tanh(x @ W.T)
        return there - x, (1 - there**2)[:, :, None] * W - np.eye(size)

    for _ in range(12):
        r, jacobian = linearized(x)
        bordered = np.zeros((count, size + 1, size + 1))
        bordered[:, :-1, :-1], bordered[:, :-1, -1] = jacobian, tangents
        bordered[:, -1, :-1] = tangents
        off = ((x - slices) * tangents).sum(1)
        right = np.column_stack([r + along[:, None] * tangents, off])
        step = np.linalg.solve(bordered, -right[..., None])[..., 0]
        x, along = x + step[:, :-1], along + step[:, -1]
    x = x[np.sign(along) != np.sign(np.roll(along, -1))]
    for _ in range(20):
        r, jacobian = linearized(x)
        x = x + np.linalg.solve(jacobian, -r[..., None])[..., 0]
    return np.concatenate([x, np.zeros((1, size))])


def row(name: str, make: object, states: object, known: str, *arguments: object, **more) -> Row:
    """Return a row whose system and states are of the same `arguments`."""
    return Row(name, partial(make, *arguments), known, states=partial(states, *arguments), **more)


ROWS: list[Row] = [
    Row("tanh_unit", tanh_unit, "print", states=lambda: both_signs([[0.9575040240772687]])),
    Row("ghost", ghost, "print", states=lambda: np.zeros((0, 1))),
    row("before_fold", near_fold, near_fold_states, "enumeration", 0.5328399),
    row("after_fold", near_fold, near_fold_states, "enumeration", 0.53284),
    row("toggle_switch", toggle_switch, toggle_switch_states, "enumeration"),
    row("wong_wang", wong_wang, wong_wang_states, "print"),
    row("wilson_cowan", wilson_cowan, wilson_cowan_states, "print"),
    row("fitzhugh_nagumo", fitzhugh_nagumo, fitzhugh_nagumo_states, "print"),
    row("morris_lecar", morris_lecar, morris_lecar_states, "enumeration"),
    row("mueller_brown", mueller_brown, mueller_brown_states, "print"),
    row("supralinear", stabilized_supralinear, stabilized_supralinear_states, "enumeration"),
    row("adaptive_exponential", adaptive_exponential, adaptive_exponential_states, "enumeration"),
    row("plrnn_2", plrnn, plrnn_states, "print"),
    row("delayed_logistic", delayed_logistic, delayed_logistic_states, "print"),
    row("henon", henon, henon_states, "print"),
    row("lorenz", lorenz, lorenz_states, "print"),
    row("hodgkin_huxley", hodgkin_huxley, hodgkin_huxley_states, "enumeration"),
    row("jansen_rit_120", jansen_rit, jansen_rit_states, "enumeration", 120),
    row("jansen_rit_100", jansen_rit, jansen_rit_states, "enumeration", 100),
    row("synaptic_memory", synaptic_memory, synaptic_memory_states, "enumeration"),
    row("repressilator", repressilator, repressilator_states, "enumeration"),
    Row(
        "oregonator",
        oregonator,
        "print",
        states=oregonator_states,
        allowed=partial(oregonator_states, -1),
    ),
    Row(
        "lotka_volterra_5",
        lotka_volterra,
        "enumeration",
        states=lotka_volterra_states,
        allowed=partial(lotka_volterra_states, negative=True),
        unsolved="8 of 21 fixed points without negative numbers are missing, the origin and 4 of 5 "
        "species alone among them: 500 candidates come to 16 points, 308 of them to one",
    ),
    *(
        row(f"fpf_map_{n}", fixed_point_finder, fixed_point_finder_states, "enumeration", n)
        for n in range(2, 8)
    ),
    Row(
        "fpf_flow_4",
        partial(fixed_point_finder, 4, flow=True),
        "enumeration",
        states=partial(fixed_point_finder_states, 4),
    ),
    row("random_tanh_4", random_tanh, random_tanh_states, "enumeration", 4),
    row("random_tanh_8", random_tanh, random_tanh_states, "enumeration", 8),
    row("beer_3", beer_ctrnn, beer_ctrnn_states, "enumeration"),
    row("winner_take_all_3", winner_take_all, winner_take_all_states, "enumeration"),
    row("hopfield_64", hopfield, hopfield_states, "enumeration"),
    row("rank_one_50", rank_one, rank_one_states, "enumeration", 50),
    row("rank_one_300", rank_one, rank_one_states, "enumeration", 300),
    row("wilson_cowan_pair", wilson_cowan_pairs, wilson_cowan_pairs_states, "enumeration", 1),
    row(
        "wilson_cowan_40_pairs",
        wilson_cowan_pairs,
        wilson_cowan_pairs_states,
        "enumeration",
        40,
        unsolved="the one fixed point is missing: all of 256 candidates end at slow points",
    ),
    row(
        "bistable_chain_5",
        bistable_chain,
        bistable_chain_states,
        "enumeration",
        unsolved="3 of 243 fixed points are missing: 1000 candidates come to 240 of them, and that "
        "no fixed point is far away is not seen, so neither sum nor exhaustive search tells",
    ),
    row(
        "combinatorial_8",
        combinatorial,
        combinatorial_states,
        "enumeration",
        8,
        0.5,
        unsolved="4 of 9 fixed points are missing: 499 of 500 candidates walk to one of them, "
        "further search ends as the sum of 5 is 1, and 200,000 boxes do not suffice",
    ),
    row("combinatorial_9", combinatorial, combinatorial_states, "enumeration", 9, 0.3),
    row("combinatorial_12", combinatorial, combinatorial_states, "enumeration", 12, 0.5),
    # Without an arrow, each set of units that are active together is a fixed point.
    row(
        "rectified_winners_7",
        combinatorial,
        combinatorial_states,
        "enumeration",
        7,
        0.0,
        unsolved="2 of 127 fixed points are missing: further search ends as the sum of 125 is 1, "
        "and 200,000 boxes do not suffice",
    ),
    row("random_rectified_10", random_rectified, random_rectified_states, "enumeration"),
    Row("chua", chua, "print", states=lambda: both_signs([[1.5, 0, -1.5]])),
    Row("epidemic", epidemic, "print", continuum=True),
    Row("relu_line", line, "print", continuum=True),
    Row(
        "threshold_ring_exact",
        partial(threshold_ring, 4.0),
        "print",
        states=lambda: np.full((1, 6), 1 / 7),
        continuum=True,
    ),
    row("threshold_ring_detuned", threshold_ring, threshold_ring_states, "enumeration", 3.28),
    Row(
        "smooth_ring_exact",
        partial(smooth_ring, 0.0),
        "print",
        states=lambda: np.zeros((1, 64)),
        continuum=True,
    ),
    row("smooth_ring_1e-3", smooth_ring, smooth_ring_states, "enumeration", 1e-3),
    row("smooth_ring_1e-5", smooth_ring, smooth_ring_states, "enumeration", 1e-5),
]

"""The systems whose fixed points are looked for."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

import separatrix as sx

DATA = Path(__file__).parents[1] / "tests" / "data"
INPUT = (1.0, 0.5, 0.5)


def primer(seed: int) -> tuple[sx.DiscreteMap, np.ndarray]:
    """Return a network trained with BrainPy, as a user's closure, and its 2200 activity states."""
    data = np.load(DATA / f"brainpy_seed{seed}.npz")
    w_ir, w_rr, b_rr = (data[name].astype(float) for name in ("w_ir", "w_rr", "b_rr"))
    x = np.array(INPUT)
    step = lambda h: jax.nn.relu(x @ w_ir + h @ w_rr + b_rr)  # noqa: E731
    return sx.DiscreteMap(step, 64, 100.0), data["activity"].reshape(-1, 64)


def flip_flop_tanh() -> tuple[sx.DiscreteMap, np.ndarray]:
    """Return the tanh network of 16 units and its 1024 starts, without input."""
    data = np.load(DATA / "flipflop_tanh16.npz")
    W = data["rnn.weight_hh_l0"].astype(float)
    b = data["rnn.bias_ih_l0"].astype(float) + data["rnn.bias_hh_l0"]
    return tanh_map(W, b), data["x0"]


def flip_flop_gru() -> tuple[sx.DiscreteMap, np.ndarray]:
    """Return the GRU of 32 units and its 1024 starts, without input."""
    data = np.load(DATA / "flipflop_gru32.npz")
    W, recurrent_bias = (data[f"rnn.{n}_hh_l0"].astype(float) for n in ("weight", "bias"))
    return gru_map(W, data["rnn.bias_ih_l0"].astype(float), recurrent_bias), data["x0"]


def fixed_point_finder(size: int, flow: bool = False) -> sx.AbstractSystem:
    """Return a test network of FixedPointFinder, x' = tanh(x W), as a map or as −x + tanh(x W)."""
    W = np.stack([-np.roll(np.linspace(-1, 1, size), -i) for i in range(size)]).T
    if not flow:
        return tanh_map(W, np.zeros(size))
    return sx.Flow(lambda x: jnp.tanh(W @ x) - x, size, 1.0, domain=(-1.0, 1.0))


def rank_one(size: int) -> tuple[sx.Flow, np.ndarray]:
    """Return −x + m nᵀ tanh(x)/N with its three fixed points κ m, for κ from a scalar equation."""
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal(size), rng.standard_normal(size)
    n += (1.8 - n @ m / size) * m / (m @ m / size)
    kappa = brentq(lambda k: n @ np.tanh(k * m) / size - k, 0.1, 10.0, xtol=1e-15)
    field = lambda x: m * (n @ jnp.tanh(x)) / size - x  # noqa: E731
    return sx.Flow(field, size, 1.0), np.outer([-kappa, 0.0, kappa], m)


def random_tanh(size: int, gain: float = 1.5, seed: int = 0) -> sx.DiscreteMap:
    """Return h' = tanh(W h) with independent normal weights of variance g²/N."""
    W = gain * np.random.default_rng(seed).standard_normal((size, size)) / np.sqrt(size)
    return tanh_map(W, np.zeros(size))


def random_gru(size: int, seed: int = 0) -> sx.DiscreteMap:
    """Return a GRU with random weights, small enough for a stable fixed point."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((3 * size, size)) / np.sqrt(size)
    return gru_map(W, 0.1 * rng.standard_normal(3 * size), np.zeros(3 * size))


def tanh_map(W: np.ndarray, b: np.ndarray) -> sx.DiscreteMap:
    """Return h' = tanh(W h + b)."""
    return sx.DiscreteMap(lambda h: jnp.tanh(W @ h + b), len(b), domain=(-1.0, 1.0))


def gru_map(W: np.ndarray, input_bias: np.ndarray, recurrent_bias: np.ndarray) -> sx.DiscreteMap:
    """Return a GRU without input, in PyTorch's layout, with its gate-normalized residual."""
    size = W.shape[1]

    def gates(h: jax.Array) -> tuple[jax.Array, jax.Array]:
        r, z, n = jnp.split(W @ h + recurrent_bias, 3)
        into_r, into_z, into_n = jnp.split(jnp.asarray(input_bias), 3)
        candidate = jnp.tanh(into_n + jax.nn.sigmoid(r + into_r) * n)
        return jax.nn.sigmoid(z + into_z), candidate

    def step(h: jax.Array) -> jax.Array:
        z, candidate = gates(h)
        return (1 - z) * candidate + z * h

    def residual(h: jax.Array) -> jax.Array:
        return gates(h)[1] - h

    return sx.DiscreteMap(step, size, residual=residual, domain=(-1.0, 1.0))

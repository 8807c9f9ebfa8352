"""Models of the kinds that people fit to recordings: `make_fitted.py` fits them, once.

`lowrank_relu_rank3` is the network that was published with Pals et al. (2024, Inferring stochastic
low-rank recurrent neural networks from neural data, NeurIPS; mackelab/smc_rnns, Apache-2.0).
"""

from collections.abc import Callable
from itertools import combinations, product

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import relu

import separatrix as sx

from .row import WEIGHTS, Problem, Row

Weights = dict[str, np.ndarray]


def weights(name: str) -> Weights:
    with np.load(WEIGHTS / f"{name}.npz") as file:
        return {key: np.asarray(file[key], float) for key in file}


def load(name: str) -> tuple[Weights, np.ndarray]:
    """Return the weights in float64, and the states from which the search starts."""
    arrays = weights(name)
    return arrays, arrays.pop("starts")


def fitted_map(name: str, step: Callable) -> Callable:
    """Return what makes the system and its candidates, of a map."""

    def make():
        w, starts = load(name)
        return sx.DiscreteMap(lambda z: step(w, z), starts.shape[1], dt=20.0), starts

    return make


def fitted_flow(name: str, field: Callable) -> Callable:
    """Return what makes the system and its candidates, of a flow."""

    def make():
        w, starts = load(name)
        return sx.Flow(lambda z: field(w, z), starts.shape[1], tau=100.0), starts

    return make


# Latent variables driven by many rectified gates: low rank (Pals et al. 2024), and the shallow
# piecewise-linear network (Hess et al. 2023), each plain and clipped.


def low_rank(w, z):
    return w["decay"] * z + w["n"] @ relu(w["m"] @ z - w["h"]) + w["hz"]


def low_rank_clipped(w, z):
    return w["decay"] * z + w["n"] @ (relu(w["m"] @ z + w["h"]) - relu(w["m"] @ z)) + w["hz"]


def shallow(w, z):
    return w["A"] * z + w["W1"] @ relu(w["W2"] @ z + w["h2"]) + w["h1"]


def shallow_clipped(w, z):
    return w["A"] * z + w["W1"] @ (relu(w["W2"] @ z + w["h2"]) - relu(w["W2"] @ z)) + w["h1"]


# PLRNN (Durstewitz 2017) and AL-RNN (Brenner et al. 2024), of which the last units are rectified.


def plrnn(w, z):
    return w["A"] * z + w["W"] @ relu(z) + w["h"]


RECTIFIED = 4


def al_rnn(w, z):
    rectified = jnp.concatenate([z[:-RECTIFIED], relu(z[-RECTIFIED:])])
    return w["A"] * z + w["W"] @ rectified + w["h"]


# Recurrent switching linear dynamical systems (Linderman et al. 2017): the mean of the next state,
# and the most likely one.


def switching_soft(w, z):
    share = jax.nn.softmax(w["R"] @ z + w["r"])
    return share @ (w["A"] @ z + w["b"])


def switching_where(w, z):
    first, second = w["A"] @ z + w["b"]
    likely = w["R"] @ z + w["r"]
    return jnp.where(likely[0] > likely[1], first, second)


def switching_argmax(w, z):
    state = jnp.argmax(w["R"] @ z + w["r"])
    return jnp.asarray(w["A"])[state] @ z + jnp.asarray(w["b"])[state]


# The generator of LFADS (Pandarinath et al. 2018), written out: gates z, r, n.

CLIP = 5.0


def lfads_step(w, h, u):
    x = w["weight_ih"] @ u + w["bias_ih"]
    size = h.shape[0]
    gates = x[: 2 * size] + w["weight_hh"][: 2 * size] @ h + w["bias_hh"][: 2 * size]
    z, r = jnp.split(jax.nn.sigmoid(gates), 2)
    n = jnp.tanh(x[2 * size :] + w["weight_hh"][2 * size :] @ (r * h) + w["bias_hh"][2 * size :])
    return jnp.clip(z * h + (1 - z) * n, -CLIP, CLIP)


def lfads(name: str) -> Callable:
    """Return a generator by its named weights, as lfads-torch saves them, with no input."""

    def make():
        w, starts = load(name)
        named = {f"decoder.rnn.cell.gen_cell.{key}": array for key, array in w.items()}
        network = sx.networks.from_state_dict(named, layout="lfads", clip=CLIP, dt=20.0)
        return network.at_input(np.zeros(network.num_inputs)), starts

    return make


# Neural ordinary differential equations (Chen et al. 2018): a field, and one step of its solver.


def neural_ode(activation):
    def field(w, z):
        hidden = activation(w["W1"] @ z + w["b1"])
        hidden = activation(w["W2"] @ hidden + w["b2"])
        return w["W3"] @ hidden + w["b3"]

    return field


def euler(field, dt):
    return lambda w, z: z + dt * field(w, z)


def runge_kutta(field, dt):
    def step(w, z):
        k1 = field(w, z)
        k2 = field(w, z + dt / 2 * k1)
        k3 = field(w, z + dt / 2 * k2)
        k4 = field(w, z + dt * k3)
        return z + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    return step


# Echo-state networks (Jaeger 2001) whose trained readout is fed back.

LEAK = 0.3


def dense(w: Weights) -> Weights:
    """Return the weights with the reservoir as a matrix; its nonzero entries are stored."""
    columns, values = w.pop("columns").astype(int), w.pop("values")
    w["W"] = np.zeros((len(columns), len(columns)))
    np.put_along_axis(w["W"], columns, values, axis=1)
    return w


def echo_state(w, x):
    y = w["C"] @ x
    return (1 - LEAK) * x + LEAK * jnp.tanh(w["W"] @ x + w["B"] @ y + w["b"])


def echo_state_network(name: str) -> Callable:
    def make():
        w, starts = load(name)
        w = dense(w)
        return sx.DiscreteMap(lambda x: echo_state(w, x), starts.shape[1], dt=10.0), starts

    return make


# Fixed points where no enumeration can be had: damped Newton steps, by hand, from many mixtures.


def echo_states(name: str, count: int = 1024) -> Callable:
    """Return what solves x = tanh(M x + b)."""

    def states():
        w, starts = load(name)
        w = dense(w)
        M, eye = w["W"] + w["B"] @ w["C"], np.eye(starts.shape[1])

        def value(x):
            return np.tanh(x @ M.T + w["b"]) - x

        def jacobian(x):
            return (1 - np.tanh(x @ M.T + w["b"])[:, :, None] ** 2) * M - eye

        return newton(value, jacobian, mixtures(starts, count))

    return states


def walked(name: str, model: Callable, count: int = 8000) -> Callable:
    """Return what walks from linear region to linear region, of a low-rank model."""

    def states():
        w = weights(name)
        L, c, a, g, t = gates_of(model, w)
        outer = np.einsum("ik,kj->kij", a, g).reshape(len(t), -1)
        starts = w["starts"] if "starts" in w else published_starts()

        def value(z):
            return z @ L.T + c + np.maximum(z @ g.T - t, 0) @ a.T - z

        def jacobian(z):
            on = (z @ g.T > t).astype(float)
            return L - np.eye(len(c)) + (on @ outer).reshape(-1, *L.shape)

        return newton(value, jacobian, mixtures(starts, count))

    return states


def mixtures(starts: np.ndarray, count: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    a, b = starts[rng.integers(len(starts), size=(2, count))]
    return np.concatenate([starts, a + rng.uniform(-1, 2, (count, 1)) * (b - a)])


def newton(value: Callable, jacobian: Callable, starts: np.ndarray, steps: int = 100) -> np.ndarray:
    """Return the zeros that damped Newton steps come to."""
    ended = [starts[:0]]
    for x in np.array_split(starts, -(-len(starts) // (64 if starts.shape[1] > 8 else 4096))):
        for _ in range(steps):
            v = value(x)
            done = np.abs(v).max(1) < 1e-13 * (1 + np.abs(x).max(1))
            ended.append(x[done])
            x, v = x[~done], v[~done]
            if not len(x):
                break
            step = np.linalg.solve(jacobian(x), v[:, :, None])[:, :, 0]
            now, size, worse = (v**2).sum(1), np.ones(len(x)), np.ones(len(x), bool)
            for _ in range(12):
                y = x - size[:, None] * step
                worse[worse] = (value(y[worse]) ** 2).sum(1) >= now[worse]
                size[worse] /= 2
            x = y[~worse]
    return _one_of_each(np.concatenate(ended), 1e-7)


# Every fixed point of z → L z + c + a relu(g z − t), by one linear solve in each linear region.


def gates_of(model: Callable, w: Weights) -> tuple[np.ndarray, ...]:
    """Return (L, c, a, g, t) of a model."""
    if model in (plrnn, al_rnn):
        size = len(w["h"])
        rectified = size if model is plrnn else RECTIFIED
        L = np.diag(w["A"])
        L[:, : size - rectified] += w["W"][:, : size - rectified]
        g = np.eye(size)[size - rectified :]
        return L, w["h"], w["W"][:, size - rectified :], g, np.zeros(rectified)
    if model in (low_rank, low_rank_clipped):
        size = w["n"].shape[0]
        sign = -1 if model is low_rank else 1
        L, c, a, g, t = w["decay"] * np.eye(size), w["hz"], w["n"], w["m"], -sign * w["h"]
    else:
        L, c, a, g, t = np.diag(w["A"]), w["h1"], w["W1"], w["W2"], -w["h2"]
    if model in (low_rank_clipped, shallow_clipped):
        a, g, t = np.hstack([a, -a]), np.vstack([g, g]), np.concatenate([t, 0 * t])
    return L, c, a, g, t


def enumerated(name: str, model: Callable) -> Callable:
    return lambda: fixed_points(*gates_of(model, load(name)[0]))


def fixed_points(L, c, a, g, t, seed=0) -> np.ndarray:
    """Solve every region: each touches a place where as many gates as there are states switch.

    The gates of a clipped model all switch at 0, half of each: there the places are told apart by
    moving every gate by about 1e-6, which loses no region that is wider.
    """
    size, gates = a.shape
    through = min(size, gates)
    moved = t + 1e-6 * np.random.default_rng(seed).standard_normal(gates) * (t == 0)
    outer = np.einsum("ik,kj->kij", a, g).reshape(gates, -1)
    sets = np.array(list(combinations(range(gates), through)))
    found = []
    for part in np.array_split(sets, -(-len(sets) // 20_000)):
        # Fewer gates than states: every combination of them is a region.
        vertices = np.linalg.pinv(g[part]) @ moved[part][:, :, None]
        on = (vertices[:, :, 0] @ g.T > moved).astype(float)
        for corner in product((0.0, 1.0), repeat=through):
            np.put_along_axis(on, part, np.broadcast_to(corner, part.shape), axis=1)
            matrices = np.eye(size) - L - (on @ outer).reshape(-1, size, size)
            states = _solve(matrices, c - on @ (a * t).T)
            moves = states @ L.T + c + np.maximum(states @ g.T - t, 0) @ a.T - states
            scale = 1 + np.abs(states).max(1)
            found.append(states[np.abs(moves).max(1) < 1e-9 * scale])
    return _one_of_each(np.concatenate(found))


def _solve(matrices, vectors):
    """Return the solutions, NaN where a matrix is singular."""
    singular = np.linalg.det(matrices) == 0
    matrices = np.where(singular[:, None, None], np.eye(len(vectors[0])), matrices)
    solved = np.linalg.solve(matrices, vectors[:, :, None])[:, :, 0]
    return np.where(singular[:, None], np.nan, solved)


def _one_of_each(states, near=1e-8):
    kept: list[np.ndarray] = []
    for state in states:
        if not any(np.abs(state - other).max() <= near for other in kept):
            kept.append(state)
    return np.array(kept).reshape(-1, states.shape[1])


def switching_fixed_points(name: str) -> Callable:
    """Solve every discrete state, and keep what lies where that state is the most likely."""

    def states():
        w, _ = load(name)
        size = w["b"].shape[1]
        solved = _solve(np.eye(size) - w["A"], w["b"])
        likely = (solved @ w["R"].T + w["r"]).argmax(1)
        return solved[likely == np.arange(len(solved))]

    return states


MODELS = {
    "lowrank1_plain_60": low_rank,
    "lowrank1_clipped_128": low_rank_clipped,
    "lowrank2_plain_128": low_rank,
    "lowrank2_clipped_256": low_rank_clipped,
    "lowrank3_plain_60": low_rank,
    "lowrank3_clipped_128": low_rank_clipped,
    "lowrank4_plain_60": low_rank,
    "lowrank4_clipped_512": low_rank_clipped,
    "plrnn_lorenz": plrnn,
    "shallow_plrnn_oscillator": shallow,
    "shallow_plrnn_lorenz": shallow,
    "shallow_plrnn_clipped": shallow_clipped,
    "al_rnn": al_rnn,
    "switching_soft": switching_soft,
    "switching_where": switching_where,
    "switching_argmax": switching_argmax,
    "neural_ode_step": runge_kutta(neural_ode(jnp.tanh), 0.1),
    "neural_ode_euler": euler(neural_ode(jax.nn.softplus), 0.1),
}
"""The maps that one-step prediction fits."""
FIELDS = {
    "neural_ode_oscillator": neural_ode(jnp.tanh),
    "neural_ode_decision": neural_ode(jax.nn.softplus),
    "neural_ode_lorenz": neural_ode(jnp.tanh),
}
"""The fields that prediction of one step of Runge and Kutta fits."""


def published_starts() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 3, (512, 3))


def published(step: Callable) -> Callable:
    """Return what makes the system and its candidates, of the network of Pals et al."""

    def make():
        w = weights("lowrank_relu_rank3")
        return sx.DiscreteMap(lambda z: step(w, z), 3, dt=20.0), published_starts()

    return make


def lfads_written_out() -> Problem:
    w, starts = load("lfads_oscillator")
    return sx.DiscreteMap(lambda h: lfads_step(w, h, np.zeros(1)), 64, dt=20.0), starts


def rectified(name: str, **more: str) -> Row:
    """Return a row whose fixed points are those of all linear regions."""
    states = enumerated(name, MODELS[name])
    return Row(name, fitted_map(name, MODELS[name]), "enumeration", states=states, **more)


def switched(name: str, **more: str) -> Row:
    """Return a row whose fixed points are those of all discrete states."""
    states = switching_fixed_points(name)
    return Row(name, fitted_map(name, MODELS[name]), "enumeration", states=states, **more)


def one_map(name: str, **more: str) -> Row:
    return Row(name, fitted_map(name, MODELS[name]), **more)


def one_flow(name: str, **more: str) -> Row:
    return Row(name, fitted_flow(name, FIELDS[name]), **more)


def reservoir(name: str, **more: str) -> Row:
    return Row(name, echo_state_network(name), states=echo_states(name), **more)


ROWS = [
    Row(
        "lowrank_relu_rank3",
        published(low_rank),
        states=walked("lowrank_relu_rank3", low_rank),
    ),
    Row(
        "lowrank_relu_rank3_clipped",
        published(low_rank_clipped),
        states=walked("lowrank_relu_rank3", low_rank_clipped),
        unsolved="computes for 67 s, of these 50 s for proofs",
        near_limit=True,
    ),
    rectified("lowrank1_plain_60"),
    rectified("lowrank1_clipped_128"),
    rectified("lowrank2_plain_128"),
    rectified("lowrank2_clipped_256"),
    rectified("lowrank3_plain_60"),
    rectified("lowrank3_clipped_128"),
    rectified("lowrank4_plain_60"),
    # A broken ring and two choices: 41 fixed points, one of which few starts reach.
    Row(
        "lowrank4_clipped_512",
        fitted_map("lowrank4_clipped_512", low_rank_clipped),
        states=walked("lowrank4_clipped_512", low_rank_clipped),
        unsolved="computes for 66 s, and 4 of 41 fixed points are missing",
    ),
    rectified("plrnn_lorenz"),
    rectified("shallow_plrnn_oscillator"),
    rectified("shallow_plrnn_lorenz"),
    rectified("shallow_plrnn_clipped"),
    rectified("al_rnn"),
    one_map("switching_soft"),
    switched("switching_where"),
    switched("switching_argmax"),
    Row("lfads_decision", lfads("lfads_decision")),
    Row("lfads_oscillator", lfads_written_out),
    one_flow("neural_ode_oscillator"),
    one_flow("neural_ode_decision"),
    one_flow(
        "neural_ode_lorenz",
        unsolved="4 of 5 fixed points are found: a saddle beside the attractor is missing.",
    ),
    one_map(
        "neural_ode_step",
        unsolved="2 of 3 fixed points are found: the saddle between two stable ones is missing.",
    ),
    one_map(
        "neural_ode_euler",
        unsolved="2 of 3 fixed points are found: a saddle far from the data is missing.",
    ),
    reservoir("esn_memory"),
    reservoir("esn_oscillator"),
    reservoir(
        "esn_lorenz",
        unsolved="The search takes more than 150 s, of these 100 s to walk between regions.",
    ),
]

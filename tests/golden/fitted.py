"""Models of the kinds that people fit to recordings, here to simulated data (README.md).

`lowrank_relu_rank3` is the network that was published with Pals et al. (2024, Inferring stochastic
low-rank recurrent neural networks from neural data, NeurIPS; mackelab/smc_rnns, Apache-2.0).
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import relu

import separatrix as sx

from .row import Problem, Row
from .trained import arrays as weights

Weights = dict[str, np.ndarray]


def load(name: str) -> tuple[Weights, np.ndarray]:
    """Return the weights in float64, and the states from which the search starts."""
    arrays = weights(name)
    return arrays, arrays.pop("starts")


def fitted(
    name: str,
    function: Callable,
    kind: Callable = sx.DiscreteMap,
    unit: float = 20.0,
    read: Callable[[str], tuple[Weights, np.ndarray]] = load,
) -> Callable[[], Problem]:
    """Return what makes the system of a function of weights and state, and its candidates."""

    def make() -> Problem:
        w, starts = read(name)
        return kind(lambda z: function(w, z), starts.shape[1], unit), starts

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


def load_reservoir(name: str) -> tuple[Weights, np.ndarray]:
    w, starts = load(name)
    return dense(w), starts


def load_published(name: str) -> tuple[Weights, np.ndarray]:
    return weights(name), np.random.default_rng(0).normal(0, 3, (512, 3))


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


PUBLISHED = partial(fitted, "lowrank_relu_rank3", read=load_published)
RESERVOIR = partial(fitted, function=echo_state, unit=10.0, read=load_reservoir)
ROWS = [
    Row("lowrank_relu_rank3", PUBLISHED(low_rank)),
    Row("lowrank_relu_rank3_clipped", PUBLISHED(low_rank_clipped)),
    *(Row(name, fitted(name, step)) for name, step in MODELS.items()),
    *(Row(name, fitted(name, field, sx.Flow, 100.0)) for name, field in FIELDS.items()),
    Row("lfads_decision", lfads("lfads_decision")),
    Row("lfads_oscillator", fitted("lfads_oscillator", lambda w, h: lfads_step(w, h, np.zeros(1)))),
    *(Row(name, RESERVOIR(name)) for name in ("esn_memory", "esn_oscillator")),
    Row(
        "esn_lorenz",
        RESERVOIR("esn_lorenz"),
        unsolved="The search takes more than 150 s, of these 100 s to walk between regions.",
    ),
]

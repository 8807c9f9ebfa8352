"""Small networks of every standard cell, whose proofs are kept in `tests/data/proofs.json`.

Written once by `python tests/true_proofs.py` (seeded).
"""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import separatrix as sx

PROOFS = Path(__file__).parent / "data" / "proofs.json"
INPUT = [0.3, -0.7]


def stronger(network, factor):
    """Return a network with stronger recurrent weights, which has several fixed points."""
    return eqx.tree_at(lambda net: net.recurrent_weights, network, replace_fn=lambda w: factor * w)


def ctrnn(k, activation, factor, **more):
    settings = {"tau": 100.0, "dt": 20.0, "initialization": "torch_linear", **more}
    return stronger(
        sx.networks.CTRNN(2, 6, 1, activation=activation, key=jax.random.key(k), **settings), factor
    )


def plastic(k, factor, **more):
    network = sx.networks.ShortTermPlasticityRNN(2, 4, 1, dt=20.0, key=jax.random.key(k), **more)
    return stronger(network, factor)


def low_rank(k, **more):
    return sx.networks.LowRankRNN(2, 12, 1, dt=20.0, key=jax.random.key(k), **more)


def aligned(network):
    """Return a low-rank network with n = 2 m, which has several fixed points."""
    return eqx.tree_at(lambda net: net.right, network, 2 * network.left)


NETWORKS = {
    "CTRNN tanh": lambda: ctrnn(0, "tanh", 5.0),
    "CTRNN tanh, leak inside": lambda: ctrnn(1, "tanh", 5.0, leak="inside"),
    "CTRNN relu": lambda: ctrnn(2, "relu", 3.0),
    "CTRNN relu, leak inside": lambda: ctrnn(3, "relu", 3.0, leak="inside"),
    "CTRNN softplus": lambda: ctrnn(4, "softplus", 1.0),
    "CTRNN leaky_relu": lambda: ctrnn(12, "leaky_relu", 3.0),
    "CTRNN sigmoid": lambda: ctrnn(5, "sigmoid", 30.0, tau=np.linspace(50.0, 100.0, 6)),
    "DaleCTRNN": lambda: sx.networks.DaleCTRNN(2, 8, 1, dt=20.0, key=jax.random.key(6)),
    "LowRankRNN": lambda: aligned(low_rank(8, rank=2)),
    "LowRankRNN, random": lambda: low_rank(7, rank=1, random_strength=1.5),
    "GRU": lambda: stronger(sx.networks.GRU(2, 5, 1, key=jax.random.key(9)), 5.0),
    "ResetFirstGRU": lambda: stronger(
        sx.networks.ResetFirstGRU(2, 5, 1, key=jax.random.key(10)), 5.0
    ),
    "LSTM": lambda: stronger(sx.networks.LSTM(2, 4, 1, key=jax.random.key(11)), 4.0),
    "ShortTermPlasticityRNN": lambda: plastic(13, 6.0),
    "ShortTermPlasticityRNN, Dale": lambda: plastic(16, 50.0, excitatory_fraction=0.5),
}
"""Networks of every class that the verifier knows."""
FLOWS = ("CTRNN tanh", "CTRNN sigmoid", "DaleCTRNN")


def systems():
    """Return equations with points: of the networks, of flows, and of a system just past a fold."""
    found = {}
    for name, make in NETWORKS.items():
        network = make()
        for kind in ("map", "flow")[: 1 + (name in FLOWS)]:
            system = network.at_input(INPUT) if kind == "map" else network.flow_at_input(INPUT)
            starts = 2 * np.random.default_rng(0).standard_normal((60, system.size))
            points = sx.find_fixed_points(system, starts)
            found[f"{name}, {kind}"] = network, INPUT, points
    past = {"recurrent_weights": [[2.0]], "bias": [-0.54], "input_weights": [[0.0]]}
    fold = {"equation": "rate", "kind": "flow", "activation": "tanh", "leak": "outside"}
    fold |= {"input": [0.0], "dt": 1.0, "tau": [1.0], "alpha": [1.0], "parameters": past}
    flow = sx.Flow(lambda x: jnp.tanh(2 * x - 0.54) - x, 1)
    found["past a fold"] = fold, sx.find_fixed_points(flow, np.linspace(-2, 2, 9)[:, None])
    A, B = np.array([-0.0222311, 0.96461297]), np.array([[0, -0.64375], [0.52505308, 0]])
    c = np.array([0.37298253, -0.97931491])
    step = sx.DiscreteMap(lambda z: A * z + B @ jax.nn.relu(z) + c, 2)
    gates = {"gate_weights": np.eye(2), "gate_bias": np.zeros(2)}
    parameters = {"linear": np.diag(A), "weights": B, "constant": c, **gates}
    rectified = {"equation": "rectified", "kind": "map", "parameters": parameters}
    starts = np.random.default_rng(0).standard_normal((20, 2))
    found["rectified"] = rectified, sx.find_fixed_points(step, starts)
    return found


if __name__ == "__main__":
    sx.export_certificates(systems(), PROOFS)

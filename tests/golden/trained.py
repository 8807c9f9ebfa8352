"""Trained networks, as they are stored in `weights` (README.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import numpy as np
from systems import GRUCell, TanhCell

import separatrix as sx

from .row import WEIGHTS, Problem, Row


def arrays(name: str) -> dict[str, np.ndarray]:
    """Return what a file of arrays holds, in double precision."""
    with np.load(WEIGHTS / f"{name}.npz") as data:
        return {key: np.asarray(data[key], float) for key in data}


def network(name: str, input: Sequence[float], flow: bool = False) -> Callable[[], Problem]:
    """Return what gives a network of ours at a constant input, and its starts."""

    def make() -> Problem:
        trained = sx.load_network(WEIGHTS / f"{name}.safetensors")
        system = trained.flow_at_input(input) if flow else trained.at_input(input)
        return system, arrays(name)["starts"]

    return make


def primer(seed: int) -> Callable[[], Problem]:
    """Return what gives a network of the primer, trained with BrainPy, without evidence."""

    def make() -> Problem:
        data = arrays(f"brainpy_seed{seed}")
        w_rr, b_rr = data["w_rr"], data["b_rr"]
        drive = np.array([1.0, 0.5, 0.5]) @ data["w_ir"]
        step = lambda h: jax.nn.relu(drive + h @ w_rr + b_rr)  # noqa: E731
        return sx.DiscreteMap(step, 64, 100.0), data["starts"]

    return make


def tanh16() -> Problem:
    """Return PyTorch's `nn.RNN` of 16 units that holds three bits, without pulses."""
    data = arrays("flipflop_tanh16")
    W, b = data["rnn.weight_hh_l0"], data["rnn.bias_ih_l0"] + data["rnn.bias_hh_l0"]
    return sx.DiscreteMap(TanhCell(W, b).step, 16), data["starts"]


def gru32() -> Problem:
    """Return a GRU of 32 units that holds three bits, without pulses, as a plain step."""
    data = arrays("flipflop_gru32")
    W, b, b_hidden = (data[f"rnn.{n}_l0"] for n in ("weight_hh", "bias_ih", "bias_hh"))
    return sx.DiscreteMap(GRUCell(W, b, b_hidden).step, 32), data["starts"]


def gru128() -> Problem:
    """Return a GRU of 128 units that holds three bits, without pulses, as a plain step."""
    network = sx.load_network(WEIGHTS / "flipflop_gru128.safetensors")
    biases = np.asarray(network.input_bias, float), np.asarray(network.recurrent_bias, float)
    cell = GRUCell(np.asarray(network.recurrent_weights, float), *biases)
    return sx.DiscreteMap(cell.step, 128), arrays("flipflop_gru128")["starts"]


NEUTRAL = (1.0, 0.5, 0.5)
"""Of the perceptual decision: the fixation cue, and no evidence either way."""
CUE = (1.0, 0.0)
"""Of the comparison of two frequencies: the delay."""
FIRST_CONTEXT = (1.0, 0.5, 0.5, 0.5, 0.5, 1.0, 0.0)
NO_PULSES = (0.0, 0.0, 0.0)

DELAY_GO = np.zeros(85)
"""Of the tasks of Yang et al. (2019): the fixation cue, and the rule of the third task."""
DELAY_GO[[0, 67]] = 1.0

ROWS: list[Row] = [
    Row("brainpy_seed0", primer(0)),
    Row("brainpy_seed1", primer(1)),
    Row("flipflop_tanh16", tanh16),
    Row("flipflop_gru32", gru32),
    # Each of the three solves its linear region exactly, at least 0.002 away from the kinks.
    Row(
        "yang2020",
        network("yang2020", NEUTRAL),
        unsolved="2 of 3 fixed points: the third, of norm 665 (activity: up to 31), is found from "
        "more starts only",
    ),
    Row("yang2020_line", network("yang2020_line", NEUTRAL)),
    Row("decision_tanh64", network("decision_tanh64", NEUTRAL)),
    Row("decision_tanh64_flow", network("decision_tanh64", NEUTRAL, flow=True)),
    # Its main thread computes for 88 s; 30 s without proofs (most exclude fixed points near the 87
    # slow points), 9 s without slow points.
    Row(
        "decision_relu480",
        network("decision_relu480", NEUTRAL),
        unsolved="computes for 88 s (a busy machine took 130 s), of these 57 s for proofs",
        near_limit=True,
    ),
    Row("decision_dale50", network("decision_dale50", NEUTRAL)),
    Row("decision_lowrank128", network("decision_lowrank128", NEUTRAL)),
    Row("decision_plastic64", network("decision_plastic64", (1.0, 0.0, 0.0))),
    Row("flipflop_tanh128", network("flipflop_tanh128", NO_PULSES)),
    Row("flipflop_gru128", network("flipflop_gru128", NO_PULSES)),
    # Of h' = (1 - z) n + z h the zeros of n - h are looked for: else 19 of 27, in 57 s.
    Row("flipflop_gru128_step", gru128),
    Row("flipflop_lstm32", network("flipflop_lstm32", NO_PULSES)),
    Row("flipflop_lowrank512", network("flipflop_lowrank512", NO_PULSES)),
    Row("comparison_relu64", network("comparison_relu64", CUE)),
    Row("comparison_lstm48", network("comparison_lstm48", CUE)),
    Row("comparison_dale80", network("comparison_dale80", CUE)),
    Row("context_softplus64", network("context_softplus64", FIRST_CONTEXT)),
    Row("context_tanh256", network("context_tanh256", FIRST_CONTEXT)),
    Row("context_gru48", network("context_gru48", FIRST_CONTEXT)),
    # The search rejects 268 of 512 candidates, 246 because no step decreases the speed; from all of
    # them 5000 steps of the network lead to the one fixed point.
    Row("match_plastic32", network("match_plastic32", (1.0, 0.0, 0.0))),
    Row("yang2019_softplus128", network("yang2019_softplus128", DELAY_GO)),
]

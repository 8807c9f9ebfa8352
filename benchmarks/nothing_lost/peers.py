"""Finders that are packages: RNNToolkit on PyTorch modules, BrainPy's SlowPointFinder.

Only what runs in their environment imports this (`make finders`).
"""

from __future__ import annotations

import contextlib
import io
from functools import cache, partial
from typing import Any

import brainpy as bp
import brainpy.math as bm
import jax
import numpy as np
import torch
from golden import trained
from rnntoolkit import FixedPointFinder

import separatrix as sx

from .methods import Answer, OutOfTimeError, Problem, Setting, everywhere, unique, without_outliers

INPUTS = {
    "yang2020": trained.NEUTRAL,
    "yang2020_line": trained.NEUTRAL,
    "flipflop_gru128": trained.NO_PULSES,
    "flipflop_lstm32": trained.NO_PULSES,
    "comparison_lstm48": trained.CUE,
    "context_gru48": trained.FIRST_CONTEXT,
    "brainpy_seed0": trained.NEUTRAL,
    "brainpy_seed1": trained.NEUTRAL,
    "flipflop_tanh16": trained.NO_PULSES,
    "flipflop_gru32": trained.NO_PULSES,
}
"""The rows whose cells are PyTorch's."""


class ConcatenatedLSTM(torch.nn.Module):
    """An `nn.LSTM` whose state is (h, c) in one row, as RNNToolkit needs it."""

    batch_first = True

    def __init__(self, lstm: torch.nn.LSTM):
        super().__init__()
        self.lstm = lstm

    def forward(self, input: torch.Tensor, state: torch.Tensor) -> tuple:
        parts = tuple(part.contiguous() for part in state.chunk(2, -1))
        output, after = self.lstm(input, parts)
        return output, torch.cat(after, -1)


@cache
def module_of(name: str) -> torch.nn.Module:
    """Return a row's network as a PyTorch module."""
    if name.startswith("brainpy"):
        data = trained.arrays(name)
        names = {"weight_ih_l0": data["w_ir"].T, "weight_hh_l0": data["w_rr"].T,
                 "bias_ih_l0": data["b_rr"], "bias_hh_l0": 0 * data["b_rr"]}  # fmt: skip
        module = torch.nn.RNN(3, 64, nonlinearity="relu", batch_first=True)
    elif name in ("flipflop_tanh16", "flipflop_gru32"):
        stored = trained.arrays(name).items()
        names = {key.removeprefix("rnn."): a for key, a in stored if key.startswith("rnn.")}
        names.setdefault("weight_ih_l0", np.zeros((len(names["bias_ih_l0"]), 3)))
        kind = torch.nn.RNN if name == "flipflop_tanh16" else torch.nn.GRU
        module = kind(3, names["weight_hh_l0"].shape[1], batch_first=True)
    else:
        network = sx.load_network(trained.WEIGHTS / f"{name}.safetensors")
        module = sx.networks.to_torch(network)[0].float()
        return ConcatenatedLSTM(module) if isinstance(module, torch.nn.LSTM) else module
    module.load_state_dict({n: torch.as_tensor(a, dtype=torch.float32) for n, a in names.items()})
    return module


def is_pytorch(problem: Problem) -> bool:
    """Tell whether a row is one of PyTorch's cells; the module is compared with the row."""
    if problem.name not in INPUTS:
        return False
    states = problem.candidates[:4]
    _, after = _step(problem.name, torch.as_tensor(states, dtype=torch.float32))
    expected = np.array([problem.system.evaluate(state) for state in states])
    if not np.abs(after[0].detach().numpy() - expected).max() <= 1e-4 * np.abs(expected).max():
        raise AssertionError(f"{problem.name} is another network in PyTorch")
    return True


def _step(name: str, states: torch.Tensor) -> tuple:
    input = torch.tensor([INPUTS[name]] * len(states), dtype=torch.float32)
    return module_of(name)(input[:, None], states[None])


def rnntoolkit(problem: Problem, **options: Any) -> Answer:
    """Run its finder; where time ends it, what it has moved until then is filtered as it does."""
    finder = FixedPointFinder(module_of(problem.name), verbose=False, **options)
    states = torch.as_tensor(problem.candidates, dtype=torch.float32)
    input = torch.tensor(INPUTS[problem.name], dtype=torch.float32)
    torch.set_num_threads(1)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            points, _ = finder.find_fixed_points(states, input)
    except OutOfTimeError:
        kept = unique(states.detach().numpy().astype(float), 1e-3)
        return Answer(without_outliers(kept, problem.candidates), cut=True)
    return Answer(points.xstar.detach().numpy().astype(float).reshape(-1, problem.system.size))


def brainpy(
    problem: Problem,
    rate: float | None = None,
    tolerance: float = 1e-5,
    same: float = 2.5e-2,
    solver: str | None = None,
) -> Answer:
    """Run its finder in double precision, then its filters of the loss and of copies."""
    system = problem.system
    discrete = isinstance(system, sx.DiscreteMap)
    function = (lambda x: system.evaluate(x)) if discrete else (lambda x: system.velocity(x))
    finder = bp.analysis.SlowPointFinder(
        f_cell=lambda x: function(bm.as_jax(x)),
        f_type="discrete" if discrete else "continuous",
        verbose=False,
    )
    with jax.enable_x64(True):
        candidates = bm.asarray(problem.candidates)
        if solver is not None:
            finder.find_fps_with_opt_solver(candidates, opt_solver=solver)
        else:
            optimizer = None if rate is None else bp.optim.Adam(lr=rate)
            finder.find_fps_with_gd_method(candidates, tolerance=tolerance, optimizer=optimizer)
    finder.filter_loss(tolerance)
    finder.keep_unique(same)
    found = np.asarray(finder.fixed_points, float)
    return Answer(found[np.isfinite(found).all(1)].reshape(-1, system.size))


bm.set_platform("cpu")
jax.config.update("jax_enable_x64", False)
RNNTOOLKIT, BRAINPY = "RNNToolkit 0.1.0", "BrainPy 2.8.2"
METHODS: dict[str, dict[str, Setting]] = {
    RNNTOOLKIT: {
        "defaults: rate 1e-4, 5,000 steps": rnntoolkit,
        "rate 1, 5,000 steps": partial(rnntoolkit, lr_init=1.0),
        "rate 0.1, 10,000 steps": partial(rnntoolkit, lr_init=0.1, max_iters=10_000),
        "rate 0.01, 10,000 steps": partial(rnntoolkit, lr_init=0.01, max_iters=10_000),
    },
    BRAINPY: {
        "defaults: Adam from 0.2, loss < 1e-5, copies within 0.025": brainpy,
        "Adam 0.01, loss < 1e-10, copies within 1e-3": partial(
            brainpy, rate=0.01, tolerance=1e-10, same=1e-3
        ),
        "BFGS, loss < 1e-5, copies within 1e-3": partial(brainpy, solver="BFGS", same=1e-3),
        "BFGS, loss < 1e-10, copies within 1e-3": partial(
            brainpy, solver="BFGS", tolerance=1e-10, same=1e-3
        ),
    },
}
APPLIES = {RNNTOOLKIT: is_pytorch, BRAINPY: everywhere}

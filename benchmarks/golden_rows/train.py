"""Train the networks of `trained.py`, once: ``python benchmarks/golden_rows/train.py [name …]``.

Each name is a network, whose weights are written to `weights/NAME.safetensors`, and the states from
which its fixed points are looked for to `weights/NAME.npz`. Written networks are the table's: the
same seed on another processor trains another network. A comment at each recipe gives its score, and
in brackets that of chance and of the ideal observer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from golden.row import WEIGHTS

import separatrix as sx

DATA = Path(__file__).parents[2] / "tests" / "data"
nets, tasks = sx.networks, sx.tasks


@dataclass(frozen=True)
class Recipe:
    """How a network is trained, and how many states of its activity are kept as starts."""

    task: sx.tasks.AbstractTask
    network: Callable[..., sx.networks.AbstractNetwork]
    units: int
    settings: dict[str, Any] = field(default_factory=dict)
    steps: int = 1000
    batch: int = 64
    rate: float = 3e-3
    starts: int = 512


def decision(**settings: Any) -> sx.tasks.AbstractTask:
    """Return the primer's decision with a shorter stimulus, at 20 ms a step."""
    given = {"dt": 20.0, "stimulus": 800.0, "noise_on": "stimulus", **settings}
    return tasks.PerceptualDecisionMaking(**given)


def comparison(**settings: Any) -> sx.tasks.AbstractTask:
    """Return the comparison of two frequencies over a delay that varies."""
    delay = tasks.Choice((200.0, 400.0, 800.0, 1600.0))
    return tasks.DelayComparison(dt=50.0, fixation=100.0, delay=delay, **settings)


def context(**settings: Any) -> sx.tasks.AbstractTask:
    """Return the context-dependent decision, due at the end of a stimulus that varies."""
    stimulus = tasks.Choice((300.0, 600.0, 1200.0))
    given = {"dt": 50.0, "fixation": 100.0, "stimulus": stimulus, "delay": 0.0, **settings}
    return tasks.ContextDecisionMaking(**given)


FLIP_FLOP = tasks.FlipFlop(probability=0.2)
DIAGONAL = {"recurrent_initialization": "diagonal", "noise": 0.05}
FEW_RULES = ("fdgo", "delaygo", "delayanti", "dm1")

RECIPES = {
    # score 0.879 (0.5, 0.879)
    "decision_tanh64": Recipe(
        decision(), nets.CTRNN, 64, {"activation": "tanh", "initialization": "torch_linear"}
    ),
    # score 0.874 (0.5, 0.873)
    "decision_relu480": Recipe(
        decision(dt=50.0), nets.CTRNN, 480, {"noise": 0.05}, steps=400, rate=3e-4, starts=128
    ),
    # score 0.842 (0.5, 0.859)
    "decision_dale50": Recipe(
        decision(stimulus=500.0), nets.DaleCTRNN, 50, {"noise": 0.15}, steps=2000
    ),
    # score 0.854 (0.5, 0.873)
    "decision_lowrank128": Recipe(
        decision(dt=50.0), nets.LowRankRNN, 128, {"rank": 2}, steps=2000, rate=2e-2
    ),
    # score 0.857 (0.5, 0.853)
    "decision_plastic64": Recipe(
        tasks.PerceptualDecisionMakingDelayResponse(
            dt=20.0, stimulus=500.0, delay=tasks.Choice((200.0, 400.0, 800.0)), decision=200.0
        ),
        nets.ShortTermPlasticityRNN,
        64,
        {"excitatory_fraction": 0.75, "noise": 0.05},
        rate=1e-2,
        starts=256,
    ),
    # score 1.000 (0.5, 1)
    "flipflop_tanh128": Recipe(
        FLIP_FLOP, nets.CTRNN, 128, {"activation": "tanh", "initialization": "torch_linear"}
    ),
    # score 1.000 (0.5, 1)
    "flipflop_gru128": Recipe(FLIP_FLOP, nets.GRU, 128, steps=600),
    # score 1.000 (0.5, 1)
    "flipflop_lstm32": Recipe(FLIP_FLOP, nets.LSTM, 32, rate=5e-3),
    # score 1.000 (0.5, 1)
    "flipflop_lowrank512": Recipe(
        FLIP_FLOP, nets.LowRankRNN, 512, {"rank": 3}, rate=1e-2, starts=128
    ),
    # score 0.996 (0.5, 0.997)
    "comparison_relu64": Recipe(
        comparison(), nets.CTRNN, 64, DIAGONAL, steps=2000, rate=2e-3, starts=1024
    ),
    # score 0.989 (0.5, 0.997)
    "comparison_lstm48": Recipe(comparison(), nets.LSTM, 48, steps=1500),
    # score 0.985 (0.5, 0.997)
    "comparison_dale80": Recipe(
        comparison(), nets.DaleCTRNN, 80, {"activation": "softplus", "noise": 0.05}, steps=2000
    ),
    # score 0.835 (0.5, 0.844)
    "context_softplus64": Recipe(
        context(noise=2.0),
        nets.CTRNN,
        64,
        {"activation": "softplus", "recurrent_initialization": "diagonal", "noise": 0.1},
        steps=2000,
        rate=2e-3,
        starts=1024,
    ),
    # score 0.925 (0.5, 0.927)
    "context_tanh256": Recipe(
        context(),
        nets.CTRNN,
        256,
        {"activation": "tanh", "recurrent_initialization": "gaussian", "gain": 0.8},
        rate=1e-3,
        starts=256,
    ),
    # score 0.762 (0.5, 0.927)
    "context_gru48": Recipe(context(), nets.GRU, 48),
    # score 1.000 (0.5, 1)
    "match_plastic32": Recipe(
        tasks.DelayMatchSample(dt=20.0, fixation=200.0, delay=600.0, decision=300.0, noise=0.5),
        nets.ShortTermPlasticityRNN,
        32,
        {"noise": 0.05},
        steps=1500,
        rate=1e-2,
    ),
    # score 0.955 (0.2, 1)
    "yang2019_softplus128": Recipe(
        tasks.Yang2019(dt=50.0, rules=FEW_RULES),
        nets.CTRNN,
        128,
        {
            "activation": "softplus",
            "initialization": "gaussian",
            "recurrent_initialization": "diagonal",
            "noise": 0.05,
        },
        steps=2000,
        batch=32,
        starts=256,
    ),
}

PRESETS = {"yang2020": "yang2020", "yang2020_line": "yang2020-line"}
"""Experiments that come with the package (accuracy 0.874 of 0.896; 0.892 while training)."""

COPIED = {
    "brainpy_seed0": ("w_ir", "w_rr", "b_rr"),
    "brainpy_seed1": ("w_ir", "w_rr", "b_rr"),
    "flipflop_tanh16": ("rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0", "fpf"),
    "flipflop_gru32": ("rnn.weight_hh_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0"),
}
"""Networks that were trained elsewhere, and the arrays that a step without output reads; `fpf` are
the fixed points that FixedPointFinder printed."""


def train(name: str) -> None:
    """Train one network, print its score, and write its weights and starts."""
    recipe, (drawn, fitted, tried, shown) = RECIPES[name], jax.random.split(jax.random.key(0), 4)
    task = recipe.task
    network = recipe.network(
        task.num_inputs, recipe.units, task.num_outputs, dt=task.dt, key=drawn, **recipe.settings
    )
    schedule = optax.cosine_decay_schedule(recipe.rate, recipe.steps, 0.02)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))
    options = {"batch_size": recipe.batch, "optimizer": optimizer, "epoch_steps": 100}
    fit = sx.train(network, task, steps=recipe.steps, key=fitted, progress=False, **options)
    score = sx.performance(fit.network, task.varied(), num_trials=1024, key=tried)
    print(f"{name}: {score.summary()}")
    sx.save_network(fit.network, WEIGHTS / f"{name}.safetensors")
    activity = sx.simulate(fit.network, task.varied().trials(200, key=shown))
    write(name, starts=some(activity.flat_states, recipe.starts))


def run_preset(name: str) -> None:
    """Run an experiment that comes with the package, without its further analyses."""
    off = ("slow_curve", "branches", "graph", "lyapunov")
    changes = [f"analysis.geometry.{stage}=false" for stage in off]
    experiment = sx.Experiment.named(PRESETS[name]).with_changes(changes)
    with tempfile.TemporaryDirectory() as directory:
        run = sx.run_experiment(experiment, Path(directory) / "run", progress=False)
        accuracy = np.asarray(run.records["history"].accuracy)[-100:].mean()
        print(f"{name}: accuracy {accuracy:.4f} in the last 100 steps of training")
        sx.save_network(run.network, WEIGHTS / f"{name}.safetensors")
        write(name, starts=some(run.records["activity"].flat_states, 1024))


def copy(name: str) -> None:
    """Copy the weights of a network that was trained elsewhere, and its starts."""
    with np.load(DATA / f"{name}.npz") as data:
        arrays = {key: data[key] for key in COPIED[name]}
        of_primer = "activity" in data
        states = data["activity"].reshape(-1, 64) if of_primer else data["x0"]
    write(name, **arrays, starts=some(states, 1024))


def some(states: Any, count: int) -> np.ndarray:
    """Return some of the states, drawn without return."""
    states = np.asarray(states)
    chosen = np.random.default_rng(0).choice(len(states), min(count, len(states)), replace=False)
    return states[np.sort(chosen)]


def write(name: str, starts: np.ndarray, **arrays: np.ndarray) -> None:
    """Write arrays as they are, and the starts in half precision."""
    np.savez_compressed(WEIGHTS / f"{name}.npz", **arrays, starts=starts.astype(np.float16))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of networks; none for all")
    named = parser.parse_args().names
    for makers, make in ((COPIED, copy), (PRESETS, run_preset), (RECIPES, train)):
        for name in makers:
            if not named or name in named:
                begun = time.perf_counter()
                make(name)
                print(f"{name}: written after {time.perf_counter() - begun:.0f} s", flush=True)

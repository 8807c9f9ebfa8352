"""How fast are many networks trained, and taken apart?

``python benchmarks/ensemble.py [--networks 64] [--workers 2] [--rounds 3]`` trains the primer's
network (64 rectified units, 1280 batches of 16 trials) from as many seeds: by `sx.train`, one after
the other; by `sx.train_ensemble` in warm worker processes; and, where the peers' environment is
there, by BrainPy's loop. In each round they take turns. Then it finds the points of all, and what
holds their states. Everything was compiled before.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jax
import numpy as np

import separatrix as sx

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.machine import cores, load, processor
from benchmarks.processes import Peer
from benchmarks.timing import interleaved, ratio, seconds

TASK = sx.tasks.PerceptualDecisionMaking()
HOW = {"steps": 1280, "progress": False}


def networks(count: int) -> tuple[list[sx.networks.CTRNN], jax.Array]:
    first, second = jax.random.split(jax.random.key(0), (2, count))
    return [sx.networks.CTRNN(3, 64, 3, key=key) for key in first], second


def one_after_the_other(count: int) -> list[sx.records.Training]:
    nets, keys = networks(count)
    return [sx.train(net, TASK, key=key, **HOW) for net, key in zip(nets, keys, strict=True)]


def together(count: int, workers: int) -> sx.records.Ensemble:
    nets, keys = networks(count)
    return sx.train_ensemble(nets, TASK, keys=keys, workers=workers, **HOW)


def taken_apart(
    network: sx.networks.CTRNN, slow_points: bool
) -> tuple[sx.records.FixedPoints, sx.records.Verdict]:
    """Return the points while the stimulus is on, without evidence, and what holds the states."""
    system = network.at_input(TASK.period_input(TASK.period_before_answer))
    activity = sx.simulate(network, TASK.trials(100, key=jax.random.key(1)))
    points = sx.find_fixed_points(system, activity.states, slow_points=slow_points)
    begin, end = TASK.periods[TASK.period_before_answer]
    ends = np.asarray(activity.states)[:, round(end / TASK.dt) - 1]
    axis = np.asarray(network.readout_weights[1] - network.readout_weights[2])
    return points, sx.verdict(system, ends, duration=end - begin, axis=axis, points=points)


def compare(count: int, workers: int, rounds: int) -> None:
    """Print what the ways of training take, in turns."""
    one_after_the_other(1)
    together(2 * workers, workers)
    works = {
        "alone": lambda: seconds(lambda: one_after_the_other(count)),
        "together": lambda: seconds(lambda: together(count, workers)),
    }
    missing, peer = Peer.missing("brainpy_datasets"), None
    if missing is None:
        peer = Peer("training_brainpy.py")
        peer.work()
        works["brainpy"] = lambda: peer.work()["seconds"]
    times = interleaved(works, rounds)
    alone, ours = times["alone"], times["together"]
    print(f"sx.train, one after the other: {np.median(alone):.1f} s for {count}")
    print(f"sx.train_ensemble, {workers} workers: {np.median(ours):.1f} s, ", end="")
    print(f"{ratio(alone, ours):.2f} times as fast (asked: 1.6)")
    if peer is None:
        print(f"BrainPy's loop: not measured, {missing}")
    else:
        faster = ratio(times["brainpy"], ours / count)
        print(f"BrainPy's loop: {np.median(times['brainpy']):.2f} s for one, ", end="")
        print(f"{faster:.1f} times as long (asked: 20)")


def whole(count: int, workers: int) -> None:
    """Print how long training and taking apart of all take, in worker processes."""
    spawning = multiprocessing.get_context("spawn")
    for slow_points, asked in ((False, " (asked: 40)"), (True, "")):
        examine = functools.partial(taken_apart, slow_points=slow_points)
        with ProcessPoolExecutor(workers, spawning, sx.enable_compilation_cache) as pool:
            list(pool.map(examine, together(2 * workers, workers).networks))
            begun = time.perf_counter()
            ensemble = together(count, workers)
            training = time.perf_counter() - begun
            found = list(pool.map(examine, ensemble.networks))
            took = time.perf_counter() - begun
        points = sum(len(points) for points, _ in found)
        held = Counter(verdict.held for _, verdict in found)
        kind = "fixed and slow" if slow_points else "fixed"
        print(f"with {kind} points and verdicts of all: {took:.1f} s{asked}, ", end="")
        print(f"{training:.1f} of training; {points} points; {dict(held)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(f"{processor()}, {cores()} cores, load {load()}", flush=True)
    compare(given.networks, given.workers, given.rounds)
    whole(given.networks, given.workers)

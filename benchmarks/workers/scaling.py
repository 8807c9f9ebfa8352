"""One search in a process of its own.

``scaling random|tanh|relu|gru units candidates [network [slow]]``; with ``slow``, slow points too.
"""

import json
import re
import sys
import time
from functools import partial

import jax
import numpy as np

import separatrix as sx
from benchmarks import systems
from benchmarks.workers.memory import forget_peak, peak

LONG = 60.0  # seconds of a first search beside which compilation is nothing: no second is made


def trained(kind: str, units: int, count: int, number: int) -> tuple[sx.DiscreteMap, np.ndarray]:
    """Return a network after 640 steps of the decision task, and that many of its states."""
    task = sx.tasks.PerceptualDecisionMaking()
    key, learning, drawing = (jax.random.key(3 * number + i) for i in range(3))
    if kind == "gru":
        network: sx.networks.AbstractNetwork = sx.networks.GRU(3, units, 3, key=key)
    else:
        network = sx.networks.CTRNN(3, units, 3, activation=kind, key=key)
    fit = sx.train(network, task, steps=640, key=learning, progress=False)
    trials = task.trials(-(-count // task.num_steps), key=drawing)
    states = sx.simulate(fit.network, trials).flat_states[:count]
    return fit.network.at_input(systems.INPUT), np.asarray(states, float)


def random(units: int, count: int, number: int) -> tuple[sx.DiscreteMap, np.ndarray]:
    """Return a random tanh network with g = 1.5, and states all over its box."""
    states = np.random.default_rng(number + 1).uniform(-1.0, 1.0, (count, units))
    return systems.random_tanh(units, seed=number), states


def further_starts(completeness: str) -> int:
    """Return how many starts were added because points were missing: their time is in it, too."""
    told = re.match(r"(\d+) further starts", completeness)
    return int(told[1]) if told else 0


def main() -> None:
    """Search twice; the memory is what the searches add to the process as it stood."""
    kind, units, count, number = sys.argv[1], *map(int, [*sys.argv[2:5], 0][:3])
    slow_points = "slow" in sys.argv
    made = random if kind == "random" else partial(trained, kind)
    system, candidates = made(units, count, number)
    sx.find_fixed_points(sx.DiscreteMap(lambda x: 0.5 * x, 1), np.zeros((1, 1)))
    forget_peak()
    idle = peak()
    times: list[float] = []
    while len(times) < 2 and sum(times) < LONG:
        start, used = time.perf_counter(), time.process_time()
        points = sx.find_fixed_points(system, candidates, slow_points=slow_points)
        times.append(time.perf_counter() - start)
        processor = time.process_time() - used
    result = {
        "first": times[0],
        "warm": times[-1],
        "processor": processor,
        "memory": peak() - idle,
        "fixed": len(points.fixed),
        "slow": len(points.slow),
        "rejected": int((points.outcomes == "rejected").sum()),
        "further": further_starts(points.completeness),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

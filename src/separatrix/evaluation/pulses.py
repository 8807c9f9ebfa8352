"""The memories of a flip-flop under pulses: where each pulse leads."""

import numpy as np
from jaxtyping import Float, Shaped

from ..analysis import FixedPoints, verdict
from ..analysis.following.end import What
from ..analysis.verdicts.ending import are
from ..networks import AbstractNetwork
from ..tasks import FlipFlop
from ..tasks.durations import count_steps
from .readout import outputs_of, signs_of

Text = np.ndarray
Pulses = dict[str, Shaped[Text, " pulse"]]
"""Memories by the signs of their outputs, pulses, where these lead, and where they should."""


def no_pulses() -> Pulses:
    """Return those of a task without pulses."""
    return {name: np.zeros(0, str) for name in ("memory", "pulse", "led_to", "expected")}


def pulses_of(network: AbstractNetwork, task: FlipFlop, points: FixedPoints) -> Pulses:
    """Give each stable point a pulse of either sign on each channel, and follow it to its end.

    `points` are those without a pulse.
    """
    stable = np.asarray(points.states, float)[np.asarray(points.stability) == "stable"]
    if not len(stable):
        return no_pulses()
    names, bits = signs_of(outputs_of(network, stable)), task.bits
    steps = count_steps(task.pulse, task.dt)
    memory, pulse, expected, after = [], [], [], []
    for bit in range(bits):
        for sign, letter in ((1.0, "+"), (-1.0, "-")):
            given = sign * (np.arange(bits) == bit)
            after.append(np.asarray(network.at_input(given).run(stable, steps), float)[:, -1])
            memory += names.tolist()
            pulse += [f"{letter} on {task.channels[bit]}"] * len(stable)
            expected += [f"{name[:bit]}{letter}{name[bit + 1 :]}" for name in names]
    return {
        "memory": np.array(memory),
        "pulse": np.array(pulse),
        "led_to": _ends(network, np.concatenate(after), points),
        "expected": np.array(expected),
    }


def _ends(
    network: AbstractNetwork, states: Float[np.ndarray, "state unit"], points: FixedPoints
) -> Shaped[Text, " state"]:
    """Return the signs of the outputs at the stable point where each state ends, or nothing."""
    found = verdict(network.at_input(np.zeros(network.num_inputs)), states, points=points)
    ends = np.asarray(found.end_states, float)
    names = np.where(are(found, What.POINT), signs_of(outputs_of(network, ends)), "")
    led = np.full(len(states), "", dtype=names.dtype)
    led[np.asarray(found.followed)] = names[np.asarray(found.ended)]
    return led

"""Parametric working memory: how the first frequency is held during the delay.

The frozen input is that of the delay: the fixation cue is on, the stimulus is off.
"""

import dataclasses
import functools

import numpy as np

from ...activity import Activity, simulate
from ...analysis import SlowCurve
from ...experiment.geometry import curve_along, slowest_states
from ...experiment.subject import Subject
from ...plan import SkippedError
from ...tasks import DelayComparison
from ..memory import GradedMemory, coding_axis, graded_memory

DELAY = 3000.0
"""How long the first frequency is to be held, in ms; as long as in the experiments, up to 6 s."""

SETTLING = 500.0
"""Time in ms from the end of the stimulus until the memory is looked at."""

NUM_TRIALS = 512
SLICES = 41


@functools.lru_cache(maxsize=1)
def memory_curve(subject: Subject) -> SlowCurve:
    """Follow the slowest states along the axis in which states change with the frequency.

    Needs `DelayComparison` and `input = "delay"`.
    """
    held, frequencies = delay_states(subject)
    axis = coding_axis(held[:, 0], frequencies)
    states = held.reshape(-1, held.shape[2])
    curve = curve_along(subject, axis, states, SLICES)
    return dataclasses.replace(curve, axis_name="axis of the first frequency")


def frequency_memory(subject: Subject) -> GradedMemory:
    """Place trials along the slow curve during a long delay, by the frequency to be held.

    Needs what `memory_curve` needs.
    """
    held, frequencies = delay_states(subject)
    curve = slowest_states(memory_curve(subject))
    dt = subject.task.dt
    return graded_memory(curve, held, frequencies, dt=dt, start=round(SETTLING / dt) * dt)


@functools.lru_cache(maxsize=1)
def delay_states(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Return states of a long delay `(trial, time, state)` and each trial's first frequency."""
    task = subject.task
    if not isinstance(task, DelayComparison):
        raise SkippedError("it needs the task DelayComparison.")
    if subject.input.tolist() != [1.0, 0.0]:
        raise SkippedError("it needs the input of the delay to be frozen, [1, 0].")
    longer = dataclasses.replace(task, delay=DELAY)
    activity: Activity = simulate(subject.network, longer.trials(NUM_TRIALS, key=subject.key))
    start, stop = longer.period_steps()["delay"]
    start += min(round(SETTLING / task.dt), stop - start - 1)
    states = np.asarray(activity.states, float)[:, start:stop]
    return states, np.asarray(activity.condition("f1"), float)


QUESTIONS = {
    "frequency_memory": frequency_memory,
    "memory_curve": memory_curve,
}

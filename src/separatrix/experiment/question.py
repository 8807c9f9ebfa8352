"""What holds the states of a trained network: the question that opens the report."""

import dataclasses

import jax.random as jr
import numpy as np

from ..activity import Activity, simulate
from ..analysis import FrozenInputs, Verdict, verdict
from ..analysis.projections import widest
from ..tasks.inputs import during
from .geometry import decision_axis
from .stages import SkippedError
from .subject import Subject

NUM_TRIALS = 512
"""Trials that are looked at, or of which those of some conditions are."""
_KEY = 0x68656C64


def held(subject: Subject, inputs: FrozenInputs) -> Verdict:
    """Run on from states at the end of the period, at the frozen input; say what holds them."""
    question, task = subject.settings.question, subject.task
    given = subject.settings.input
    period = question.period or (given if isinstance(given, str) else task.period_before_answer)
    states, labels = states_at_end(subject, period)
    begin, end = task.periods[period]
    axis, name = _axis(subject, states)
    found = verdict(
        subject.system,
        states,
        duration=question.duration or end - begin,
        axis=axis,
        axis_name=name,
        labels=labels,
        points=subject.points,
    )
    words = f"the input “{inputs.words[0]}”"
    return dataclasses.replace(found, input=words, since=f"the end of the period “{period}”")


def states_at_end(subject: Subject, period: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return where trials stand at the last step of a period `(trial, state)`, and their labels."""
    task, wanted = subject.task.varied(), subject.settings.question.trials
    trials = task.trials(NUM_TRIALS, key=jr.fold_in(subject.key, _KEY))
    activity: Activity = simulate(subject.network, trials)
    within = during(task, trials, period)
    chosen = within.any(1)
    for condition, value in wanted.items():
        if condition not in trials.conditions:
            raise SkippedError(
                f"trials have no condition {condition!r} (analysis.question.trials): they have "
                f"{', '.join(trials.conditions)}."
            )
        chosen &= np.asarray(trials.conditions[condition]) == value
    if chosen.sum() < 3:
        raise SkippedError(f"fewer than three trials of these conditions have a {period} period.")
    last = within.shape[1] - 1 - within[:, ::-1].argmax(1)
    states = np.asarray(activity.states, float)[np.arange(len(last)), last][chosen]
    return states, {name: np.asarray(of)[chosen] for name, of in trials.conditions.items()}


def _axis(subject: Subject, states: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the axis of the choice, or else the one along which the states differ most."""
    if "choice 1" in subject.task.responses:
        try:
            return decision_axis(subject.network, subject.task, states), "the axis of the choice"
        except SkippedError:
            pass
    return widest(states), "their first principal component"

"""What holds the states of a trained network: the question that opens the report."""

import contextlib

import jax.random as jr
import numpy as np

from ..activity import Activity, simulate
from ..analysis import Verdict
from ..evaluation.readout import last_of
from ..plan import Plan, SkippedError
from ..tasks.task import during
from .geometry import decision_axis
from .subject import Subject

NUM_TRIALS = 512
"""Trials that are looked at, or of which those of some conditions are."""
_KEY = 0x68656C64


def held(subject: Subject, plan: Plan) -> Verdict:
    """Run on from states at the end of the period, at the frozen input; say what holds them."""
    question, task = subject.settings.question, subject.task
    given = subject.settings.input
    period = question.period or (given if isinstance(given, str) else task.period_before_answer)
    states, labels = states_at_end(subject, period)
    begin, end = task.periods[period]
    duration, axis = question.duration or end - begin, _axis(subject, states)
    return plan.held(subject.points, states, axis, period, duration=duration, labels=labels)


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
    states = last_of(np.asarray(activity.states, float), within)[chosen]
    return states, {name: np.asarray(of)[chosen] for name, of in trials.conditions.items()}


def _axis(subject: Subject, states: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Return the axis of the choice, where there is one."""
    if "choice 1" in subject.task.responses:
        with contextlib.suppress(SkippedError):
            return decision_axis(subject.network, subject.task, states), "the axis of the choice"
    return None

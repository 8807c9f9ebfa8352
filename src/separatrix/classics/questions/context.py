"""Context-dependent integration: what the context lets in, along the line that holds the choice.

The frozen input tells the context: one of the two context channels is on, and the stimuli are
without evidence.
"""

import dataclasses
import functools

import numpy as np

from ...activity import simulate
from ...analysis import SlowCurve, linearize
from ...experiment.geometry import curve_along, decision_axis, slowest_states
from ...experiment.subject import Subject
from ...plan import SkippedError
from ...tasks import ContextDecisionMaking
from ..averages import TargetedAverages, targeted_averages
from ..gating import InputGating, input_gating

STIMULUS = 750.0
"""How long Mante et al. (2013) show the stimulus, in ms."""

MODALITIES = ("modality 1", "modality 2")
EVIDENCE = np.array([[0, 0.5, -0.5, 0, 0, 0, 0], [0, 0, 0, 0.5, -0.5, 0, 0]])
"""Input that evidence of 100 % for choice 1 adds to the channels, in each modality."""

NUM_TRIALS = 1024
SLICES = 41


@functools.lru_cache(maxsize=1)
def choice_curve(subject: Subject) -> SlowCurve:
    """Follow the slowest states along the readout of choice 1 minus that of choice 2.

    Needs `ContextDecisionMaking`, and one context without evidence as input.
    """
    task, context = frozen_context(subject)
    states = integrating_states(subject, context)
    axis = decision_axis(subject.network, task, states)
    return curve_along(subject, axis, states, SLICES)


@functools.lru_cache(maxsize=1)
def context_gating(subject: Subject) -> InputGating:
    """Compare the selection vectors along the choice with the evidence of both modalities.

    Needs what `choice_curve` needs.
    """
    _, context = frozen_context(subject)
    curve = choice_curve(subject)
    return input_gating(
        linearize(subject.system, slowest_states(curve)),
        EVIDENCE,
        relevant=context,
        axis=np.asarray(curve.axis),
        sources=MODALITIES,
    )


def context_averages(subject: Subject) -> TargetedAverages:
    """Average correct trials of this context by the evidence of either modality.

    The stimulus of these trials lasts as long as in the paper. The axes are the direction of the
    line, and the directions in which the evidence of each modality pushes.

    Needs what `choice_curve` needs.
    """
    task, context = frozen_context(subject)
    shown = dataclasses.replace(task, stimulus=STIMULUS, delay=0.0)
    activity = simulate(subject.network, shown.trials(NUM_TRIALS, key=subject.key))
    chosen = (activity.condition("context") == context) & (
        np.asarray(activity.choice) == activity.condition("choice") + 1
    )
    if not chosen.any():
        raise SkippedError("the network answered no trial of this context correctly.")
    gating = context_gating(subject)
    line = np.asarray(gating.direction).real.mean(0)
    pushes = np.asarray(gating.input_directions).mean(0)
    start, stop = shown.period_steps()["stimulus"]
    states = np.asarray(activity.states, float)[chosen]
    labels = {
        name: activity.condition(f"signed_coherence_{k + 1}")[chosen]
        for k, name in enumerate(MODALITIES)
    }
    return targeted_averages(
        states[:, max(start - 1, 0) : stop],
        np.stack([line, *pushes]),
        labels,
        names=("choice", *MODALITIES),
        origin=states[:, max(start - 1, 0)].mean(0),
        dt=task.dt,
    )


def frozen_context(subject: Subject) -> tuple[ContextDecisionMaking, int]:
    """Return the task and which context is frozen in; raise SkippedError where there is none."""
    task, u = subject.task, subject.input
    if not isinstance(task, ContextDecisionMaking):
        raise SkippedError("it needs the task ContextDecisionMaking.")
    if u[0] != 1 or u[1] != u[2] or u[3] != u[4] or sorted(u[5:]) != [0, 1]:
        raise SkippedError(
            "it needs a frozen input with the fixation cue on, no evidence and one context, such "
            "as [1, 0.5, 0.5, 0.5, 0.5, 1, 0]."
        )
    return task, int(np.argmax(u[5:]))


def integrating_states(subject: Subject, context: int) -> np.ndarray:
    """Return the states of trials of a context while the fixation cue is on, `(sample, state)`."""
    cue = np.asarray(subject.activity.inputs)[..., 0] > 0.5
    chosen = cue & (subject.activity.condition("context") == context)[:, None]
    if not chosen.any():
        raise SkippedError("the activity has no trial of this context.")
    return np.asarray(subject.activity.states, float)[chosen]


QUESTIONS = {
    "choice_curve": choice_curve,
    "context_averages": context_averages,
    "input_gating": context_gating,
}

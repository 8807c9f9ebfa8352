"""What a fit to some of the network's units says of it, and whether planted circuits support that.

It is the network as a recording would show it: the network itself is known, so the answer is, too.
"""

import functools

import jax.random as jr
import numpy as np

from ...activity import simulate
from ...fits import least_squares
from ...plan import SkippedError
from ...recovery import Judgment, MechanismRecovery, mechanism_recovery
from ..subject import Subject

FRACTION = 0.2
NUM_TRIALS = 24


@functools.lru_cache(maxsize=1)
def recorded(subject: Subject) -> MechanismRecovery:
    """Record a fifth of the units, fit a rate network, and do so with planted circuits.

    Needs a network with a time constant, and trials of equal length.
    """
    network, task = subject.network, subject.task
    tau = getattr(network, "tau", None)
    activity = simulate(network, task.trials(NUM_TRIALS, key=subject.key))
    if tau is None or (activity.inside is not None and not np.all(activity.inside)):
        raise SkippedError("it needs a network with a time constant, and trials of equal length.")
    states = np.asarray(activity.states, float)
    units = np.random.default_rng(0).permutation(states.shape[-1])
    seen = np.sort(units[: max(2, round(FRACTION * len(units)))])
    return mechanism_recovery(
        least_squares("tanh", tau=float(tau), dt=task.dt),
        states[:, :, seen],
        inputs=np.asarray(activity.inputs, float) - subject.input,
        fraction=len(seen) / len(units),
        dt=task.dt,
        tau=float(tau),
        duration=subject.settings.question.duration or 1000.0,
        key=jr.fold_in(subject.key, 1),
    )


def judged(subject: Subject) -> Judgment:
    """Judge the fit to a fifth of the units by planted circuits that are recorded like them.

    Needs what `mechanism_recovery` needs.
    """
    return recorded(subject).judge()


QUESTIONS = {"judgment": judged, "mechanism_recovery": recorded}

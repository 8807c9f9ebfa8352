"""Choices against the evidence, compared with the ideal observer's."""

import numpy as np
from jaxtyping import Float, Int

from .._checked import Count, checked
from .._records import Record, array, setting
from .._types import Array, GivenKey
from ..activity import simulate
from ..networks import AbstractNetwork
from ..tasks import PerceptualDecisionMaking, signed_coherence


class Psychometric(Record):
    """Choices at each signed coherence, which is positive if the first stimulus is stronger."""

    signed_coherence: Float[Array, " condition"] = array("signed coherence", units="%")
    num_trials: Int[Array, " condition"] = array("number of trials of each signed coherence")
    p_first: Float[Array, " condition"] = array("fraction of trials that chose the first stimulus")
    p_none: Float[Array, " condition"] = array("fraction of trials without a choice")
    accuracy: Float[Array, " condition"] = array("fraction of correct trials")
    ideal_p_first: Float[Array, " condition"] = array(
        "fraction of trials in which the ideal observer chooses the first stimulus, in theory"
    )
    ideal_accuracy: Float[Array, " condition"] = array(
        "fraction of trials in which the ideal observer is correct, in theory"
    )
    mean_accuracy: float = setting("fraction of correct trials over all conditions")
    ideal_mean_accuracy: float = setting(
        "fraction of correct trials of the ideal observer on the same mix of coherences"
    )

    def summary(self) -> str:
        return (
            f"Psychometric: accuracy {self.mean_accuracy:.4f} on {int(self.num_trials.sum())} "
            f"trials, ideal observer {self.ideal_mean_accuracy:.4f}"
        )


@checked
def psychometric(
    network: AbstractNetwork,
    task: PerceptualDecisionMaking,
    *,
    num_trials: Count = 4096,
    key: GivenKey,
) -> Psychometric:
    """Measure a network's choices on fresh trials of a two-choice task.

    Trials without evidence (coherence 0) are pooled, because their "correct" choice is arbitrary.
    The values of the ideal observer are computed by the formula of `task.ideal_accuracy`, not by
    simulation.

    Parameters
    ----------
    network
        Any network that fits the task.
    task
        A `PerceptualDecisionMaking` of two choices.
    num_trials
        How many trials are drawn.
    key
        A JAX random key.

    Returns
    -------
    Psychometric
        Choices and accuracy by signed coherence in percent, and `.mean_accuracy`.

    Raises
    ------
    InvalidInputError
        If the network does not fit the task, or if the task is not a `PerceptualDecisionMaking` of
        two choices.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 16, 3, dt=task.dt, key=jax.random.key(0))
    >>> behavior = sx.psychometric(net, task, num_trials=256, key=jax.random.key(1))
    >>> behavior.signed_coherence.round(1).tolist()
    [-51.2, -25.6, -12.8, -6.4, 0.0, 6.4, 12.8, 25.6, 51.2]
    """
    task.ideal_accuracy(0.0)
    activity = simulate(network, task.trials(num_trials, key=key))
    choice = np.asarray(activity.choice)
    correct = choice == np.asarray(activity.conditions["choice"]) + 1
    signed = signed_coherence(activity.conditions) + 0.0  # −0 and 0 are the same condition
    levels = np.unique(np.round(signed, 6))
    groups = [np.isclose(signed, level, atol=1e-5) for level in levels]
    ideal = task.ideal_accuracy(np.abs(levels))
    return Psychometric(
        signed_coherence=levels,
        num_trials=np.array([g.sum() for g in groups]),
        p_first=np.array([(choice[g] == 1).mean() for g in groups]),
        p_none=np.array([(choice[g] == 0).mean() for g in groups]),
        accuracy=np.array([correct[g].mean() for g in groups]),
        ideal_p_first=np.where(levels >= 0, ideal, 1 - ideal),
        ideal_accuracy=ideal,
        mean_accuracy=float(correct.mean()),
        ideal_mean_accuracy=task.ideal_mean_accuracy,
    )

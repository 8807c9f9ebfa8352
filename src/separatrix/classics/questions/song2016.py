"""Song et al. (2016): selectivity, and who excites or inhibits whom."""

import numpy as np

from ...activity import simulate
from ...experiment.subject import Subject
from ...networks import DaleCTRNN
from ...plan import SkippedError
from ...tasks import PerceptualDecisionMaking
from ..connections import SelectiveConnections, selective_connections, selectivity

NUM_TRIALS = 1024


def connections_by_preference(subject: Subject) -> SelectiveConnections:
    """Compare connections within and between the units that prefer each choice.

    The preference of a unit is that of its mean rate during the stimulus for the network's choice.

    Needs `DaleCTRNN` and `PerceptualDecisionMaking`.
    """
    network, task = subject.network, subject.task
    if not isinstance(network, DaleCTRNN):
        raise SkippedError(
            "the units of the network are not divided into excitatory and inhibitory ones, as "
            "those of DaleCTRNN are."
        )
    if not isinstance(task, PerceptualDecisionMaking):
        raise SkippedError("the task is not PerceptualDecisionMaking.")
    activity = simulate(network, task.trials(NUM_TRIALS, key=subject.key))
    first, stop = task.period_steps()["stimulus"]
    rates = np.asarray(network.rates(activity.states[:, first:stop]), float).mean(1)
    choice = np.asarray(activity.choice)
    chose = (choice == 1) | (choice == 2)
    if len(np.unique(choice[chose])) < 2:
        raise SkippedError("the network makes the same choice in all trials.")
    dprime = selectivity(rates[chose], choice[chose]).dprime
    excitatory = np.arange(network.num_units) < network.num_excitatory
    return selective_connections(np.asarray(network.connectivity()), dprime, excitatory)


QUESTIONS = {"selective_connections": connections_by_preference}

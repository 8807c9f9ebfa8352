"""What a network oscillates along while its input is frozen."""

from ...analysis import Cycles, find_cycles
from ..subject import Subject

LENGTHS = range(2, 21)


def cycles(subject: Subject) -> Cycles:
    """Look for cycles of 2 to 20 steps at the frozen input, from the last states of the trials.

    Needs nothing but an input that is frozen.
    """
    return find_cycles(subject.system, subject.activity.states[:, -1], length=LENGTHS)


QUESTIONS = {"cycles": cycles}

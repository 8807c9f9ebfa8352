"""How well the network does its task."""

from ...evaluation import Performance, performance
from ..subject import Subject


def task_performance(subject: Subject) -> Performance:
    """Score fresh trials by condition, with chance and the ideal observer.

    Needs any task; asked of every run that has neither a psychometric nor `rule_performance`.
    """
    return performance(
        subject.network, subject.task, num_trials=subject.settings.test_trials, key=subject.key
    )


QUESTIONS = {"performance": task_performance}

"""Yang et al. (2019): performance in each of the tasks, and task variance."""

import jax.random as jr

from ...experiment.subject import Subject
from ...plan import SkippedError
from ...tasks import Yang2019
from ..clusters import TaskVariance
from ..rules import RulePerformance, rule_performance, rule_variance


def performance_by_rule(subject: Subject) -> RulePerformance:
    """Measure how often the network is right in each rule, on `test_trials` trials in all.

    Needs `Yang2019`.
    """
    key = jr.fold_in(subject.key, 0)
    count = subject.settings.test_trials
    return rule_performance(subject.network, _rules(subject), num_trials=count, key=key)


def variance_by_rule(subject: Subject) -> TaskVariance:
    """Measure in which rules each unit takes part, and cluster the units.

    Needs `Yang2019`.
    """
    return rule_variance(subject.network, _rules(subject), key=jr.fold_in(subject.key, 1))


def _rules(subject: Subject) -> Yang2019:
    if not isinstance(subject.task, Yang2019):
        raise SkippedError("it needs the task Yang2019, because other tasks have no rules.")
    return subject.task


QUESTIONS = {"rule_performance": performance_by_rule, "task_variance": variance_by_rule}

"""How well a network of many rules does each of them."""

import numpy as np

from ... import figures
from ...report.section import Section, Values
from ...store import Run
from ..rules import RulePerformance


def values(run: Run) -> Values:
    """Return the scores, and the rule that is the least above chance."""
    found = run.rule_performance
    above = np.asarray(found.score) - np.asarray(found.chance)
    return {
        "performance": found,
        "num_trials": int(np.sum(found.num_trials)),
        "num_learned": _num_learned(found),
        "least": found.rules[int(above.argmin())],
    }


def _num_learned(found: RulePerformance) -> int:
    """Count the rules whose score is nearer to the ideal observer's than to chance."""
    score, chance = np.asarray(found.score), np.asarray(found.chance)
    return int((score > chance + 0.5 * (np.asarray(found.ideal_score) - chance)).sum())


SECTION = Section(
    "rule_performance",
    "Performance in each rule",
    ("rule_performance",),
    lambda run: figures.rule_performance(run.rule_performance),
    values,
)

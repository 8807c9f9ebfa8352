"""How well a network of many rules does each of them."""

import numpy as np

from ... import figures
from ...multitask import RulePerformance
from ..section import Rows, Section, Values
from ..story import Story
from ..words import percent


def values(story: Story) -> Values:
    """Return the scores, and the rule that is the least above chance."""
    found = story.get(RulePerformance)
    above = np.asarray(found.score) - np.asarray(found.chance)
    return {
        "performance": found,
        "num_trials": int(np.sum(found.num_trials)),
        "num_learned": _num_learned(found),
        "least": found.rules[int(above.argmin())],
    }


def numbers(story: Story) -> Rows:
    """Return how many rules are learned."""
    rules = story.find(RulePerformance)
    if rules is None:
        return []
    learned = f"{_num_learned(rules)} of {len(rules)}, mean score {percent(rules.mean_score)}"
    return [("rules above halfway from chance", learned)]


def _num_learned(found: RulePerformance) -> int:
    """Count the rules whose score is nearer to the ideal observer's than to chance."""
    score, chance = np.asarray(found.score), np.asarray(found.chance)
    return int((score > chance + 0.5 * (np.asarray(found.ideal_score) - chance)).sum())


SECTION = Section(
    "rule_performance",
    "Performance in each rule",
    (RulePerformance,),
    lambda story: figures.rule_performance(story.get(RulePerformance)),
    values,
    numbers,
    analyses=("rule_performance",),
)

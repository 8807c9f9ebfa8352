"""What is said below the figures of units and tasks: who takes part in what, who drives whom."""

import numpy as np

from ..analysis import Analyses, SelectiveConnections, TaskVariance
from ..multitask import RulePerformance
from .story import Story, count, percent


def rule_performance(story: Story) -> str:
    """Explain the performance by rule."""
    found = story.get(RulePerformance)
    score, chance = np.asarray(found.score), np.asarray(found.chance)
    worst = found.rules[int((score - chance).argmin())]
    return (
        f"The fraction of right answers on {int(np.sum(found.num_trials))} new trials, without "
        "private noise. A trial is right when at its last step the network fixates where it "
        "should, or else points within 36° of the target. Chance is what a network scores that "
        f"ignores the stimuli. The mean over {count(len(found), 'rule')} is "
        f"{percent(found.mean_score)}; {_above_halfway(found)} are more than halfway from chance "
        f"to the ideal observer; the least above chance is {worst}."
    )


def task_variance(story: Story) -> str:
    """Explain the heat map."""
    found = story.get(TaskVariance)
    text = (
        "Each column is a unit, each row a rule: the variance of the unit over the stimuli of that "
        "rule, averaged over time after the fixation and divided by the unit's largest. Units are "
        "sorted by cluster (k-means); below, the mean silhouette for each number of clusters, the "
        f"largest of which decides. {len(found.order)} of {count(len(found), 'unit')} vary enough "
        f"to be counted (summed variance above {found.threshold:g})"
    )
    if len(found.silhouette):
        preferred = ", ".join(dict.fromkeys(found.preferred_tasks()))
        text += (
            f"; they form {count(found.best_num_clusters, 'cluster')} (silhouette "
            f"{np.max(found.silhouette):.2f}) that vary most in {preferred}"
        )
    return text + "."


def selective_connections(story: Story) -> str:
    """Explain the sorted connections."""
    found = story.get(SelectiveConnections)
    preferred = np.asarray(found.preferred)
    text = (
        "Left: recurrent weights, excitatory units before inhibitory ones, each sorted by d′, the "
        "selectivity of the mean rate during the stimulus for the network's choice (middle). "
        "Right: the mean size of the weights between units that prefer the same choice and between "
        "units of opposite preference; p is how often shuffled preferences differ as much. "
        f"{int((preferred == 1).sum())} units prefer choice 1, {int((preferred == 2).sum())} "
        f"choice 2, {int((preferred == 0).sum())} none. "
    )
    rows = zip(*map(np.asarray, (found.block, found.same, found.opposite)), strict=True)
    told = [f"{block}: {a:.3f} and {b:.3f}" for block, a, b in rows if np.isfinite(a + b)]
    return text + f"Same and opposite, {'; '.join(told)}."


def population_numbers(story: Story) -> list[tuple[str, str]]:
    """Return what was found of units and rules as rows of the key numbers."""
    rules, variance = story.find(RulePerformance), story.find(TaskVariance)
    connections = story.find(SelectiveConnections)
    rows: list[tuple[str, str]] = []
    if rules is not None:
        learned = f"{_above_halfway(rules)} of {len(rules)}, mean score {percent(rules.mean_score)}"
        rows.append(("rules above halfway from chance", learned))
    if variance is not None and len(variance.silhouette):
        clusters, units = variance.best_num_clusters, len(variance.order)
        text = f"{count(clusters, 'cluster')} of {count(units, 'unit')}"
        rows.append(("units by task variance", text))
    if connections is not None:
        columns = (connections.block, connections.same, connections.opposite, connections.p_value)
        for block, same, opposite, p in zip(*map(np.asarray, columns), strict=True):
            if np.isfinite(same + opposite):
                text = f"{same:.3f} and {opposite:.3f} (p = {p:.2g})"
                rows.append((f"{block}, same and opposite preference", text))
    return rows


def _above_halfway(found: RulePerformance) -> int:
    """Count the rules whose score is nearer to the ideal observer's than to chance."""
    score, chance = np.asarray(found.score), np.asarray(found.chance)
    return int((score > chance + 0.5 * (np.asarray(found.ideal_score) - chance)).sum())


def no_rule_performance(story: Story) -> str:
    """Say why there is no performance by rule."""
    return _why(story, "rule_performance")


def no_task_variance(story: Story) -> str:
    """Say why there is no task variance."""
    return _why(story, "task_variance")


def no_selective_connections(story: Story) -> str:
    """Say why there are no sorted connections."""
    return _why(story, "selective_connections")


def _why(story: Story, study: str) -> str:
    """Return why a study has no result; nothing where it was not asked for."""
    outcomes = story.find(Analyses)
    reason = outcomes.why_not(study) if outcomes is not None else ""
    return f"The run holds no {study.replace('_', ' ')}: {reason}" if reason else ""

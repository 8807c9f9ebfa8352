"""What opens a report: three sentences that a reviewer could quote, each with its evidence."""

from typing import Any

import numpy as np

from ..analysis import FixedPoints, FixedPointTopology, FrozenInputs, Verdict
from ..analysis.verdicts.words import NAMES, differences, disagreements, finding, span
from ..evaluation import Performance, Psychometric
from ..multitask import RulePerformance
from ..training import History
from .story import Story, count, percent

_ALONG = 0.7
"""|cos| from which on a line is said to extend along a direction."""


def sentences(story: Story) -> list[str]:
    """Return what was learned, what the state space holds, and what holds the states."""
    said = (learned(story), holds(story), held(story), claimed(story))
    return [sentence for sentence in said if sentence]


def learned(story: Story) -> str:
    """Say how well the network does its task, beside the ideal observer and chance."""
    network, history = story.run.network, story.find(History)
    who = "A network that was not kept"
    if network is not None:
        who = f"A {type(network).__name__} of {count(network.num_units, 'unit')}"
    if history is not None:
        who += f", trained for {count(len(history), 'step')},"
    return f"{who} {_behavior(story)}."


def _behavior(story: Story) -> str:
    record, scored = story.find(Psychometric), story.find(Performance)
    rules = story.find(RulePerformance)
    if record is not None:
        trials = int(np.sum(record.num_trials))
        return (
            f"answers {percent(record.mean_accuracy)} of {trials} new trials correctly, where the "
            f"ideal observer answers {percent(record.ideal_mean_accuracy)} and guessing "
            f"{percent(0.5)}"
        )
    if scored is not None:
        text = f"scores {percent(scored.mean_score)} on {scored.total_trials} new trials"
        if np.isfinite(scored.ideal_mean_score):
            text += (
                f", where the ideal observer scores {percent(scored.ideal_mean_score)} and "
                f"guessing {percent(scored.chance)}"
            )
        return text
    if rules is not None:
        ideal = float(np.mean(rules.ideal_score))
        return (
            f"scores {percent(rules.mean_score)} in the mean of {count(len(rules), 'rule')}, where "
            f"the ideal observer scores {percent(ideal)}"
        )
    return "was not tested"


def frozen_input(story: Story) -> str:
    """Say in words and numbers what input was held constant."""
    inputs = story.find(FrozenInputs)
    if inputs is None:
        return "the input that was held constant"
    return f"the input “{inputs.words[0]}”"


def holds(story: Story) -> str:
    """Say what fixed and slow points there are, how many are proved, and whether any is missing."""
    points = story.find(FixedPoints)
    if points is None:
        return ""
    kinds = story.kind_counts()
    fixed = count(kinds["fixed"], "fixed point")
    if kinds["fixed"]:
        proved = story.proved("fixed")
        how_many = "all" if proved == kinds["fixed"] else str(proved or "none")
        fixed += f" ({story.stability_counts('fixed')}; {how_many} proved to exist)"
    slow = count(kinds["slow"], "slow point")
    text = f"At {frozen_input(story)} its state space holds {fixed} and {slow}; {_missing(points)}"
    topology = story.find(FixedPointTopology)
    if topology is not None and topology.is_cube is True:
        numbers = " + ".join(str(n) for _, n in sorted(story.unstable_counts("fixed").items()))
        text += f". The fixed points form a cube: {numbers}"
    return f"{text}."


def _missing(points: FixedPoints) -> str:
    if points.complete:
        return "it is proved that no fixed point is missing"
    known = []
    if points.index_sum is not None:
        known.append(f"index sum {points.index_sum}")
        if points.index_sum != 1:
            return f"some fixed points are missing, for the index sum is {points.index_sum}"
    if points.coverage is not None:
        known.append(f"coverage {points.coverage:.3f}")
    evidence = f" ({', '.join(known)})" if known else ""
    return f"whether a fixed point is missing is not known{evidence}"


def held(story: Story) -> str:
    """Answer whether the states are held by what is claimed, or say by what."""
    verdict = story.find(Verdict)
    if verdict is None:
        return ""
    claim = _question(story).get("claim")
    over = f"over {span(verdict.duration)}"
    rest = finding(verdict) + "." + differences(verdict) + disagreements(verdict)
    if claim is None:
        return f"What holds its states {over}? {rest[0].upper()}{rest[1:]}"
    answer = verdict.is_held_by(claim)
    if answer in ("yes", "approximately"):
        rest = rest.split(": ", 1)[1]
    if answer == "unknown":
        return f"Is it {NAMES[claim]} {over}? {rest[0].upper()}{rest[1:]}"
    verb = "they are" if claim == "points" else "it is"
    joined = ": " if answer != "no" else f", {verb} "
    question = f"Are they {NAMES[claim]}" if claim == "points" else f"Is it {NAMES[claim]}"
    return f"{question} {over}? {answer.capitalize()}{joined}{rest}"


def claimed(story: Story) -> str:
    """Say whether what the paper claims holds in this network; empty where nothing is claimed."""
    verdict, question = story.find(Verdict), _question(story)
    claim, paper = question.get("claim"), question.get("paper")
    if verdict is None or claim is None or not paper:
        return ""
    along = f" along {question['along']}" if "along" in question else ""
    text = f"{paper} found {NAMES[claim]}{along}: "
    answer = verdict.is_held_by(claim)
    text += {
        "yes": "that holds in this network",
        "approximately": "that holds approximately in this network",
        "no": "that does not hold in this network",
        "unknown": "whether that holds in this network is unknown",
    }[answer]
    if along and answer in ("yes", "approximately"):
        first = np.asarray(story.plane.components)[0]
        size = abs(float(np.asarray(verdict.direction) @ first))
        fits = "and it extends" if size >= _ALONG else "but it does not extend"
        text += f", {fits} along {question['along']} (|cos| {size:.2f})"
    return f"{text}."


def _question(story: Story) -> dict[str, Any]:
    return dict(story.run.experiment.get("analysis", {}).get("question", {}))

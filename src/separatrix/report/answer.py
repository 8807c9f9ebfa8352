"""What opens a report: three or four sentences that a reviewer could quote, with their evidence."""

import re
from typing import Any

import numpy as np

from ..analysis import FixedPoints, FixedPointTopology, FrozenInputs, Verdict
from ..analysis.verdicts.words import NAMES
from ..evaluation import Performance, Psychometric
from ..multitask import RulePerformance
from ..training import History
from .section import Values
from .story import Story
from .words import paragraph

_ALONG = 0.7
"""|cos| from which on a line is said to extend along a direction."""


def sentences(story: Story) -> list[str]:
    """Return what was learned, what the state space holds, and what holds the states, as HTML."""
    from markupsafe import Markup

    text = paragraph("answer.html", _learned(story) | _holds(story) | _held(story))
    return [Markup(found.strip()) for found in re.findall("<p>(.*?)</p>", text)]


def _learned(story: Story) -> Values:
    """Return the network, and how well it does its task."""
    curve, scored = story.find(Psychometric), story.find(Performance)
    return {
        "network": story.run.network,
        "history": story.find(History),
        "psychometric": curve,
        "num_trials": 0 if curve is None else int(np.sum(curve.num_trials)),
        "performance": scored,
        "has_ideal": scored is not None and bool(np.isfinite(scored.ideal_mean_score)),
        "rules": story.find(RulePerformance),
    }


def _holds(story: Story) -> Values:
    """Return what fixed and slow points there are, how many are proved, and if any is missing."""
    points, inputs = story.points, story.find(FrozenInputs)
    if points is None:
        return {"points": None}
    topology = story.find(FixedPointTopology)
    return {
        "points": points,
        "input": None if inputs is None else inputs.words[0],
        "kinds": story.kind_counts(),
        "stability": story.stability_counts("fixed"),
        "proved": story.proved("fixed"),
        "evidence": _evidence(points),
        "is_cube": topology is not None and topology.is_cube is True,
        "cube": [number for _, number in sorted(story.unstable_counts("fixed").items())],
    }


def _evidence(points: FixedPoints) -> list[str]:
    """Return what speaks for it that no fixed point is missing."""
    known = []
    if points.index_sum is not None:
        known.append(f"index sum {points.index_sum}")
    if points.coverage is not None:
        known.append(f"coverage {points.coverage:.3f}")
    return known


def _held(story: Story) -> Values:
    """Return what holds the states, and whether that is what a paper claims."""
    verdict, question = story.find(Verdict), _question(story)
    if verdict is None:
        return {"verdict": None}
    claim = question.get("claim")
    answer = None if claim is None else verdict.is_held_by(claim)
    cosine = None
    if "along" in question and answer in ("yes", "approximately"):
        first = np.asarray(story.plane.components)[0]
        cosine = abs(float(_direction(np.asarray(verdict.settled)) @ first))
    return {
        "verdict": verdict,
        "said": verdict.sentences,
        "claimed": None if claim is None else NAMES[claim],
        "answer": answer,
        "paper": question.get("paper"),
        "along": question.get("along"),
        "cosine": cosine,
        "extends": cosine is not None and cosine >= _ALONG,
    }


def _direction(settled: np.ndarray) -> np.ndarray:
    """Return the direction in which settled states extend most."""
    there = settled[np.isfinite(settled).all(1)]
    return np.asarray(np.linalg.svd(there - there.mean(0), full_matrices=False)[2][0])


def _question(story: Story) -> dict[str, Any]:
    return dict(story.run.experiment.get("analysis", {}).get("question", {}))

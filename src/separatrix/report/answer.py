"""What opens a report: three or four sentences that a reviewer could quote, with their evidence."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import FrozenInputs
from ..analysis.verdicts.sentences import NAMES
from ..store import Run
from .section import Values
from .sections.fixed_points import counts_of
from .text_filters import paragraph
from .view import plane

if TYPE_CHECKING:
    from markupsafe import Markup

_ALONG = 0.7
"""|cos| from which on a line is said to extend along a direction."""


def sentences(run: Run, *, with_points: bool = True) -> list["Markup"]:
    """Return what was learned, what points there are, and what holds the states, as HTML."""
    from markupsafe import Markup

    text = paragraph("answer.html", _learned(run) | _holds(run, with_points) | _held(run))
    return [Markup(found.strip()) for found in re.findall("<p>(.*?)</p>", text)]


def _learned(run: Run) -> Values:
    """Return the network, and how well it does its task."""
    curve, scored = run.find("psychometric"), run.find("performance")
    return {
        "network": run.network,
        "history": run.find("history"),
        "psychometric": curve,
        "num_trials": 0 if curve is None else int(np.sum(curve.num_trials)),
        "performance": scored,
        "has_ideal": scored is not None and bool(np.isfinite(scored.ideal_mean_score)),
        "rules": run.find("rule_performance"),
    }


def _holds(run: Run, shown: bool) -> Values:
    """Return what fixed and slow points there are, how many are proved, and if any is missing."""
    points, inputs = run.find("fixed_points"), run.find("frozen_inputs")
    if points is None:
        return {"points": None}
    topology = run.find("topology")
    return {
        "where": "the input that was held constant" if inputs is None else _where(inputs),
        "cube": topology if topology is not None and topology.is_cube is True else None,
        "shows_points": shown,
        **counts_of(points),
    }


def _where(inputs: FrozenInputs) -> str:
    """Write the input that was held constant; one of no channels was not given."""
    if not inputs.values.shape[1]:
        return "an input that was not given"
    return f"the input “{inputs.words[0]}”"


def _held(run: Run) -> Values:
    """Return what holds the states, and whether that is what a paper claims."""
    verdict, question = run.find("verdict"), _question(run)
    if verdict is None:
        return {"verdict": None}
    claim = question.get("claim")
    answer = None if claim is None else verdict.is_held_by(claim)
    cosine = None
    if "along" in question and answer in ("yes", "approximately"):
        first = np.asarray(plane(run).components)[0]
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


def _question(run: Run) -> dict[str, Any]:
    return dict(run.experiment.get("analysis", {}).get("question", {}))

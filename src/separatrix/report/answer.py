"""The sentences that open a report, which a reviewer could quote."""

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.projections import widest
from ..analysis.verdicts.sentences import NAMES, result, share, span
from ..store import Run
from .section import Values
from .statements import POINTS, pace, statements
from .text_filters import paragraph
from .view import plane

if TYPE_CHECKING:
    from markupsafe import Markup

_ALONG = 0.7
"""|cos| from which on a line is said to extend along a direction."""


def sentences(run: Run) -> list["Markup"]:
    """Return what was learned, and what holds the states, as HTML."""
    from markupsafe import Markup

    text = paragraph("answer.html", _learned(run) | _held(run))
    judgment = run.find("judgment")
    judged = [] if judgment is None else [Markup.escape(" ".join(judgment.sentences))]
    return [*(Markup(found.strip()) for found in re.findall("<p>(.*?)</p>", text)), *judged]


def summary(run: Run) -> list["Markup"]:
    """Return these sentences, with the statements on points after them, as HTML.

    Each says how it is known; the last one, on missing points, does so itself.
    """
    from markupsafe import Markup, escape

    first, *others = sentences(run)
    found = [one for one in statements(run) if one.group == POINTS]
    known = [f"{one.text.removesuffix('.')} ({one.known})." for one in found[:-1]]
    points = [escape(text) for text in (*known, *(one.text for one in found[-1:]))]
    inputs = run.find("frozen_inputs")
    if points and inputs is not None:
        points.insert(0, escape(f"At the input “{inputs.words[0]}”:"))
    return [first, *others, *([Markup(" ").join(points)] if points else [])]


def _learned(run: Run) -> Values:
    """Return the network, and how well it does its task."""
    curve, scored = run.find("psychometric"), run.find("performance")
    known = (run.find(name) for name in ("history", "rule_performance"))
    told = [curve, scored, *known]
    return {
        "network": run.network,
        "points": run.find("fixed_points"),
        "history": run.find("history"),
        "psychometric": curve,
        "num_trials": 0 if curve is None else int(np.sum(curve.num_trials)),
        "performance": scored,
        "has_ideal": scored is not None and bool(np.isfinite(scored.ideal_mean_score)),
        "rules": run.find("rule_performance"),
        "is_given": all(each is None for each in told),
        "trial": _trial(run),
        "is_judged": run.find("judgment") is not None,
    }


def _trial(run: Run) -> str:
    """Write how far states move in each period, and what is decoded from then on; "" if unknown."""
    periods = run.find("trial_periods")
    if periods is None or periods.moved is None or not np.isfinite(periods.moved).any():
        return ""
    told, known, any_label = [], set[str](), False
    for name, moved, text in zip(periods.period, periods.moved, periods.decoded, strict=True):
        labels = {
            one["label"]: one for one in json.loads(str(text)) if one["value"] > one["chance"]
        }
        changes = [f"{label} {result(labels[label], 'value')}" for label in labels.keys() - known]
        changes += [f"no longer {label}" for label in known - labels.keys()]
        inside = ", ".join(sorted(changes))
        told.append(f"“{name}” {share(float(moved))}{f' ({inside})' if changes else ''}")
        known, any_label = set(labels), any_label or bool(changes)
    what = " (in brackets: what can be decoded from then on)" if any_label else ""
    extent = "the states move by this share of the activity's extent"
    return f"Period by period, {extent}{what}: {'; '.join(told)}."


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
        settled = np.asarray(verdict.settled)
        cosine = abs(float(widest(settled[np.isfinite(settled).all(1)]) @ first))
    return {
        "verdict": verdict,
        "said": [*verdict.sentences, *filter(None, [pace(run)])],
        "claimed": None if claim is None else NAMES[claim],
        "answer": answer,
        "over": f" over {span(verdict, verdict.duration)}" if verdict.held else "",
        "why": "" if claim is None else verdict.why(claim),
        "paper": question.get("paper"),
        "along": question.get("along"),
        "cosine": cosine,
        "extends": cosine is not None and cosine >= _ALONG,
    }


def _question(run: Run) -> dict[str, Any]:
    return dict(run.experiment.get("analysis", {}).get("question", {}))

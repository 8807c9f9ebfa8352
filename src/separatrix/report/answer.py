"""The sentences that open a report, which a reviewer could quote."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._types import counted
from ..analysis.following.end import What
from ..analysis.projections import widest
from ..analysis.verdicts import Verdict
from ..analysis.verdicts.claims import Kind
from ..analysis.verdicts.sentences import NAMES, asked, further, headline, result, share
from ..store import Run
from .section import Values
from .statements import POINTS, pace, statements
from .text_filters import paragraph
from .view import plane

if TYPE_CHECKING:
    from markupsafe import Markup

_ALONG = 0.7
"""|cos| from which on a line is said to extend along a direction."""


class Opening(NamedTuple):
    """The first lines of a page: the network, a question, its answer, and how that is known."""

    network: "Markup"
    question: str
    answer: str
    evidence: tuple[str, ...]


def opening(run: Run) -> Opening:
    """Return the network, the question, the answer in one sentence, and how it is known."""
    network, verdict = paragraph("answer.html", _learned(run)), run.find("verdict")
    judgment, compared = run.find("judgment"), run.experiment.get("compared")
    last = [] if judgment is None else [" ".join(judgment.sentences)]
    last += [] if compared is None else [compared.sentence]
    if verdict is None:
        return Opening(network, "", "", tuple(last))
    question = _question(run)
    claim, paper = question.get("claim"), question.get("paper")
    along = f" along {question['along']}" if "along" in question else ""
    found = f"{paper} found {NAMES[claim]}{along}. " if paper and claim else ""
    return Opening(
        network,
        f"{found}{asked(verdict, claim)}",
        headline(verdict, claim),
        (*filter(None, (_why(run, verdict, question), _known(verdict))), *last),
    )


def details(run: Run) -> list[str]:
    """Return what else was found, a sentence for each fact.

    Those on points say how they are known; the last one, on missing points, does so itself.
    """
    verdict, inputs = run.find("verdict"), run.find("frozen_inputs")
    said = [] if verdict is None else [*further(verdict), pace(run)]
    points = [one for one in statements(run) if one.group == POINTS]
    known = [f"{one.text.removesuffix('.')} ({one.known})." for one in points[:-1]]
    known += [one.text for one in points[-1:]]
    if known and inputs is not None:
        known.insert(0, f"At the input “{inputs.words[0]}”:")
    return [*filter(None, (*said, _trial(run), " ".join(known)))]


def summary(run: Run) -> list["Markup"]:
    """Return all that opens a page, and what else was found, as HTML: a line for each."""
    from markupsafe import escape

    first = opening(run)
    lines = (first.network, first.question, first.answer, *first.evidence, *details(run))
    return [escape(line) for line in lines if line]


def _known(verdict: Verdict) -> str:
    """Write how the answer is known."""
    ends = [claim for claim in verdict.claims if claim.kind == Kind.END]
    words = dict.fromkeys(str(e.known) for e in ends if e.numbers["what"] != What.UNKNOWN)
    of_ends = f"; the ends that they reach are {' or '.join(words)}" if words else ""
    followed = counted(len(verdict.followed), "state")
    return f"How this is known: {followed} were followed without noise{of_ends}."


def _why(run: Run, verdict: Verdict, question: dict[str, Any]) -> str:
    """Write the number that decides whether what is claimed is true, and where a line lies."""
    claim, along = question.get("claim"), question.get("along")
    if claim is None:
        return ""
    why = verdict.why(claim)
    text = f"What decides it: {why}." if why else ""
    if along is not None and verdict.is_held_by(claim) in ("yes", "approximately"):
        first = np.asarray(plane(run).components)[0]
        settled = np.asarray(verdict.settled)
        cosine = abs(float(widest(settled[np.isfinite(settled).all(1)]) @ first))
        lies = "The states extend" if cosine >= _ALONG else "The states do not extend"
        text += f"{' ' * bool(text)}{lies} along {along} (|cos| {cosine:.2f})."
    return text


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


def _question(run: Run) -> dict[str, Any]:
    return dict(run.experiment.get("analysis", {}).get("question", {}))

"""The key numbers of a run: what one wants to know first."""

import numpy as np

from ..analysis import Analyses
from ..store import Run
from .section import Rows
from .sections import SECTIONS
from .story import Story
from .words import brief


def key_numbers(run: Run) -> Rows:
    """Return what one wants to know first of a run, as (what, value)."""
    story = Story(run)
    return [row for section in SECTIONS for row in section.numbers(story)] + _in_vain(story)


def _in_vain(story: Story) -> Rows:
    """Return the analyses that failed, and the questions that were asked for and do not apply."""
    outcomes = story.find(Analyses)
    if outcomes is None:
        return []
    asked = story.run.experiment.get("analysis", {}).get("questions", ())
    told = zip(
        *map(np.asarray, (outcomes.analysis, outcomes.outcome, outcomes.reason)), strict=True
    )
    return [
        (f"{name.replace('_', ' ')} ({outcome})", brief(str(reason)))
        for name, outcome, reason in told
        if outcome == "failed" or (outcome == "skipped" and name in asked)
    ]


def origin(story: Story) -> Rows:
    """Return where the run comes from: seed, date, machine, versions."""
    rows = [] if story.seed is None else [("seed", str(story.seed))]
    names = {"created": "date (UTC)"}
    return rows + [(names.get(k, k), text) for k, text in story.run.provenance.items()]

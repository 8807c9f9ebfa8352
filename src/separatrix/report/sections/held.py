"""What holds the states, in a picture: the claims of the verdict."""

import numpy as np

from ... import figures
from ...analysis.following.end import What
from ...analysis.verdicts.ending import are
from ...analysis.verdicts.sentences import numbers as lines, span
from ...store import Run
from ..section import Section, Values


def values(run: Run) -> Values:
    """Return the verdict, and the numbers beside its sentences."""
    verdict = run.verdict
    rows = zip(verdict.ends, verdict.shares, verdict.low, verdict.high, verdict.known, strict=True)
    drawn = {
        "; large dots are the fixed points at which states end": are(
            verdict, What.POINT, What.UNSTABLE
        ).any(),
        "; gray lines are the closed curves": np.isfinite(verdict.curve_drawn).any(),
    }
    return {
        "verdict": verdict,
        "over": span(verdict, verdict.duration) if verdict.held else "",
        "ends": [
            {"what": what, "share": share, "low": low, "high": high, "known": known}
            for what, share, low, high, known in rows
        ][:6],
        "marks": "".join(mark for mark, is_drawn in drawn.items() if is_drawn),
        "more": max(0, len(verdict.ends) - 6),
        "lines": lines(verdict),
    }


SECTION = Section(
    "held",
    "What holds the states, and where they end",
    ("verdict",),
    lambda run: figures.verdict(run.verdict),
    values,
    script=lambda run: 'sx.figures.verdict(records["verdict"])',
    of_any=True,
)

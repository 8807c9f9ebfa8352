"""What holds the states, in a picture: the claims of the verdict."""

from ... import figures
from ...analysis import Verdict
from ...analysis.verdicts.words import numbers as lines
from ..section import Section, Values
from ..story import Story


def values(story: Story) -> Values:
    """Return the verdict, and the numbers beside its sentences."""
    verdict = story.get(Verdict)
    rows = zip(verdict.ends, verdict.shares, verdict.low, verdict.high, verdict.known, strict=True)
    return {
        "verdict": verdict,
        "ends": [
            {"what": what, "share": share, "low": low, "high": high, "known": known}
            for what, share, low, high, known in rows
        ][:6],
        "more": max(0, len(verdict.ends) - 6),
        "lines": lines(verdict),
    }


SECTION = Section(
    "held",
    "What holds the states, and where they end",
    (Verdict,),
    lambda story: figures.verdict(story.get(Verdict)),
    values,
)

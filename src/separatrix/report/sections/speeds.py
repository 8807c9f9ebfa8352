"""How fast the state moves at each fixed and slow point."""

from ... import figures
from ...analysis import FixedPoints
from ..section import Section, Values
from ..story import Story


def values(story: Story) -> Values:
    """Return the points and how many there are of each kind."""
    return {"points": story.get(FixedPoints), "kinds": story.kind_counts()}


SECTION = Section(
    "speeds",
    "Speeds at the points",
    (FixedPoints,),
    lambda story: figures.speeds(story.get(FixedPoints)),
    values,
)

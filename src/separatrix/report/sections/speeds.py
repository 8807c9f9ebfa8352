"""How fast the state moves at each fixed and slow point."""

from ... import figures
from ...store import Run
from ..section import Section, Values
from .fixed_points import counts_of


def values(run: Run) -> Values:
    """Return the points and how many there are of each kind."""
    return counts_of(run.fixed_points)


SECTION = Section(
    "speeds",
    "Speeds at the points",
    ("fixed_points",),
    lambda run: figures.speeds(run.fixed_points),
    values,
    of_any=True,
    folded=True,
)

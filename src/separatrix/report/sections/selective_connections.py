"""Who excites or inhibits whom, among the units that prefer each choice."""

import numpy as np

from ... import figures
from ...analysis.selectivity import SelectiveConnections
from ..section import Rows, Section, Values
from ..story import Story


def values(story: Story) -> Values:
    """Return how many units prefer what, and the mean connections in each block."""
    found = story.get(SelectiveConnections)
    preferred = np.asarray(found.preferred)
    return {
        "preferring": [int((preferred == choice).sum()) for choice in (0, 1, 2)],
        "blocks": _blocks(found),
    }


def numbers(story: Story) -> Rows:
    """Return the mean connections in each block, with p."""
    found = story.find(SelectiveConnections)
    return [
        (
            f"{block}, same and opposite preference",
            f"{same:.3f} and {opposite:.3f} (p = {p:.2g})",
        )
        for block, same, opposite, p in (_blocks(found) if found is not None else ())
    ]


def _blocks(found: SelectiveConnections) -> list[tuple[str, float, float, float]]:
    """Return block, connections of same and of opposite preference, and p, where there are any."""
    columns = (found.block, found.same, found.opposite, found.p_value)
    rows = zip(*map(np.asarray, columns), strict=True)
    return [
        (str(block), float(same), float(opposite), float(p))
        for block, same, opposite, p in rows
        if np.isfinite(same + opposite)
    ]


SECTION = Section(
    "selective_connections",
    "Excitation and inhibition between the units that prefer each choice",
    (SelectiveConnections,),
    lambda story: figures.selective_connections(story.get(SelectiveConnections)),
    values,
    numbers,
    analyses=("selective_connections",),
)

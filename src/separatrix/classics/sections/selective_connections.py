"""Who excites or inhibits whom, among the units that prefer each choice."""

import numpy as np

from ... import figures
from ...report.section import Section, Values
from ...store import Run
from ..connections import SelectiveConnections


def values(run: Run) -> Values:
    """Return how many units prefer what, and the mean connections in each block."""
    found = run.selective_connections
    preferred = np.asarray(found.preferred)
    return {
        "preferring": [int((preferred == choice).sum()) for choice in (0, 1, 2)],
        "blocks": _blocks(found),
    }


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
    ("selective_connections",),
    lambda run: figures.selective_connections(run.selective_connections),
    values,
)

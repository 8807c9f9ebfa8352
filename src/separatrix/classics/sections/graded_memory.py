"""Values that are held along a slow curve during a long delay."""

import numpy as np

from ... import figures
from ...report.section import Figure, Section, Values
from ...store import Run


def draw(run: Run) -> Figure:
    """Draw where values are held."""
    return figures.graded_memory(
        run.frequency_memory, value_name="first frequency", value_units="Hz"
    )


def values(run: Run) -> Values:
    """Return the memory at the end of the delay."""
    memory = run.frequency_memory
    return {
        "memory": memory,
        "after": memory.start + (memory.positions.shape[1] - 1) * memory.dt,
        "order": _last(memory.order),
        "rank_correlation": _last(memory.rank_correlation),
        "decoded": _last(memory.decoded),
        "distance": _last(memory.distance),
    }


def _last(values: object) -> float:
    return float(np.asarray(values)[-1])


SECTION = Section(
    "graded_memory",
    "A value held along the slow curve",
    ("frequency_memory",),
    draw,
    values,
)

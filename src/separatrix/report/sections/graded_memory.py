"""Values that are held along a slow curve during a long delay."""

import numpy as np

from ... import figures
from ...analysis.memory import GradedMemory
from ..section import Figure, Rows, Section, Values
from ..story import Story
from ..words import number, percent


def draw(story: Story) -> Figure:
    """Draw where values are held."""
    return figures.graded_memory(
        story.get(GradedMemory), value_name="first frequency", value_units="Hz"
    )


def values(story: Story) -> Values:
    """Return the memory at the end of the delay."""
    memory = story.get(GradedMemory)
    return {
        "memory": memory,
        "after": memory.start + (memory.positions.shape[1] - 1) * memory.dt,
        "order": _last(memory.order),
        "rank_correlation": _last(memory.rank_correlation),
        "decoded": _last(memory.decoded),
        "distance": _last(memory.distance),
    }


def numbers(story: Story) -> Rows:
    """Return whether the values are held in order, and how well they are distinguished."""
    memory = story.find(GradedMemory)
    if memory is None:
        return []
    text = f"Kendall's τ {number(_last(memory.order), '+.2f')}"
    text += f", {percent(_last(memory.decoded))} told apart (guessing: {percent(memory.chance)})"
    return [("order of the values held", text)]


def _last(values: object) -> float:
    return float(np.asarray(values)[-1])


SECTION = Section(
    "graded_memory",
    "A value held along the slow curve",
    (GradedMemory,),
    draw,
    values,
    numbers,
    analyses=("frequency_memory",),
)

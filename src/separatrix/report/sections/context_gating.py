"""What the frozen context lets in, along the line that holds the choice."""

from collections.abc import Mapping

import numpy as np

from ... import figures
from ...analysis import InputGating
from ...analysis.projections import TargetedAverages
from ..section import Figure, Rows, Section, Values
from ..story import Story


def draw(story: Story) -> Figure:
    """Draw what the frozen context selects."""
    return compare({f"{_relevant(story.get(InputGating))} counts": story})


def compare(stories: Mapping[str, Story]) -> Figure:
    """Draw what each of several contexts selects, a row for each."""
    rows = {
        name: (story.get(InputGating), story.get(TargetedAverages))
        for name, story in stories.items()
    }
    return figures.context_gating(rows, evidence_units="%")


def values(story: Story) -> Values:
    """Return the overlaps of the selection vector, in the median over the states."""
    gating = story.get(InputGating)
    overlap = np.median(np.asarray(gating.overlap), axis=0)
    return {
        "gating": gating,
        "relevant": _relevant(gating),
        "overlaps": list(zip(gating.sources, overlap.tolist(), strict=True)),
        "line_and_readout": np.median(np.asarray(gating.axis_alignment)),
        "selection_and_readout": np.median(np.asarray(gating.selection_axis_alignment)),
    }


def numbers(story: Story) -> Rows:
    """Return how much nearer the selection vector is to what counts."""
    gating = story.find(InputGating)
    if gating is None:
        return []
    text = f"{gating.median_ratio:.3g} times nearer to {_relevant(gating)}, which counts"
    return [("selection vector", text)]


def _relevant(gating: InputGating) -> str:
    return gating.sources[gating.relevant]


SECTION = Section(
    "context_gating",
    "What the context selects",
    (InputGating, TargetedAverages),
    draw,
    values,
    numbers,
    compare=compare,
    analyses=("input_gating", "context_averages"),
)

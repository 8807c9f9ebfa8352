"""What the frozen context lets in, along the line that holds the choice."""

from collections.abc import Mapping

import numpy as np

from ... import figures
from ...report.section import Figure, Section, Values
from ...store import Run
from ..gating import InputGating


def draw(run: Run) -> Figure:
    """Draw what the frozen context selects."""
    return compare({f"{_relevant(run.input_gating)} counts": run})


def compare(runs: Mapping[str, Run]) -> Figure:
    """Draw what each of several contexts selects, a row for each."""
    rows = {name: (run.input_gating, run.context_averages) for name, run in runs.items()}
    return figures.context_gating(rows, evidence_units="%")


def values(run: Run) -> Values:
    """Return the overlaps of the selection vector, in the median over the states."""
    gating = run.input_gating
    overlap = np.median(np.asarray(gating.overlap), axis=0)
    return {
        "gating": gating,
        "relevant": _relevant(gating),
        "overlaps": list(zip(gating.sources, overlap.tolist(), strict=True)),
        "line_and_readout": np.median(np.asarray(gating.axis_alignment)),
        "selection_and_readout": np.median(np.asarray(gating.selection_axis_alignment)),
    }


def _relevant(gating: InputGating) -> str:
    return gating.sources[gating.relevant]


SECTION = Section(
    "context_gating",
    "What the context selects",
    ("input_gating", "context_averages"),
    draw,
    values,
    compare=compare,
)

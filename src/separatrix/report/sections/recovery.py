"""Planted mechanisms: whether what is said of a fitted model is supported of the circuit."""

from ... import figures
from ...store import Run
from ..section import Section, Values


def values(run: Run) -> Values:
    """Return the judgment, and the recording beside the controls."""
    return {"judgment": run.judgment, "recovery": run.mechanism_recovery}


SECTION = Section(
    "recovery",
    "Is it so in the circuit?",
    ("mechanism_recovery", "judgment"),
    lambda run: figures.mechanism_recovery(run.mechanism_recovery),
    values,
    script=lambda run: 'sx.figures.mechanism_recovery(records["mechanism_recovery"])',
    of_any=True,
)

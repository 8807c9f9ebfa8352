"""Analyses of a run, and how they ended."""

import re

import numpy as np
from jaxtyping import Float, Shaped

from .._records import Record, array


class Analyses(Record):
    """The analyses that a run was asked for, and the reason of each that has no result."""

    analysis: Shaped[np.ndarray, " analysis"] = array(
        "name of the analysis, which is also the name of its record in the run"
    )
    outcome: Shaped[np.ndarray, " analysis"] = array('"done", "skipped" or "failed"')
    reason: Shaped[np.ndarray, " analysis"] = array(
        "why there is no result; empty if the analysis is done"
    )

    def why_not(self, analysis: str) -> str:
        """Return why an analysis has no result, or an empty text."""
        here = np.flatnonzero(np.asarray(self.analysis) == analysis)
        return str(self.reason[here[0]]) if len(here) else ""

    def summary(self) -> str:
        names, outcomes = np.asarray(self.analysis), np.asarray(self.outcome)
        said = [
            f"{name} {', '.join(names[outcomes == name])}"
            for name in ("done", "skipped", "failed")
            if (outcomes == name).any()
        ]
        return f"Analyses: {'; '.join(said)}"


class FrozenInputs(Record):
    """The inputs that were held constant in a run, the main one first."""

    names: Shaped[np.ndarray, " input"] = array(
        "name of each input, such as the name of the period in which trials receive it"
    )
    values: Float[np.ndarray, "input channel"] = array("the input")
    words: Shaped[np.ndarray, " input"] = array(
        "the input in words, with the names of the channels"
    )

    @property
    def record_names(self) -> tuple[str, ...]:
        """The names that the fixed points at each input have in the run."""
        further = (re.sub(r"\W", "_", f"fixed_points_{name}") for name in self.names[1:])
        return "fixed_points", *further

    def summary(self) -> str:
        said = (f"{name} ({words})" for name, words in zip(self.names, self.words, strict=True))
        return f"FrozenInputs: {'; '.join(said)}"

"""What became of the analyses of a run."""

import numpy as np
from jaxtyping import Shaped

from .._records import Record, array


class Analyses(Record):
    """The analyses that a run was asked for, and the reason of each that has no result."""

    analysis: Shaped[np.ndarray, " analysis"] = array("the name that its record has in the run")
    outcome: Shaped[np.ndarray, " analysis"] = array('"done", "skipped" or "failed"')
    reason: Shaped[np.ndarray, " analysis"] = array("why there is no result; empty where done")

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

"""How the network learned."""

import numpy as np

from ... import figures
from ...figures.learning import epochs_together
from ...store import Run
from ...training import History
from ..section import Figure, Section, Values


def draw(run: Run) -> Figure:
    """Draw loss and accuracy."""
    ideal = run.find("psychometric")
    best = None if ideal is None else ideal.ideal_mean_accuracy
    return figures.training(run.history, ideal_accuracy=best)


def values(run: Run) -> Values:
    """Return the history, and loss and accuracy in its last epoch."""
    history = run.history
    loss, accuracy = _last_epoch(history)
    return {
        "history": history,
        "together": epochs_together(history),
        "loss": loss,
        "accuracy": accuracy,
        "psychometric": run.find("psychometric"),
    }


def _last_epoch(history: History) -> tuple[float, float | None]:
    """Return loss and accuracy of the last epoch; None where answers are not right or wrong."""
    last = {name: float(values[-1]) for name, values in history.epochs().items()}
    return last["loss"], last["accuracy"] if np.isfinite(last["accuracy"]) else None


SECTION = Section("training", "Learning", ("history",), draw, values, folded=True)

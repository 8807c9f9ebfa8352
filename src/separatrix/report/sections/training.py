"""How the network learned."""

import numpy as np

from ... import figures
from ...evaluation import Psychometric
from ...figures.learning import epochs_together
from ...training import History
from ..section import Figure, Rows, Section, Values
from ..story import Story
from ..words import count, percent


def draw(story: Story) -> Figure:
    """Draw loss and accuracy."""
    ideal = story.find(Psychometric)
    best = None if ideal is None else ideal.ideal_mean_accuracy
    return figures.training(story.get(History), ideal_accuracy=best)


def values(story: Story) -> Values:
    """Return the history, and loss and accuracy in its last epoch."""
    history = story.get(History)
    loss, accuracy = _last_epoch(history)
    return {
        "history": history,
        "together": epochs_together(history),
        "loss": loss,
        "accuracy": accuracy,
        "psychometric": story.find(Psychometric),
    }


def numbers(story: Story) -> Rows:
    """Return the number of steps, and what they led to."""
    history = story.find(History)
    if not history:
        return []
    loss, accuracy = _last_epoch(history)
    text = f"{count(len(history), 'step')}; last epoch: loss {loss:.3g}"
    if accuracy is not None:
        text += f", accuracy {percent(accuracy)}"
    return [("training", text)]


def _last_epoch(history: History) -> tuple[float, float | None]:
    """Return loss and accuracy of the last epoch; None where answers are not right or wrong."""
    last = {name: float(values[-1]) for name, values in history.epochs().items()}
    return last["loss"], last["accuracy"] if np.isfinite(last["accuracy"]) else None


SECTION = Section("training", "Learning", (History,), draw, values, numbers)

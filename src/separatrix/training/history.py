"""Result of training, and its history."""

import enum
from collections.abc import Iterable

import equinox as eqx
import numpy as np
from jaxtyping import Float

from .._records import Record, array, setting
from .._tables import SHOWN, Columns
from .._types import Array, SeparatrixError, counted
from ..networks import AbstractNetwork


class History(Record):
    """Loss and accuracy of every training step, on the batch of the step, before the update.

    The loss is the loss of the task alone. `penalty` is what the regularizers added to the loss, or
    None without regularizers. The accuracy is the task's `score`.
    """

    loss: Float[Array, " step"] = array("loss on the batch")
    accuracy: Float[Array, " step"] = array("score of the task on the batch")
    epoch_steps: int = setting("number of training steps in an epoch")
    penalty: Float[Array, " step"] | None = array("penalty of the regularizers", default=None)

    def _table(self) -> Columns:
        """Return epochs, all of them or a few that are evenly spaced, the last one among them."""
        epochs = self.epochs()
        count = len(epochs["loss"])
        shown = np.unique(np.linspace(0, count - 1, min(count, SHOWN)).astype(int))
        ends = np.minimum((shown + 1) * self.epoch_steps, len(self))
        return {"to step": ends, **{name: values[shown] for name, values in epochs.items()}}

    def epochs(self) -> dict[str, Float[np.ndarray, " epoch"]]:
        """Return the mean loss and accuracy of each epoch, and the mean penalty if there is one.

        The last epoch may be shorter than the others.
        """
        starts = np.arange(0, len(self), self.epoch_steps)
        counts = np.diff(np.append(starts, len(self)))
        return {
            name: np.add.reduceat(np.asarray(values, float), starts) / counts
            for name in ("loss", "accuracy", "penalty")
            if (values := getattr(self, name)) is not None
        }


Measures = tuple[Array, ...]
"""The task's loss, the accuracy and, where there are regularizers, their penalty."""


def completed_measures(measures: Measures, count: int) -> tuple[tuple[np.ndarray, ...], bool]:
    """Return the measures of an epoch's `count` steps up to the first that is not finite.

    And whether all of them are finite.
    """
    rows = tuple(np.asarray(each)[:count] for each in measures)
    finite = np.isfinite(rows[0]) & np.isfinite(rows[-1] if len(rows) > 2 else rows[0])
    done = count if finite.all() else int(np.argmin(finite)) + 1
    return tuple(each[:done] for each in rows), bool(finite.all())


def history_of(measures: Iterable[Array], epoch_steps: int) -> History:
    """Return the history that consists of the measures of steps."""
    loss, accuracy, *penalties = measures
    return History(loss, accuracy, epoch_steps, penalties[0] if penalties else None)


class Ending(enum.Enum):
    """How a training ended."""

    ALL_STEPS = "all steps"
    THRESHOLD = "threshold"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"


class Training(eqx.Module):
    """A trained network, and the course of its training."""

    network: AbstractNetwork
    history: History
    ending: Ending = eqx.field(static=True, default=Ending.ALL_STEPS)

    def __repr__(self) -> str:
        last, units = self.history.epochs(), counted(self.network.num_units, "unit")
        title = f"Training: {type(self.network).__name__} of {units}"
        if not len(self.history):
            return f"{title}, no steps"
        ending = "" if self.ending is Ending.ALL_STEPS else f" ({self.ending.value})"
        return (
            f"{title}, {counted(len(self.history), 'step')}{ending}; "
            f"last epoch: loss {last['loss'][-1]:.4f}, "
            f"accuracy {last['accuracy'][-1]:.3f}"
        )


class TrainingDivergedError(SeparatrixError, ArithmeticError):
    """Training diverged: the loss or the weights are not finite.

    `step` is the step whose loss or update is not finite. `training` holds the history up to this
    step, this step included, and the network as it was at the end of the last epoch before it.
    """

    def __init__(self, step: int, training: Training, of_weights: bool = False):
        self.step, self.training = step, training
        what = "weights are not finite after" if of_weights else "the loss is not finite at"
        if step == 0 and not of_weights:
            remedy = (
                "No weight had changed yet: look in task.trials(…) for inputs that are not finite, "
                "and for classes that are none of the outputs."
            )
        else:
            remedy = (
                "Try a smaller learning rate or a gradient clip (clip_norm; in a script "
                "optax.clip_by_global_norm)."
            )
        super().__init__(f"training diverged: {what} step {step}. {remedy}")


class TrainingInterruptedError(KeyboardInterrupt):
    """Ctrl-C stopped training; `training` holds the network and history after the last epoch."""

    def __init__(self, training: Training):
        self.training = training
        super().__init__(f"training was interrupted after {len(training.history)} steps")

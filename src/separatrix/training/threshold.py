"""When a training may stop before its last step."""

from typing import Annotated

import equinox as eqx

from .._checked import Bounds, Count, Positive, checked
from .._types import InvalidInputError
from .history import History


@checked
class Threshold(eqx.Module):
    r"""When training may stop: once the loss, the accuracy or both have met a limit for a while.

    The threshold is checked after every epoch. With epochs of $e$ steps and the patience $p$, the
    last $\lceil p/e \rceil$ epochs count. Training stops when each of these epochs has a mean loss
    of at most `loss` and a mean accuracy of at least `accuracy`. With a threshold you compare
    networks that do the task equally well, instead of networks that were trained for equally many
    steps (Huang et al. 2024).

    Attributes
    ----------
    loss
        Training stops only if the mean loss of the task is at or below this positive value.
        Penalties of regularizers do not count.
    accuracy
        Training stops only if the mean of the task's score is at or above this value, which is
        above 0 and at most 1. Give `loss`, `accuracy`, or both.
    patience
        The number of steps for which the network must be at least as good as the threshold. It is
        rounded up to whole epochs.

    Raises
    ------
    InvalidInputError
        If a value is not valid, or if neither `loss` nor `accuracy` is given.

    References
    ----------
    Huang, Singh, Martinelli & Rajan (2024) arXiv:2410.03972.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.Threshold(loss=0.02, patience=192).patience
    192
    """

    loss: Positive | None = eqx.field(static=True, default=None)
    accuracy: Annotated[float, Bounds(above=0, most=1)] | None = eqx.field(
        static=True, default=None
    )
    patience: Count = eqx.field(static=True, default=1)

    def __check_init__(self) -> None:
        if self.loss is None and self.accuracy is None:
            raise InvalidInputError("Threshold takes a loss, an accuracy, or both; got neither.")

    def check(self, steps: int) -> None:
        """Raise InvalidInputError if a training of `steps` steps is shorter than `patience`."""
        if self.patience > steps:
            raise InvalidInputError(
                f"until: a patience of {self.patience} steps is longer than the training, which "
                f"has {steps}."
            )

    def epochs(self, epoch_steps: int) -> int:
        """Return `patience` in epochs of `epoch_steps` steps, rounded up."""
        return -(-self.patience // epoch_steps)

    def is_reached(self, history: History) -> bool:
        """Return whether a training with this history stops here."""
        length = history.epoch_steps
        count, needed = -(-len(history) // length), self.epochs(length)
        if count < needed:
            return False
        last = history[(count - needed) * length :].epochs()
        return bool(
            (self.loss is None or (last["loss"] <= self.loss).all())
            and (self.accuracy is None or (last["accuracy"] >= self.accuracy).all())
        )

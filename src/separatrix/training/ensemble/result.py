"""Result of training many networks."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, Shaped

from ..._records import Record, array, setting
from ..._tables import Columns
from ..._types import Array, InvalidInputError, counted, listed
from ...networks import AbstractNetwork
from ..history import Ending, History, Training

ProgressCallback = Callable[[int, int], None]
"""Callback with the steps that are done or left out, and how many networks have ended."""


class EnsembleHistory(Record):
    """Loss and accuracy of every training step of many networks, and how each training ended.

    Loss, accuracy and penalty have an axis `member` for the networks. After the last training step
    of a network, its values are NaN.
    """

    loss: Float[Array, "member step"] = array("loss on the batch")
    accuracy: Float[Array, "member step"] = array("score of the task on the batch")
    steps: Int[Array, " member"] = array("number of training steps that were done")
    ending: Shaped[np.ndarray, " member"] = array(
        'how the training ended: "all steps", "threshold" or "diverged"'
    )
    epoch_steps: int = setting("number of training steps in an epoch")
    penalty: Float[Array, "member step"] | None = array("penalty of the regularizers", default=None)

    @staticmethod
    def of(trainings: Sequence[Training]) -> "EnsembleHistory":
        """Return the histories of several trainings as one record."""
        histories = [training.history for training in trainings]
        longest = max(map(len, histories))

        def column(name: str) -> np.ndarray | None:
            values = [getattr(history, name) for history in histories]
            if values[0] is None:
                return None
            rows = np.full((len(values), longest), np.nan, np.float32)
            for row, value in zip(rows, values, strict=True):
                row[: len(value)] = value
            return rows

        loss, accuracy = column("loss"), column("accuracy")
        assert loss is not None and accuracy is not None
        return EnsembleHistory(
            loss,
            accuracy,
            np.array([len(history) for history in histories]),
            np.array([training.ending.value for training in trainings]),
            histories[0].epoch_steps,
            column("penalty"),
        )

    def member(self, number: int) -> History:
        """Return the history of one network."""
        only = self[number]
        done = int(only.steps[0])
        penalty = None if only.penalty is None else only.penalty[0, :done]
        return History(only.loss[0, :done], only.accuracy[0, :done], self.epoch_steps, penalty)

    def _table(self) -> Columns:
        """Return how each training ended, and the means of its last epoch."""
        last = [self.member(k).epochs() for k in range(len(self))]
        means = {name: np.array([each[name][-1] for each in last]) for name in last[0]}
        return {"member": range(len(self)), "ending": self.ending, "steps": self.steps, **means}


class Ensemble(eqx.Module):
    """Trained networks, and the course of the training of each network.

    `ensemble[k]` is the `Training` of network k, and `len(ensemble)` is the number of networks. A
    loop over the ensemble gives one `Training` after the other.
    """

    networks: tuple[AbstractNetwork, ...]
    history: EnsembleHistory

    @property
    def endings(self) -> tuple[Ending, ...]:
        """How each training ended."""
        return tuple(map(Ending, self.history.ending.tolist()))

    @property
    def stacked(self) -> AbstractNetwork:
        """All networks as one network, whose arrays have a leading axis `member`.

        For example, `eqx.filter_vmap(lambda net: net.unroll(inputs))(ensemble.stacked)` runs all
        networks at once. Raises InvalidInputError if the networks differ in their class, in a
        setting, or in the shape or type of an array.
        """
        return stacked(self.networks)

    def __len__(self) -> int:
        return len(self.networks)

    def __getitem__(self, number: int) -> Training:
        history = self.history.member(number)
        return Training(self.networks[number], history, self.endings[number])

    def __iter__(self) -> Iterator[Training]:
        return (self[number] for number in range(len(self)))

    def __repr__(self) -> str:
        counts = ((ending, self.endings.count(ending)) for ending in Ending)
        endings = ", ".join(f"{count} {ending.value}" for ending, count in counts if count)
        return f"Ensemble of {counted(len(self), 'network')}: {endings}\n{self.history!r}"


def stacked(networks: Sequence[AbstractNetwork]) -> Any:
    """Return networks of one form as one, whose arrays have another axis in front.

    Raises InvalidInputError for those whose structure differs from the first one.
    """
    first = networks[0]
    for number, network in enumerate(networks):
        if eqx.tree_equal(_form(network), _form(first)) is not True:
            raise InvalidInputError(
                f"network {number} has a different structure from network 0: "
                f"{_difference(network, first)}."
            )
    arrays, others = zip(*(eqx.partition(n, eqx.is_array_like) for n in networks), strict=True)
    return eqx.combine(jax.tree.map(lambda *each: jnp.stack(each), *arrays), others[0])


def _form(tree: Any) -> Any:
    """Return what programs are compiled for: of arrays their shapes and types."""
    arrays, others = eqx.partition(tree, eqx.is_array_like)
    shapes = jax.tree.map(lambda a: jax.ShapeDtypeStruct(np.shape(a), jnp.result_type(a)), arrays)
    return eqx.combine(shapes, others)


def _difference(one: AbstractNetwork, other: AbstractNetwork) -> str:
    if type(one) is not type(other):
        return f"it is a {type(one).__name__}, that a {type(other).__name__}"

    def is_same(field: dataclasses.Field[Any]) -> bool:
        values = [getattr(each, field.name) for each in (one, other)]
        if field.metadata.get("static"):
            return bool(values[0] == values[1])
        return eqx.tree_equal(*map(_form, values)) is True

    parts = [field.name for field in dataclasses.fields(one) if not is_same(field)]
    return f"they differ in {listed(parts)}"

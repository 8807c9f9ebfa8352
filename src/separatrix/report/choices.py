"""Labels of trials that are choices: the largest output at the end of a trial agrees with them."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float, Int, Shaped

from .._types import Array
from ..evaluation.readout import largest_of

TOLD = 0.9
"""Part of the trials in which label and largest output must agree for labels to be choices."""


Choices = tuple[
    Int[np.ndarray, " trial"],
    tuple[str, ...],
    Callable[[np.ndarray], Int[np.ndarray, " state"]] | None,
]
"""The choice of each trial, −1 where there is none or where outputs tie; their names; how they are
read out."""


def choices_of(
    labels: Mapping[str, Shaped[Array, " trial"]],
    last: Float[np.ndarray, "trial output"],
    readout: Callable[[np.ndarray], Float[np.ndarray, "state output"]] | None,
) -> Choices:
    """Return the choices that trials end with, named by the first column of labels that fits.

    An output stands for each label: the one that is largest at the `last` step of most of its
    trials. A column fits where these outputs differ, and where they are the largest in most trials.
    An output that stands for no label, such as fixation, is not a choice.
    """
    if readout is not None and last.shape[1] > 1:
        largest = last.argmax(1)
        for column in labels.values():
            names, label = np.unique(np.asarray(column), return_inverse=True)
            stands = [np.bincount(largest[label == k]).argmax() for k in range(len(names))]
            is_told = np.mean(np.take(stands, label) == largest) >= TOLD
            if 1 < len(names) == len(set(stands)) and is_told:
                return _told(np.array(stands), tuple(map(str, names)), last, readout)
    return np.full(len(last), -1), (), None


def _told(
    outputs: np.ndarray,
    names: tuple[str, ...],
    last: np.ndarray,
    readout: Callable[[np.ndarray], np.ndarray],
) -> Choices:
    def read_out(states: np.ndarray) -> np.ndarray:
        return largest_of(np.asarray(readout(states)[:, outputs], float))

    return largest_of(last[:, outputs]), names, read_out

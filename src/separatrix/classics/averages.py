"""States along chosen axes: where conditions go, seen from what the axes stand for."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from jaxtyping import Float, Int, Shaped

from .._checked import FINITE, REAL, checked
from .._records import Record, array, setting
from .._types import Array, InvalidInputError
from ..analysis.projections import orthonormal


class TargetedAverages(Record):
    """Mean states of groups of trials, along orthonormal axes: one row for each group.

    Each label, such as the signed coherence, sorts all trials into groups, one for each value of
    the label. So a trial is in one group of every label.
    """

    label: Shaped[np.ndarray, " group"] = array("label by which the trials are grouped")
    value: Float[Array, " group"] = array("value of the label in this group")
    num_trials: Int[Array, " group"] = array("number of trials with this value")
    positions: Float[Array, "group time axis"] = array("mean position along each axis")
    axes: Float[Array, "axis unit"] = array("orthonormal axes")
    origin: Float[Array, " unit"] = array("the state at position 0")
    names: tuple[str, ...] = setting("names of the axes")
    dt: float = setting("duration of a time step", units="ms")

    def project(self, states: Float[Array, "... unit"]) -> Float[np.ndarray, "... axis"]:
        """Return the positions of states `(…, unit)` along the axes."""
        return (np.asarray(states, float) - self.origin) @ np.asarray(self.axes).T

    def project_direction(self, vectors: Float[Array, "... unit"]) -> Float[np.ndarray, "... axis"]:
        """Return the components of directions along the axes; no origin is subtracted from them."""
        return np.asarray(vectors, float) @ np.asarray(self.axes).T

    def by(self, label: str) -> "TargetedAverages":
        """Return the groups of one label."""
        return self.filter(np.asarray(self.label) == label)


@checked
def targeted_averages(
    states: Annotated[Float[Array, "trial time unit"], REAL],
    directions: Annotated[Float[Array, "axis unit"] | Sequence[Sequence[float]], FINITE],
    labels: Mapping[str, Annotated[Shaped[Array, " trial"] | Sequence[float], FINITE]],
    *,
    names: Sequence[str] | None = None,
    origin: Float[Array, " unit"] | None = None,
    dt: float = 1.0,
) -> TargetedAverages:
    r"""Average the states of trials with the same value of a label; project the averages on axes.

    The directions are made orthogonal one after the other (Gram–Schmidt). The first axis points
    along the first direction. Each later axis has the direction of that part of its given direction
    that is orthogonal to the earlier axes. All axes have length 1.

    Parameters
    ----------
    states
        The states of the trials.
    directions
        The directions from which axes are made, such as the direction of a line attractor, followed
        by the directions of inputs.
    labels
        A dictionary from the name of each label to its values, one for each trial, such as
        `{"coherence": …, "choice": …}`. Each label sorts all trials into groups, one for each of
        its values.
    names
        The names of the directions.
    origin
        The state whose position along every axis is 0. None means the zero state.
    dt
        Duration of a time step in ms.

    Raises
    ------
    InvalidInputError
        If the shapes of the arguments do not fit one another, or if a direction lies in the span of
        earlier directions.

    References
    ----------
    Mante, Sussillo, Shenoy & Newsome (2013) Nature 503:78 (targeted dimensionality reduction).

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> states = np.array([[[1.0, 2.0]], [[3.0, 2.0]], [[-2.0, 2.0]]])  # 3 trials of a step
    >>> seen = sx.classics.targeted_averages(states, [[1.0, 1.0], [0.0, 1.0]], {"side": [1, 1, -1]})
    >>> seen.value.tolist(), seen.num_trials.tolist()
    ([-1.0, 1.0], [1, 2])
    >>> seen.positions[:, 0].round(3).tolist()  # along (1, 1)/√2 and (−1, 1)/√2
    [[0.0, 2.828], [2.828, 0.0]]
    """
    x = np.asarray(states)
    axes = orthonormal(np.asarray(directions))
    names = [f"axis {k + 1}" for k in range(len(axes))] if names is None else names
    if len(names) != len(axes):
        raise InvalidInputError(f"expected a name for each of {len(axes)} axes, got {list(names)}.")
    zero = np.zeros(x.shape[2]) if origin is None else np.asarray(origin)
    along = (x - zero) @ axes.T
    groups = []
    for label, values in labels.items():
        groups += [(label, v, values == v) for v in np.unique(values)]
    return TargetedAverages(
        label=np.array([label for label, _, _ in groups], dtype=str),
        value=np.array([v for _, v, _ in groups], float),
        num_trials=np.array([chosen.sum() for _, _, chosen in groups], int),
        positions=np.array([along[chosen].mean(0) for _, _, chosen in groups]).reshape(
            len(groups), x.shape[1], len(axes)
        ),
        axes=axes,
        origin=zero,
        names=tuple(names),
        dt=float(dt),
    )

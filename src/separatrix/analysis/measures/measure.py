"""Base of measures of the distance between two networks, and the data they compare."""

import abc
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ..._types import Array
from ..fixed_points.points import FixedPoints
from ..linearization import Linearization
from ..topology import FixedPointTopology, Undecided

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Dynamics:
    """The data of one network that a measure compares. Unknown data are None.

    Attributes
    ----------
    points, topology, linearization
        What `find_fixed_points`, `fixed_point_topology` and `linearize` returned for the network at
        one input.
    states (trial, time, unit)
        The activity, in trials that are the same for all networks that you compare.
    inside (trial, time)
        A mask: False for steps after the end of a trial. None means that there are no such steps.
    unknown
        The reason why nothing is known about the network, if there is one.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> states = np.random.default_rng(0).normal(size=(2, 4, 20, 5))    # of two networks
    >>> a, b = (sx.measures.Dynamics(states=each) for each in states)
    >>> sx.compare({"a": a, "b": b}, "procrustes").matrix.shape
    (2, 2)
    """

    points: FixedPoints | None = None
    topology: FixedPointTopology | None = None
    linearization: Linearization | None = None
    states: Float[Array, "trial time unit"] | None = None
    inside: Bool[Array, "trial time"] | None = None
    unknown: str = ""


Reading = tuple[T | None, str]
"""Value that a measure takes from a network, and what it rests on, or why there is none."""


class AbstractMeasure(abc.ABC, Generic[T]):
    """A distance between networks, with its options: 0 between networks that it cannot tell apart.

    `read` is asked once for each network, `between` for each pair of what was read.
    """

    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]
    """The attributes of `Dynamics` that it looks at."""
    no_null: ClassVar[str]
    """Why a network is at distance 0 from itself also in new trials."""
    is_relation: ClassVar[bool] = False
    """Whether its distances are 0 (the same) and 1 (different) alone."""

    @abc.abstractmethod
    def read(self, network: Dynamics) -> Reading[T]:
        """Return the data of a network that the measure compares, or why they are not known."""

    @abc.abstractmethod
    def between(self, first: T, second: T) -> float | Undecided:
        """Return the distance between two networks, or the reason why it is not known."""

    def distances(
        self, readings: list[Reading[T]]
    ) -> tuple[Float[np.ndarray, "network other"], Shaped[np.ndarray, "network other"]]:
        """Return the distance of each pair, NaN if it is not known, and why it is not known."""
        count = len(readings)
        found, reasons = np.full((count, count), np.nan), np.full((count, count), "", object)
        for i, j in zip(*np.triu_indices(count), strict=True):
            (first, said), (second, other) = readings[i], readings[j]
            if first is None or second is None:
                reasons[i, j] = reasons[j, i] = said if first is None else other
                continue
            answer = 0.0 if i == j else self.between(first, second)
            if isinstance(answer, Undecided):
                reasons[i, j] = reasons[j, i] = answer.reason
            else:
                found[i, j] = found[j, i] = answer
        return found, reasons.astype(str)

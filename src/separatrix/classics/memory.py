"""A value held on a slow curve: how well it is ordered and decoded, how it drifts."""

from typing import Annotated

import numpy as np
import scipy
from jaxtyping import Float, Int, Real

from .._checked import FINITE, REAL, Finite, Milliseconds, checked
from .._records import Record, array, setting
from .._types import (
    Array,
    InvalidInputError,
)


class GradedMemory(Record):
    r"""Positions of trials along a slow curve, by the value that each trial remembers.

    A position is an arclength along the curve, from 0 at its first state to 1 at its last state.
    """

    values: Float[Array, " value"] = array("the remembered values")
    num_trials: Int[Array, " value"] = array("number of trials of each value")
    positions: Float[Array, "value time"] = array(
        "mean position of the trials of each value along the curve, from 0 to 1"
    )
    spreads: Float[Array, "value time"] = array(
        "standard deviation of the position over the trials of each value"
    )
    rank_correlation: Float[Array, " time"] = array(
        "Spearman's correlation between position and value over all trials"
    )
    order: Float[Array, " time"] = array("Kendall's τ between the mean positions and the values")
    decoded: Float[Array, " time"] = array(
        "fraction of held-out trials whose value is decoded correctly, by the nearest mean position"
    )
    distance: Float[Array, " time"] = array(
        "median distance of the trials from the curve, relative to the curve's length"
    )
    drift: Float[Array, " value"] = array(
        "change of the mean position from the first time to the last"
    )
    curve: Float[Array, "node unit"] = array("the states of the curve, in order")
    length: float = setting("length of the curve")
    dt: float = setting("time between successive states", units="ms")
    start: float = setting(
        "time of the first state, counted from the end of the stimulus", units="ms", default=0.0
    )

    @property
    def chance(self) -> float:
        """The fraction of trials whose value would be decoded correctly by a random guess."""
        return 1 / len(self.values)

    @property
    def relative_drift(self) -> float:
        """The largest |drift| of any value, divided by the mean spacing of neighboring values.

        The mean spacing is that of the mean positions at the first time: their range, divided by
        the number of values minus 1. If the result is above ½, a value may be decoded as a
        neighboring value.
        """
        first = np.asarray(self.positions)[:, 0]
        return float(np.abs(self.drift).max() / (np.ptp(first) / (len(first) - 1)))

    @property
    def contraction(self) -> float:
        """The range of the values' mean positions at the last time, relative to the first time."""
        first, last = (np.ptp(np.asarray(self.positions)[:, k]) for k in (0, -1))
        return float(last / first)

    def summary(self) -> str:
        order, rank, decoded = (
            float(np.asarray(row)[-1]) for row in (self.order, self.rank_correlation, self.decoded)
        )
        after = self.start + (self.positions.shape[1] - 1) * self.dt
        return (
            f"GradedMemory of {len(self)} values after {after:.4g} ms: "
            f"Kendall's τ {order:+.2f}, Spearman's ρ {rank:+.3f}, "
            f"{decoded:.0%} told apart (chance {self.chance:.0%})"
        )


@checked
def graded_memory(
    curve: Annotated[Float[Array, "node unit"], FINITE],
    states: Annotated[Float[Array, "trial time unit"], FINITE],
    values: Annotated[Real[Array, " trial"], FINITE],
    *,
    dt: Milliseconds = 1.0,
    start: Finite = 0.0,
) -> GradedMemory:
    r"""Measure where trials lie along a slow curve, for each value that is remembered.

    The curve is taken as the polygon through its states. The position of a state is the arclength
    of the nearest point of this polygon, divided by the length of the polygon. If the value is held
    by a line attractor, the mean positions are in the order of the values (Kendall's
    $\tau = \pm 1$) at every time, and they do not move.

    Parameters
    ----------
    curve
        States along a line, in order, such as the states of a `SlowCurve`, or slow points sorted
        along an axis.
    states
        States of the trials `(trial, time, unit)`, beginning with the time from which the value
        must be held.
    values
        The value that each trial remembers. Each value needs at least two trials.
    dt
        Time between two states in ms.
    start
        Time of the first state in ms, counted from the end of the stimulus.

    Returns
    -------
    GradedMemory
        Order, decoding and drift at every time. A trial is decoded as the value whose mean position
        is nearest to the position of the trial. The mean positions are cross-validated: those of
        the even-numbered trials of each value decode the odd-numbered trials, and vice versa.

    Raises
    ------
    InvalidInputError
        If the shapes of the arguments do not fit one another, or if states are not finite. If the
        curve has no length, if there are fewer than two values, or if a value has a single trial.

    References
    ----------
    Barak, Sussillo, Romo, Tsodyks & Abbott (2013) Prog. Neurobiol. 103:214; Machens, Romo & Brody
    (2005) Science 307:1121.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> curve = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    >>> values = np.array([10.0, 10.0, 20.0, 20.0])
    >>> at = np.stack([values / 10 - 0.5, np.full(4, 0.1)], 1)
    >>> held = sx.classics.graded_memory(curve, np.repeat(at[:, None], 5, 1), values, dt=100.0)
    >>> held.positions[:, 0].tolist(), held.order.tolist(), held.decoded.tolist()
    ([0.25, 0.75], [1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    nodes, x, v = _checked(curve, states, values)
    length = float(np.linalg.norm(np.diff(nodes, axis=0), axis=1).sum())
    positions, distances = _along(nodes, x.reshape(-1, x.shape[2]))
    positions = positions.reshape(x.shape[:2]) / length
    levels, member = np.unique(v, return_inverse=True)
    groups = [member == k for k in range(len(levels))]
    means = np.array([positions[g].mean(0) for g in groups])
    times = range(x.shape[1])
    return GradedMemory(
        values=levels,
        num_trials=np.array([g.sum() for g in groups]),
        positions=means,
        spreads=np.array([positions[g].std(0) for g in groups]),
        rank_correlation=np.array([_spearman(positions[:, t], v) for t in times]),
        order=np.array([_kendall(means[:, t], levels) for t in times]),
        decoded=_decoded(positions, member, len(levels)),
        distance=np.median(distances.reshape(x.shape[:2]), axis=0) / length,
        drift=means[:, -1] - means[:, 0],
        curve=nodes,
        length=length,
        dt=dt,
        start=start,
    )


@checked
def coding_axis(
    states: Annotated[Float[Array, "sample unit"], REAL],
    values: Annotated[Real[Array, " sample"], REAL],
) -> Float[np.ndarray, " unit"]:
    r"""Return the unit vector along which states change with a value, by linear regression.

    The regression is $x = \bar x + \beta\,(v - \bar v)$ in least squares, so
    $\beta \propto \sum (v - \bar v)(x - \bar x)$.

    Raises InvalidInputError if states and values do not fit, or if the states do not change with
    the value.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> values = np.array([10.0, 20.0, 30.0])
    >>> sx.classics.coding_axis(values[:, None] * [0.6, 0.8] + 1, values).round(12)
    array([0.6, 0.8])
    """
    x, v = np.asarray(states), np.asarray(values)
    slope = (v - v.mean()) @ (x - x.mean(0))
    length = np.linalg.norm(slope)
    if not (np.isfinite(length) and length > 1e-12 * len(x) * (1e-300 + np.abs(x).max())):
        raise InvalidInputError(
            "the states do not change with the value, so there is no axis along which the value is "
            "coded."
        )
    return slope / length


def _checked(curve: Array, states: Array, values: Array) -> tuple[np.ndarray, ...]:
    nodes, x, v = map(np.asarray, (curve, states, values))
    counts = np.unique(v, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 2 or x.shape[1] == 0:
        raise InvalidInputError(
            f"a memory needs at least one step, two values and two trials for each value, got "
            f"{x.shape[1]} steps and {len(counts)} values, the rarest one with "
            f"{min(counts, default=0)} trials."
        )
    if not np.linalg.norm(np.diff(nodes, axis=0), axis=1).sum() > 0:
        raise InvalidInputError("the curve needs at least two different states.")
    return nodes, x, v


def _along(nodes: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the arclength of the nearest point of a polygon, and the distance from it."""
    steps = np.diff(nodes, axis=0)
    squares = (steps**2).sum(1)
    starts = np.concatenate([[0.0], np.cumsum(np.sqrt(squares))])
    best = np.full(len(x), np.inf)
    place = np.zeros(len(x))
    for node, step, square, start in zip(nodes, steps, squares, starts, strict=False):
        if square == 0:
            continue
        share = np.clip((x - node) @ step / square, 0, 1)
        distance = np.linalg.norm(x - node - share[:, None] * step, axis=1)
        nearer = distance < best
        best = np.where(nearer, distance, best)
        place = np.where(nearer, start + share * np.sqrt(square), place)
    return place, best


def _decoded(positions: np.ndarray, member: np.ndarray, count: int) -> np.ndarray:
    """Return how often the nearest mean of the other half of the trials tells the value."""
    half = np.zeros(len(member), int)
    for k in range(count):
        half[member == k] = np.arange((member == k).sum()) % 2
    right = np.zeros(positions.shape[1])
    for test in (0, 1):
        known, asked = half != test, half == test
        means = np.array([positions[known & (member == k)].mean(0) for k in range(count)])
        nearest = np.abs(positions[asked][:, None] - means).argmin(1)
        right += (nearest == member[asked][:, None]).sum(0)
    return right / len(member)


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    return float(scipy.stats.spearmanr(a, b).statistic) if np.ptp(a) and np.ptp(b) else float("nan")


def _kendall(a: np.ndarray, b: np.ndarray) -> float:
    return float(scipy.stats.kendalltau(a, b).statistic) if np.ptp(a) else 0.0

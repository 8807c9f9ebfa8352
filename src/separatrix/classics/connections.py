"""Which units tell two choices apart, and who excites or inhibits whom among them."""

from typing import Annotated

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._checked import FINITE, MASK, REAL, Bounds, Seed, checked
from .._records import Record, array, setting
from .._tables import Columns
from .._types import (
    Array,
    InvalidInputError,
    label_array,
)

BLOCKS = ("E to E", "E to I", "I to E", "I to I")
"""The four kinds of connections, by the types of the unit that sends and of the one reached."""


class Selectivity(Record):
    """How well each unit tells two groups of trials apart."""

    dprime: Float[Array, " unit"] = array("d′, positive where the first group has the larger mean")
    mean: Float[Array, "unit group"] = array("mean response in each group")
    deviation: Float[Array, "unit group"] = array("standard deviation in each group")
    num_trials: tuple[int, ...] = setting("number of trials in each group")
    labels: tuple[str, ...] = setting("labels of the two groups")

    def summary(self) -> str:
        size = np.abs(np.asarray(self.dprime, float))
        return (
            f"Selectivity: {len(self)} units, |d′| between {size.min():.2f} and {size.max():.2f}, "
            f"median {np.median(size):.2f} ({sum(self.num_trials)} trials)"
        )

    def preferred(self, threshold: float = 0.0) -> Int[np.ndarray, " unit"]:
        """Return the group (1 or 2) that each unit prefers; 0 if |d′| is at most the threshold."""
        dprime = np.asarray(self.dprime)
        return np.where(dprime > threshold, 1, np.where(dprime < -threshold, 2, 0))


@checked
def selectivity(
    responses: Annotated[Float[Array, "trial unit"], FINITE],
    labels: Annotated[Shaped[Array, " label"], label_array],
) -> Selectivity:
    r"""Measure how well the response of each unit tells two groups of trials apart.

    $$d' = \frac{\mu_1 - \mu_2}{\sqrt{(\sigma_1^2 + \sigma_2^2)/2}}$$

    with the means and variances of the responses in the two groups. For a unit whose response is
    always the same, d′ is 0. For a unit whose response differs between the groups but not within
    them, d′ is infinite.

    Parameters
    ----------
    responses
        One number for each unit in each trial, such as its rate at the end of the stimulus.
    labels
        A label for each trial, such as its choice, with two different values. The smaller value is
        the first group.

    Returns
    -------
    Selectivity
        `.dprime (unit,)`, and the means and standard deviations from which it is computed.

    Raises
    ------
    InvalidInputError
        If the labels do not have two values, or if a response is not finite.

    References
    ----------
    Song, Yang & Wang (2016) PLoS Comput. Biol. 12:e1004792.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> rates = np.array([[3.0, 1.0], [5.0, 1.0], [1.0, 1.0], [3.0, 1.0]])
    >>> sx.classics.selectivity(rates, np.array([0, 0, 1, 1])).dprime
    array([2., 0.])
    """
    values = np.unique(labels)
    if labels.shape != responses.shape[:1] or len(values) != 2:
        raise InvalidInputError(
            "labels must divide the trials into two groups; got shapes "
            f"{responses.shape} and {labels.shape} with {len(values)} different values."
        )
    groups = [responses[labels == value] for value in values]
    mean = np.stack([group.mean(0) for group in groups], -1)
    deviation = np.stack([group.std(0) for group in groups], -1)
    difference = mean[:, 0] - mean[:, 1]
    pooled = np.sqrt(np.square(deviation).mean(-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        dprime = np.where(difference == 0, 0.0, difference / pooled)
    return Selectivity(
        dprime=dprime,
        mean=mean,
        deviation=deviation,
        num_trials=tuple(len(group) for group in groups),
        labels=tuple(str(value) for value in values),
    )


class SelectiveConnections(Record):
    """Connections of an excitatory–inhibitory network, sorted by type and selectivity of units."""

    order: Int[Array, " unit"] = array(
        "indices of the units, sorted: excitatory before inhibitory units, and within each type "
        "by falling d′"
    )
    weights: Float[Array, "unit source"] = array("recurrent weights in this order")
    dprime: Float[Array, " unit"] = array("d′ in this order")
    excitatory: Bool[Array, " unit"] = array("whether each unit is excitatory, in this order")
    preferred: Int[Array, " unit"] = array(
        "choice (1 or 2) that each unit prefers, 0 if it prefers none, in this order"
    )
    block: Shaped[Array, " block"] = array(
        'types of the sender and the receiver of the connections, such as "E to I"'
    )
    same: Float[Array, " block"] = array("mean |w| between units that prefer the same choice")
    opposite: Float[Array, " block"] = array("mean |w| between units that prefer opposite choices")
    num_same: Int[Array, " block"] = array("number of pairs of units that prefer the same choice")
    num_opposite: Int[Array, " block"] = array(
        "number of pairs of units that prefer opposite choices"
    )
    p_value: Float[Array, " block"] = array(
        "two-sided p-value: fraction of shuffles of the preferences in which the two means differ "
        "at least as much as without shuffling; the original order counts as one of the shuffles"
    )
    threshold: float = setting("|d′| above which a unit has a preference")
    num_shuffles: int = setting("number of shuffles behind the p-values")

    def _table(self) -> Columns:
        return {
            "from → to": self.block,
            "same preference": np.asarray(self.same),
            "opposite": np.asarray(self.opposite),
            "p": np.asarray(self.p_value),
        }

    def summary(self) -> str:
        rows = zip(*(np.asarray(v) for v in (self.block, self.same, self.opposite)), strict=True)
        parts = [f"{block} {same:.3f} / {opposite:.3f}" for block, same, opposite in rows]
        return (
            f"SelectiveConnections: mean |w| between units of the same / of opposite preference: "
            f"{', '.join(parts)}"
        )


@checked
def selective_connections(
    weights: Annotated[Float[Array, "unit unit"], FINITE],
    dprime: Annotated[Float[Array, " unit"], REAL],
    excitatory: Annotated[Bool[Array, " unit"], MASK],
    *,
    threshold: Annotated[float, Bounds(least=0, infinite=True)] = 0.0,
    num_shuffles: Annotated[int, Bounds(least=0, most=10**6)] = 999,
    seed: Seed = 0,
) -> SelectiveConnections:
    r"""Compare the connections between units that prefer the same choice or opposite choices.

    There are four kinds of connection: E to E, E to I, I to E, and I to I. For each kind, the mean
    of $|W_{ij}|$ is taken over the pairs $i \neq j$ of units that prefer the same choice, and over
    the pairs that prefer opposite choices. Pairs without a connection count too. In a network that
    decides by competition, excitation goes to units of the same preference, and inhibition to units
    of the opposite preference.

    For the p-value, preferences are shuffled among the units of each type, so types, weights and
    the number of units of each preference stay the same. The p-value is the fraction of shuffles in
    which the two means differ at least as much as without shuffling. The original order counts as
    one shuffle.

    Parameters
    ----------
    weights
        Recurrent weights, `weights[i, j]` leading from unit j to unit i.
    dprime
        The selectivity d′ of each unit, as `selectivity` returns it.
    excitatory
        A mask: True for excitatory units, and False for inhibitory units.
    threshold
        Units with $|d'|$ at or below this threshold have no preference, and are left out of the
        means.
    num_shuffles, seed
        The number of shuffles, and the seed of NumPy's generator.

    Returns
    -------
    SelectiveConnections
        The weights, sorted by type and selectivity of units, and the means with their p-values. A
        mean is NaN if there is no pair of its kind.

    Raises
    ------
    InvalidInputError
        If the shapes of the arguments do not fit one another, if a weight is not finite, if a d′ is
        NaN, or if the threshold is negative.

    References
    ----------
    Song, Yang & Wang (2016) PLoS Comput. Biol. 12:e1004792, fig. 3.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> W = np.array([[0.0, 1.0, 0.2], [1.0, 0.0, 0.2], [0.3, 0.3, 0.0]])
    >>> found = sx.classics.selective_connections(W, np.array([2.0, 1.0, -1.0]), np.ones(3, bool))
    >>> float(found.same[0]), float(found.opposite[0])
    (1.0, 0.25)
    """
    W, dprime, excites = np.asarray(weights), np.asarray(dprime), np.asarray(excitatory)
    if np.isnan(dprime).any():
        raise InvalidInputError(f"{int(np.isnan(dprime).sum())} values of dprime are NaN.")
    side = (dprime > threshold) * 1.0 - (dprime < -threshold)
    order = np.lexsort((-dprime, ~excites))
    counts, means = _means(np.abs(W), side, excites)
    return SelectiveConnections(
        order=order,
        weights=W[np.ix_(order, order)],
        dprime=dprime[order],
        excitatory=excites[order],
        preferred=np.where(side > 0, 1, np.where(side < 0, 2, 0))[order],
        block=np.array(BLOCKS),
        same=means[:, 0],
        opposite=means[:, 1],
        num_same=counts[:, 0],
        num_opposite=counts[:, 1],
        p_value=_p_values(np.abs(W), side, excites, num_shuffles, seed),
        threshold=threshold,
        num_shuffles=num_shuffles,
    )


def _means(
    size: np.ndarray, side: np.ndarray, excitatory: np.ndarray
) -> tuple[Int[np.ndarray, "block 2"], Float[np.ndarray, "block 2"]]:
    """Return the number of pairs and the mean weight, of the same and of opposite preference."""
    product = np.outer(side, side)
    np.fill_diagonal(product, 0.0)
    counts, means = np.zeros((4, 2), int), np.full((4, 2), np.nan)
    for b, (source, target) in enumerate((s, t) for s in (True, False) for t in (True, False)):
        block = np.outer(excitatory == target, excitatory == source)
        for k, sign in enumerate((1.0, -1.0)):
            pairs = block & (product == sign)
            counts[b, k] = pairs.sum()
            if counts[b, k]:
                means[b, k] = size[pairs].mean()
    return counts, means


def _p_values(
    size: np.ndarray, side: np.ndarray, excitatory: np.ndarray, num_shuffles: int, seed: int
) -> Float[np.ndarray, " block"]:
    """Return how often shuffled preferences make the two means differ as much."""
    generator = np.random.default_rng(seed)

    def difference(side: np.ndarray) -> np.ndarray:
        _, means = _means(size, side, excitatory)
        return np.abs(means[:, 0] - means[:, 1])

    found = difference(side)
    as_large = np.ones(4)
    for _ in range(num_shuffles):
        shuffled = side.copy()
        for kind in (excitatory, ~excitatory):
            shuffled[kind] = generator.permutation(side[kind])
        # a difference that is the same but for rounding counts as as large
        as_large += difference(shuffled) >= found * (1 - 1e-12)
    return np.where(np.isnan(found), np.nan, as_large / (num_shuffles + 1))

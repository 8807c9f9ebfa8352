"""Networks beside one another: their distances by one measure, and what these say."""

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

from ..._records import Record, array, setting
from ..._tables import Columns
from ..._types import Array, InvalidInputError, counted
from . import intervals
from .intervals import NoInterval

if TYPE_CHECKING:
    import xarray as xr


class RankCorrelation(NamedTuple):
    """Spearman's ρ of two measures over pairs of networks, with a 95 % interval over networks.

    The interval is NaN of fewer than 6 networks, where all ranks agree, and where one measure does
    not vary, be it without one network.
    """

    value: float
    low: float
    high: float
    num_pairs: int

    def __repr__(self) -> str:
        interval = f"95 % interval {self.low:.2f} to {self.high:.2f} over networks"
        interval = "no interval" if np.isnan(self.low) else interval
        return f"Spearman's ρ = {self.value:.2f} ({interval}; {self.num_pairs} pairs)"


class Comparison(Record):
    """The distances between networks by one measure, with clusters, a map, and means over groups.

    If a measure only says whether two networks are the same, the distance is 0 (the same) or 1, and
    each cluster is a class of networks that are the same. A distance that is not known is NaN, and
    `reasons` says why.

    The mean distance between two groups, or within a group, has a 95 % interval if distances can
    only be 0 or 1, and no networks share a training. The interval treats networks, not pairs of
    networks, as independent samples, and needs at least six networks in each group. Unknown
    distances count as 0 for its lower end, and as 1 for its upper end. If distances can take other
    values, there is no interval: a rare kind of network may be missing among those that are
    compared, and may be far away from them. `no_interval` says why an interval is missing.

    If you select networks, as with `comparison[:5]`, each network keeps its cluster and its place
    on the map. The mean distances are computed again from the selected networks.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> states = np.random.default_rng(0).normal(size=(3, 4, 20, 5))
    >>> networks = {name: sx.measures.Dynamics(states=each) for name, each in zip("abc", states)}
    >>> found = sx.compare(networks, "procrustes")
    >>> found.matrix.sel(network="a", other="a").item()
    0.0
    """

    names: Shaped[np.ndarray, " network"] = array("names of the networks")
    group: Shaped[np.ndarray, " network"] = array("group of each network")
    cluster: Int[Array, " network"] = array(
        "cluster of each network, where 0 is the largest cluster; −1 if it is not known"
    )
    null: Float[Array, " network"] = array(
        "distance of each network to itself in new trials; NaN if it is not known"
    )
    evidence: Shaped[np.ndarray, " network"] = array(
        "results of the network that are used in each comparison, or why there is nothing to "
        "compare"
    )
    distances: Float[Array, "network other"] = array("distances between networks; NaN if not known")
    reasons: Shaped[np.ndarray, "network other"] = array(
        "why a distance is not known; empty if it is known"
    )
    coordinates: Float[Array, "network axis"] = array(
        "coordinates of each network in a plane in which distances are as near as possible to "
        "the measured ones (classical scaling)"
    )
    groups: Shaped[np.ndarray, " first"] = array("names of the groups")
    mean_distance: Float[Array, "first second"] = array(
        "mean distance between two groups, and within each group"
    )
    mean_low: Float[Array, "first second"] = array(
        "lower end of the 95 % interval of the mean distance"
    )
    mean_high: Float[Array, "first second"] = array(
        "upper end of the 95 % interval of the mean distance"
    )
    measure: str = setting("name of the measure")
    null_said: str = setting("what the distance of a network to itself means")
    by: str = setting("property by which the networks are grouped", default="")
    is_relation: bool = setting("whether distances can only be 0 or 1", default=False)
    shares_training: bool = setting(
        "whether several networks come from the same training", default=False
    )

    def _as_part_of(self, whole: "Comparison") -> "Comparison":
        places = {name: place for place, name in enumerate(np.asarray(whole.names).tolist())}
        kept = np.array([places[name] for name in np.asarray(self.names).tolist()], int)
        both = np.ix_(kept, kept)
        distances = np.asarray(whole.distances)[both]
        means = means_of(distances, np.asarray(self.group), self.is_relation, self.shares_training)
        reasons = np.asarray(whole.reasons)[both]
        return dataclasses.replace(self, distances=distances, reasons=reasons, **means)

    @property
    def matrix(self) -> "xr.DataArray":
        """The distances as an `xarray.DataArray` with the names along both axes."""
        import xarray as xr

        names = np.asarray(self.names)
        return xr.DataArray(
            np.asarray(self.distances),
            {"network": names, "other": names},
            ("network", "other"),
            name=self.measure,
        )

    def rank_correlation(self, other: "Comparison") -> RankCorrelation:
        """Return Spearman's rank correlation with another measure of the same networks.

        The correlation is taken over the pairs of networks whose distance is known by both
        measures. It comes with a 95 % interval, which treats networks, not pairs of networks, as
        independent samples. The interval is NaN if it cannot be computed, for example because there
        are fewer than six networks, or because networks share a training. Raises InvalidInputError
        if the two comparisons do not hold the same networks in the same order.
        """
        if np.asarray(self.names).tolist() != np.asarray(other.names).tolist():
            raise InvalidInputError(
                "a rank correlation compares two measures of the same networks: both comparisons "
                "must hold the same networks in the same order."
            )
        matrices = np.asarray(self.distances), np.asarray(other.distances)
        relation = self.is_relation or other.is_relation
        found = RankCorrelation(*intervals.rank_correlation(*matrices, relation))
        shared = self.shares_training or other.shares_training
        return found._replace(low=np.nan, high=np.nan) if shared else found

    @property
    def num_unknown(self) -> int:
        """How many pairs of networks have a distance that is not known."""
        return int(np.isnan(np.asarray(self.distances)[np.triu_indices(len(self), 1)]).sum())

    def summary(self) -> str:
        pairs, labels = len(self) * (len(self) - 1) // 2, np.asarray(self.cluster)
        sizes = np.unique(labels[labels >= 0], return_counts=True)[1].tolist()
        left = f" and {int((labels < 0).sum())} unknown" if (labels < 0).any() else ""
        text = f"Comparison of {counted(len(self), 'network')} by {self.measure}: "
        text += f"{counted(len(sizes), 'cluster')} ({', '.join(map(str, sizes))}){left}"
        return f"{text}; {self.num_unknown} of {counted(pairs, 'pair')} not known"

    def _table(self) -> Columns:
        several = len(self.groups) > 1
        shown = ("names", *["group"] * several, "cluster", "evidence")
        return {name: np.asarray(getattr(self, name)) for name in shown}

    @property
    def mean_distances(self) -> dict[tuple[str, str], tuple[float, float, float]]:
        """The mean distance between any two groups, and within each group, as (mean, low, high).

        Here low and high are the ends of the 95 % interval, or NaN if there is no interval. The
        keys are pairs of names of groups.
        """
        ends = [np.asarray(v) for v in (self.mean_distance, self.mean_low, self.mean_high)]
        names = np.asarray(self.groups).tolist()
        return {
            (names[j], names[i]): (float(ends[0][i, j]), float(ends[1][i, j]), float(ends[2][i, j]))
            for i in range(len(names))
            for j in range(i + 1)
        }

    @property
    def no_interval(self) -> dict[tuple[str, str], NoInterval | None]:
        """For each mean distance, why it has no interval, or None if it has one."""
        names, distances = np.asarray(self.groups), np.asarray(self.distances)
        parts = _parts(distances, np.asarray(self.group), names)
        return {
            (str(names[j]), str(names[i])): NoInterval.SHARED
            if self.shares_training
            else intervals.mean_distance(part, i == j, self.is_relation)[3]
            for (i, j), part in parts
            if j <= i
        }

    @property
    def means_in_words(self) -> dict[tuple[str, str], str]:
        """Each mean distance in words, with its interval or the reason why there is none."""
        why = self.no_interval
        return {
            pair: f"{mean:.3g} (no interval: {why[pair]})"
            if why[pair]
            else f"{mean:.3g} ({low:.3g} to {high:.3g})"
            for pair, (mean, low, high) in self.mean_distances.items()
        }

    def _closing(self) -> str:
        lines = [
            f"mean distance {'within' if one == other else 'between'} "
            f"{' and '.join(dict.fromkeys((one, other)))}: {said}"
            for (one, other), said in self.means_in_words.items()
        ]
        known = np.asarray(self.null)[~np.isnan(np.asarray(self.null))]
        largest = f"at most {known.max():.3g}, " if known.any() else ""
        return "\n".join([*lines, f"one network in new trials: {largest}{self.null_said}"])


def means_of(
    distances: Float[np.ndarray, "network other"],
    group: Shaped[np.ndarray, " network"],
    is_relation: bool,
    shares_training: bool,
) -> dict[str, Any]:
    """Return the fields of a comparison that say how far its groups are apart."""
    names = np.array(list(dict.fromkeys(group.tolist())), str)
    means = np.full((3, len(names), len(names)), np.nan)
    for (i, j), part in _parts(distances, group, names):
        means[:, i, j] = intervals.mean_distance(part, i == j, is_relation)[:3]
    if shares_training:
        means[1:] = np.nan
    mean, low, high = means
    return {"groups": names, "mean_distance": mean, "mean_low": low, "mean_high": high}


def _parts(
    distances: Float[np.ndarray, "network other"],
    group: Shaped[np.ndarray, " network"],
    names: Shaped[np.ndarray, " first"],
) -> Iterator[tuple[tuple[int, int], Float[np.ndarray, "network other"]]]:
    """Yield the distances between the networks of each two groups, and within each."""
    for i, j in np.ndindex(len(names), len(names)):
        yield (i, j), distances[np.ix_(group == names[i], group == names[j])]

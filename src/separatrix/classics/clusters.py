"""Which units take part in which tasks, and the clusters that they form."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .._checked import FINITE, REAL, SOME, Bounds, Finite, Seed, checked
from .._parallel import one_blas_thread
from .._records import Record, array, setting
from .._types import (
    Array,
    InvalidInputError,
    label_array,
    require_finite,
)


class TaskVariance(Record):
    """The task variance of every unit in every task, and clusters of units that vary alike.

    The task variance of a unit is the variance of its state over the conditions of a task, averaged
    over time.
    """

    variance: Float[Array, "unit task"] = array("variance over conditions, averaged over time")
    active: Bool[Array, " unit"] = array(
        "whether the unit is active: its variance, summed over all tasks, is above the threshold"
    )
    normalized: Float[Array, "active task"] = array(
        "variances of the active units, each divided by the largest variance of the unit, "
        "sorted by cluster"
    )
    order: Int[Array, " active"] = array("index of the unit in each row of `normalized`")
    cluster: Int[Array, " active"] = array("cluster of each row of `normalized`, counted from 0")
    num_clusters: Int[Array, " candidate"] = array("numbers of clusters that were tried")
    silhouette: Float[Array, " candidate"] = array("mean silhouette for each number of clusters")
    tasks: tuple[str, ...] = setting("names of the tasks")
    threshold: float = setting("variance, summed over all tasks, above which a unit is active")

    @property
    def best_num_clusters(self) -> int:
        """The number of clusters that the active units form; 0 if no unit is active."""
        return len(np.unique(np.asarray(self.cluster)))

    def preferred_tasks(self) -> tuple[str, ...]:
        """Return, for each cluster, the task in which its units vary most."""
        rows, clusters = np.asarray(self.normalized), np.asarray(self.cluster)
        best = [rows[clusters == c].sum(0).argmax() for c in range(self.best_num_clusters)]
        return tuple(self.tasks[int(k)] for k in best)

    def summary(self) -> str:
        best = np.asarray(self.silhouette)
        quality = f", silhouette {best.max():.2f}" if len(best) else ""
        return (
            f"TaskVariance: {len(self.order)} of {len(self)} units are active in "
            f"{len(self.tasks)} tasks; {self.best_num_clusters} clusters{quality}"
        )


@checked
def condition_variance(
    states: Annotated[Float[Array, "trial time unit"], REAL], steps: Bool[Array, " time"] | slice
) -> Float[np.ndarray, " unit"]:
    r"""Return the variance of each unit across trials, averaged over time.

    For unit i this is $\mathrm{TV}_i = \langle \mathrm{Var}_j\, r_i(j, t) \rangle_t$: the variance
    over the trials j at each step t, averaged over the steps. If the trials differ only in their
    stimuli, it is the task variance of Yang et al. (2019). The trials must have no noise, and their
    periods must begin and end at the same steps, so that a step is the same moment in each trial.

    Parameters
    ----------
    states
        The states of the activity.
    steps
        The steps over which to average, such as all steps of the trial after fixation.

    Raises
    ------
    InvalidInputError
        If a state is not finite, if there are no steps to average over, or if there are fewer than
        two trials.

    References
    ----------
    Yang, Joglekar, Song, Newsome & Wang (2019) Nat. Neurosci. 22:297.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> states = np.array([[[9.0], [1.0]], [[0.0], [3.0]]])
    >>> sx.classics.condition_variance(states, slice(1, None))
    array([1.])
    """
    given = np.asarray(states)
    if not isinstance(steps, slice):
        steps = label_array(steps, "steps")
    if not isinstance(steps, slice) and steps.shape != given.shape[1:2]:
        raise InvalidInputError(
            f"steps must be a slice, or {given.shape[1]} booleans, got shape {steps.shape}."
        )
    counted = given[:, steps if isinstance(steps, slice) else np.asarray(steps, bool)]
    if counted.shape[0] < 2 or counted.shape[1] == 0:
        raise InvalidInputError(
            f"a variance over trials needs at least two trials and one step, got "
            f"{counted.shape[0]} trials and {counted.shape[1]} steps."
        )
    require_finite(counted, "the states")
    return np.asarray(counted.var(0).mean(0))


@checked
def task_variance(
    variances: Annotated[Mapping[str, Annotated[Float[Array, " unit"], FINITE]], SOME],
    *,
    threshold: Finite = 1e-3,
    most_clusters: Annotated[int, Bounds(least=2)] = 29,
    restarts: Annotated[int, Bounds(least=1, most=10**6)] = 20,
    seed: Seed = 0,
) -> TaskVariance:
    r"""Normalize the task variances of units and cluster the units by them.

    A unit is active if its variance, summed over the tasks, is above the threshold. The variances
    of each active unit are divided by the largest of them. On these normalized variances, active
    units are clustered by k-means, with several numbers of clusters. The number with the largest
    mean silhouette is chosen. In each cluster, one task has the largest sum of normalized
    variances; the clusters are numbered in the order of these tasks.

    Parameters
    ----------
    variances
        For each task, the variance of every unit (`condition_variance`).
    threshold
        The summed variance above which a unit is active.
    most_clusters
        The maximum number of clusters to try. All numbers from 2 to this one are tried, if there
        are enough active units.
    restarts, seed
        The number of random starts of k-means for each number of clusters, and their seed.

    Returns
    -------
    TaskVariance
        Variances, active units, normalized variances sorted by cluster, and silhouettes.

    Raises
    ------
    InvalidInputError
        If there is no task, if the tasks differ in their number of units, or if a variance is
        negative or not finite.

    References
    ----------
    Yang, Joglekar, Song, Newsome & Wang (2019) Nat. Neurosci. 22:297, fig. 2; Rousseeuw (1987)
    J. Comput. Appl. Math. 20:53.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> variances = {"go": np.array([1, 2, 0, 0, 0.0]), "anti": np.array([0, 0, 3, 4, 0.0])}
    >>> found = sx.classics.task_variance(variances)
    >>> found.cluster, found.active
    (array([0, 0, 1, 1]), array([ True,  True,  True,  True, False]))
    """
    table = _table(variances)
    active = table.sum(1) > threshold
    rows = table[active]
    rows = rows / rows.max(1, keepdims=True) if len(rows) else rows
    numbers, scores, labels = _cluster(rows, most_clusters, restarts, seed)
    labels = _numbered_by_task(rows, labels)
    order = np.argsort(labels, kind="stable")
    return TaskVariance(
        variance=table,
        active=active,
        normalized=rows[order],
        order=np.flatnonzero(active)[order],
        cluster=labels[order],
        num_clusters=np.array(numbers, int),
        silhouette=np.array(scores, float),
        tasks=tuple(variances),
        threshold=threshold,
    )


def _table(variances: Mapping[str, Any]) -> Float[np.ndarray, "unit task"]:
    table = np.stack(list(variances.values()), 1)
    if (table < 0).any():
        unit, task = np.argwhere(table < 0)[0]
        raise InvalidInputError(
            f"variances must not be negative: unit {unit} has {table[unit, task]:g} in "
            f"{list(variances)[task]!r}."
        )
    return table


def _cluster(
    rows: Float[np.ndarray, "active task"], most: int, restarts: int, seed: int
) -> tuple[list[int], list[float], Int[np.ndarray, " active"]]:
    """Return the numbers of clusters tried, their silhouettes, and the best clusters.

    A silhouette needs at least one unit more than there are clusters, and k-means as many different
    units as clusters; where that leaves nothing to try, all units are one cluster.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    best = np.zeros(len(rows), int)
    highest = min(most, len(rows) - 1, len(np.unique(rows, axis=0)))
    numbers = list(range(2, highest + 1))
    scores: list[float] = []
    with one_blas_thread():
        for count in numbers:
            fit = KMeans(count, n_init=restarts, random_state=seed).fit(rows)
            score = float(silhouette_score(rows, fit.labels_))
            if not scores or score > max(scores):
                best = np.asarray(fit.labels_, int)
            scores.append(score)
    return numbers, scores, best


def _numbered_by_task(rows: np.ndarray, labels: np.ndarray) -> Int[np.ndarray, " active"]:
    """Return clusters numbered by the task in which their units vary most."""
    names = np.unique(labels)
    preferred = [rows[labels == name].sum(0).argmax() for name in names]
    new = np.empty_like(names)
    new[np.argsort(preferred, kind="stable")] = np.arange(len(names))
    return new[labels] if len(labels) else labels

"""Comparing the networks of a study with one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jax.random as jr
import numpy as np

from .._checked import Count, Named, checked
from .._types import InvalidInputError, UnreadableFileError
from ..activity import simulate
from ..analysis.measures import AbstractMeasure, Comparison, Dynamics, compared, measure_of
from ..evaluation.topology import output_topology
from ..networks import AbstractNetwork
from ..store import Run
from ..tasks import Trials
from .results import StudyResults

Compared = StudyResults | Mapping[str, Run | Dynamics]
_AT_REST = ("fixed_points", "topology", "linearization", "frozen_inputs")
"""The records of a run on which measures of fixed points rest."""


@checked
def compare(
    study: Compared,
    measure: str | AbstractMeasure[Any] = "topology",
    *,
    by: str | Mapping[str, str] | None = None,
    num_trials: Count = 100,
    seed: int = 0,
) -> Comparison:
    """Compare each network of a study with each of the others.

    There are three measures. "topology" asks whether saddles link the fixed points in the same way.
    "spectrum" asks how far apart the eigenvalues at corresponding fixed points are. "procrustes"
    asks how far apart the activity in the same trials is, up to shift, rotation, reflection and
    scale. The classes in `sx.measures` are the same measures with options.

    Parameters
    ----------
    study
        What `load_study` returned; its finished networks are compared. You may also give a
        dictionary from names to runs. In this dictionary, give a network that was made elsewhere as
        `sx.measures.Dynamics`.
    measure
        The name of a measure, or a measure with options, such as
        `sx.measures.Spectrum(num_modes=4)`.
    by
        How to group the networks: the name of a column of the study's table, or a dictionary from
        the name of each network to its group. Mean distances are computed within each group and
        between groups. None means that all networks are one group.
    num_trials
        For "procrustes", the number of trials on which all networks are simulated. The trials are
        drawn from the task of the first network.
    seed
        The seed for the trials on which networks are simulated.

    Returns
    -------
    Comparison
        `.matrix` holds the distance of each pair, as an `xarray.DataArray`. `.cluster` and
        `.coordinates` give each network a cluster and a place on a map. `.mean_distances` has an
        interval for each mean; if an interval is missing, `.no_interval` says why.
        `a.rank_correlation(b)` compares two measures.

    Raises
    ------
    InvalidInputError
        If there is no network, or if no measure or column has the given name. If a measure of
        activity needs to draw trials, and the task of the first network cannot be made again.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> def known(gain):
    ...     system = sx.DiscreteMap(lambda x: jnp.tanh(gain * x), size=1)
    ...     points = sx.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])
    ...     topology = sx.fixed_point_topology(system, points, outputs=points.states)
    ...     return sx.measures.Dynamics(points=points, topology=topology)
    >>> found = sx.compare({"weak": known(0.5), "strong": known(2.0), "stronger": known(3.0)})
    >>> found.matrix.sel(network="strong").values
    array([1., 0., 0.])
    """
    asked = measure_of(measure)
    networks: dict[str, Dynamics] = {}
    trials: Trials | None = None
    task: type | None = None
    for name, run in _runs(study, () if "states" in asked.needs else _AT_REST):
        if not isinstance(run, Run):
            networks[name] = run
            continue
        if "states" not in asked.needs:
            networks[name] = _at_rest(run)
            continue
        own = run.task
        if trials is None or task is None:
            trials, task = _trials(run, num_trials, seed), type(own)
        if own is not None and type(own) is not task:
            told = f"its task is {type(own).__name__}, and the trials are of {task.__name__}"
            networks[name] = Dynamics(unknown=told)
            continue
        networks[name] = _in_trials(run.network, trials)
    if not networks:
        raise InvalidInputError(
            "there is no network to compare: no network of the study is trained and analyzed yet."
        )
    group, column = _groups(study, by, networks)
    shared = isinstance(study, StudyResults) and not study.is_independent
    return compared(networks, asked, group=group, by=column, shares_training=shared)


def _runs(study: Compared, only: tuple[str, ...]) -> Iterator[tuple[str, Run | Dynamics]]:
    """Yield the runs by name, one after the other; of one that is damaged nothing is known.

    Of a study those records are read that are asked for.
    """
    if isinstance(study, Mapping):
        yield from study.items()
        return
    names = study.names
    for key in study.done.index:
        try:
            yield names[key], study.run(key, only=only)
        except UnreadableFileError as error:
            yield names[key], Dynamics(unknown=f"its results cannot be read: {error}")


def _groups(
    study: Compared,
    by: str | Mapping[str, str] | None,
    names: Iterable[str],
) -> tuple[Mapping[str, str], str]:
    """Return the group of each network, and the column that says it."""
    if by is None:
        return {}, ""
    if not isinstance(by, str):
        if missing := [name for name in names if name not in by]:
            raise InvalidInputError(
                f"by has no label for {missing[0]!r}: give a label for every network."
            )
        return by, ""
    if not isinstance(study, StudyResults):
        raise InvalidInputError(
            f"by = {by!r} names a column of a study's table, but runs were given: give a "
            "dictionary with a label for the name of each run."
        )
    Named(tuple(study.table))(by, "by, a column of the table,")
    shown = study.names
    return {shown[key]: str(value) for key, value in study.table[by].items()}, by


def _at_rest(run: Run) -> Dynamics:
    """Return the fixed points of a run, their topology and their eigenvalues."""
    points, inputs, topology = map(run.find, ("fixed_points", "frozen_inputs", "topology"))
    network = run.network
    if topology is None and network is not None and inputs is not None and points:
        system, task = network.at_input(np.asarray(inputs.values)[0]), run.task
        if len(points.fixed) and task is not None:  # it says whether outputs are values
            topology = output_topology(network, task, system, points)
    return Dynamics(points, topology, run.find("linearization"))


def _trials(run: Run, num_trials: int, seed: int) -> Trials:
    """Return trials of a run's task."""
    if run.task is None:
        raise InvalidInputError(
            f"the task of {run.path} cannot be built again, so there are no trials in which "
            "networks could be compared: use a measure of fixed points."
        )
    return run.task.varied().trials(num_trials, key=jr.split(jr.key(seed))[0])


def _in_trials(network: AbstractNetwork | None, trials: Trials) -> Dynamics:
    """Return what a network does in trials; nothing where it is not made for them."""
    if network is None:
        return Dynamics(unknown="the run holds no network")
    try:
        activity = simulate(network, trials)
    except InvalidInputError as error:
        return Dynamics(unknown=f"it does not take the inputs of these trials: {error}")
    return Dynamics(states=np.asarray(activity.states), inside=np.asarray(activity.inside))

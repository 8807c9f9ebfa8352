"""Taking a trained network apart: every result of a run, by name."""

import functools
from collections.abc import Callable
from contextlib import nullcontext

import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from .._records import Record
from .._stopping import stop_if_asked
from .._types import InvalidInputError
from .._watch import part_of_a_program, quiet
from ..activity import Activity, simulate
from ..analysis import FixedPoints, find_fixed_points
from ..evaluation import TrialPeriods, psychometric, trial_periods
from ..networks import AbstractNetwork
from ..systems import DiscreteMap
from ..tasks import PerceptualDecisionMaking
from .geometry import Geometry, readout_slopes
from .linear import linear_records
from .question import held
from .questions import question_stages
from .setup import Setup
from .stages import Announce, SkippedError, Stage, run_stages
from .subject import Subject


def analyze(
    setup: Setup,
    network: AbstractNetwork,
    announce: Announce = lambda stage: None,
    progress: bool = False,
) -> dict[str, Record]:
    """Return every result for a trained network, by name; bars show the `progress` of searches."""
    with part_of_a_program(), nullcontext() if progress else quiet():
        return _results(setup, network, announce, progress)


def _results(
    setup: Setup, network: AbstractNetwork, announce: Announce, progress: bool
) -> dict[str, Record]:
    settings = setup.experiment.analysis
    announce("activity")
    trials = setup.task.varied().trials(settings.num_trials, key=setup.key_trials)
    activity = simulate(network, trials)
    components = activity.pca(min(3, network.num_units))
    records: dict[str, Record] = {"activity": activity, "principal_components": components}
    if isinstance(setup.task, PerceptualDecisionMaking) and setup.task.num_choices == 2:
        records["psychometric"] = psychometric(
            network, setup.task, num_trials=settings.test_trials, key=setup.key_test
        )
    records["frozen_inputs"] = setup.inputs
    announce("fixed points")
    system = network.at_input(setup.input)
    candidates = _candidates(setup, activity, system.size)
    search = functools.partial(
        find_fixed_points,
        candidates=candidates,
        slow_points=settings.slow_points,
        progress=progress,
    )
    points = search(system)
    stop_if_asked()
    records["fixed_points"] = points
    announce("linearization")
    first = np.asarray(components.components[0])
    slopes = functools.partial(readout_slopes, network)
    records |= linear_records(system, points, first, slopes, settings.max_linearized)
    subject = Subject(
        setup.task,
        network,
        system,
        np.asarray(setup.input, float),
        activity,
        points,
        settings,
        setup.key_questions,
    )
    stages = _further_points(setup, network, search)
    stages |= Geometry(subject).stages() | question_stages(subject)
    stages["trial_periods"] = None
    if settings.geometry.periods:
        stages["trial_periods"] = functools.partial(_periods, setup, network, points)
    stages["verdict"] = functools.partial(held, subject, setup.inputs)
    return records | run_stages(stages, announce)


def _further_points(
    setup: Setup, network: AbstractNetwork, search: Callable[[DiscreteMap], FixedPoints]
) -> dict[str, Stage | None]:
    """Return the searches for fixed points at the inputs after the main one."""

    def stage(value: np.ndarray) -> Stage:
        return lambda: search(network.at_input(value))

    further = zip(setup.inputs.record_names[1:], setup.inputs.values[1:], strict=True)
    return {name: stage(value) for name, value in further}


def _periods(setup: Setup, network: AbstractNetwork, points: FixedPoints) -> TrialPeriods:
    """Look at every period of a trial; points at the input of one of them are known."""
    name, task = str(setup.inputs.names[0]), setup.task
    try:
        is_period = name in task.periods and np.array_equal(task.period_input(name), setup.input)
        known = {name: points} if is_period else {}
        return trial_periods(network, task, key=setup.key_questions, points=known)
    except InvalidInputError as reason:  # a task of many rules, whose mean input is none of them
        raise SkippedError(str(reason)) from None


def _candidates(setup: Setup, activity: Activity, size: int) -> np.ndarray:
    settings, states, key = setup.experiment.analysis, activity.flat_states, setup.key_starts
    count = settings.num_candidates
    if settings.candidates == "activity":
        return _some(states, count or len(states), key)
    count = count or 1024
    num_random = count if settings.candidates == "random" else count // 2
    low, high = settings.random_range
    drawn = np.asarray(jr.uniform(key, (num_random, size), minval=low, maxval=high), float)
    if num_random == count:
        return drawn
    return np.concatenate([_some(states, count - num_random, jr.fold_in(key, 1)), drawn])


def _some(states: np.ndarray, count: int, key: PRNGKeyArray) -> np.ndarray:
    """Draw some of the states; all of them where there are no more."""
    if count >= len(states):
        return states
    return states[np.asarray(jr.choice(key, len(states), (count,), replace=False))]

"""Taking a trained network apart: every result of a run, by name."""

import functools
from contextlib import nullcontext

import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from .._records import Record
from .._types import InvalidInputError
from .._watch import part_of_a_program, quiet
from ..activity import Activity, simulate
from ..analysis import FixedPoints, find_fixed_points
from ..evaluation import TrialPeriods, psychometric, trial_periods
from ..evaluation.readout import slopes_of
from ..networks import AbstractNetwork
from ..plan import Announce, Plan, SkippedError, Stage
from ..tasks import PerceptualDecisionMaking
from .geometry import Geometry
from .question import held
from .questions import question_stages
from .setup import Setup
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
    activity, system = simulate(network, trials), network.at_input(setup.input)
    behavior: dict[str, Record] = {}
    if isinstance(setup.task, PerceptualDecisionMaking) and setup.task.num_choices == 2:
        behavior["psychometric"] = psychometric(
            network, setup.task, num_trials=settings.test_trials, key=setup.key_test
        )
    search = functools.partial(
        find_fixed_points,
        candidates=_candidates(setup, activity, system.size),
        slow_points=settings.slow_points,
        progress=progress,
    )
    slopes = functools.partial(slopes_of, network)
    plan = Plan(system, setup.inputs, activity, search, slopes, settings.max_linearized)
    stages = functools.partial(_stages, setup, network, plan)
    return plan.records(stages, announce, behavior)


def _stages(
    setup: Setup, network: AbstractNetwork, plan: Plan, points: FixedPoints
) -> dict[str, Stage | None]:
    """Return what the settings ask beyond the points, first the points at further inputs."""
    subject = Subject(
        setup.task,
        network,
        plan.system,
        np.asarray(setup.input, float),
        plan.activity,
        points,
        setup.experiment.analysis,
        setup.key_questions,
    )
    further = zip(setup.inputs.record_names[1:], setup.inputs.values[1:], strict=True)
    stages: dict[str, Stage | None] = {
        name: functools.partial(plan.search, network.at_input(value)) for name, value in further
    }
    stages |= Geometry(subject).stages() | question_stages(subject)
    stages["trial_periods"] = None
    if subject.settings.geometry.periods:
        stages["trial_periods"] = functools.partial(_periods, setup, network, points)
    return stages | {"verdict": functools.partial(held, subject, plan)}


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

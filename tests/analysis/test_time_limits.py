"""Searches that are stopped, by a time limit or by Ctrl-C, and what is told on the way."""

import itertools
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from systems import box

import separatrix as sx
from separatrix._watch import Stage, Watch, watched_by
from separatrix.analysis.fixed_points.evaluator import Evaluator
from separatrix.analysis.fixed_points.solver_selection import FixedPointSolver
from separatrix.solvers.endings import Ending
from separatrix.solvers.zero_test import ZeroTest

WEIGHTS = np.random.default_rng(3).normal(0, 2 / np.sqrt(12), (12, 12))


def tanh_map():
    return sx.DiscreteMap(lambda x: jnp.tanh(WEIGHTS @ x), 12), box(12, -1, 1, 300)


def relu_map():
    rng = np.random.default_rng(8)
    weights, bias = rng.normal(0, 0.9, (6, 6)), rng.normal(size=6)
    return sx.DiscreteMap(lambda x: weights @ jax.nn.relu(x) + bias, 6), box(6, -2, 2)


def few_starts():
    system, _ = tanh_map()
    return system, box(12, -1, 1, 3)


def small_map():
    return sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 2), box(2, -1, 1)


SYSTEMS = [tanh_map, relu_map, small_map]
STOPS = [  # a system, a stage, and when so much of it is done
    (tanh_map, Stage.SOLVE, 1),
    (tanh_map, Stage.SLOW_POINTS, 0),
    (tanh_map, Stage.CERTIFY, 1),
    (few_starts, Stage.FURTHER, 0),
    (relu_map, Stage.SOLVE, 100),
    (relu_map, Stage.SLOW_POINTS, 0),
    (relu_map, Stage.CERTIFY, 1),
    (relu_map, Stage.EXHAUST, 0),
    (small_map, Stage.EXHAUST, 1),
]


def ids(value):
    return value.__name__ if callable(value) else str(value)


def among(states, others):
    """Whether each of some states is one of others."""
    apart = np.abs(states[:, None] - others[None]).max(2)
    return bool((apart.min(1, initial=np.inf) < 1e-9).all())


def stop_at(chosen, enough, stop):
    """Return a function to be told of progress that stops when enough of a stage is done."""

    def report(stage, done, total):
        if stage == chosen and done >= enough:
            stop()

    return report


def test_a_watch_is_over_at_its_limit():
    time = iter([10.0, 14.9, 15.0, 99.0])
    watch = Watch(5.0, clock=lambda: next(time), begun=10.0)
    assert [watch.is_over() for _ in range(4)] == [False, False, True, True]
    assert not Watch(clock=lambda: np.inf).is_over()


@pytest.mark.parametrize("make", SYSTEMS, ids=ids)
def test_a_search_without_time_says_so(make):
    points = sx.find_fixed_points(*make(), max_seconds=1e-9)
    assert len(points) == 0
    assert not points.complete
    assert not (points.reached >= 0).any()
    assert points.completeness == "not tried: the time limit of 1e-09 s was reached"


@pytest.mark.parametrize("make", SYSTEMS, ids=ids)
def test_more_time_finishes_more_candidates_and_changes_none(make):
    """A clock that ticks whenever it is asked."""
    system, starts = make()
    evaluator = Evaluator(system)
    zero_test = ZeroTest(evaluator.system.residual, system.size, starts)
    method, done = sx.solvers.LevenbergMarquardt(), []
    solver = FixedPointSolver(evaluator, zero_test, method, True)
    whole, _ = solver.solve(starts, True)
    for seconds in (1, 2, 4, 8, 16, 10**6):
        with watched_by(Watch(seconds, clock=itertools.count(1).__next__, begun=0.0)):
            table, _ = FixedPointSolver(evaluator, zero_test, method, True).solve(starts, True)
        late = table.outcomes == Ending.RUNNING
        assert (table.outcomes[~late] == whole.outcomes[~late]).all()
        assert among(table.states, whole.states)
        done.append(int((~late).sum()))
    assert done == sorted(done)
    assert done[-1] == len(starts)
    assert done[0] == 0


@pytest.mark.parametrize(("make", "stage", "enough"), STOPS, ids=ids)
def test_a_stage_that_time_ends_leaves_what_was_found(make, stage, enough, monkeypatch):
    over = []
    monkeypatch.setattr(Watch, "is_over", lambda watch: watch.max_seconds == 7 and bool(over))
    report = stop_at(stage, enough, lambda: over.append(True))
    stopped = sx.find_fixed_points(*make(), max_seconds=7, progress=report)
    whole = sx.find_fixed_points(*make())
    assert over, "this stage said nothing"
    assert among(stopped.states, whole.states)
    assert not stopped.complete
    assert "the time limit of 7 s was reached" in stopped.completeness
    late = stopped.outcomes != whole.outcomes
    assert (stopped.outcome_reasons[~late] == whole.outcome_reasons[~late]).all()
    assert late.any() == (stage in (Stage.SOLVE, Stage.SLOW_POINTS))


@pytest.mark.parametrize(("make", "stage", "enough"), STOPS, ids=ids)
def test_ctrl_c_leaves_what_was_found(make, stage, enough):
    pressed = []

    def press():
        if not pressed:
            pressed.append(stage)
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(UserWarning, match="Ctrl-C"):
        points = sx.find_fixed_points(*make(), progress=stop_at(stage, enough, press))
    assert len(points.fixed) > 0
    assert among(points.states, sx.find_fixed_points(*make()).states)
    assert not points.complete and "interrupted" in points.completeness


def test_stages_are_told_in_order():
    told = []
    sx.find_fixed_points(*tanh_map(), progress=lambda *news: told.append(news))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages[:3] == [Stage.SOLVE, Stage.SLOW_POINTS, Stage.CERTIFY]
    solved = [done for stage, done, total in told if (stage, total) == ("solve", 300)]
    assert solved == sorted(solved)
    assert solved[-1] == 300
    assert all(total is None or 0 <= done <= total for _, done, total in told)


def test_a_bar_is_shown_on_request(capsys):
    sx.find_fixed_points(*small_map(), progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("fixed points ")
    assert len(shown.err.strip().splitlines()) == 1


@pytest.mark.parametrize("seconds", [0, -1, np.nan, "long"])
def test_a_time_limit_is_a_positive_number(seconds):
    with pytest.raises(sx.InvalidInputError, match="max_seconds must be"):
        sx.find_fixed_points(*small_map(), max_seconds=seconds)


def test_progress_is_a_function_or_a_switch():
    with pytest.raises(sx.InvalidInputError, match="progress must be True, False, or a function"):
        sx.find_fixed_points(*small_map(), progress="bar")

"""Searches that are stopped, by a time limit or by Ctrl-C, and what is told on the way."""

import itertools
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from systems import box

import separatrix as sx
from separatrix._watch import Stage, Watch

WEIGHTS = np.random.default_rng(3).normal(0, 2 / np.sqrt(12), (12, 12))
RNG = np.random.default_rng(8)
RELU_WEIGHTS, BIAS = RNG.normal(0, 0.9, (6, 6)), RNG.normal(size=6)
TANH = sx.DiscreteMap(lambda x: jnp.tanh(WEIGHTS @ x), 12)
RELU = sx.DiscreteMap(lambda x: RELU_WEIGHTS @ jax.nn.relu(x) + BIAS, 6)
SEARCHES = {
    "tanh": (TANH, box(12, -1, 1, 300)),
    "relu": (RELU, box(6, -2, 2)),
    "small": (sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 2), box(2, -1, 1)),
    "few starts": (TANH, box(12, -1, 1, 3)),
}
STOPS = [  # a search, a stage, and when so much of it is done
    ("tanh", Stage.SOLVE, 1),
    ("tanh", Stage.SLOW_POINTS, 0),
    ("tanh", Stage.CERTIFY, 1),
    ("few starts", Stage.FURTHER, 0),
    ("relu", Stage.SOLVE, 100),
    ("relu", Stage.SLOW_POINTS, 0),
    ("relu", Stage.CERTIFY, 1),
    ("relu", Stage.EXHAUST, 0),
    ("small", Stage.EXHAUST, 1),
]


def among(states, others):
    """Whether each of some states is one of others."""
    apart = np.abs(states[:, None] - others[None]).max(2)
    return bool((apart.min(1, initial=np.inf) < 1e-9).all())


def test_a_watch_is_over_at_its_limit():
    time = iter([10.0, 14.9, 15.0, 99.0])
    watch = Watch(5.0, clock=lambda: next(time), begun=10.0)
    assert [watch.is_over() for _ in range(4)] == [False, False, True, True]
    assert not Watch(clock=lambda: np.inf).is_over()


@pytest.mark.parametrize("name", ["tanh", "relu", "small"])
def test_more_time_finishes_more_candidates_and_changes_none(name, monkeypatch):
    """The time that has passed is the number of times that it was asked for."""
    whole, done = sx.find_fixed_points(*SEARCHES[name]), []
    for limit in (0, 1, 2, 4, 8, 16, 10**6):
        asked = itertools.count()
        monkeypatch.setattr(Watch, "is_over", lambda _, asked=asked, n=limit: next(asked) >= n)
        found = sx.find_fixed_points(*SEARCHES[name])
        assert among(found.states, whole.states)
        done.append(int((found.outcomes == whole.outcomes).sum()))
    assert done == sorted(done) and (done[0], done[-1]) == (0, len(SEARCHES[name][1]))


@pytest.mark.parametrize("way", ["time", "Ctrl-C"])
@pytest.mark.parametrize(("name", "stage", "enough"), STOPS)
def test_a_stage_that_is_ended_leaves_what_was_found(name, stage, enough, way, monkeypatch):
    over = []

    def report(now, done, total):
        if now == stage and done >= enough and not over:
            over.append(True)
            if way == "Ctrl-C":
                signal.raise_signal(signal.SIGINT)

    whole = sx.find_fixed_points(*SEARCHES[name])
    if way == "time":
        monkeypatch.setattr(Watch, "is_over", lambda watch: watch.max_seconds == 7 and bool(over))
        stopped = sx.find_fixed_points(*SEARCHES[name], max_seconds=7, progress=report)
        late = stopped.outcomes != whole.outcomes
        assert (stopped.outcome_reasons[~late] == whole.outcome_reasons[~late]).all()
        assert late.any() == (stage in (Stage.SOLVE, Stage.SLOW_POINTS))
    else:
        with pytest.warns(UserWarning, match="Ctrl-C"):
            stopped = sx.find_fixed_points(*SEARCHES[name], progress=report)
        assert len(stopped.fixed) > 0
    assert over, "this stage said nothing"
    assert among(stopped.states, whole.states) and not stopped.complete
    assert ("time limit" if way == "time" else "interrupted") in stopped.completeness

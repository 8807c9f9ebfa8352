"""Time limits of the analyses beside the search for fixed points, and what they tell on the way."""

import itertools
import signal

import jax.numpy as jnp
import numpy as np
import pytest
from systems import TANH_UNIT, box, logistic

import separatrix as sx
from separatrix._watch import Stage, Watch

MAP = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 2)
POINTS = TANH_UNIT[2.0] * np.array(list(itertools.product([-1.0, 0.0, 1.0], repeat=2)))
STATES = box(2, -1, 1, 50)
SLOWLY = sx.DiscreteMap(lambda x: jnp.tanh(1.02 * x), 2)
NEAR = sx.find_fixed_points(SLOWLY, STATES)
NEARER = STATES * 10.0 ** -np.arange(50)[:, None]
LINE = np.linspace(0.1, 0.9, 9)[:, None]
LOGISTIC, STEEPER = logistic(3.2), logistic(3.5)
TENT = sx.DiscreteMap(lambda x: 1 - 1.8 * jnp.abs(x), 1)
RELU = sx.DiscreteMap(lambda x: jnp.maximum(0.9 * x[::-1] + 0.1, 0), 2)
AXIS, SLICES = np.ones(2), np.linspace(-1, 1, 9)
OFF_CIRCLE = np.array([[1.0, 0.0], [0.3, 0.2]])


def radial(p):
    turn = lambda x: jnp.stack([-x[1], x[0]])  # noqa: E731
    return sx.Flow(lambda x: (p + x @ x - (x @ x) ** 2) * x + turn(x), size=2)


def unit(w):
    return sx.DiscreteMap(lambda x: jnp.tanh(w * x), size=1)


def branches(**watched):
    return sx.continue_fixed_points(unit, np.zeros(1), parameter=(0.5, 2.0), **watched)


def branch_of_cycles(**watched):
    start = sx.continue_fixed_points(radial, np.zeros(2), (-0.5, 0.5)).emerging_cycle(0, -0.01)
    return sx.continue_cycles(radial, start, (-0.5, 0.5), **watched)


def cycles(system=LOGISTIC, starts=LINE, **watched):
    return sx.find_cycles(system, starts, **watched)


def exponents(**watched):
    return sx.lyapunov_exponents(MAP, np.ones(2), **watched)


def words_of_branches(found):
    return [*found.endings.ravel(), *found.remarks]


ANALYSES = {  # a stage of it, and what says how it ended
    "cycles of maps": (Stage.SHOOT, lambda **w: cycles(length=[2, 4], **w).reasons),
    "cycles of any length": (Stage.FOLLOW, lambda **w: cycles(**w).reasons),
    "of a tent": (Stage.SHOOT, lambda **w: cycles(TENT, LINE - 0.5, length=[3, 4], **w).reasons),
    "cycles of flows": (Stage.SHOOT, lambda **w: cycles(radial(0.5), OFF_CIRCLE, **w).reasons),
    "basins": (Stage.FOLLOW, lambda **w: sx.basins(SLOWLY, NEAR, STATES, **w).reasons),
    "graph": (Stage.FOLLOW, lambda **w: sx.fixed_point_graph(SLOWLY, NEAR, **w).reasons),
    "separatrix": (Stage.BISECT, lambda **w: sx.separatrix(MAP, POINTS, STATES, **w).outcomes),
    "branches": (Stage.CONTINUE, lambda **w: words_of_branches(branches(**w))),
    "branch of cycles": (Stage.CONTINUE, lambda **w: branch_of_cycles(**w).endings),
    "exponents": (Stage.EXPONENTS, lambda **w: exponents(**w).outcome),
    "slow curve": (Stage.SLICES, lambda **w: sx.slow_curve(MAP, AXIS, SLICES, **w).reasons),
    "on kinks": (Stage.SLICES, lambda **w: sx.slow_curve(RELU, AXIS, SLICES, **w).reasons),
}


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_ends_at_its_time_limit_and_says_so(name, monkeypatch):
    (wanted, analysis), told, over = ANALYSES[name], [], []
    monkeypatch.setattr(Watch, "is_over", lambda watch: watch.max_seconds == 7 and bool(over))

    def report(stage, done, total):
        told.append(stage)
        assert done >= 0 and (total is None or done <= total)
        if stage == wanted:
            over.append(True)

    stopped, whole = analysis(max_seconds=7, progress=report), analysis(max_seconds=1e6)
    assert wanted in told and len(told) < 100
    assert any("time limit" in reason for reason in stopped), stopped
    assert not any("time limit" in reason for reason in whole)


def test_modes_for_which_there_is_no_time_are_unknown(monkeypatch):
    weights, over = np.random.default_rng(0).standard_normal((20, 20)) / 4, []
    system = sx.DiscreteMap(lambda x: jnp.tanh(weights @ x), 20)
    states = np.random.default_rng(1).standard_normal((300, 20))
    monkeypatch.setattr("separatrix._watch._IN_A_SECOND", 5e5)
    whole = sx.linearize(system, states)
    monkeypatch.setattr(Watch, "is_over", lambda watch: len(over) > 1)
    part = sx.linearize(system, states, max_seconds=7, progress=lambda *news: over.append(news))
    known = np.isfinite(part.condition)
    assert 0 < known.sum() < len(states) and not known[known.sum() :].any()
    assert (part.eigenvalues[known] == whole.eigenvalues[known]).all()
    assert np.isnan(part.eigenvalues[~known]).all() and (part.n_unstable[~known] == -1).all()
    assert (part.stability[~known] == "unknown").all()


CARRIED = {  # at which report it is interrupted; what was found, and what says so
    "cycles": (
        7,
        lambda **w: cycles(STEEPER, np.vstack([LINE, [[np.nan]]]), length=[2, 4], **w),
        lambda found: (found.states[:, 0], found.reasons),
    ),
    "branches": (40, branches, lambda found: (found.states, words_of_branches(found))),
    "branch of cycles": (
        12,
        branch_of_cycles,
        lambda found: (found.states[:, 0], found.endings),
    ),
    "basins": (
        2,
        lambda **w: sx.basins(MAP, POINTS, NEARER, **w),
        lambda found: (found.states[found.reached >= 0], found.reasons),
    ),
    "exponents": (12, exponents, lambda found: (found.history[0], found.outcome)),
}


@pytest.mark.parametrize("name", CARRIED)
def test_ctrl_c_returns_what_was_found(name):
    (count, analysis, read), told = CARRIED[name], []

    def interrupt(stage, done, total):
        told.append(done)
        if len(told) == count:
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(UserWarning, match="Ctrl-C"):
        found = analysis(progress=interrupt)
    (rows, words), (all_rows, _) = read(found), read(analysis())
    assert 0 < len(rows) < len(all_rows)
    assert any("interrupted" in text or "Ctrl-C" in text for text in words), words
    for row in rows:
        assert np.abs(all_rows - row).max(tuple(range(1, all_rows.ndim))).min() < 1e-6

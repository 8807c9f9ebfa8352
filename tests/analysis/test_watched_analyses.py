"""Time limits of the analyses beside the search for fixed points, and what they tell on the way."""

import signal
import sys

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix._watch import Stage, Watch

LIMIT = "the time limit of 7 s was reached"
MAP = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 2)
STATES = np.random.default_rng(0).uniform(-1, 1, (50, 2))
LOGISTIC = sx.DiscreteMap(lambda x: 3.2 * x * (1 - x), 1)


@pytest.fixture(scope="module")
def points():
    return sx.find_fixed_points(MAP, STATES)


def radial(p):
    turn = lambda x: jnp.stack([-x[1], x[0]])  # noqa: E731
    return sx.Flow(lambda x: (p + x @ x - (x @ x) ** 2) * x + turn(x), size=2)


def cycles_of_maps(points, **watched):
    found = sx.find_cycles(LOGISTIC, np.linspace(0.1, 0.9, 9)[:, None], length=[2, 4], **watched)
    return found.reasons


def cycles_of_any_length(points, **watched):
    return sx.find_cycles(LOGISTIC, np.linspace(0.1, 0.9, 9)[:, None], **watched).reasons


def cycles_of_piecewise_linear_maps(points, **watched):
    tent = sx.DiscreteMap(lambda x: 1 - 1.8 * jnp.abs(x), 1)
    return sx.find_cycles(tent, np.linspace(-1, 1, 9)[:, None], length=[3, 4], **watched).reasons


def cycles_of_flows(points, **watched):
    flow = radial(0.5)
    return sx.find_cycles(flow, np.array([[1.0, 0.0], [0.3, 0.2]]), **watched).reasons


def basins(points, **watched):
    return sx.basins(MAP, points, 1e-9 * STATES, **watched).reasons


def graph(points, **watched):
    return sx.fixed_point_graph(MAP, points, **watched).reasons


def separatrix(points, **watched):
    return sx.separatrix(MAP, points, STATES, **watched).outcomes


def branches(points, **watched):
    unit = lambda w: sx.DiscreteMap(lambda x: jnp.tanh(w * x), size=1)  # noqa: E731
    found = sx.continue_fixed_points(unit, np.zeros(1), parameter=(0.5, 2.0), **watched)
    return [*found.endings.ravel(), *found.remarks]


def branch_of_cycles(points, **watched):
    start = sx.continue_fixed_points(radial, np.zeros(2), (-0.5, 0.5)).emerging_cycle(0, -0.01)
    return sx.continue_cycles(radial, start, (-0.5, 0.5), **watched).endings


def exponents(points, **watched):
    return sx.lyapunov_exponents(MAP, np.ones(2), **watched).outcome


def slow_curve(points, **watched):
    return sx.slow_curve(MAP, np.ones(2), np.linspace(-1, 1, 9), **watched).reasons


def slow_curve_on_kinks(points, **watched):
    relu = sx.DiscreteMap(lambda x: jnp.maximum(0.9 * x[::-1] + 0.1, 0), 2)
    return sx.slow_curve(relu, np.ones(2), np.linspace(-1, 1, 9), **watched).reasons


ANALYSES = {
    cycles_of_maps: Stage.SHOOT,
    cycles_of_any_length: Stage.FOLLOW,
    cycles_of_piecewise_linear_maps: Stage.SHOOT,
    cycles_of_flows: Stage.SHOOT,
    basins: Stage.FOLLOW,
    graph: Stage.FOLLOW,
    separatrix: Stage.BISECT,
    branches: Stage.CONTINUE,
    branch_of_cycles: Stage.CONTINUE,
    exponents: Stage.EXPONENTS,
    slow_curve: Stage.SLICES,
    slow_curve_on_kinks: Stage.SLICES,
}


@pytest.mark.parametrize("analysis", ANALYSES, ids=lambda analysis: analysis.__name__)
def test_an_analysis_ends_at_its_time_limit_and_says_so(analysis, points, monkeypatch):
    told, over = [], []
    monkeypatch.setattr(Watch, "is_over", lambda watch: watch.max_seconds == 7 and bool(over))

    def report(stage, done, total):
        told.append(stage)
        assert 0 <= done <= total
        if stage == ANALYSES[analysis]:
            over.append(True)

    stopped = analysis(points, max_seconds=7, progress=report)
    assert ANALYSES[analysis] in told
    assert any("time limit" in reason for reason in stopped), stopped
    whole = analysis(points, max_seconds=1e6)
    assert not any("time limit" in reason for reason in whole)
    assert len(told) < 100


def test_modes_for_which_there_is_no_time_are_unknown(monkeypatch):
    weights, over = np.random.default_rng(0).standard_normal((20, 20)) / 4, []
    system = sx.DiscreteMap(lambda x: jnp.tanh(weights @ x), 20)
    states = np.random.default_rng(1).standard_normal((300, 20))
    monkeypatch.setattr(sys.modules[sx.linearize.__module__], "_PORTION", 1e6)
    whole = sx.linearize(system, states)
    monkeypatch.setattr(Watch, "is_over", lambda watch: len(over) > 1)
    part = sx.linearize(system, states, max_seconds=7, progress=lambda *news: over.append(news))
    known = np.isfinite(part.condition)
    assert 0 < known.sum() < len(states) and not known[known.sum() :].any()
    assert (part.eigenvalues[known] == whole.eigenvalues[known]).all()
    assert np.isnan(part.eigenvalues[~known]).all() and (part.n_unstable[~known] == -1).all()
    assert (part.stability[~known] == "unknown").all()


def cycles_by_length(**watched):
    steeper = sx.DiscreteMap(lambda x: 3.5 * x * (1 - x), 1)
    starts = np.append(np.linspace(0.1, 0.9, 9), np.nan)[:, None]
    return sx.find_cycles(steeper, starts, length=[2, 4], **watched)


def whole_branches(**watched):
    unit = lambda w: sx.DiscreteMap(lambda x: jnp.tanh(w * x), size=1)  # noqa: E731
    return sx.continue_fixed_points(unit, np.zeros(1), parameter=(0.5, 2.0), **watched)


def whole_branch_of_cycles(**watched):
    start = sx.continue_fixed_points(radial, np.zeros(2), (-0.5, 0.5)).emerging_cycle(0, -0.01)
    return sx.continue_cycles(radial, start, (-0.5, 0.5), **watched)


def whole_basins(**watched):
    found = sx.find_fixed_points(MAP, STATES)
    return sx.basins(MAP, found, STATES * 10.0 ** -np.arange(50)[:, None], **watched)


def whole_exponents(**watched):
    return sx.lyapunov_exponents(MAP, np.ones(2), **watched)


CARRIED = {
    cycles_by_length: (7, lambda found: (found.states[:, 0], found.reasons)),
    whole_branches: (40, lambda found: (found.states, [*found.endings.ravel(), *found.remarks])),
    whole_branch_of_cycles: (12, lambda found: (found.states[:, 0], found.endings)),
    whole_basins: (2, lambda found: (found.states[found.reached >= 0], found.reasons)),
    whole_exponents: (12, lambda found: (found.history[0], found.outcome)),
}
"""At which report each is interrupted; what was found, and what says that it was interrupted."""


@pytest.mark.parametrize("analysis", CARRIED, ids=lambda analysis: analysis.__name__)
def test_ctrl_c_returns_what_was_found(analysis):
    told, (count, read) = [], CARRIED[analysis]

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

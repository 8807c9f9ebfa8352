"""Ways of following candidates that must not change where they end."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from scipy.optimize import brentq

import separatrix as sx
from separatrix._parallel import turns
from separatrix.analysis.fixed_points import following, smooth
from separatrix.analysis.fixed_points.evaluator import Evaluator


def search(system, candidates):
    return sx.find_fixed_points(system, candidates, completeness=False)


def textbook(known):
    return known.system, known.candidates


def ends(points, expected):
    """Check that the points are the same, and return where each candidate ends, in both."""
    assert points.kind.tolist() == expected.kind.tolist()
    assert points.n_unstable.tolist() == expected.n_unstable.tolist()
    assert points.certified.tolist() == expected.certified.tolist()
    distance = np.abs(points.states[:, None] - expected.states[None]).max(-1)
    which = distance.argmin(1)
    assert distance.min(1).max() < 1e-9
    assert sorted(which) == list(range(len(expected)))
    rank = {
        int(label): int(expected.label[k]) for label, k in zip(points.label, which, strict=True)
    }
    return np.array([rank.get(int(k), -1) for k in points.reached]), expected.reached


def assert_same(points, expected):
    reached, others = ends(points, expected)
    assert reached.tolist() == others.tolist()
    assert sorted(points.hits) == sorted(expected.hits)


CASES = {
    "flip-flop": lambda: systems.flip_flop("tanh16"),
    "rank one": lambda: textbook(systems.rank_one()),
    "ghost": lambda: textbook(systems.ghost(1e-3)),
}


@pytest.mark.parametrize("name", CASES)
def test_rough_steps_and_known_zeros_lead_each_candidate_where_exact_steps_do(monkeypatch, name):
    known = CASES[name]()
    monkeypatch.setattr(following, "_BOTH", 0)  # so that steps are repeated in either way
    monkeypatch.setattr(following, "_ROUGH_FROM", 10**6)
    exact = search(*known)
    monkeypatch.setattr(following, "_ROUGH_FROM", 1)
    scaled = search(*known)
    monkeypatch.setattr(Evaluator, "_shared_matrix", None)
    assert_same(search(*known), exact)
    # Steps with one scale of damping for all candidates end elsewhere at most near the borders.
    reached, others = ends(scaled, exact)
    assert (reached == others).mean() > 0.9


def test_candidates_followed_in_portions_end_as_when_followed_together(monkeypatch):
    known = systems.flip_flop("tanh16")
    together = search(*known)
    monkeypatch.setattr(smooth, "_PORTION", 100)
    assert_same(search(*known), together)


@pytest.mark.parametrize("rough_from", [1, 10**6])
def test_zeros_with_ill_conditioned_jacobians_are_found(monkeypatch, rough_from):
    """Rates from 1 to 1e-12 in rotated coordinates, of which the slowest has three zeros."""
    monkeypatch.setattr(following, "_ROUGH_FROM", rough_from)
    size, rng = 24, np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.standard_normal((size, size)))
    rates, gains = np.logspace(0, -12, size), np.full(size, 0.5)
    gains[-1] = 1.5
    field = lambda x: turn @ (rates * (jnp.tanh(gains * (turn.T @ x)) - turn.T @ x))  # noqa: E731
    points = sx.find_fixed_points(
        sx.Flow(field, size), rng.uniform(-1, 1, (60, size)), slow_points=False, completeness=False
    )
    height = brentq(lambda y: np.tanh(1.5 * y) - y, 0.1, 2.0, xtol=1e-15)
    along = np.sort(points.states @ turn[:, -1])
    assert np.abs(along - [-height, 0.0, height]).max() < 1e-3  # 1e-16 of rounding over a rate
    assert (points.outcomes == "fixed").mean() > 0.9


@pytest.mark.parametrize("rough_from", [1, 10**6])
@pytest.mark.parametrize("gap", [1e-5, 1e-7])
def test_zeros_near_one_another_are_told_apart(monkeypatch, rough_from, gap):
    monkeypatch.setattr(following, "_ROUGH_FROM", rough_from)
    size, low = 24, 0.3

    def field(x):
        pair = (x[:1] - low) * (x[:1] - low - gap) * (x[:1] + 1)
        return jnp.concatenate([pair, 0.1 * jnp.sin(x[:-1]) - x[1:]])

    starts = np.random.default_rng(0).uniform(-1, 1, (60, size))
    points = sx.find_fixed_points(
        sx.Flow(field, size), starts, slow_points=False, completeness=False
    )
    assert points.certified.all()
    assert np.abs(np.sort(points.states[:, 0]) - [-1, low, low + gap]).max() < 1e-3 * gap


def test_where_no_valley_leads_to_a_zero_the_other_candidates_are_spared(monkeypatch):
    """As in the minima of large random networks, in each of which a walk takes many SVDs."""
    walked, follow_valleys = [], following.follow_valleys

    def counted(evaluate, residual, levels, starts, *rest):
        walked.append(len(starts))
        return follow_valleys(evaluate, residual, levels, starts, *rest)

    monkeypatch.setattr(following, "follow_valleys", counted)
    monkeypatch.setattr(Evaluator, "turns", lambda self, count: turns(count, 4))
    candidates = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    system = sx.Flow(lambda x: jnp.square(x - 0.1 * x[::-1]) + 0.1, 2)
    found = sx.find_fixed_points(system, candidates, slow_points=False)
    assert (found.outcomes == "rejected").all()
    assert walked == [4]

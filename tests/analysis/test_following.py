"""Ways of following candidates that must not change where they end."""

import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.fixed_points import following, smooth


def search(system, candidates):
    return sx.find_fixed_points(system, candidates, completeness=False)


def textbook(known):
    return known.system, known.candidates


def assert_same(points, expected):
    assert points.kind.tolist() == expected.kind.tolist()
    assert points.n_unstable.tolist() == expected.n_unstable.tolist()
    assert points.certified.tolist() == expected.certified.tolist()
    distance = np.abs(points.states[:, None] - expected.states[None]).max(-1)
    which = distance.argmin(1)
    assert distance.min(1).max() < 1e-9
    assert sorted(which) == list(range(len(expected)))
    assert points.hits.tolist() == expected.hits[which].tolist()
    rank = {
        int(label): int(expected.label[k]) for label, k in zip(points.label, which, strict=True)
    }
    assert [rank.get(int(k), -1) for k in points.reached] == expected.reached.tolist()


CASES = {
    "flip-flop": lambda: systems.flip_flop("tanh16"),
    "rank one": lambda: textbook(systems.rank_one()),
    "ghost": lambda: textbook(systems.ghost(1e-3)),
}


@pytest.mark.parametrize("name", CASES)
def test_rough_steps_and_known_zeros_lead_each_candidate_where_exact_steps_do(monkeypatch, name):
    known = CASES[name]()
    monkeypatch.setattr(following, "_ROUGH_FROM", 10**6)
    exact = search(*known)
    monkeypatch.setattr(following, "_ROUGH_FROM", 1)
    assert_same(search(*known), exact)


def test_candidates_followed_in_portions_end_as_when_followed_together(monkeypatch):
    known = systems.flip_flop("tanh16")
    together = search(*known)
    monkeypatch.setattr(smooth, "_PORTION", 100)
    assert_same(search(*known), together)

"""Systems whose Jacobian is too large to be formed."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.fixed_points import evaluator

SIZE = 4096
GAINS = np.full(SIZE, 0.1)
GAINS[:6] = 3.0, 2.0, 1.5, 0.8, 0.5, 0.3
ACTIVE = np.zeros(SIZE)  # of the units whose gain is above 1, the positive root of x = tanh(g x)
ACTIVE[:3] = 0.9949015284526289, 0.9575040240772687, 0.8585596366401104


def units(kind="map"):
    """x ↦ tanh(g x), unit by unit: 27 fixed points, whose eigenvalues are g (1 − x²)."""
    if kind == "map":
        return sx.DiscreteMap(lambda x: jnp.tanh(GAINS * x), SIZE)
    return sx.Flow(lambda x: jnp.tanh(GAINS * x) - x, SIZE)


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_zeros_of_many_units(kind):
    starts = np.stack([0.9 * np.ones(SIZE), -np.ones(SIZE), 0.8 * np.ones(SIZE), np.zeros(SIZE)])
    points = sx.find_fixed_points(units(kind), starts)
    assert points.kind.tolist() == ["fixed"] * 3
    assert points.hits.tolist() in ([2, 1, 1], [1, 2, 1])
    assert points.n_unstable.tolist() == [0, 0, 3]
    assert points.stability.tolist() == ["stable", "stable", "saddle"]
    assert np.abs(np.abs(points.states[:2]) - ACTIVE).max() < 1e-14
    assert np.abs(points.states[2]).max() < 1e-14
    offset = 1 if kind == "flow" else 0
    assert points.largest_eigenvalue == pytest.approx(np.array([0.8, 0.8, 3.0]) - offset)
    assert (points.residual <= points.rounding_level).all()
    assert not points.certified.any()
    why = "too large: proofs need the Jacobian, which is not formed for more than 2048 units"
    assert set(points.certificate) == {points.completeness} == {why}
    unasked = sx.find_fixed_points(units(kind), starts[:1], certify=False)
    assert set(unasked.certificate) == {unasked.completeness} == {"not asked for"}


def test_a_point_with_more_unstable_directions_than_are_looked_for():
    system = sx.DiscreteMap(lambda x: jnp.tanh((1.2 + jnp.arange(SIZE)) * x), SIZE)
    points = sx.find_fixed_points(system, np.zeros((1, SIZE)))
    assert points.n_unstable.tolist() == [-1]
    assert points.stability.tolist() == ["unknown"]


def test_a_continuum_of_a_large_system_is_one_point():
    m = np.random.default_rng(0).standard_normal(SIZE) / np.sqrt(SIZE)
    system = sx.DiscreteMap(lambda x: x - m * jnp.tanh(m @ x), SIZE)  # all of m · x = 0 is fixed
    points = sx.find_fixed_points(system, np.random.default_rng(1).uniform(-1, 1, (12, SIZE)))
    assert points.kind.tolist() == ["fixed"] and points.hits.tolist() == [12]
    assert "a continuum of fixed points is likely (12 with others between)" in points.certificate[0]
    assert np.isinf(points.error_bound[0]) and abs(m @ points.states[0]) < 1e-12


def test_isolated_points_between_others_are_no_continuum_of_a_large_system(monkeypatch):
    monkeypatch.setattr(evaluator, "DENSE", 10)
    gains = np.array([3.0, 2.0, *np.full(10, 0.3)])  # a grid of 3 by 3, half-way between others
    system = sx.DiscreteMap(lambda x: jnp.tanh(gains * x), 12)
    starts = np.random.default_rng(0).uniform(-1, 1, (60, 12))
    starts[:20, 0], starts[10:30, 1] = 0.0, 0.0
    points = sx.find_fixed_points(system, starts)
    assert len(points.fixed) == 9 and np.isfinite(points.error_bound).all()


def test_both_ways_agree(monkeypatch):
    """The way of large systems, on one that is small enough for the other."""
    known = systems.rank_one()
    dense = sx.find_fixed_points(known.system, known.candidates, completeness=False).fixed
    monkeypatch.setattr(evaluator, "DENSE", 10)
    krylov = sx.find_fixed_points(known.system, known.candidates).fixed
    distance = np.abs(dense.states[:, None] - krylov.states[None]).max(-1)
    assert distance.min(0).max() < 1e-12
    assert len(krylov) >= 2
    nearest = distance.argmin(0)
    assert krylov.n_unstable.tolist() == dense.n_unstable[nearest].tolist()

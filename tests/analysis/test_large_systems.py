"""Systems whose Jacobian is too large to be formed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.completeness import Proof
from separatrix.analysis.fixed_points import evaluator
from separatrix.analysis.fixed_points.latent import take_over
from separatrix.analysis.point_table import PointKind, PointTable
from separatrix.solvers.endings import Ending

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
    assert all(text.startswith(why) for text in points.certificate)
    assert f"not proved complete: {why}" in points.completeness
    assert points.index_sum is None and points.coverage < 1.0
    unasked = sx.find_fixed_points(units(kind), starts[:1], certify=False)
    assert set(unasked.certificate) == {unasked.completeness} == {"not asked for"}


def test_a_point_with_more_unstable_directions_than_are_looked_for():
    system = sx.DiscreteMap(lambda x: jnp.tanh((1.2 + jnp.arange(SIZE)) * x), SIZE)
    points = sx.find_fixed_points(system, np.zeros((1, SIZE)))
    assert points.n_unstable.tolist() == [-1]
    assert points.stability.tolist() == ["unknown"]


def test_nothing_is_told_of_stability_where_derivatives_are_nan():
    system = sx.Flow(lambda x: jnp.sqrt(jax.nn.relu(x - 1)) - x, SIZE)
    points = sx.find_fixed_points(system, np.zeros((1, SIZE)))
    assert points.kind.tolist() == ["fixed"] and points.states.any() == 0
    assert points.n_unstable.tolist() == [-1] and points.stability.tolist() == ["unknown"]


def test_a_continuum_of_a_large_system_is_one_point():
    m = np.random.default_rng(0).standard_normal(SIZE) / np.sqrt(SIZE)
    system = sx.DiscreteMap(lambda x: x - m * jnp.tanh(m @ x), SIZE)  # all of m · x = 0 is fixed
    points = sx.find_fixed_points(system, np.random.default_rng(1).uniform(-1, 1, (12, SIZE)))
    assert points.kind.tolist() == ["fixed"] and points.hits.tolist() == [12]
    assert "a continuum of fixed points is likely (others lie between)" in points.certificate[0]
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


def rank_one(nonlinearity, bias=0.0, size=SIZE):
    """A flow whose zeros lie where one variable, the overlap with `right`, does."""
    left = np.random.default_rng(0).standard_normal((size, 1))
    right = 1.6 * left + 0.1 * np.random.default_rng(1).standard_normal((size, 1))
    return sx.Flow(lambda x: -x + left @ (right.T @ nonlinearity(x)) / size + bias, size)


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_what_latent_variables_decide_is_proved_of_many_units(kind):
    flow = rank_one(jnp.tanh)
    residual = flow.velocity
    system = sx.DiscreteMap(lambda x: x + residual(x), SIZE) if kind == "map" else flow
    starts = np.random.default_rng(2).standard_normal((6, SIZE))
    points = sx.find_fixed_points(system, starts)
    assert len(points) == len(points.fixed) == 3 and points.certified.all()
    assert points.complete and "of the 1 variable that the system depends" in points.completeness
    assert points.stability.tolist() == ["stable", "stable", "saddle"]
    assert points.n_unstable.tolist() == [0, 0, 1] and points.n_unstable_certified.all()
    assert points.index_sum == 1 and "index sum 1 over 3 fixed points" in points.completeness
    assert points.hits.sum() == 6  # of candidates, whose own points are taken for those proved
    assert np.abs(points.states[0] + points.states[1]).max() < 1e-12
    assert (np.abs(points.states).max(1) <= 6).all() and (points.radius > 1).all()
    known = sx.find_fixed_points(system, starts, completeness=False)
    assert known.certified.all() and known.completeness == "not asked for" and not known.complete


def test_units_that_leak_unlike_each_other_have_an_index_sum_but_no_count():
    left = np.random.default_rng(0).standard_normal((SIZE, 1))
    leak = np.linspace(0.5, 1.5, SIZE)
    field = lambda x: 1.6 * left @ (left.T @ jnp.tanh(x)) / SIZE - leak * x  # noqa: E731
    points = sx.find_fixed_points(sx.Flow(field, SIZE), np.ones((2, SIZE)))
    assert points.complete and points.index_sum == 1 and points.certified.all()
    assert points.n_unstable.tolist() == [0, 0, 1] and not points.n_unstable_certified.any()


def test_a_continuum_is_not_searched_to_the_end():
    """A ring of 2100 units: boxes along it could be halved for ever."""
    plane = np.linalg.qr(np.random.default_rng(0).standard_normal((2100, 2)))[0]

    def field(x):
        k = plane.T @ x
        length = jnp.sqrt(1e-12 + k @ k)
        return -x + plane @ (k / length * jnp.tanh(1.5 * length))

    starts = np.random.default_rng(1).standard_normal((20, 2100))
    points = sx.find_fixed_points(sx.Flow(field, 2100), np.vstack([starts, np.zeros((1, 2100))]))
    assert "continuum" in points.completeness
    assert not points.complete
    assert len(points) == 2
    middle = np.abs(points.states).max(axis=1) < 1e-9
    assert middle.tolist() == sorted(middle) and not points.certified.any()
    assert points.certificate[0].startswith("degenerate: a continuum")


def test_relu_networks_of_many_units_and_low_rank_are_proved_complete():
    points = sx.find_fixed_points(rank_one(jax.nn.relu, bias=0.1), np.ones((2, SIZE)))
    assert points.complete and len(points.fixed) == 3 and points.certified.all()
    small = sx.find_fixed_points(rank_one(jax.nn.relu, bias=0.1, size=60), np.ones((2, 60)))
    assert small.complete and small.certified.all()


def test_a_residual_that_the_step_contradicts_proves_nothing_of_many_units(monkeypatch):
    """Where latent variables decide the residual, but nothing is known of the step."""
    flow = rank_one(jnp.tanh)
    jump = jax.custom_jvp(lambda x: x + 0.5 * flow.velocity(x) + jnp.sort(x)[0] * 0.0)
    jump.defjvp(lambda x, dx: (jump(*x), jax.jvp(lambda y: y + 0.5 * flow.velocity(y), x, dx)[1]))
    system = sx.DiscreteMap(jump, SIZE, residual=flow.velocity)
    points = sx.find_fixed_points(system, np.random.default_rng(0).standard_normal((3, SIZE)))
    assert not points.certified.any() and not points.complete
    assert "nothing is proved of the step itself" in points.completeness


def test_more_variables_than_are_searched():
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((2, SIZE, 9))
    system = sx.Flow(lambda x: -x + left @ (right.T @ jnp.tanh(x)) / SIZE, SIZE)
    points = sx.find_fixed_points(system, np.zeros((1, SIZE)))
    assert not points.complete and "at most 8 variables between" in points.completeness


def reached_by_one_each(states):
    table = PointTable.empty(len(states), 2).with_points(np.array(states), PointKind.FIXED, 1e-9)
    return table.with_candidates(np.arange(len(states)), reached=np.arange(len(states)))


def test_a_state_where_all_zeros_are_proved_to_lie_elsewhere_is_rejected():
    table = reached_by_one_each([[0.0, 0.1], [0.0, -0.1], [3.0, 0.0]])
    proof = Proof(True, "complete", np.zeros((1, 2)), np.array([1e-12]), np.array([0.5]))
    table = take_over(proof, table)
    assert table.fixed.tolist() == [True] and table.reached.tolist() == [0, 0, -1]
    assert (table.errors[0], table.radii[0]) == (1e-12, 0.5)
    assert table.outcomes[2] == Ending.ELSEWHERE


def test_a_state_is_kept_where_not_all_zeros_are_known():
    table = take_over(Proof.failed("why not", 2), reached_by_one_each([[3.0, 0.0]]))
    assert table.reached.tolist() == [0]

"""Where branches end, what bounds them, and how others are found."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import follow, tanh_unit

import separatrix as sx


def test_deflation_finds_an_isola():
    system = lambda p: sx.Flow(lambda x: -(x - 3) * (x**2 + p**2 - 0.25), 1)  # noqa: E731
    branches = follow(system, 3.0, (-1.0, 1.0))
    assert branches.special("fold") == pytest.approx([-0.5, 0.5], abs=1e-10)
    assert branches.endings[1].tolist() == ["closed on itself", "closed on itself"]
    isola = branches.of_branch(1)
    assert isola.states[:, 0] ** 2 + isola.parameters**2 == pytest.approx(0.25, abs=1e-9)
    assert follow(system, 3.0, (-1.0, 1.0), disconnected=None).n_branches == 1


@pytest.mark.laws
def test_symmetric_inhibition_of_three_units_is_unfolded():
    J = -np.ones((3, 3)) + np.eye(3)
    branches = follow(
        lambda g: sx.Flow(lambda x: jnp.tanh(g * (J @ x)) - x, 3), [0.0] * 3, (0.2, 2)
    )
    assert branches.special_type.tolist() == ["several modes"]
    assert branches.special_parameters[0] == pytest.approx(1.0, abs=1e-6)
    assert branches.n_branches == 7  # the origin, and six lines through it by symmetry
    assert len(branches.states_at(2.0)) == 13


def test_a_kink_is_turned_and_named():
    # x = relu(p) − |x| …: f = p − |x| has two branches that meet in a corner at p = 0
    branches = follow(lambda p: sx.Flow(lambda x: p - jnp.abs(x), 1), 1.0, (1.0, -1.0))
    assert branches.special_type.tolist() == ["border collision"]
    assert branches.special_parameters[0] == pytest.approx(0.0, abs=1e-6)
    assert np.sort(branches.states_at(1.0)[:, 0]) == pytest.approx([-1.0, 1.0], abs=1e-12)


def test_a_pole_is_approached_in_longer_and_longer_steps():
    """x = 1/p: with steps that grow with the state a branch of 1e4 needs some hundred points."""
    hyperbola = lambda p: sx.Flow(lambda x: 1 / p - x, 1)  # noqa: E731
    method = sx.solvers.PseudoArclength(largest_state=1e4)
    branches = follow(hyperbola, 1.0, (1.0, -1.0), method=method, disconnected=None)
    assert any("largest_state" in ending for ending in branches.endings[0])
    assert len(branches) < 1200
    assert np.abs(np.diff(branches.parameters)).max() <= 2 * 0.02 * 1.1
    assert branches.states[:, 0] * branches.parameters == pytest.approx(1.0, abs=1e-6)


def test_an_asymptote_ends_a_branch_before_rounding_does():
    """p eˣ = x has a fold at p = 1/e; beyond it p → 0 and nothing but rounding is left of it."""
    branches = follow(lambda p: sx.Flow(lambda x: p * jnp.exp(x) - x, 1), 0.0, (0.0, 1.0))
    assert branches.special_type.tolist() == ["fold"]
    assert branches.special_parameters[0] == pytest.approx(np.exp(-1), abs=1e-12)
    assert any("the parameter stands still: an asymptote" in end for end in branches.endings[0])
    assert len(branches) < 600


def test_a_continuum_at_one_value_is_no_row_of_folds():
    branches = follow(lambda p: sx.Flow(lambda x: p * x, 1), 0.0, (-1.0, 1.0), disconnected=None)
    assert branches.special_names == ["degenerate pitchfork"]
    assert all("continuum" in end for end in branches.endings[1])
    everywhere = follow(lambda p: sx.Flow(lambda x: 0 * x, 1), 0.0, (-1.0, 1.0), disconnected=None)
    assert len(everywhere) == 1 and any("rank" in end for end in everywhere.endings[0])


def test_what_lies_outside_the_domain_is_not_followed():
    inside = (-0.5, 0.5)
    branches = follow(lambda p: sx.Flow(lambda x: p - x, 1, domain=inside), 0.0, (0.0, 1.0))
    assert branches.n_branches == 1 and branches.states.max() < 0.53
    assert any("domain" in ending for ending in branches.endings[0])


def test_bounds_are_kept_and_told():
    method = sx.solvers.PseudoArclength(max_points=10)
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), method=method, disconnected=None)
    assert any("max_points" in ending for ending in branches.endings[0])
    assert len(branches.of_branch(0)) <= 19
    method = sx.solvers.PseudoArclength(max_branches=1)
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), method=method)
    assert branches.n_branches == 1 and "max_branches" in branches.remarks[0]

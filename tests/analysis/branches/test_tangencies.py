"""Where a mode touches the stability boundary, and where several are on it: nothing is missed."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx


def turned(z, rate, omega, others=0.0):
    """A pair of modes with real part `rate`, and what keeps it small."""
    return (rate - z @ z - others) * z + omega * jnp.stack([-z[1], z[0]])


def two_pairs(p, other):
    """Pairs with real parts p and `other`, of frequencies 1 and 2.2."""

    def field(z):
        one, two = z[:2], z[2:]
        return jnp.concatenate([turned(one, p, 1.0, two @ two), turned(two, other, 2.2, one @ one)])

    return sx.Flow(field, 4)


ROTATION = np.array([[0.6, -0.8], [0.8, 0.6]])
CASES = {
    # x³ = p stands still at 0 without a fold
    "a hysteresis point": (
        lambda p: sx.Flow(lambda x: p - x**3, 1),
        [-1.0],
        ("tangency", "degenerate", 0.0),
    ),
    "a pair that turns back": (
        lambda p: sx.Flow(lambda z: turned(z, -(p**2), 1.5), 2),
        [0.0, 0.0],
        ("tangency", "degenerate", 1.5),
    ),
    "a multiplier that turns back at −1": (
        lambda p: sx.DiscreteMap(lambda x: -(1 - p**2) * x, 1),
        [0.0],
        ("tangency", "degenerate", np.pi),
    ),
    "a pair of a map that turns back": (
        lambda p: sx.DiscreteMap(lambda x: (1 - p**2) * (ROTATION @ x), 2),
        [0.0, 0.0],
        ("tangency", "degenerate", np.arctan2(0.8, 0.6)),
    ),
    "two pairs that cross": (lambda p: two_pairs(p, p), [0.0] * 4, ("crossing", "double Hopf", 0)),
    "one pair each way": (
        lambda p: two_pairs(p, -p),
        [0.0] * 4,
        ("crossing", "double Hopf", 2.2),
    ),
    "a pair and a real mode": (
        lambda p: sx.Flow(lambda z: jnp.append(turned(z[:2], p, 1.0), p * z[2] - z[2] ** 3), 3),
        [0.0] * 3,
        ("branch point", "fold–Hopf", 0),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_found_and_called_by_its_name(name):
    system_of, start, (kind, why, angle) = CASES[name]
    branches = sx.continue_fixed_points(
        system_of, np.array(start), (-1.0, 1.3), switch=False, disconnected=None
    )
    assert branches.special_type.tolist() == [kind]
    assert branches.special_criticality.tolist() == [why]
    assert abs(branches.special_parameters[0]) < 2 * branches.special_error[0] < 1e-5
    assert branches.special_angle[0] == pytest.approx(angle, abs=1e-5)
    assert branches.special(kind).tolist() == branches.special_parameters.tolist()


def test_two_branches_that_touch_are_both_there_and_meet_at_one_point():
    """x (p² − x) = 0: the parabola touches the line at 0 and crosses nothing."""
    branches = sx.continue_fixed_points(
        lambda p: sx.Flow(lambda x: x * (p**2 - x), 1), np.zeros(1), (-1.0, 1.3)
    )
    assert branches.special_type.tolist() == ["tangency"]
    assert abs(branches.special_parameters[0]) < 2 * branches.special_error[0]
    assert branches.special_branch[0] != branches.special_other[0] >= 0
    for p in (-0.9, 0.9):
        states = branches.states_at(p)[:, 0]
        assert np.unique(states.round(3)).tolist() == pytest.approx([0.0, p**2], abs=2e-3)


@pytest.mark.parametrize(
    "system_of",
    [
        lambda p: sx.Flow(lambda x: p - 0.1 * x - x**3, 1),  # never nearer than 0.1
        lambda p: sx.Flow(lambda x: p - x**3 - 1e-4 * x, 1),  # as near as 1e-4
        lambda p: sx.Flow(lambda z: jnp.stack([p - z[0], 0.0 * z[1]]), 2),  # marginal all along
    ],
)
def test_what_does_not_touch_is_no_tangency(system_of):
    size = system_of(0.0).size
    start = np.append(-1.0, np.zeros(size - 1))
    branches = sx.continue_fixed_points(
        system_of, start, (-1.0, 1.3), switch=False, disconnected=None
    )
    assert branches.n_special == 0


def test_a_double_hopf_point_on_a_curved_branch_of_growth():
    """Rates sin(p − ½) and (p − ½) exp(p): both pass 0 at ½, neither along a line."""
    branches = sx.continue_fixed_points(
        lambda p: two_pairs(jnp.sin(p - 0.5), (p - 0.5) * jnp.exp(p)),
        np.zeros(4),
        (-1.0, 1.3),
        switch=False,
        disconnected=None,
    )
    assert branches.special_criticality.tolist() == ["double Hopf"]
    assert abs(branches.special_parameters[0] - 0.5) <= branches.special_error[0] < 1e-9

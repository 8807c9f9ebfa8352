"""Special points that no normal form of codimension one decides."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import follow

import separatrix as sx


def takens(p, b):
    return sx.Flow(lambda z: jnp.stack([z[1], p + b * z[1] + z[0] ** 2 + z[0] * z[1]]), 2)


@pytest.mark.parametrize(
    ("system_of", "start", "words"),
    [
        # x' = y, y' = p + b y + x² + x y at b = 0: the Hopf point has come to the fold
        (lambda p: takens(p, 0.0), [-1.0, 0.0], ("fold", "degenerate")),
        (lambda p: sx.Flow(lambda x: p - x**4, 1), [1.0], ("fold", "degenerate")),
        (lambda p: sx.Flow(lambda x: p * x - x**5, 1), [0.0], ("pitchfork", "degenerate")),
        # r' = r (p − r⁴): the cubic coefficient is 0, as at a Bautin point
        (
            lambda p: sx.Flow(lambda z: (p - (z @ z) ** 2) * z + jnp.stack([-z[1], z[0]]), 2),
            [0.0, 0.0],
            ("Hopf", "degenerate"),
        ),
        # 1:1 resonance of a map
        (
            lambda p: sx.DiscreteMap(lambda z: jnp.stack([z[0] + z[1], z[1] + p + z[0] ** 2]), 2),
            [-1.0, 0.0],
            ("fold", "degenerate"),
        ),
    ],
)
def test_what_no_normal_form_of_codimension_one_decides_is_called_so(system_of, start, words):
    begin = -1.0 if len(start) == 2 or start == [0.0] else 1.0
    branches = follow(system_of, start, (begin, -begin), disconnected=None)
    assert (branches.special_type[0], branches.special_criticality[0]) == words
    assert branches.special_parameters == pytest.approx([0.0], abs=1e-6)


def test_the_hopf_point_beside_a_bogdanov_takens_point():
    """b = 0.3: trace b + x = 0 at x = −b, so p = −b²; l₁ > 0 all along, as at the BT point."""
    branches = follow(lambda p: takens(p, 0.3), [-1.0, 0.0], (-1.0, 1.0), disconnected=None)
    assert branches.special("Hopf") == pytest.approx([-0.09], abs=1e-12)
    assert branches.special("fold") == pytest.approx([0.0], abs=1e-12)
    assert branches.special_criticality.tolist() == ["subcritical", ""]
    # ½ p·B(q, q) with q = (1, 0), p = (·, 1/b) of the sign for p·q = 1
    assert abs(branches.special_coefficient[1]) == pytest.approx(1 / 0.3, rel=1e-9)


def test_a_fold_with_other_modes_at_the_boundary_is_degenerate():
    """w' = p − w², and beside it a pair with real part p: a fold–Hopf point at 0."""

    def system(p):
        def field(z):
            r2 = z[0] ** 2 + z[1] ** 2
            return jnp.stack([(p - r2) * z[0] - z[1], z[0] + (p - r2) * z[1], p - z[2] ** 2])

        return sx.Flow(field, 3)

    branches = follow(system, [0.0, 0.0, 1.0], (1.0, -0.5), disconnected=None)
    assert branches.special_type.tolist() == ["fold"]
    assert branches.special_names == ["degenerate fold"]


@pytest.mark.parametrize("gap", [1e-6, 2e-8])
def test_two_hopf_points_next_to_one_another_are_two(gap):
    def system(p):
        rates = jnp.array([p, p, p - gap, p - gap])
        spin = jnp.array([1.0, 1.0, 2.2, 2.2]) * jnp.array([-1.0, 1.0, -1.0, 1.0])
        return sx.Flow(lambda z: (rates - z @ z) * z + spin * z[jnp.array([1, 0, 3, 2])], 4)

    branches = follow(system, np.zeros(4), (-1.0, 1.1), disconnected=None)
    assert branches.special_type.tolist() == ["Hopf", "Hopf"]
    assert branches.special("Hopf") == pytest.approx([0.0, gap], abs=1e-12)
    near = gap < 1e-7
    why = "degenerate" if near else "supercritical"
    assert branches.special_criticality.tolist() == [why] * 2


def turned(z, rate, omega, others):
    """A pair of modes with real part `rate`, and what keeps it small."""
    return (rate - z @ z - others) * z + omega * jnp.stack([-z[1], z[0]])


def two_pairs(p, other):
    """Pairs with real parts p and `other`, of frequencies 1 and 2.2."""

    def field(z):
        one, two = z[:2], z[2:]
        return jnp.concatenate([turned(one, p, 1.0, two @ two), turned(two, other, 2.2, one @ one)])

    return sx.Flow(field, 4)


@pytest.mark.parametrize(
    ("system_of", "kind"),
    [
        (lambda p: two_pairs(p, p), "several modes"),
        (lambda p: two_pairs(jnp.sin(p), p * jnp.exp(p)), "several modes"),
        (
            lambda p: sx.Flow(
                lambda z: jnp.append(turned(z[:2], p, 1.0, 0.0), p * z[2] - z[2] ** 3), 3
            ),
            "branch point",
        ),
    ],
)
def test_where_several_modes_cross_the_place_is_known_within_its_error(system_of, kind):
    branches = sx.continue_fixed_points(
        system_of, np.zeros(system_of(0.0).size), (-1.0, 1.3), switch=False, disconnected=None
    )
    assert branches.special_type.tolist() == [kind]
    assert branches.special_criticality.tolist() == [""]
    assert abs(branches.special_parameters[0]) <= branches.special_error[0] < 1e-8


@pytest.mark.parametrize("power", [2, 4])
def test_branches_that_touch_have_no_special_point_and_a_remark(power):
    """x (p^k − x) = 0: the curve touches the line at 0 and crosses nothing."""
    branches = sx.continue_fixed_points(
        lambda p: sx.Flow(lambda x: x * (p**power - x), 1), np.zeros(1), (-1.0, 1.3)
    )
    assert branches.n_special == 0 and branches.remarks
    for p in (-0.9, 0.9):
        states = branches.states_at(p)[:, 0]
        assert np.unique(states.round(3)).tolist() == pytest.approx([0.0, p**power], abs=2e-3)

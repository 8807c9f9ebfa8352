"""Branches of cycles whose folds, flips, tori and ends are known."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import END

import separatrix as sx
from separatrix.solvers.continuation.curve import CurveEnd


def turn(x):
    return jnp.stack([-x[1], x[0]])


def circle(x):
    """A stable cycle of radius 1 and period 2π."""
    return (1 - x @ x) * x + turn(x)


def folded(p):
    """r' = p r + r³ − r⁵: cycles of r⁴ − r² = p, whose fold is at −1/4; also 3 ms of tau."""
    return sx.Flow(lambda x: (p + x @ x - (x @ x) ** 2) * x + turn(x), 2, tau=3.0)


def toroidal(p):
    """A rotation across the cycle, which grows at a rate p: multipliers exp(2π (p ± 0.3 i))."""
    across = lambda z: (p - z @ z) * z + 0.3 * turn(z)  # noqa: E731
    return sx.Flow(lambda x: jnp.concatenate([circle(x[:2]), across(x[2:])]), 4)


def doubling(p):
    """Directions across the cycle that turn by half with it, of rates p and −1.

    In the frame that turns, the field is diag(p, −1) z; after a turn it is upside down, so that the
    multipliers are −exp(2π p) and −exp(−2π).
    """

    def field(x):
        (c, s), z = x[:2] / jnp.linalg.norm(x[:2]), x[2:]
        mirrored = jnp.stack([c * z[0] + s * z[1], s * z[0] - c * z[1]])
        slope = 0.5 * (p - 1) * z + 0.5 * (p + 1) * mirrored
        return jnp.concatenate([circle(x[:2]), slope + 0.5 * turn(z) - z * (z @ z)])

    return sx.Flow(field, 4)


def forked(p):
    return sx.Flow(lambda x: jnp.concatenate([circle(x[:2]), p * x[2:] - x[2:] ** 3]), 3)


def on_the_circle(system):
    """The cycle of radius 1."""
    start = np.eye(system.size)[:1]
    return sx.find_cycles(system, start, length=2 * np.pi * system.time_unit)


@pytest.fixture(scope="module")
def fold():
    fixed = sx.continue_fixed_points(folded, np.zeros(2), (-0.5, 0.5), disconnected=None)
    return sx.continue_cycles(folded, fixed.emerging_cycle(0, -0.01), (-0.5, 0.5), name="p")


def test_cycles_are_followed_through_their_fold(fold):
    square = np.square(fold.states).sum(2)
    np.testing.assert_allclose(square**2 - square, fold.parameters[:, None] + 0 * square, atol=1e-7)
    np.testing.assert_allclose(fold.period, 3 * 2 * np.pi, rtol=1e-8)
    np.testing.assert_allclose(fold.amplitude, 2 * np.sqrt(square[:, :1]) + [0, 0], rtol=5e-3)
    # d/dr (p r + r³ − r⁵) = 2 r² (1 − 2 r²), over a period of 2π
    rate = 2 * square[:, 0] * (1 - 2 * square[:, 0])
    np.testing.assert_allclose(fold.multipliers[:, 0], 1, atol=1e-8)
    np.testing.assert_allclose(fold.multipliers[:, 1], np.exp(2 * np.pi * rate), rtol=1e-5)
    stable = np.abs(rate) > 1e-5
    assert np.array_equal(fold.stability[stable] == "stable", rate[stable] < 0)
    assert np.array_equal(fold.n_unstable[stable], (rate[stable] > 0).astype(int))


def test_the_fold_is_where_it_is_known_to_be(fold):
    assert fold.special_type.tolist() == ["fold"]
    assert fold.special("fold") == pytest.approx([-0.25], abs=1e-8)
    assert abs(fold.special_parameters[0] + 0.25) < 5 * fold.special_error[0] + 1e-10
    assert np.linalg.norm(fold.special_states[0], axis=1) == pytest.approx(np.sqrt(0.5), abs=1e-5)
    assert "fold at p = -0.25, period 18.85 ms" in fold.describe()
    assert set(fold.endings) == {END, CurveEnd.FIXED_POINT.value}
    # from far away, where normal forms tell nothing of cycles, a start moves nearer to the point
    fixed = sx.continue_fixed_points(folded, np.zeros(2), (-0.5, 0.5), disconnected=None)
    branch = sx.continue_cycles(folded, fixed.emerging_cycle(0, -0.4), (-0.5, 0.5))
    assert branch.special("fold") == pytest.approx([-0.25], abs=1e-8)


@pytest.mark.parametrize(
    ("system_of", "kind", "angle"),
    [
        (toroidal, "Neimark–Sacker", 0.6 * np.pi),
        (doubling, "flip", np.pi),
        (forked, "branch point", 0),
    ],
)
def test_multipliers_cross_the_unit_circle_at_zero(system_of, kind, angle):
    branch = sx.continue_cycles(system_of, on_the_circle(system_of(-0.05)), (-0.05, 0.06), at=-0.05)
    assert branch.special_type.tolist() == [kind]
    assert branch.special_parameters == pytest.approx([0.0], abs=1e-8)
    assert branch.special_angle == pytest.approx([angle], abs=1e-6)
    assert np.array_equal(branch.n_unstable == 0, branch.parameters < 0)
    assert branch.endings.tolist() == [END, END]


def test_bounds_are_kept(fold):
    k = int(np.abs(fold.parameters - 0.1).argmin())
    start = sx.find_cycles(folded(0.1), np.array([[1.0, 0.0]]))
    method = sx.solvers.PseudoArclength(max_points=5)
    few = sx.continue_cycles(folded, start, (-0.5, 0.5), at=0.1, method=method)
    assert len(few) == 9 and all("max_points" in ending for ending in few.endings)
    assert few.period[4] == pytest.approx(fold.period[k], rel=1e-7)

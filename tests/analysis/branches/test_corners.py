"""Branches of piecewise linear systems: around their corners, and what happens at each."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import END, follow, residuals, specials, unexplained_changes

import separatrix as sx
from separatrix.solvers import PseudoArclength

COARSE = PseudoArclength(first_step=0.025, max_step=0.05, min_step=1e-4)


def bent(slopes, kinks):
    """x = p + g(x): g(0) = 0, and its slopes below, between and above the kinks."""

    def system_of(p):
        def step(x):
            bends = zip(kinks, slopes, slopes[1:], strict=False)
            changes = [(b - a) * (jnp.maximum(x - k, 0) - max(-k, 0)) for k, a, b in bends]
            return p + slopes[0] * x + sum(changes)

        return sx.DiscreteMap(step, 1)

    return system_of


def rectified(seed, units, gain):
    """A random network of rectified units with an input that is scaled."""
    rng = np.random.default_rng(seed)
    weights = gain * rng.standard_normal((units, units)) / np.sqrt(units)
    bias, drive = rng.standard_normal((2, units))
    return lambda p: sx.DiscreteMap(
        lambda x: jnp.maximum(jnp.asarray(weights) @ x + bias + p * drive, 0), units
    )


def followed(system_of, units, method):
    starts = np.random.default_rng(1).uniform(-2, 2, (60, units))
    points = sx.find_fixed_points(system_of(0.0), starts, completeness=False, slow_points=False)
    return follow(
        system_of, points.fixed.states[:2], (-2, 2), at=0.0, disconnected=None, method=method
    )


@pytest.mark.parametrize(("method", "width"), [(PseudoArclength(), 1e-2), (COARSE, 1e-4)])
def test_kinks_near_one_another_are_special_points_of_their_own(method, width):
    # slopes 0.5, −1.5, 0.5: the point is unstable between the kinks only
    branches = follow(bent((0.5, -1.5, 0.5), (0.0, width)), -2.0, (-1, 1), method=method)
    assert branches.special("border collision") == pytest.approx([0, 2.5 * width], abs=1e-8)
    assert not unexplained_changes(branches)


def test_a_branch_that_turns_back_almost_along_itself_is_followed():
    # p = 100 x below 0, −100 x up to 0.001, x − 0.101 above
    system_of = bent((-99.0, 101.0, 0.0), (0.0, 1e-3))
    branches = follow(system_of, -0.01, (-1, 1), method=COARSE, disconnected=None)
    assert branches.endings[0].tolist() == [END, END]
    assert residuals(branches, system_of).max() < 1e-12
    assert branches.special("border collision") == pytest.approx([-0.1, 0.0], abs=1e-8)
    assert len(specials(branches, "border collision")) == branches.n_special
    assert not unexplained_changes(branches)


# of these the first was lost at a corner, the second one's steps led across kinks and back
@pytest.mark.parametrize("seed", [120, 132])
def test_stability_changes_at_special_points_only(seed):
    system_of = rectified(seed, 8, 1.8)
    branches = followed(system_of, 8, COARSE)
    assert residuals(branches, system_of).max() < 1e-9
    assert not unexplained_changes(branches)
    assert set(branches.endings.ravel().tolist()) <= {END, "closed on itself"}
    assert set(branches.special_type.tolist()) <= {"border collision"}

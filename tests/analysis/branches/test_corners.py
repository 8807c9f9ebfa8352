"""Branches of piecewise linear systems: around their corners, and what happens at each."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from branch_tools import END, follow, residuals, unexplained_changes

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


BENDS = {  # slopes, kinks, a start at −1, and where the branch has its corners
    # the point is unstable between the kinks only
    "apart": ((0.5, -1.5, 0.5), (0.0, 1e-2), -2.0, [0, 2.5e-2], PseudoArclength()),
    "near": ((0.5, -1.5, 0.5), (0.0, 1e-4), -2.0, [0, 2.5e-4], COARSE),
    # turned back almost along itself: p = 100 x below 0, −100 x up to 0.001, x − 0.101 above
    "sharp": ((-99.0, 101.0, 0.0), (0.0, 1e-3), -0.01, [-0.1, 0.0], COARSE),
}


@pytest.mark.parametrize("name", BENDS)
def test_kinks_near_one_another_are_special_points_of_their_own(name):
    slopes, kinks, start, corners, method = BENDS[name]
    system_of = bent(slopes, kinks)
    branches = follow(system_of, start, (-1, 1), method=method, disconnected=None)
    assert branches.endings[0].tolist() == [END, END]
    assert residuals(branches, system_of).max() < 1e-12
    assert branches.special("border collision") == pytest.approx(corners, abs=1e-8)
    assert branches.n_special == 2 and not unexplained_changes(branches)


# of these the first was lost at a corner, the second one's steps led across kinks and back
@pytest.mark.parametrize("seed", [120, 132])
def test_stability_changes_at_special_points_only(seed):
    system_of, starts = rectified(seed, 8, 1.8), systems.box(8, -2, 2, 60, seed=1)
    points = sx.find_fixed_points(system_of(0.0), starts, completeness=False, slow_points=False)
    start = points.fixed.states[:2]
    branches = follow(system_of, start, (-2, 2), at=0.0, disconnected=None, method=COARSE)
    assert residuals(branches, system_of).max() < 1e-9
    assert not unexplained_changes(branches)
    assert set(branches.endings.ravel().tolist()) <= {END, "closed on itself"}
    assert set(branches.special_type.tolist()) <= {"border collision"}

"""Following branches of fixed points."""

import jax.numpy as jnp
import numpy as np

import separatrix as sx

SECTION = "The geometry of the state space"


def random_flow(size: int, gain: float = 1.5, seed: int = 0):
    """Return x' = tanh(W x + p b) − x as a function of p, and its fixed point at p = 4."""
    rng = np.random.default_rng(seed)
    W = gain * rng.standard_normal((size, size)) / np.sqrt(size)
    b = rng.standard_normal(size)

    def system_of(p):
        return sx.Flow(lambda x: jnp.tanh(W @ x + p * b) - x, size)

    start = np.tanh(4.0 * b)
    points = sx.find_fixed_points(system_of(4.0), start[None], certify=False, completeness=False)
    return system_of, points.states[0]


def test_branch_of_1000_points(benchmark, figure):
    """A branch of 1,000 points of 128 units, with all eigenvalues at every point."""
    system_of, start = random_flow(128)
    method = sx.solvers.PseudoArclength(first_step=0.0025, max_step=0.0025, max_points=1000)
    branches = benchmark.pedantic(
        sx.continue_fixed_points,
        (system_of, start, (4.0, 0.0)),
        {"method": method, "switch": False, "disconnected": None},
        rounds=3,
        warmup_rounds=1,
    )
    value, count = benchmark.stats.stats.median, len(branches)
    figure(
        SECTION,
        30,
        "a branch of 1,000 points of 128 units",
        asked="≤ 10 s",
        measured=f"{1000 * value / count:.1f} s a thousand points ({count} points in {value:.1f} s)",
        reached=1000 * value / count <= 10,
        values={"seconds": value, "points": count},
    )


def test_special_points_are_exact(benchmark, figure):
    """The pitchforks and folds of Wong and Wang's model in the strength of the stimulus."""
    known = [-7.731826998201019] * 2 + [10.67680576467845, 43.01818677701672]
    known += [65.68198606519489] * 2

    def system_of(mu):
        def field(s):
            drive = 270.0 * (0.2609 * s - 0.0497 * s[::-1] + 0.3255 + 0.00052 * mu) - 108.0
            return -s / 0.1 + (1 - s) * 0.641 * drive / -jnp.expm1(-0.154 * drive)

        return sx.Flow(field, 2, domain=(0.0, 1.0))

    start = np.full(2, 0.102651249565)
    branches = benchmark.pedantic(
        sx.continue_fixed_points, (system_of, start, (-20.0, 80.0)), {"at": 0.0}, rounds=1
    )
    found = np.sort(branches.special_parameters)
    error = np.abs(found - known).max() if len(found) == len(known) else np.inf
    figure(
        SECTION,
        31,
        "4 folds and 2 pitchforks of Wong and Wang (2006)",
        asked="all, to 1e-8",
        measured=f"{len(found)} special points, the largest error {error:.0e}",
        reached=error < 1e-8,
        values={"error": float(error)},
    )

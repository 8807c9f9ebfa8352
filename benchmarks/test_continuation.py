"""Following branches of fixed points."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import root

import separatrix as sx
from separatrix._parallel import one_blas_thread

from .processes import worker
from .timing import seconds

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


NATURAL_STEPS = 100


def by_scipy(size: int, start: np.ndarray, gain: float = 1.5, seed: int = 0) -> np.ndarray:
    """Return the spectra along the same branch, as they are computed without a library."""
    rng = np.random.default_rng(seed)
    W = gain * rng.standard_normal((size, size)) / np.sqrt(size)
    b = rng.standard_normal(size)
    x, spectra = start, []

    def jacobian(x: np.ndarray, p: float) -> np.ndarray:
        slope = 1 - np.tanh(W @ x + p * b) ** 2
        return slope[:, None] * W - np.eye(size)

    with one_blas_thread():
        for p in np.linspace(4.0, 3.0, NATURAL_STEPS):
            field = lambda x, p=p: np.tanh(W @ x + p * b) - x  # noqa: E731
            x = root(field, x, jac=lambda x, p=p: jacobian(x, p)).x
            spectra.append(np.linalg.eigvals(jacobian(x, p)))
    return np.array(spectra)


def test_branch_of_1000_points(benchmark, figure):
    """A branch of 1,000 points of 128 units, with all eigenvalues at every point."""
    system_of, start = random_flow(128)
    by_hand = 1000 * seconds(lambda: by_scipy(128, start)) / NATURAL_STEPS
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
        measured=f"{1000 * value / count:.1f} s a thousand points ({count} points in {value:.1f} "
        f"s); `scipy.optimize.root` and `numpy.linalg.eigvals` from value to value of the "
        f"parameter, which folds stop, take {by_hand:.1f} s a thousand",
        reached=1000 * value / count <= 10,
        values={"seconds": value, "points": count, "scipy": by_hand},
    )


@pytest.mark.parametrize("size", [256, 512])
def test_large_networks(benchmark, figure, full, size):
    """A whole branch with its special points; 512 units only where everything is measured."""
    if size > 256 and not full:
        pytest.skip("BENCH_FULL=1 measures it")
    system_of, start = random_flow(size)
    method = sx.solvers.PseudoArclength(first_step=0.01)
    branches = benchmark.pedantic(
        sx.continue_fixed_points,
        (system_of, start, (4.0, 0.0)),
        {"method": method, "switch": False, "disconnected": None},
        rounds=1,
    )
    value, count = benchmark.stats.stats.median, len(branches)
    figure(
        SECTION,
        32 + size // 256,
        f"a whole branch of {size} units, compilation included",
        asked="n = 2 to 512",
        measured=f"{value:.0f} s: {count} points, {branches.n_special} special points, their "
        f"largest error {np.max(branches.special_error, initial=0):.0e}",
        values={"seconds": value, "points": count},
    )


SIZES = [2, 64, 512]
KNOWN = {
    "pitchfork": "a network of rank one in its gain",
    "fold": "a bistable network of rank one in an input",
    "Hopf": "a full network in its gain, whose rest turns into an oscillation",
}


@pytest.mark.parametrize("kind", KNOWN)
@pytest.mark.parametrize("size", SIZES)
def test_every_branch_and_special_points_that_are_known(benchmark, figure, full, size, kind):
    """All options as they come, in a process of its own: switching, deflation, compilation."""
    if size > 64 and not full:
        pytest.skip("BENCH_FULL=1 measures it: minutes on a busy machine")
    done = benchmark.pedantic(worker, ("continuation", size, kind), {"timeout": 900.0}, rounds=1)
    right = done is not None and done["error"] is not None
    figure(
        SECTION,
        35 + 3 * SIZES.index(size) + list(KNOWN).index(kind),
        f"every branch of {KNOWN[kind]}, {size} units, compilation included",
        asked="n = 2 to 512, to 1e-8",
        measured="not done within 900 s"
        if done is None
        else f"{done['seconds']:.0f} s ({done['processor']:.0f} s of processor time), peak "
        f"{done['memory']:.0f} MiB; branches: {done['branches']}, points: {done['points']}, "
        f"special points ({kind}): {done['special']}, "
        + (f"to {done['error']:.0e}" if right else "not those that are known"),
        reached=right and done["error"] < 1e-8,
        values=done or {},
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

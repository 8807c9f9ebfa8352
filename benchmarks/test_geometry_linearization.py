"""Linearizing many points, beside the LAPACK eigenvalue calls alone."""

import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix._parallel import one_blas_thread
from separatrix.solvers.batched import over_parts

from .timing import interleaved, ratio, seconds

SECTION = "The geometry of the state space"


def network(size: int) -> sx.DiscreteMap:
    """Return h' = tanh(W h + B u) with random weights."""
    rng = np.random.default_rng(0)
    W, B = 1.2 * rng.standard_normal((size, size)) / size**0.5, rng.standard_normal((size, 3))
    return sx.DiscreteMap(lambda x, u: jnp.tanh(W @ x + B @ u), size, input=np.zeros(3))


def eigenvectors(matrices: np.ndarray) -> np.ndarray:
    """Call LAPACK's dgeev through NumPy, on as many threads as the library uses."""
    with one_blas_thread():
        return over_parts(lambda part: np.linalg.eig(part)[1], matrices, work=np.inf)


def test_linearization(benchmark, figure):
    """1,000 points of 128 units."""
    system = network(128)
    states = 0.3 * np.random.default_rng(1).standard_normal((1000, 128))
    linear = sx.linearize(system, states)
    works = {
        "lapack": lambda: seconds(lambda: eigenvectors(linear.jacobians)),
        "ours": lambda: seconds(lambda: sx.linearize(system, states)),
        "non-normality": lambda: seconds(linear.non_normality),
    }
    times = benchmark.pedantic(interleaved, (works, 3), rounds=1)
    share = ratio(times["ours"], times["lapack"])
    extra = ratio(times["non-normality"], times["lapack"])
    figure(
        SECTION,
        0,
        "linearization of 1,000 points of 128 units, against `np.linalg.eig` of their Jacobians",
        asked="≤ 1.5 times",
        measured=f"{share:.2f} times ({np.median(times['ours']):.2f} s against "
        f"{np.median(times['lapack']):.2f} s); non-normality {extra:.2f} times more",
        reached=share <= 1.5,
        values={"ratio": share, "non-normality": extra},
    )

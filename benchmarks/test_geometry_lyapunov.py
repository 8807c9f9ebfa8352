"""The Lyapunov spectrum, beside the same recipe in NumPy."""

import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix.solvers.threads import one_blas_thread

from .timing import interleaved, ratio, seconds

SECTION = "The geometry of the state space"
STEPS = 10_000


def by_hand(W: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the spectrum from a NumPy loop, as it is usually written."""
    Q, sums = np.eye(len(x)), np.zeros(len(x))
    with one_blas_thread():
        for _ in range(STEPS):
            x = np.tanh(W @ x)
            Q, R = np.linalg.qr((1 - x**2)[:, None] * (W @ Q))
            sums += np.log(np.abs(np.diag(R)))
    return np.sort(sums / STEPS)[::-1]


def test_lyapunov_spectrum(benchmark, figure):
    """64 units over 10,000 steps."""
    W = 1.8 * np.random.default_rng(0).standard_normal((64, 64)) / 8
    x = np.random.default_rng(1).standard_normal(64)
    system = sx.DiscreteMap(lambda h: jnp.tanh(W @ h), 64)
    method = sx.solvers.TangentQR(steps=STEPS, transient=0)

    def ours() -> float:
        return seconds(lambda: sx.lyapunov_exponents(system, x, method=method))

    first = ours()
    works = {"ours": ours, "numpy": lambda: seconds(lambda: by_hand(W, x))}
    times = benchmark.pedantic(interleaved, (works, 3), rounds=1)
    value = float(np.median(times["ours"]))
    faster = ratio(times["numpy"], times["ours"])
    got = sx.lyapunov_exponents(system, x, method=method)
    apart = float(np.abs(got.exponents[0] - by_hand(W, x))[:8].max())
    figure(
        SECTION,
        20,
        "Lyapunov spectrum of 64 units over 10,000 steps",
        asked="≤ 3 s",
        measured=f"{value:.2f} s ({first:.2f} s with compilation); a NumPy loop takes "
        f"{faster:.1f} times as long; the first 8 exponents differ by {apart:.0e}",
        reached=value <= 3,
        values={"seconds": value, "first": first, "ratio": faster},
    )

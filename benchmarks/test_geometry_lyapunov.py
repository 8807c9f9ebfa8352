"""The Lyapunov spectrum, beside the same recipe in NumPy and beside nolds."""

import jax.numpy as jnp
import numpy as np

import separatrix as sx
from separatrix._parallel import one_blas_thread

from .exponent_errors import main as coverages
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


def test_logistic_map_beside_nolds(benchmark, figure, peer):
    """The exponent ln 2 of the logistic map: ours from its derivatives, nolds's from a series."""
    other = peer("lyapunov_nolds.py", "nolds")
    system = sx.DiscreteMap(lambda x: 4 * x * (1 - x), 1)
    method = sx.solvers.TangentQR(steps=2000, transient=100)
    start, reports = np.array([0.3]), []

    def ours() -> float:
        return seconds(lambda: sx.lyapunov_exponents(system, start, method=method))

    def theirs() -> float:
        reports.append(other.work())
        return reports[-1]["seconds"]

    ours()
    times = benchmark.pedantic(interleaved, ({"ours": ours, "nolds": theirs}, 3), rounds=1)
    spectrum, report = sx.lyapunov_exponents(system, start, method=method), reports[-1]
    error = abs(float(spectrum.exponents[0, 0]) - np.log(2))
    apart = abs(report["exponent"] - np.log(2))
    figure(
        SECTION,
        21,
        "Lyapunov exponent ln 2 of the logistic map from 2,000 steps, beside nolds",
        asked="–",
        measured=f"off by {error:.0e} (said: ± {float(spectrum.standard_error[0, 0]):.0e}) in "
        f"{np.median(times['ours']):.3f} s; nolds, which is given the series alone, by {apart:.0e} "
        f"in {np.median(times['nolds']):.2f} s",
        values={"error": error, "nolds": apart},
    )


def test_coverage_of_standard_errors(benchmark, figure):
    """How often two standard errors cover exponents that are known: 100 runs of each system."""
    found = benchmark.pedantic(coverages, rounds=1)
    for place, kind in enumerate(("cycle", "torus", "chaos")):
        some = [r for name, rows in found.items() if name.startswith(kind) for r in rows]
        covered, ratio = zip(*some, strict=True)
        figure(
            SECTION,
            22 + place,
            f"two standard errors cover an exponent: {kind}, 100 runs of each system",
            asked="90 to 99 %",
            measured=f"{100 * min(covered):.0f} to {100 * max(covered):.0f} %; errors said are "
            f"{min(ratio):.2f} to {max(ratio):.2f} of the real ones",
            reached=min(covered) >= 0.9 and max(covered) <= 0.99,
            values={"least": min(covered), "most": max(covered)},
        )

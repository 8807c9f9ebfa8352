"""How often two standard errors of a Lyapunov exponent cover it, where it is known.

Run ``python -m benchmarks.exponent_errors [RUNS]`` from the root of the repository.
"""

import sys
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

import separatrix as sx

DURATIONS = 25  # of runs: whole periods of a cycle would be a special case


class Known(NamedTuple):
    """A system, random starts for it, and its exponents; None where a number is not known."""

    system: sx.DiscreteMap | sx.Flow
    starts: Callable[[np.random.Generator, int], np.ndarray]
    exponents: tuple[float | None, ...]
    steps: int
    dt: float | None


def normal(size: int, scale: float = 1.0) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Starts from a normal distribution."""
    return lambda rng, count: scale * rng.standard_normal((count, size))


def van_der_pol(x: jnp.ndarray, mu: float = 1.0) -> jnp.ndarray:
    """A cycle."""
    return jnp.stack([x[1], mu * (1 - x[0] ** 2) * x[1] - x[0]])


def torus(x: jnp.ndarray) -> jnp.ndarray:
    """Two cycles, whose periods have no common multiple."""
    return jnp.concatenate([van_der_pol(x[:2]), 2**0.5 * van_der_pol(x[2:], 0.6)])


def lorenz(x: jnp.ndarray) -> jnp.ndarray:
    """Chaos."""
    return jnp.stack([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])


def rossler(x: jnp.ndarray) -> jnp.ndarray:
    """Chaos whose period hardly varies."""
    return jnp.stack([-x[1] - x[2], x[0] + 0.2 * x[1], 0.2 + x[2] * (x[0] - 5.7)])


def henon(x: jnp.ndarray) -> jnp.ndarray:
    """Chaos of a map."""
    return jnp.stack([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]])


def logistic(x: jnp.ndarray) -> jnp.ndarray:
    """Chaos in which the sum of growth swings within bounds."""
    return 4 * x * (1 - x)


def uniform(rng: np.random.Generator, count: int) -> np.ndarray:
    """Starts of the logistic map."""
    return rng.uniform(0.1, 0.9, (count, 1))


SYSTEMS = {
    "cycle, van der Pol": Known(sx.Flow(van_der_pol, 2), normal(2), (0.0, -1.05937), 10_000, 0.01),
    "cycle, stiff van der Pol": Known(
        sx.Flow(lambda x: van_der_pol(x, 3.0), 2), normal(2), (0.0, None), 10_000, 0.01
    ),
    "torus of two": Known(sx.Flow(torus, 4), normal(4), (0.0, 0.0, None, None), 10_000, 0.02),
    "chaos, Lorenz": Known(sx.Flow(lorenz, 3), normal(3), (0.9056, 0.0, -14.5721), 20_000, 0.01),
    "chaos, Rössler": Known(
        sx.Flow(rossler, 3), normal(3, 0.5), (0.0714, 0.0, -5.3943), 20_000, 0.02
    ),
    "chaos, Hénon": Known(
        sx.DiscreteMap(henon, 2), normal(2, 0.1), (0.41922, np.log(0.3) - 0.41922), 10_000, None
    ),
    "chaos, logistic": Known(sx.DiscreteMap(logistic, 1), uniform, (np.log(2),), 10_000, None),
}


def coverage(known: Known, runs: int = 100, seed: int = 0) -> list[tuple[float, float]]:
    """Return for each known exponent how often it is covered, and the errors said beside the real.

    The runs differ in where they start and in how long they last, by up to a fifth. The second
    number is the root mean square of the errors said, divided by that of the real ones.
    """
    rng = np.random.default_rng(seed)
    errors, said = [], []
    for part in np.array_split(known.starts(rng, runs), min(DURATIONS, runs)):
        steps = int(known.steps * rng.uniform(0.8, 1.0))
        method = sx.solvers.TangentQR(steps=steps, transient=known.steps // 5, dt=known.dt)
        got = sx.lyapunov_exponents(known.system, part, method=method)
        there = [k for k, exponent in enumerate(known.exponents) if exponent is not None]
        truth = np.array([known.exponents[k] for k in there], float)
        errors.append(np.asarray(got.exponents)[:, there] - truth)
        said.append(np.asarray(got.standard_error)[:, there])
    off, error = np.concatenate(errors), np.concatenate(said)
    covered = (np.abs(off) <= 2 * error).mean(0)
    ratio = np.sqrt((error**2).mean(0) / (off**2).mean(0))
    return [(float(c), float(r)) for c, r in zip(covered, ratio, strict=True)]


def main(runs: int = 100) -> dict[str, list[tuple[float, float]]]:
    """Print the coverage of every system, and return it."""
    results = {name: coverage(known, runs) for name, known in SYSTEMS.items()}
    for name, found in results.items():
        told = ", ".join(f"{100 * c:.0f} % ({r:.2f} of the real error)" for c, r in found)
        print(f"{name:26s} {told}")
    return results


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))

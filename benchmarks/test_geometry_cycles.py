"""Cycles: how many are found, and how fast."""

import jax.numpy as jnp
import numpy as np

import separatrix as sx

SECTION = "The geometry of the state space"


def test_scyfi_cycles(benchmark, figure):
    """The PLRNN of SCYFI's tests, whose two 16-cycles are solved exactly."""
    A, W = np.diag([0.8377689, 0.96461297]), np.array([[0, -0.64375], [0.52505308, 0]])
    h = np.array([0.37298253, -0.97931491])
    system = sx.DiscreteMap(lambda z: A @ z + W @ jnp.maximum(z, 0) + h, 2)
    starts = np.random.default_rng(0).uniform(-10, 10, (200, 2))
    cycles = benchmark.pedantic(
        sx.find_cycles, (system, starts), {"length": 16}, rounds=3, warmup_rounds=1
    )
    largest = np.sort(np.abs(np.asarray(cycles.multipliers)[:, 0]))
    right = len(cycles) == 2 and np.allclose(largest, [0.518900, 1.610218], atol=1e-6)
    value = benchmark.stats.stats.median
    figure(
        SECTION,
        30,
        "16-cycles of SCYFI's PLRNN from 200 starts",
        asked="2, exact",
        measured=f"{len(cycles)}, {int(cycles.exact.sum())} exact; {value:.3f} s",
        reached=right and bool(cycles.exact.all()),
        values={"seconds": value, "cycles": len(cycles)},
    )


def test_henon_cycles(benchmark, figure):
    """All cycles of up to 8 steps of the Hénon map, whose numbers are known."""
    henon = lambda x: jnp.stack([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]])  # noqa: E731
    system = sx.DiscreteMap(henon, 2)
    starts = np.random.default_rng(0).uniform(-1, 1, (300, 2)) * [1, 0.3]
    cycles = benchmark.pedantic(
        sx.find_cycles, (system, starts), {"length": range(1, 9)}, rounds=1, warmup_rounds=1
    )
    counts = [int((cycles.length == k).sum()) for k in range(1, 9)]
    value = benchmark.stats.stats.median
    figure(
        SECTION,
        31,
        "cycles of 1 to 8 steps of the Hénon map from 300 starts",
        asked="2, 1, 0, 1, 0, 2, 4, 7",
        measured=f"{', '.join(map(str, counts))}; {value:.2f} s",
        reached=counts == [2, 1, 0, 1, 0, 2, 4, 7],
        values={"seconds": value, "cycles": len(cycles)},
    )

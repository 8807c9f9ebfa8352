"""What XLA reaches on this machine in float32: the ceiling for everything else."""

import jax
import jax.numpy as jnp
import numpy as np

from .timing import seconds


def chained_products(rows: int, size: int, length: int, rounds: int = 15) -> float:
    """Return GFLOP/s of `length` products (rows, size) × (size, size), each from the last one."""
    weights = jax.random.orthogonal(jax.random.key(0), size)
    start = jnp.ones((rows, size))

    @jax.jit
    def chain(state: jax.Array, weights: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, length, lambda _, h: h @ weights, state)

    chain(start, weights).block_until_ready()
    times = [seconds(lambda: chain(start, weights).block_until_ready()) for _ in range(rounds)]
    return 2 * rows * size**2 * length / float(np.median(times)) / 1e9

"""Float64 inside the analysis, whatever the user has set JAX to."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax


@contextmanager
def double_precision() -> Iterator[None]:
    """Compute in float64, and let arrays of different ranks and types meet as JAX does by itself.

    Users may forbid the latter in their own code (`jax_numpy_rank_promotion` and
    `jax_numpy_dtype_promotion`); programs of the analysis rely on it.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np
    >>> with jax.numpy_rank_promotion("raise"), double_precision():
    ...     (jnp.ones((2, 3)) * np.ones(3)).dtype
    dtype('float64')
    """
    with (
        jax.enable_x64(True),
        jax.numpy_rank_promotion("allow"),
        jax.numpy_dtype_promotion("standard"),
    ):
        yield

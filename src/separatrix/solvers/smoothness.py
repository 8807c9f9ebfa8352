"""Functions that have a derivative everywhere, by the operations that they consist of."""

from collections.abc import Callable
from typing import Any

from ..enclosure.errors import NoIntervalRule
from ..enclosure.flat import trace
from ..enclosure.operations import Trait, operation


def is_smooth(function: Callable[..., Any], size: int) -> bool:
    """Return whether a function of `(size,)` consists of smooth operations alone.

    What does not may be smooth all the same, as a square root is but at zero. The function is
    traced in float64; nothing is compiled.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> is_smooth(jnp.tanh, 2), is_smooth(lambda x: jnp.maximum(x, 0.0), 2)
    (True, False)
    """
    try:
        program = trace(function, (size,))
    except NoIntervalRule:
        return False
    return all(
        Trait.SMOOTH in operation(step.name).traits
        and all(dtype.kind == "f" for dtype in step.dtypes)
        for step in program.steps
    )

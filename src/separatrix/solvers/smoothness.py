"""Functions that have a derivative everywhere, by the operations that they consist of."""

from collections.abc import Callable
from typing import Any

from ..enclosure.errors import NoIntervalRule
from ..enclosure.flat import trace

# Operations without a kink or a jump, where they are defined. What is not among them may be smooth
# all the same, as a square root is but at zero.
_SMOOTH = frozenset(
    ("add", "add_any", "sub", "mul", "neg", "div", "square", "integer_pow", "dot_general",
     "conv_general_dilated", "reduce_sum", "exp", "expm1", "log", "log1p", "log2", "tanh",
     "logistic", "sin", "cos", "sinh", "cosh", "asinh", "atan", "erf", "erfc", "reshape",
     "squeeze", "broadcast_in_dim", "transpose", "slice", "rev", "split", "unstack", "concatenate",
     "stack", "pad", "tile", "copy", "stop_gradient", "name", "device_put", "convert_element_type")
)  # fmt: skip


def is_smooth(function: Callable[..., Any], size: int) -> bool:
    """Return whether a function of `(size,)` consists of smooth operations alone.

    The function is traced in float64; nothing is compiled.

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
        step.name in _SMOOTH and all(dtype.kind == "f" for dtype in step.dtypes)
        for step in program.steps
    )

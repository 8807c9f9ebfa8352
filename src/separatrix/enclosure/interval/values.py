"""Values of the interpreter: bounds, and slopes with respect to the argument.

Every array has a leading axis of boxes, of length 1 where it is the same in all boxes; slopes have
a second axis, of the function's inputs. So the rule of an operation on arrays of shape ``s`` works
on bounds ``(box, *s)`` and on slopes ``(box, input, *s)``. No slopes (None) means that the value
does not depend on the argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ..errors import NoIntervalRule
from .arithmetic import Array, Interval, add, multiply, point


class Value(NamedTuple):
    """Bounds (box, *shape) and slopes (box, input, *shape).

    A bound of NaN says that nothing is known, as of x/x about 0, which may itself be NaN; whatever
    the slopes are, any are possible there.
    """

    bounds: Interval
    slopes: Interval | None = None

    @property
    def rank(self) -> int:
        """The number of axes, those of boxes and inputs not counted."""
        return self.bounds.ndim - 1

    def through(self, function: Callable[[Interval, int], Interval]) -> Value:
        """Apply a linear function of a part and the number of its leading axes to both parts."""
        bounds, slopes = self
        return Value(function(bounds, 1), None if slopes is None else function(slopes, 2))


Refuse = Callable[[NDArray[np.bool_], str], None]
"""Says that nothing may be concluded from slopes in boxes where an element (box, …) is true."""

# A rule maps (refuse, step, *values) to the value of the step.
Rule = Callable[..., Value]
Known = Mapping[int, Value]  # the constants of a program, by slot


def constant(values: Array) -> Value:
    """Make a value that is the same in all boxes; float32 weights are real numbers like others."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf" and not jnp.issubdtype(array.dtype, jnp.floating):
        raise NoIntervalRule(f"a constant of type {array.dtype}")
    return Value(point(array[None] if array.dtype.kind in "biu" else array[None].astype(float)))


def scaled(slopes: Interval | None, factor: Interval) -> Interval | None:
    """Return slopes times an elementwise factor (box, *s)."""
    return None if slopes is None else multiply(slopes, factor[:, None])


def summed(first: Interval | None, second: Interval | None) -> Interval | None:
    """Add slopes, either of which may be absent."""
    if first is None or second is None:
        return first if second is None else second
    return add(first, second)


def zero_slopes(value: Value, inputs: int) -> Interval:
    """Write out the slopes of a value that does not depend on the argument."""
    bounds = value.bounds
    return point(np.zeros((bounds.shape[0], inputs, *bounds.shape[1:])))


def count_inputs(*values: Value) -> int | None:
    """Return the length of the input axis, if any of the values has slopes."""
    return next((value.slopes.shape[1] for value in values if value.slopes is not None), None)


def aligned(*values: Value) -> list[Value]:
    """Elementwise operands of equal rank: JAX lets a scalar meet an array."""
    rank = max(value.rank for value in values)
    return [_with_rank(value, rank) for value in values]


def _with_rank(value: Value, rank: int) -> Value:
    missing = (1,) * (rank - value.rank)
    if not missing:
        return value
    return value.through(lambda part, lead: part.map(lambda a: a.reshape(a.shape + missing)))


def joined(values: Sequence[Value], join: Callable[[list[Array], int], Array]) -> Value:
    """Put several values together, those without slopes having slopes of zero."""

    def together(parts: list[Interval], lead: int) -> Interval:
        boxes = max(part.shape[0] for part in parts)

        def end(arrays: list[Array]) -> Array:
            return join(
                [np.broadcast_to(array, (boxes, *array.shape[1:])) for array in arrays], lead
            )

        lower = end([part.lower for part in parts])
        exact = all(part.exact for part in parts)
        return Interval(lower, lower if exact else end([part.upper for part in parts]))

    bounds = together([value.bounds for value in values], 1)
    inputs = count_inputs(*values)
    if inputs is None:
        return Value(bounds)
    slopes = [value.slopes or zero_slopes(value, inputs) for value in values]
    return Value(bounds, together(slopes, 2))

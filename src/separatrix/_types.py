"""Names shared by every floor: the array type, and the errors that users meet."""

import difflib
from collections.abc import Iterable
from typing import Any

import jax
import numpy as np

Array = jax.Array | np.ndarray
"""A JAX or a NumPy array. Training and simulation give JAX arrays (float32); the analysis gives
NumPy arrays (float64), because a float64 JAX array loses its precision in the first operation
outside `jax.enable_x64`."""


class SeparatrixError(Exception):
    """Everything that this package raises on purpose."""


class InvalidInputError(SeparatrixError, ValueError):
    """What was given cannot be used. The text says what was expected, what came, what to do."""


class UnreadableFileError(SeparatrixError, OSError):
    """A file that is missing, damaged, or not one of ours."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return "did you mean 'steps' or 'seed'?", or the whole list where nothing is near."""
    valid = list(valid)
    near = difflib.get_close_matches(name, valid, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(n) for n in near)}?"
    return f"valid: {', '.join(sorted(valid))}."


def is_number(value: Any) -> bool:
    """Tell whether a value is a real number; true and false are none."""
    if not isinstance(value, (int, float, np.generic, np.ndarray, jax.Array)):
        return False
    return np.ndim(value) == 0 and np.asarray(value).dtype.kind in "iuf"


def is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number, by its type; true and false are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def require_number(value: Any, name: str) -> float:
    """Return `value` as a float; raise InvalidInputError unless it is a real number."""
    if not is_number(value):
        raise InvalidInputError(f"{name} must be a number, got {value!r}.")
    return float(value)


def require_count(value: Any, name: str, least: int = 1) -> int:
    """Return `value` as an int; raise InvalidInputError unless it is whole and large enough."""
    if not is_whole(value) or value < least:
        raise InvalidInputError(
            f"{name} must be a whole number of at least {least}, got {value!r}."
        )
    return int(value)


def require_positive(value: Any, name: str, unit: str = "") -> None:
    """Raise InvalidInputError unless `value` is a finite number above zero."""
    require_number(value, name)
    if not (np.isfinite(value) and value > 0):
        raise InvalidInputError(f"{name} must be positive, got {value:g} {unit}".rstrip() + ".")


def require_finite(array: Array, name: str) -> None:
    """Raise InvalidInputError when `array` holds NaN or infinity, with the count and the place."""
    bad = ~np.isfinite(np.asarray(array))
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidInputError(
            f"{name} has {int(bad.sum())} values that are NaN or infinite, the first at {first}."
        )

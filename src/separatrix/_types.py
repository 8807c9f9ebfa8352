"""Names shared by every layer: the array type, and the errors that users meet."""

import difflib
import functools
import os
import re
from collections.abc import Iterable
from typing import Annotated, Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

Array = jax.Array | np.ndarray
"""A JAX or a NumPy array. Training and simulation give JAX arrays (float32); the analysis gives
NumPy arrays (float64), because a float64 JAX array loses its precision in the first operation
outside `jax.enable_x64`."""


class SeparatrixError(Exception):
    """The base class of the errors that this package raises on purpose."""


class InvalidInputError(SeparatrixError, ValueError):
    """An argument is not valid: the text says what was expected, what came, and what to do."""

    def __init__(self, text: str = ""):
        super().__init__(re.sub(r"\n+\s+", " ", text))  # arrays are quoted over several lines


class UnreadableFileError(SeparatrixError, OSError):
    """A file is missing or damaged, or was not written by this package."""


def nearest(name: Any, valid: Iterable[str]) -> str:
    """Return "did you mean 'steps' or 'seed'?", or the whole list where nothing is near.

    A name that is no text is near to nothing.
    """
    valid = list(valid)
    near = difflib.get_close_matches(name, valid, 3, 0.5) if isinstance(name, str) else []
    if near:
        return f"did you mean {' or '.join(repr(n) for n in near)}?"
    return f"valid: {', '.join(sorted(valid))}."


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 unit", "2 units"; `many` is for plurals that do not end in s alone."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def first_line(error: BaseException) -> str:
    """Return what went wrong in one line: other libraries' messages may be long."""
    return f"{type(error).__name__}: {str(error).strip().split(chr(10))[0]}".rstrip(".")


def listed(names: Iterable[str], most: int = 8) -> str:
    """Return names in their order as a text, the first few of many."""
    names = sorted(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def is_number(value: Any) -> bool:
    """Return whether a value is a real scalar number; true and false are none."""
    if not isinstance(value, (int, float, np.generic, np.ndarray, jax.Array)):
        return False
    dtype = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
    return np.ndim(value) == 0 and getattr(dtype, "kind", "") in set("iuf")  # a key's has none


def is_whole(value: Any) -> bool:
    """Return whether a value is of an integer type; true and false are not."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


MOST = 2**31 - 1
"""The largest count: JAX numbers the entries of an array by 32 bits."""


def require_room(numbers: float, what: str) -> None:
    """Raise InvalidInputError where so many numbers (float32) exceed this machine's memory.

    XLA ends the process when it cannot have what it asks for.
    """
    needed, there = 4 * numbers, _memory()
    if needed > there:
        raise InvalidInputError(
            f"{what} would take at least {needed / 2**30:,.0f} GiB, and this machine has "
            f"{there / 2**30:.0f}: ask for less."
        )


@functools.cache
def _memory() -> float:
    """Return the memory of this machine in bytes; infinite where the system does not tell."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def require_key(key: Any, name: str = "key") -> PRNGKeyArray:
    """Return one random key as it is; raise InvalidInputError for anything else.

    The keys of old, two words (or more) in an array that `jax.random.PRNGKey` makes, are keys too.
    """
    dtype, shape = getattr(key, "dtype", None), np.shape(key) if hasattr(key, "shape") else None
    if is_random_key(key):
        if shape == ():
            return key
        raise InvalidInputError(
            f"{name} must be one random key, got an array of them of shape {shape}. Take one, "
            "such as keys[0]."
        )
    if dtype == np.uint32 and shape == jax.random.key_data(jax.random.key(0)).shape:
        return key
    raise InvalidInputError(
        f"{name} must be a random key of JAX, such as jax.random.key(0), got {briefly(key)}."
    )


GivenKey = Annotated[PRNGKeyArray, require_key]
"""A random key that a user gives."""


def is_random_key(value: Any) -> bool:
    """Return whether a value is a random key of JAX's own type, or an array of them."""
    dtype = getattr(value, "dtype", None)
    return dtype is not None and jax.dtypes.issubdtype(dtype, jax.dtypes.prng_key)


def require_text(value: Any, name: str) -> str:
    """Return a text; raise InvalidInputError for anything else, and for what no file can hold."""
    if not isinstance(value, str):
        raise InvalidInputError(f"{name} must be a text, got {briefly(value)}.")
    if re.search("[\\0\ud800-\udfff]", value):
        raise InvalidInputError(
            f"{name} must be text that can be stored, got {value!a:.60}: it holds a null character "
            "or half of a surrogate pair."
        )
    return str(value)


def briefly(value: Any) -> str:
    """Return a value as it is written, or what it is where that is long."""
    text, shape = repr(value), getattr(value, "shape", None)
    long = f"an array of shape {shape}" if isinstance(shape, tuple) else with_article(type(value))
    return text if len(text) < 40 else long


def with_article(kind: type) -> str:
    """Return the name of a class after an article, such as "an Axes"."""
    return f"{'an' if kind.__name__[0] in 'AEIOUaeiou' else 'a'} {kind.__name__}"


def real_array(value: Any, name: str, *, copied: bool = True) -> np.ndarray:
    """Return an array of float64; raise InvalidInputError for what is no array of real numbers.

    Unless it is `copied` it may be the given one, and then cannot be written to. Entries that a
    masked array hides are NaN: they are not known.

    Examples
    --------
    >>> real_array([1, 2], "axis")
    array([1., 2.])
    """
    if getattr(value, "requires_grad", False):  # a tensor within a computation of gradients
        value = value.detach()
    try:
        masked = isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value)
        array = np.ma.getdata(value) if masked else np.asarray(value)
        if array.dtype.kind in "cmMSUV":  # complex, times, texts, records
            raise TypeError(f"its values are {array.dtype}")
        if masked:
            array = np.where(np.ma.getmaskarray(value), np.nan, array.astype(float))
        if not copied:
            array = array.astype(float, copy=False).view()
            array.flags.writeable = False
            return array
        return array.astype(float)
    except (TypeError, ValueError, OverflowError) as error:
        parts = value if isinstance(value, list | tuple) else ()
        shapes = {tuple(part.shape) for part in parts if hasattr(part, "shape")}
        shapes |= {(len(part),) for part in parts if isinstance(part, list | tuple)}
        if len(shapes) > 1:
            got = " and ".join(map(str, sorted(shapes)[:2]))
            raise InvalidInputError(
                f"{name} must be one array of real numbers, got a {type(value).__name__} of parts "
                f"of different shapes, such as {got}. Join states with np.concatenate, or make "
                "trials equally long by filling their ends with NaN."
            ) from error
        raise InvalidInputError(
            f"{name} must be an array of real numbers, got {type(value).__name__}: "
            f"{str(error).rstrip('.')}."
        ) from error


def label_array(value: Any, name: str) -> np.ndarray:
    """Return an array of labels; raise InvalidInputError unless all are numbers, or all texts."""
    try:
        np.unique(np.asarray(value))  # which sorts them
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"{name} must be an array of numbers, or one of texts: {error}."
        ) from error


def is_traced(values: Any) -> bool:
    """Whether an array, or one in a list, is a tracer, as of the parameter of a continuation."""
    return any(isinstance(value, jax.core.Tracer) for value in jax.tree.leaves(values))


def require_finite(array: Array, name: str) -> None:
    """Raise InvalidInputError when `array` holds NaN or infinity, with the count and the place."""
    if is_traced(array):
        return
    bad = ~np.isfinite(np.asarray(array))
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InvalidInputError(
            f"{name} has {int(bad.sum())} values that are NaN or infinite, the first at {first}."
        )

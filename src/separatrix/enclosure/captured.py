"""The NumPy arrays that a function reads, of which JAX may hold rounded copies.

JAX remembers of a NumPy array what it made of it, and goes by the array alone (seen in 0.10.2): a
function that has run in float32 is given rounded weights when it is traced in float64 afterwards.
A user runs a network before it is analyzed.
"""

import functools
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from .._types import InvalidInputError

_MOST = 10_000  # values that are looked at: what holds more is a world, and no function
_LIBRARIES = ("separatrix", "jax", "jaxlib", "numpy", "equinox", "scipy")


@contextmanager
def own_arrays(function: Any) -> Iterator[None]:
    """Let a function be traced in float64 with its arrays as they are, and leave no trace of it.

    Where JAX holds copies of another precision it is made to forget all that it has compiled.
    Raises InvalidInputError where it does not forget, because somebody holds the copies.
    """
    arrays = [array for array in captured_arrays(function) if array.dtype == np.float64]
    with double_precision():
        _forget_others(arrays)
        if not all(map(_is_kept, arrays)):
            raise InvalidInputError(
                "the function reads NumPy arrays of float64 of which JAX keeps copies rounded to "
                "float32, because it has run in float32: give the function copies of them, "
                "np.array(weights), or make the system first."
            )
    try:
        yield
    finally:
        _forget_others(arrays)


def _forget_others(arrays: list[np.ndarray]) -> None:
    if not all(map(_is_kept, arrays)):
        gc.collect()
        if not all(map(_is_kept, arrays)):
            jax.clear_caches()
            gc.collect()


def _is_kept(array: np.ndarray) -> bool:
    """Tell whether JAX makes of an array what it makes of every other one."""
    return bool(jnp.asarray(array).dtype == jnp.result_type(float))


def captured_arrays(function: Any) -> Iterator[np.ndarray]:
    """Yield the NumPy arrays that a function can reach.

    They are looked for in variables, defaults and attributes, in lists, tuples and dicts, in
    functions that are called, and below `jax.jit`.
    """
    seen: dict[int, Any] = {}
    waiting = [function]
    while waiting and len(seen) < _MOST:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        if isinstance(value, np.ndarray):
            yield value
        else:
            waiting += _within(value)


def _within(value: Any) -> list[Any]:
    """Return what a value holds."""
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
        held = [*cells, value.__defaults__, value.__kwdefaults__]
        return held if _of_library(value) else [*held, *_globals_read(value)]
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if callable(value) and hasattr(value, "__wrapped__"):
        return [value.__wrapped__]
    if isinstance(value, eqx.Module):
        return jax.tree.leaves(value)
    if isinstance(value, (type, ModuleType)) or _of_library(type(value)):
        return []
    shared = [v for c in type(value).__mro__ for v in vars(c).values()]
    return [*(v for v in shared if isinstance(v, np.ndarray)), getattr(value, "__dict__", {})]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _of_library(of: Any) -> bool:
    return (getattr(of, "__module__", None) or "").split(".")[0] in _LIBRARIES


def _globals_read(function: FunctionType) -> list[Any]:
    """Return the global variables whose names a function, or one defined in it, has."""
    names, codes = set[str](), [function.__code__]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    scope = function.__globals__
    return [scope[name] for name in sorted(names & scope.keys())]

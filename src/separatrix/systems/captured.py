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
                "the function reads NumPy arrays of float64. It has already run in float32, so JAX "
                "keeps copies of these arrays that are rounded to float32. Give the function new "
                "copies, np.array(weights), or make the system before the function runs."
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
    """Return whether JAX converts an array to its default type of floats."""
    return bool(jnp.asarray(array).dtype == jnp.result_type(float))


def captured_arrays(function: Any) -> Iterator[np.ndarray]:
    """Yield the NumPy arrays that a function can reach."""
    return (array for _, array in named_arrays(function) if isinstance(array, np.ndarray))


def named_arrays(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arrays of NumPy and JAX that a function can reach, by what its writer calls them.

    They are looked for in variables, defaults and attributes, in lists, tuples and dicts, in
    functions that are called, and below `jax.jit`.
    """
    seen: dict[int, Any] = {}
    waiting = [("", function)]
    while waiting and len(seen) < _MOST:
        name, value = waiting.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        if isinstance(value, (np.ndarray, jax.Array)):
            yield name, value
        else:
            waiting += within(name, value)


def within(name: str, value: Any) -> list[tuple[str, Any]]:
    """Return what a value holds, by name."""
    if isinstance(value, (list, tuple)):
        return [(f"{name}[{k}]", one) for k, one in enumerate(value)]
    if isinstance(value, dict):
        held = dict.copy(value)  # collecting garbage may shorten one of weak references meanwhile
        return [(f"{name}[{key!r}]", one) for key, one in held.items()]
    if isinstance(value, FunctionType):
        return _read_by(value)
    if isinstance(value, MethodType):
        return [(name, value.__func__), (name or type(value.__self__).__name__, value.__self__)]
    if isinstance(value, functools.partial):
        return [(name, value.func), (name, value.args), (name, value.keywords)]
    if callable(value) and hasattr(value, "__wrapped__"):
        return [(name, value.__wrapped__)]
    if isinstance(value, eqx.Module):
        leaves = jax.tree_util.tree_leaves_with_path(value)
        return [(name + jax.tree_util.keystr(path), leaf) for path, leaf in leaves]
    if isinstance(value, (type, ModuleType)) or _of_library(type(value)):
        return []
    shared = {key: one for c in type(value).__mro__[::-1] for key, one in vars(c).items()}
    arrays = {key: one for key, one in shared.items() if isinstance(one, np.ndarray)}
    attributes = arrays | dict(getattr(value, "__dict__", {}))
    return [(f"{name}.{key}", one) for key, one in attributes.items()]


def _read_by(function: FunctionType) -> list[tuple[str, Any]]:
    """Return the variables and defaults of a function, by name."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    held = [(name, cell.cell_contents) for name, cell in cells if is_filled(cell)]
    defaults = function.__defaults__ or ()
    count = function.__code__.co_argcount
    held += zip(function.__code__.co_varnames[count - len(defaults) : count], defaults, strict=True)
    held += (function.__kwdefaults__ or {}).items()
    return held if _of_library(function) else [*held, *_globals_read(function)]


def is_filled(cell: Any) -> bool:
    """Return whether a variable of a closure has a value yet."""
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _of_library(of: Any) -> bool:
    return (getattr(of, "__module__", None) or "").split(".")[0] in _LIBRARIES


def _globals_read(function: FunctionType) -> list[tuple[str, Any]]:
    """Return the global variables whose names a function, or one defined in it, has."""
    names, codes = set[str](), [function.__code__]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    scope = function.__globals__
    return [(name, scope[name]) for name in sorted(names & scope.keys())]

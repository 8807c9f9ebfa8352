"""Functions whose NumPy arrays are objects of their own.

JAX remembers of a NumPy array in a function what it made of it, and goes by the array alone (seen
in 0.10.2): a function that has run in float32 is given rounded arrays when it is traced in float64
afterwards, in silence or with an error, and the other way about. A user runs a network before and
after it is analysed. So each time a function is traced here it reads views that nobody else has.
"""

import functools
from collections.abc import Callable
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import equinox as eqx
import jax
import numpy as np

_WIDE = frozenset("iufc")  # kinds of numbers that have 64 bits, or 32 where JAX is told so
_LIBRARIES = ("separatrix", "jax", "jaxlib", "numpy", "equinox", "scipy")
_EMPTY = object()  # stands for what is in a cell that is not filled
_MOST = 10_000  # values that are looked at: what holds more is a world, and no function


def with_own_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes the same, from views of the arrays of 64 bits it can reach.

    It is the function itself where there are none. Arrays are looked for in variables, defaults and
    attributes, in lists, tuples and dicts, in functions that are called, and below `jax.jit`.

    Examples
    --------
    >>> weights = np.eye(2)
    >>> step = lambda x, w=weights: w @ x
    >>> (own,) = with_own_arrays(step).__defaults__
    >>> own is weights, own.base is weights
    (False, True)
    """
    copied: Callable[..., Any] = _Copies().of(function)
    return copied


class _Copies:
    """What has been copied on the way through one function."""

    def __init__(self) -> None:
        self.made: dict[int, Any] = {}
        self.kept: list[Any] = []  # so that no number is given to another object

    def of(self, value: Any) -> Any:
        """Return a value with views of the arrays in it; itself if there are none."""
        if id(value) in self.made:
            return self.made[id(value)]
        if len(self.made) > _MOST:
            return value
        self.kept.append(value)
        self.made[id(value)] = value  # what refers to itself
        self.made[id(value)] = copy = self._copy(value)
        return copy

    def _copy(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.view() if _is_wide(value) else value
        if type(value) in (list, tuple):
            parts = [self.of(part) for part in value]
            return value if _same(parts, value) else type(value)(parts)
        if type(value) is dict:
            names, before = list(value), list(value.values())
            parts = [self.of(part) for part in before]
            return value if _same(parts, before) else dict(zip(names, parts, strict=True))
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            parts = [self.of(value.__func__), self.of(value.__self__)]
            return value if _same(parts, (value.__func__, value.__self__)) else MethodType(*parts)
        if isinstance(value, functools.partial):
            return self._partial(value)
        if _is_jitted(value):
            inner = self.of(value.__wrapped__)
            return value if inner is value.__wrapped__ else inner
        if isinstance(value, eqx.Module):
            leaves, form = jax.tree.flatten(value)
            parts = [self.of(leaf) for leaf in leaves]
            return value if _same(parts, leaves) else jax.tree.unflatten(form, parts)
        return self._object(value)

    def _function(self, function: FunctionType) -> FunctionType:
        cells = tuple(CellType() for _ in _closure(function))
        scope: dict[str, Any] = {}
        copy = FunctionType(function.__code__, scope, function.__name__, None, cells or None)
        self.made[id(function)] = copy  # it may refer to itself
        read = [function.__defaults__, function.__kwdefaults__, *map(_inside, _closure(function))]
        parts = [self.of(value) for value in read]
        before = {} if _of_library(function) else _globals_read(function)
        after = {name: self.of(value) for name, value in before.items()}
        pairs = zip((*parts, *after.values()), (*read, *before.values()), strict=True)
        if all(one is other or one is copy for one, other in pairs):
            return function
        copy.__defaults__, copy.__kwdefaults__, *contents = parts
        for cell, value in zip(cells, contents, strict=True):
            if value is not _EMPTY:
                cell.cell_contents = value
        scope.update(function.__globals__, **after)
        copy.__dict__.update(function.__dict__)
        return copy

    def _partial(self, value: functools.partial[Any]) -> functools.partial[Any]:
        before = (value.func, value.args, value.keywords)
        function, arguments, keywords = (self.of(part) for part in before)
        if _same((function, arguments, keywords), before):
            return value
        return functools.partial(function, *arguments, **keywords)

    def _object(self, value: Any) -> Any:
        """Return an object with other attributes, where it is one that a user has written."""
        inside = getattr(value, "__dict__", None)
        if type(inside) is not dict or isinstance(value, (type, ModuleType)):
            return value
        if _of_library(type(value)):
            return value
        shared = {
            k: v for c in type(value).__mro__[::-1] for k, v in vars(c).items() if _is_wide(v)
        }
        inside = shared | inside  # those of the class become the object's own
        names, before = list(inside), list(inside.values())
        parts = [self.of(part) for part in before]
        if _same(parts, before) or not _is_plain(type(value)):
            return value
        copy = object.__new__(type(value))
        copy.__dict__.update(zip(names, parts, strict=True))
        return copy


def _closure(function: FunctionType) -> tuple[CellType, ...]:
    return function.__closure__ or ()


def _inside(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return _EMPTY


def _is_wide(value: Any) -> bool:
    if not isinstance(value, np.ndarray) or isinstance(value, np.ma.MaskedArray):
        return False
    return value.dtype.kind in _WIDE and value.dtype.itemsize >= 8


def _same(parts: Any, others: Any) -> bool:
    return all(one is other for one, other in zip(parts, others, strict=True))


def _is_jitted(value: Any) -> bool:
    return callable(value) and hasattr(value, "__wrapped__") and hasattr(value, "lower")


def _is_plain(kind: type) -> bool:
    """Tell whether all that there is of an object of a class is in its `__dict__`."""
    own = [c for c in kind.__mro__ if c is not object]
    return kind.__new__ is object.__new__ and not any(c.__dict__.get("__slots__") for c in own)


def _of_library(of: Any) -> bool:
    return (getattr(of, "__module__", None) or "").split(".")[0] in _LIBRARIES


def _globals_read(function: FunctionType) -> dict[str, Any]:
    """Return the global variables whose names a function, or one defined in it, has."""
    names, codes = set[str](), [function.__code__]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    scope = function.__globals__
    return {name: scope[name] for name in sorted(names & scope.keys())}

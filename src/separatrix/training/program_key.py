"""Telling that two functions are the same program, so that it is compiled once."""

from types import CodeType, FunctionType
from typing import Any

import optax


class Optimizer:
    """An optax optimizer that equals another one made by the same call.

    `optax.adam(1e-3)` gives new functions every time. A compiled program is looked up by the
    functions in it, so two calls of `train` would compile it twice.
    """

    def __init__(self, transformation: optax.GradientTransformation):
        self.transformation = transformation
        self.likeness = tuple(likeness(function) for function in transformation)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Optimizer) and self.likeness == other.likeness

    def __hash__(self) -> int:
        return hash(self.likeness)


def likeness(thing: Any) -> Any:
    """Return a hashable value that is equal for optax's functions of the same code and contents.

    Everything else counts as equal to itself only: a user's function may depend on a global that
    has changed since, which neither its code nor its contents show.
    """
    if isinstance(thing, FunctionType) and thing.__module__.split(".")[0] == "optax":
        cells = tuple(_content(cell) for cell in thing.__closure__ or ())
        return thing.__code__, cells, likeness(thing.__defaults__), likeness(thing.__kwdefaults__)
    if isinstance(thing, tuple | list):
        return type(thing), tuple(likeness(item) for item in thing)
    if isinstance(thing, dict):
        return dict, tuple((key, likeness(value)) for key, value in thing.items())
    if thing is None or isinstance(thing, bool | int | float | str | bytes | type | CodeType):
        return type(thing), thing
    return _Itself(thing)


def _content(cell: Any) -> Any:
    try:
        return likeness(cell.cell_contents)
    except ValueError:  # not yet filled
        return None


class _Itself:
    """Keeps a thing alive and equals only its own kind of the same thing."""

    def __init__(self, thing: Any):
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)

"""Checks that figures are given records of the kinds that their signatures name."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import jax
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from .._records import Record
from .._types import InvalidInputError, require_count
from ..systems import AbstractSystem
from ..tasks import AbstractTask

_OBJECTS = (AbstractTask, AbstractSystem, Mapping, Axes, FigureBase)
_CHECKED = (Record, np.ndarray, jax.Array, *_OBJECTS, NoneType)


def require_given(draw: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> None:
    """Raise InvalidInputError where a function that draws is given another kind of record.

    Looked at are the arguments whose annotation names records, tasks, systems or mappings of them.
    Missing arguments are left to Python, which names them itself.
    """
    signature = inspect.signature(draw)
    _require_place(kwargs.get("legend"))
    for name, value in signature.bind_partial(*args, **kwargs).arguments.items():
        kinds = _kinds(signature.parameters[name].annotation)
        if kinds and not isinstance(value, kinds):
            raise InvalidInputError(
                f"figures.{draw.__name__}: {name} must be {_named(kinds)}, got "
                f"{_with_article(type(value).__name__)}.{_found_inside(value, kinds)}"
            )
        _require_members(name, value, signature.parameters[name].annotation)


def _require_members(name: str, value: Any, annotation: Any) -> None:
    """Raise InvalidInputError for no text or count, and for a dict of none, or of other things."""
    if annotation is str and not isinstance(value, str):
        raise InvalidInputError(f"{name} must be a text, got {value!r:.60}.")
    if name == "num_trials" and (value is not None or annotation is int):
        require_count(value, name)
    kind = get_args(annotation)[-1] if get_origin(annotation) is Mapping else None
    if kind is None or not isinstance(value, Mapping):
        return
    if not value or not all(_is_of(member, kind) for member in value.values()):
        held = ", ".join(sorted({type(v).__name__ for v in value.values()})) or "nothing"
        raise InvalidInputError(f"{name} must be a dict of {_in_words(kind)} by name, got {held}.")


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a member of a dict is of its declared kind; of a tuple the number of parts counts."""
    plain = get_origin(kind) or kind
    if plain is tuple:
        return isinstance(value, tuple) and len(value) == len(get_args(kind))
    return isinstance(value, plain) if isinstance(plain, type | UnionType) else True


def _in_words(kind: Any) -> str:
    return str(kind) if get_args(kind) else kind.__name__


def _require_place(legend: Any) -> None:
    if legend is not None and legend is not False and legend not in ("inside", "outside"):
        raise InvalidInputError(
            f'legend must be "inside", "outside", False, or None (placed where there is room), got '
            f"{legend!r}."
        )


def _kinds(annotation: Any) -> tuple[type, ...]:
    members = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    classes = tuple(get_origin(member) or member for member in members)
    known = all(isinstance(c, type) and issubclass(c, _CHECKED) for c in classes)
    return classes if known else ()


def _named(kinds: tuple[type, ...]) -> str:
    arrays = (np.ndarray, jax.Array)
    names = [
        "None" if kind is NoneType else _with_article("array" if kind in arrays else kind.__name__)
        for kind in kinds
    ]
    return " or ".join(dict.fromkeys(names))


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _found_inside(value: Any, kinds: tuple[type, ...]) -> str:
    """Name the part of a value that would have been right, such as the history of a training."""
    wanted = tuple(kind for kind in kinds if kind is not NoneType)
    names = [field.name for field in dataclasses.fields(value)] if _is_instance(value) else []
    found = [name for name in names if isinstance(getattr(value, name), wanted)]
    return f" Give its .{found[0]}." if found else ""


def _is_instance(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)

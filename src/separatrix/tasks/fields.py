"""Declarations of the settings that tasks share; each checks and converts what it is given."""

import functools
from typing import Annotated, Any, Literal

import equinox as eqx
import numpy as np

from .._checked import SOME, Bounds, Milliseconds, NotNegative, taken
from .durations import Length, as_length


def _setting(name: str, default: Any, annotation: Any, **more: Any) -> Any:
    convert = functools.partial(taken, annotation=annotation, name=name)
    return eqx.field(static=True, default=default, converter=convert, **more)


def step(default: float) -> Any:
    """Declare dt, the time step in ms."""
    return _setting("dt", default, Milliseconds)


def period(name: str, default: Length) -> Any:
    """Declare the duration of a period: ms, or a distribution of them."""
    convert = functools.partial(as_length, name=name)
    return eqx.field(static=True, default=default, converter=convert, metadata={"period": True})


def noise(default: float = 1.0) -> Any:
    """Declare σ, the standard deviation of the input noise in units of the input times √ms."""
    return _setting("noise", default, NotNegative, kw_only=True)


def noise_on() -> Any:
    """Declare where the noise is: "stimulus" or "all"."""
    return _setting("noise_on", "stimulus", Literal["stimulus", "all"], kw_only=True)


def option(name: str, *valid: str) -> Any:
    """Declare a text out of a few, the first of which is the default."""
    return _setting(name, valid[0], Literal[valid])


def count(name: str, default: int, least: int = 1) -> Any:
    """Declare a whole number."""
    return _setting(name, default, Annotated[int, Bounds(least=least)])


def value(name: str, default: float, least: float = -np.inf, most: float = np.inf) -> Any:
    """Declare a finite number in a range."""
    return _setting(name, default, Annotated[float, Bounds(least=least, most=most)])


def levels(
    name: str, default: tuple[float, ...], least: float = -np.inf, most: float = np.inf
) -> Any:
    """Declare a list of numbers in a range, at least one."""
    level = Annotated[float, Bounds(least=least, most=most)]
    return _setting(name, default, Annotated[tuple[level, ...], SOME])


def flag(name: str, default: bool) -> Any:
    """Declare what is true or false."""
    return _setting(name, default, bool)

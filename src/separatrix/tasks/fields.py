"""Declarations of the settings that tasks share; each checks and converts what it is given."""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import numpy as np

from .._types import InvalidInputError, real_array, require_count, require_number, require_positive
from .durations import Length, as_length


def _setting(
    default: Any,
    convert: Callable[..., Any],
    *,
    metadata: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    convert = functools.partial(convert, **options)
    return eqx.field(static=True, default=default, converter=convert, metadata=metadata or {})


def step(default: float) -> Any:
    """Declare dt, the time step in ms."""
    return _setting(default, _step)


def period(name: str, default: Length) -> Any:
    """Declare the duration of a period: ms, or a distribution of them."""
    return _setting(default, as_length, name=name, metadata={"period": True})


def noise(default: float = 1.0) -> Any:
    """Declare σ, the standard deviation of the input noise in units of the input times √ms."""
    return value("noise", default, least=0)


def noise_on() -> Any:
    """Declare where the noise is: "stimulus" or "all"."""
    return option("noise_on", "stimulus", "all")


def option(name: str, *valid: str) -> Any:
    """Declare a text out of a few, the first of which is the default."""
    return _setting(valid[0], one_of, name=name, valid=valid)


def count(name: str, default: int, least: int = 1) -> Any:
    """Declare a whole number."""
    return _setting(default, require_count, name=name, least=least)


def value(name: str, default: float, least: float = -np.inf, most: float = np.inf) -> Any:
    """Declare a finite number in a range."""
    return _setting(default, at_least, name=name, least=least, most=most)


def levels(
    name: str, default: tuple[float, ...], least: float = -np.inf, most: float = np.inf
) -> Any:
    """Declare a list of numbers in a range, at least one."""
    return _setting(default, numbers, name=name, least=least, most=most)


def flag(name: str, default: bool) -> Any:
    """Declare what is true or false."""
    return _setting(default, _true_or_false, name=name)


def _step(given: Any) -> float:
    require_positive(given, "dt", "ms")
    return float(given)


def at_least(given: Any, name: str, least: float, most: float = np.inf) -> float:
    """Return a finite number in a range; raise InvalidInputError for anything else."""
    number = require_number(given, name)
    if not (np.isfinite(number) and least <= number <= most):
        raise InvalidInputError(f"{name} must be {_range(least, most)}, got {number:g}.")
    return number


def _range(least: float, most: float) -> str:
    if np.isfinite(most):
        return f"between {least:g} and {most:g}"
    return f"{least:g} or more" if np.isfinite(least) else "finite"


def numbers(
    given: Any, name: str, least: float = -np.inf, most: float = np.inf
) -> tuple[float, ...]:
    """Return a list or an array of numbers in a range, at least one, as a tuple."""
    if isinstance(given, (str, bytes)) or real_array(given, name).ndim != 1 or len(given) == 0:
        raise InvalidInputError(
            f"{name} must be a list of numbers, at least one; got {given!r:.60}."
        )
    return tuple(at_least(v, f"each of {name}", least, most) for v in given)


def texts(given: Any, name: str) -> tuple[str, ...]:
    """Return a list of names as a tuple; a single text would be taken apart into its letters."""
    if not isinstance(given, (tuple, list)) or not all(isinstance(v, str) for v in given):
        raise InvalidInputError(f"{name} must be a list of names, got {given!r:.60}.")
    return tuple(given)


def one_of(given: Any, name: str, valid: tuple[str, ...]) -> str:
    """Return a text that is one of some; raise InvalidInputError for anything else."""
    if given not in valid:
        expected = " or ".join(f'"{v}"' for v in valid)
        raise InvalidInputError(f"{name} must be {expected}, got {given!r:.60}.")
    return str(given)


def _true_or_false(given: Any, name: str) -> bool:
    if not isinstance(given, (bool, np.bool_)):
        raise InvalidInputError(f"{name} must be true or false, got {given!r:.60}.")
    return bool(given)

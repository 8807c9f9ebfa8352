"""From a table of the settings to the object that it describes."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._types import InvalidInputError, is_number, is_whole, nearest
from .settings import Named

KINDS: dict[type, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", is_whole),
    float: ("a number", is_number),
    str: ("a text", lambda value: isinstance(value, str)),
}
"""What is expected of a value where the default or the annotation is of a type, and the check."""


def construct(
    table: Named, registry: Mapping[str, Any], what: str, source: str, **given: Any
) -> Any:
    """Call `registry[table.name]` with the table's arguments and those given.

    `what` is the path of the table, such as "training.optimizer". Raises InvalidInputError for an
    unknown name, for an unknown or missing argument and for one of the wrong type, with the key and
    the source; and for what the called thing itself finds wrong, in its words.
    """
    noun = what.rpartition(".")[2]
    if table.name not in registry:
        raise InvalidInputError(
            f"unknown {noun} {table.name!r} in {source}: {nearest(table.name, registry)}"
        )
    function = registry[table.name]
    parameters, takes_any = _parameters(function)
    valid = [name for name in parameters if name not in given]
    for name, value in table.arguments.items():
        if name not in valid:
            if takes_any:
                continue  # what it passes on, which whatever it passes that to checks
            raise InvalidInputError(
                f"unknown key '{what}.{name}' in {source}: {nearest(name, valid)}"
            )
        _check_kind(value, parameters[name], f"{what}.{name} in {source}")
    for name in valid:
        if name not in table.arguments and parameters[name].default is inspect.Parameter.empty:
            raise InvalidInputError(f"missing key '{what}.{name}' in {source}.")
    try:
        return function(**given, **table.arguments)
    except InvalidInputError as error:
        raise InvalidInputError(f"{what} in {source}: {error}") from None
    except (TypeError, ValueError, OverflowError) as error:
        text = str(error).strip().split("\n")[0].rstrip(".")
        raise InvalidInputError(f"{what} {table.name!r} in {source}: {text}.") from None


def keys_taken(function: Any) -> list[str] | None:
    """Return the names of a function's arguments, None where it takes any."""
    named, takes_any = _parameters(function)
    return None if takes_any else list(named)


def _parameters(function: Any) -> tuple[dict[str, inspect.Parameter], bool]:
    """Return the named parameters of a function, and whether it takes others as well."""
    every = inspect.signature(function).parameters
    named = {name: p for name, p in every.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
    return named, len(named) < len(every)


def _check_kind(value: Any, parameter: inspect.Parameter, key: str) -> None:
    """Raise InvalidInputError, naming the key, where a value is of another kind than its default.

    Where there is no default the annotation tells; what neither tells is left to the called thing.
    """
    if parameter.name == "learning_rate":  # optax would also take a function, which TOML cannot say
        if not (is_number(value) and math.isfinite(value) and value >= 0):
            raise InvalidInputError(f"{key}: expected a number of 0 or more, got {value!r}.")
        return
    if "Duration" in str(parameter.annotation):  # a number, a list or a table: the task checks it
        return
    default = parameter.default
    if isinstance(default, (tuple, list)):
        expected, fits = KINDS.get(type(default[0]) if default else object, ("", bool))
        if not isinstance(value, (tuple, list)) or (expected and not all(map(fits, value))):
            each = f" ({expected} each)" if expected else ""
            raise InvalidInputError(f"{key}: expected a list{each}, got {value!r}.")
        return
    kind = parameter.annotation if default in (None, inspect.Parameter.empty) else type(default)
    if "float" in str(kind):  # optax's numbers are also arrays and functions
        kind = float
    expected, fits = KINDS.get(kind, ("", bool)) if isinstance(kind, type) else ("", bool)
    if expected and not fits(value):
        raise InvalidInputError(f"{key}: expected {expected}, got {value!r}.")


def fill_defaults(table: Named, registry: Mapping[str, Any], given: Iterable[str]) -> Named:
    """Return the table with every argument that its function has a plain default for."""
    values: dict[str, Any] = {"name": table.name}
    parameters, takes_any = _parameters(registry[table.name])
    if takes_any:
        values |= table.arguments
    for name, parameter in parameters.items():
        value = table.arguments.get(name, parameter.default)
        value = getattr(value, "setting", value)  # a distribution of durations
        if name not in given and isinstance(value, (bool, int, float, str, tuple, list, dict)):
            values[name] = list(value) if isinstance(value, tuple) else value
    return Named.model_validate(values)

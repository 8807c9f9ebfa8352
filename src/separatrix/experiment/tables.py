"""Tables of settings: a model for each, and what pydantic finds wrong in them.

The models are made once, from the registries of tasks, networks and so on. So a file is checked
whole when it is read: it is valid, or refused at once.
"""

import functools
import inspect
import operator
import types
from collections.abc import Callable, Collection, Container, Mapping
from contextlib import suppress
from typing import Annotated, Any, ClassVar, Literal, TypeVar, cast, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
    create_model,
    model_serializer,
)

from .._types import MOST, InvalidInputError, first_line, nearest
from ..tasks.durations import Spelled

M = TypeVar("M", bound=BaseModel)
Whole = Annotated[int, Field(strict=True)]
Count = Annotated[int, Field(ge=1, le=MOST, strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
VariantName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""Strict, for else pydantic would read 200 out of "200" and 1 out of true."""
_STRICT: dict[Any, Any] = {bool: Flag, int: Whole, float: Number, str: str}
_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Settings(BaseModel):
    """A table of settings: without unknown keys, and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(Settings):
    """A table that names a class or a function and gives its arguments; it is written as given.

    What has no default may be missing until it is made: a change, or a study, may give it.
    """

    model_config = ConfigDict(defer_build=True)
    makes: ClassVar[Callable[..., Any]]
    name: str

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that are given."""
        return {key: getattr(self, key) for key in self.model_fields_set if key != "name"}

    def made(self, **others: Any) -> Any:
        """Make what is named, of these arguments and others; refuse where one is missing."""
        makes, given = type(self).makes, {**self.arguments, **others}
        for p in inspect.signature(makes).parameters.values():
            if p.default is p.empty and p.kind not in _MANY and p.name not in given:
                raise InvalidInputError(f"missing key {p.name!r}.")
        return makes(**given)

    def filled(self: M) -> M:
        """Return the table with every argument that has a plain default."""
        values = {key: getattr(self, key) for key in type(self).model_fields}
        return self.model_copy(update={k: v for k, v in values.items() if v is not None})

    @model_serializer(mode="wrap")
    def _as_given(self, dump: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return {key: value for key, value in dump(self).items() if key in self.model_fields_set}


class _Open(Named):
    """A table of a function that passes further arguments on, which whatever takes them checks."""

    model_config = ConfigDict(extra="allow")


class Own(_Open):
    """A table that names a class of the user's own, `module:Class`.

    Its settings are kept as they are given, so that a file reads the same whether or not the class
    is imported; `check` compares them with the class.
    """

    _checked: Named | None = PrivateAttr(None)

    @property
    def is_imported(self) -> bool:
        """Whether the class is known, so that the table can be made."""
        return self._checked is not None

    def check(
        self, makes: Callable[..., Any], given: tuple[str, ...], key: str, source: str
    ) -> None:
        """Check the settings by the arguments of the class; raise InvalidInputError.

        `given` are the arguments that are no keys, which the class has to take.
        """
        taken = inspect.signature(makes).parameters
        is_open = any(p.kind is p.VAR_KEYWORD for p in taken.values())
        if missing := [name for name in given if name not in taken and not is_open]:
            raise InvalidInputError(
                f"{key}.name in {source}: {self.name} must take the arguments {', '.join(given)}; "
                f"it does not take {', '.join(missing)}."
            )
        if bad := [name for name in taken if name.startswith("_") or hasattr(Named, name)]:
            raise InvalidInputError(
                f"{key}.name in {source}: {self.name} has the argument {bad[0]!r}, and a key in a "
                "file cannot have this name. Give the argument another name."
            )
        whole = validated(_table_of(key, self.name, makes, given), {key: self.model_dump()}, source)
        self._checked = getattr(whole, key)

    def made(self, **others: Any) -> Any:
        """Make the class, once it is checked; InvalidInputError for whatever it raises."""
        assert self._checked is not None  # Experiment.check_imported
        try:
            return self._checked.made(**others)
        except InvalidInputError:
            raise
        except Exception as error:
            raise InvalidInputError(f"making it raised {first_line(error)}.") from error

    def filled(self: "Own") -> "Own":
        """Return the table with every argument that has a plain default."""
        assert self._checked is not None  # Experiment.check_imported
        filled = Own.model_validate(self._checked.filled().model_dump(exclude_none=True))
        filled._checked = self._checked
        return filled


@functools.cache
def _table_of(
    key: str, name: str, makes: Callable[..., Any], given: tuple[str, ...]
) -> type[Settings]:
    """Return the model of the one key under which a class of the user's own is given."""
    fields: dict[str, Any] = {key: (_model(name, makes, given), ...)}
    return cast(type[Settings], create_model(key, __base__=Settings, **fields))


def one_of(
    registry: Mapping[str, Callable[..., Any]], given: Container[str] = (), *, or_own: bool = False
) -> Any:
    """Return the type of tables that name an entry of a registry, a model for each.

    The arguments that are `given` to all of them are no keys. With `or_own` a table may name a
    class of the user's own instead.
    """
    models = [_model(name, makes, given) for name, makes in registry.items()]
    known: Any = Annotated[functools.reduce(operator.or_, models), Field(discriminator="name")]
    either: Any = Annotated[known, Tag("<known>")] | Annotated[Own, Tag("<own>")]
    return Annotated[either, Discriminator(_whose)] if or_own else known


def _whose(table: Any) -> str:
    """Return the way in which a table names its class."""
    name = table.get("name") if isinstance(table, Mapping) else getattr(table, "name", None)
    return "<own>" if isinstance(name, str) and ":" in name else "<known>"


def _model(name: str, makes: Callable[..., Any], given: Container[str]) -> type[Named]:
    """Return the model of a table from the arguments of what it names."""
    parameters = inspect.signature(makes).parameters.values()
    is_open = any(p.kind is p.VAR_KEYWORD for p in parameters)
    fields: dict[str, Any] = {
        p.name: (_kind(p), _default(p))
        for p in parameters
        if p.kind not in _MANY and p.name not in given
    }
    fields["name"] = (Literal[name], ...)
    base = _Open if is_open else Named
    model = cast(type[Named], create_model(name, __base__=base, **fields))
    model.makes = makes
    return model


def _kind(parameter: inspect.Parameter) -> Any:
    """Return the type of an argument: that of its default, or else what is annotated.

    What TOML does not know is left to what is called.
    """
    default, annotation = parameter.default, parameter.annotation
    if annotation == Spelled:
        return Any
    if parameter.name == "learning_rate":  # optax would also take a function, which TOML cannot say
        return NotNegative
    if default is parameter.empty:
        return _STRICT.get(annotation, Any)
    if default is None:
        known = [_STRICT[kind] for kind in (float, str) if kind in get_args(annotation)]
        return known[0] | None if known else Any
    if isinstance(default, (tuple, list)):
        each = _STRICT.get(type(default[0]), Any) if default else Any
        return tuple[each, ...]  # type: ignore[valid-type]
    return _STRICT.get(type(default), Any)


def _default(parameter: inspect.Parameter) -> Any:
    """Return a default that TOML can say, such as the table of a distribution, or None."""
    plain = getattr(parameter.default, "setting", parameter.default)
    return plain if isinstance(plain, (bool, int, float, str, tuple, list, dict)) else None


MOST_TOLD = 10
"""Faults of a table that an error names, a line each."""


def validated(model: type[M], values: Mapping[str, Any], source: str) -> M:
    """Return a model of what was given; raise InvalidInputError that names key, source, fault."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = error.errors()
        lines = [_line(fault, source, values, model) for fault in faults[:MOST_TOLD]]
        if len(faults) > MOST_TOLD:
            lines.append(f"{len(faults) - MOST_TOLD} more faults follow.")
        raise InvalidInputError("\n".join(lines)) from None


def _line(fault: Any, source: str, values: Any, model: type[BaseModel]) -> str:
    """Return the key and the source of a fault, pydantic's words for it, and the value."""
    keys: list[str] = []
    table = inner = values
    for part in fault["loc"]:  # pydantic also names the alternatives of a type, which are no keys
        with suppress(LookupError, TypeError):
            table, inner, keys = inner, inner[part], [*keys, str(part)]
    found = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        keys.append(fault["loc"][-1])
    elif fault["type"] == "extra_forbidden":
        known = keys_of(model, ".".join(keys[:-1]), table.get("name")) or ()
        found += f"; {nearest(keys[-1], known)}"
    elif not isinstance(inner, Mapping):
        found += f", got {fault['input']!r:.200}."
    return f"{' in '.join(filter(None, ['.'.join(keys), source]))}: {found}"


def keys_of(model: type[BaseModel], path: str, name: Any) -> Collection[str] | None:
    """Return the keys of the table at `path` that names `name`; None where any or none is known."""
    tables = [model]
    for key in filter(None, path.split(".")):
        fields = (table.model_fields.get(key) for table in tables)
        tables = [table for field in fields if field for table in _tables(field.annotation)]
    found = [table for table in tables if len(tables) == 1 or table.__name__ == name]
    return found[0].model_fields if found and not issubclass(found[0], _Open) else None


def _tables(kind: Any) -> list[type[BaseModel]]:
    """Return the models among the alternatives of a type."""
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias):
        return [kind] if issubclass(kind, BaseModel) else []
    return [table for part in get_args(kind) for table in _tables(part)]

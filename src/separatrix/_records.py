"""Records: frozen pytrees of arrays whose axes have names.

A field is declared once, with its axes in the jaxtyping annotation and its meaning beside it::

    class Activity(Record):
        states: Float[Array, "trial time unit"] = array("hidden states", units="1")
        dt: float = setting("time step", units="ms")

From that one declaration come indexing, the table that is printed, the conversion to and from
xarray (so also files), and the check of shapes in the tests. No list of fields is kept anywhere by
hand.
"""

import dataclasses
import html
import json
import types
import typing
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import jaxtyped

from ._names import modules_of
from ._tables import LETTERS, TIMES, Columns, as_cells, as_html, as_text, cell, undecided
from ._types import InvalidInputError, UnreadableFileError, counted, nearest

if TYPE_CHECKING:
    import xarray as xr


R = TypeVar("R", bound="Record")

DECLARING = ("activity", "analysis", "classics", "evaluation", "recovery", "tasks", "training")
"""The packages and modules that declare records."""

RENAMED = {"centre": "center"}
"""Names of fields in records that were saved before, and what the fields are called now."""


def _plain_axes(info: "FieldInfo", value: Any) -> tuple[str, ...]:
    """Return one name for each axis of an array, where an annotation has `*output` for some."""
    named = [axis for axis in info.axes or () if not axis.startswith("*")]
    extra = next((axis[1:] for axis in info.axes or () if axis.startswith("*")), "")
    more = np.ndim(value) - len(named)
    return (*named, *(extra if k == 0 else f"{extra}_{k}" for k in range(more)))


def _label(name: str) -> str:
    """Return what a column or a setting is called."""
    words = {"n_unstable": "unstable", "num_trials": "trials", "dprime": "d′"}
    return words.get(name, name.replace("_", " "))


def array(description: str, *, units: str = "", **kwargs: Any) -> Any:
    """Declare an array field; its axes are read from its jaxtyping annotation."""
    return eqx.field(metadata={"description": description, "units": units}, **kwargs)


def setting(description: str, *, units: str = "", **kwargs: Any) -> Any:
    """Declare a field that is not an array (a number, a text, a tuple of names)."""
    metadata = {"description": description, "units": units}
    return eqx.field(static=True, metadata=metadata, **kwargs)


@dataclasses.dataclass(frozen=True)
class FieldInfo:
    """Description of one field of a record; `axes` is None where it is not an array."""

    name: str
    axes: tuple[str, ...] | None
    is_table: bool
    description: str
    units: str
    has_default: bool


def _axes_of(annotation: Any) -> tuple[tuple[str, ...] | None, bool]:
    """Read the axis names out of an annotation; the flag says that it is a dict of arrays."""
    if typing.get_origin(annotation) is dict:
        return _axes_of(typing.get_args(annotation)[1])[0], True
    if hasattr(annotation, "dim_str"):
        return tuple(annotation.dim_str.split()), False
    for member in typing.get_args(annotation):
        axes, is_table = _axes_of(member)
        if axes is not None:
            return axes, is_table
    return None, False


def _fits(value: Any, declared: Any) -> bool:
    """Return whether a value is of a declared type; numbers of a file may be whole."""
    origin, members = typing.get_origin(declared), typing.get_args(declared)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, member) for member in members)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(v, members[1]) for v in value.values())
    if declared is float:
        return isinstance(value, float | int) and not isinstance(value, bool)
    return declared is Any or isinstance(value, origin or declared)


def _described(declared: Any) -> str:
    """Return a declared type in words."""
    axes, is_table = _axes_of(declared)
    if axes is None:
        return getattr(declared, "__name__", str(declared))
    return f"{'a table of arrays' if is_table else 'an array'} ({', '.join(axes)})"


def _checked_index(index: Any, length: int, axis: str) -> slice | np.ndarray:
    """Return an index as a slice or an array of places, which NumPy and JAX understand alike.

    JAX by itself would take an index beyond the end for the last one.
    """
    if isinstance(index, slice):
        try:
            index.indices(length)
        except (TypeError, ValueError) as error:
            raise InvalidInputError(
                f"{index} is not a slice of {length} {axis}s: {error}."
            ) from None
        return index
    places = np.asarray(index)
    if places.dtype == bool and places.shape == (length,):
        return np.flatnonzero(places)
    if places.shape == (0,):
        return np.zeros(0, int)
    if places.dtype.kind not in "iu" or places.ndim > 1:
        raise InvalidInputError(
            f"an index of {axis}s must be a whole number, a slice, or an array of whole numbers or "
            f"of {length} booleans, got {index!r:.60}."
        )
    places = places.reshape(-1)
    outside = places[(places < -length) | (places >= length)]
    if outside.size:
        raise IndexError(f"{axis} {outside[0]} is out of range: there are {length}.")
    return places


class Record(eqx.Module):
    """A frozen record of named arrays, such as the result of an analysis.

    It prints as a table. `record.info()` returns its schema: the arrays with their axes, types and
    meanings.

    `record[i]` selects along the leading axis of the first array field. It keeps every axis, so an
    integer gives a record with one entry. `len(record)` and iteration follow the same axis.
    """

    _registry: ClassVar[dict[str, type["Record"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Record._registry[cls.__name__] = cls

    @staticmethod
    def named(name: str) -> "type[Record] | None":
        """Return the record class called `name`, or None. Its module is imported if needed."""
        if name not in Record._registry:
            modules_of(*DECLARING)
        return Record._registry.get(name)

    @classmethod
    def field_infos(cls) -> tuple[FieldInfo, ...]:
        """Describe the fields, in the order of their declaration."""
        infos = []
        for field in dataclasses.fields(cls):
            axes, is_table = (None, False) if field.metadata.get("static") else _axes_of(field.type)
            description = field.metadata.get("description", "")
            units = field.metadata.get("units", "")
            optional = not (field.default is field.default_factory is dataclasses.MISSING)
            infos.append(FieldInfo(field.name, axes, is_table, description, units, optional))
        return tuple(infos)

    def _arrays(self) -> Iterator[tuple[FieldInfo, str, Any]]:
        """Yield (field, array's name, array) for every array that is present."""
        for info in self.field_infos():
            value = getattr(self, info.name)
            if info.axes is None or value is None:
                continue
            if info.is_table:
                for key, column in value.items():
                    yield info, key, column
            else:
                yield info, info.name, value

    @property
    def sizes(self) -> dict[str, int]:
        """The length of every axis, by name."""
        sizes: dict[str, int] = {}
        for info, _, value in self._arrays():
            sizes.update(zip(_plain_axes(info, value), np.shape(value), strict=False))
        return sizes

    @property
    def time_units(self) -> str:
        """The unit of all times: "steps" for a map whose step lasts 1, and "ms" otherwise."""
        unit = getattr(self, "time_unit", getattr(self, "dt", 0))
        counts_steps = getattr(self, "system", "") == "map" and unit == 1
        return "steps" if counts_steps else "ms"

    def _units_of(self, info: FieldInfo) -> str:
        return self.time_units if info.units == "ms" else info.units

    @property
    def leading_axis(self) -> str:
        """The axis that indexing and `len` follow."""
        return next(info.axes[0] for info in self.field_infos() if info.axes)

    def __len__(self) -> int:
        return self.sizes[self.leading_axis]

    def __iter__(self: R) -> Iterator[R]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self: R, index: Any) -> R:
        index = _checked_index(index, len(self), self.leading_axis)
        leading = self.leading_axis

        def select(info: FieldInfo, value: Any) -> Any:
            if info.axes is None or leading not in info.axes:
                return value
            place = (slice(None),) * info.axes.index(leading) + (index,)
            return value[place]

        changes = {}
        for info in self.field_infos():
            value = getattr(self, info.name)
            if info.axes is None or value is None:
                continue
            if info.is_table:
                changes[info.name] = {k: select(info, v) for k, v in value.items()}
            else:
                changes[info.name] = select(info, value)
        return dataclasses.replace(self, **changes)._as_part_of(self)

    def _as_part_of(self: R, whole: R) -> R:
        """Return this selection without what holds of the whole alone; records override it."""
        return self

    def summary(self) -> str:
        """Return a line with the record's name, and its main results or the sizes of its axes."""
        sizes = ", ".join(counted(size, axis) for axis, size in self.sizes.items())
        return f"{type(self).__name__}: {sizes}"

    def _table(self) -> Columns:
        """Return the columns that are printed; records override it to say more.

        By default, what has one number or text for each entry of the leading axis.
        """
        leading, columns = self.leading_axis, {}
        for info, name, value in self._arrays():
            if info.axes == (leading,):
                label = f"condition {name}" if name in columns else name
                is_count = name.startswith("n_unstable") and np.asarray(value).dtype.kind == "i"
                columns[label] = undecided(value) if is_count else np.asarray(value)
        return {leading: range(len(self)), **columns} if columns else {}

    def _closing(self) -> str:
        """Return what is printed under the table: by default, the settings."""
        said = []
        for info in self.field_infos():
            value = getattr(self, info.name)
            known = isinstance(value, (str, int, float)) and value not in ("", "unknown")
            if info.axes is None and known and value == value and len(str(value)) <= LETTERS:
                units = self._units_of(info)
                after = "" if units in ("", *TIMES) else f" {units}"
                said.append(f"{_label(info.name)}: {cell(value, units)}{after}")
        return "; ".join(said)

    def _printed(self) -> tuple[list[str], list[list[str]], int]:
        """Return the heads and the rows of the table, and how many rows are not shown."""
        columns = self._table()
        units = {info.name: self._units_of(info) for info in self.field_infos()}
        rows, more = as_cells(columns, units)
        heads = [
            _label(n) + (f" ({u})" if (u := units.get(n)) and u not in TIMES else "")
            for n in columns
        ]
        return heads, rows, more

    @property
    def _has_values(self) -> bool:
        """Whether there is something to print: not while JAX traces, nor of a tree of shapes."""
        kinds = (np.ndarray, jax.Array)
        values = [value for _, _, value in self._arrays()]
        return all(isinstance(v, kinds) and not isinstance(v, jax.core.Tracer) for v in values)

    def __repr__(self) -> str:
        if not self._has_values:
            return self.info()
        heads, rows, more = self._printed()
        table = as_text(heads, rows, more) if rows else []
        closing = [f"  {line}" for line in self._closing().splitlines()]
        return "\n".join([self.summary(), *table, *closing])

    def info(self) -> str:
        """Return the schema: each array with its axes, type and meaning, and the settings."""
        lines = [self.summary()]
        for info, name, value in self._arrays():
            axes = ", ".join(info.axes or ())
            kind = getattr(value, "dtype", type(value).__name__)
            lines.append(f"  {name:<20} ({axes})  {kind}  {info.description}".rstrip())
        for info in self.field_infos():
            value = getattr(self, info.name)
            if info.axes is None and isinstance(value, (str, int, float, tuple)):
                lines.append(f"  {info.name:<20} {value!r} {self._units_of(info)}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        if not self._has_values:
            return f"<pre>{html.escape(self.info())}</pre>"
        heads, rows, more = self._printed()
        table = as_html(heads, rows, more) if rows else ""
        head, closing = html.escape(self.summary()), html.escape(self._closing())
        return f"<strong>{head}</strong>{table}" + (f"<p>{closing}</p>" if closing else "")

    def to_xarray(self) -> "xr.Dataset":
        """Return an `xarray.Dataset` with the axes, units and descriptions of this record.

        A field that is a dictionary of columns, such as `conditions` with a value for each trial,
        becomes coordinates of the axis along which its columns run. Settings become attributes.
        `Record.from_xarray` is the inverse.
        """
        import xarray as xr

        variables: dict[str, Any] = {}
        coordinates: dict[str, Any] = {}
        fields = {info.name for info in self.field_infos()} | self.sizes.keys()
        for info, name, value in self._arrays():
            attrs = {"description": info.description, "units": self._units_of(info)}
            if info.is_table:
                attrs |= {"table": info.name, "column": name}
            # A column may bear the name of a field; both have to find a place in the dataset.
            label = f"{info.name}_{name}" if info.is_table and name in fields else name
            variable = (_plain_axes(info, value), np.asarray(value), attrs)
            (coordinates if info.is_table else variables)[label] = variable
        settings = {
            info.name: getattr(self, info.name) for info in self.field_infos() if info.axes is None
        }
        attrs = {"record": type(self).__name__, "settings": json.dumps(settings)}
        return xr.Dataset(variables, coordinates, attrs)

    @staticmethod
    def from_xarray(dataset: "xr.Dataset") -> "Record":
        """Rebuild the record from which `to_xarray` made `dataset`.

        If `dataset` was made by an older version and lacks a field, the field gets its default
        value.
        """
        fields: dict[str, dict[str, np.ndarray]] = {}
        for name, variable in dataset.variables.items():
            columns = fields.setdefault(variable.attrs.get("table", name), {})
            columns[variable.attrs.get("column", name)] = np.asarray(variable.values)
        settings = json.loads(dataset.attrs["settings"])
        return Record._rebuilt(dataset.attrs.get("record", ""), settings, fields, "the dataset")

    @staticmethod
    def _rebuilt(
        name: str,
        settings: dict[str, Any],
        fields: dict[str, dict[str, np.ndarray]],
        source: object,
    ) -> "Record":
        """Return the record of the class `name` with these settings, and the arrays of each field.

        Each field has arrays by column, one where it is not a table; a field that is missing has
        its default. Raises UnreadableFileError, with the source, if there is no such class.
        """
        cls = Record.named(name)
        if cls is None:
            raise UnreadableFileError(
                f"{source} holds a record of the class {name}, and no class of this name is "
                f"imported: {nearest(name, Record._registry)}"
            )
        values: dict[str, Any] = {}
        for info in cls.field_infos():
            of_kind: dict[str, Any] = settings if info.axes is None else fields
            given = {RENAMED.get(old, old): value for old, value in of_kind.items()}
            if info.name not in given and info.has_default:
                continue
            value = given.get(info.name, {} if info.is_table else None)
            if info.axes is not None and not info.is_table and value is not None:
                value = next(iter(value.values()))
            values[info.name] = tuple(value) if isinstance(value, list) else value
        return cls.declared(**values)

    @classmethod
    def declared(cls: type[R], **values: Any) -> R:
        """Return the record of these values, after a check of their types and shapes.

        Raises UnreadableFileError if a type or a shape is not as declared: the values come from a
        file.
        """
        with jaxtyped("context"):  # in which the names of axes stand for one size each
            for field in dataclasses.fields(cls):
                value = values.get(field.name)
                if field.name in values and not _fits(value, field.type):
                    held = getattr(value, "dtype", type(value).__name__)
                    raise UnreadableFileError(
                        f"{cls.__name__}.{field.name} is not as declared: expected "
                        f"{_described(field.type)}, got {held} {getattr(value, 'shape', '')}."
                    )
        return cls(**values)

    def filter(self: R, keep: Any) -> R:
        """Return the entries along the leading axis for which the boolean array `keep` is true."""
        keep = np.asarray(keep)
        if keep.dtype != bool or keep.shape != (len(self),):
            raise InvalidInputError(
                f"filter takes one boolean for each {self.leading_axis}: expected shape "
                f"({len(self)},) of bool, got {keep.shape} of {keep.dtype}."
            )
        return self[np.flatnonzero(keep)]

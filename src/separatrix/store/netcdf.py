"""Records as datasets that a NetCDF file can hold.

NetCDF has neither complex numbers nor booleans: a complex array becomes two variables (`…_real` and
`…_imag`), a boolean one an int8 variable; attributes say so, and reading undoes it. This file needs
xarray when it is imported, so it is imported only when a file is read or written.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .._files import short
from .._records import FieldInfo, Record
from .._types import UnreadableFileError, nearest
from .hdf5 import Group, Variable
from .integrity import check_trailer

SETTINGS, ABSENT = "settings", "absent"


def to_dataset(record: Record) -> xr.Dataset:
    """Return a dataset that a NetCDF file can hold, from which `from_group` makes the record."""
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    plain = re.compile(r"\w[\w .-]*(?<! )").fullmatch  # other names of columns stand beside them
    taken = {info.name for info in record.field_infos()} | _all_axes(record)
    for info, name, value in record._arrays():
        attrs = {"description": info.description, "units": info.units, "field": info.name}
        if info.is_table:
            attrs["column"] = name
            name = f"{info.name}_{name}" if name in taken else name
            name = name if plain(name) else f"{info.name}_{len(coordinates)}_"
        attrs = {key: text for key, text in attrs.items() if text}
        part = coordinates if info.is_table else variables
        part.update(_variables(name, _axes(info, np.ndim(value)), np.asarray(value), attrs))
    settings = {i.name: getattr(record, i.name) for i in record.field_infos() if i.axes is None}
    absent = [i.name for i in record.field_infos() if i.axes and getattr(record, i.name) is None]
    texts = {k: v for k, v in settings.items() if type(v) in (int, float, str) and v != ""}
    attrs = {"record": type(record).__name__, **texts}
    attrs |= {SETTINGS: json.dumps(settings), ABSENT: json.dumps(absent)}
    return xr.Dataset(variables, coordinates, attrs)


def from_group(group: Group, path: Path) -> Record:
    """Undo `to_dataset` from a group of the file at `path`.

    A field that the file lacks has its default: files of older releases have fewer fields.
    """
    name = group.attributes["record"]
    cls = Record.named(name)
    if cls is None:
        raise UnreadableFileError(
            f"{path} holds a record of the class {name}, and no class of this name is imported: "
            f"{nearest(name, Record._registry)}"
        )
    settings = json.loads(group.attributes[SETTINGS])
    absent = json.loads(group.attributes[ABSENT])
    fields = _fields(group.variables)
    values: dict[str, Any] = {}
    for info in cls.field_infos():
        if info.axes is None:
            if info.name in settings or not info.has_default:
                value = settings[info.name]
                values[info.name] = tuple(value) if isinstance(value, list) else value
        elif info.name in absent:
            values[info.name] = None
        else:
            columns = fields.get(info.name, {})
            if columns or not info.has_default:
                values[info.name] = columns if info.is_table else columns[info.name]
    return cls.declared(**values)


def open_record(path: Path, name: str, *, lazily: bool) -> xr.Dataset | None:
    """Open one record of a file as a dataset like `Record.to_xarray()`'s, as Dask's arrays or read.

    Its numbers that are no arrays become variables without an axis. None where the file holds no
    such record; raises UnreadableFileError where it is damaged.
    """
    import h5py

    check_trailer(path)
    try:
        with h5py.File(path) as file:
            if name not in file:
                return None
        opened = xr.open_dataset(
            path,
            group=name,
            engine="h5netcdf",
            decode_times=False,
            mask_and_scale=False,
            chunks={} if lazily else None,
        )
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise UnreadableFileError(f"{path} is damaged: {short(error)}.") from error
    settings = json.loads(opened.attrs[SETTINGS])
    numbers = {k: v for k, v in settings.items() if v is None or isinstance(v, int | float)}
    opened = opened.assign({k: np.nan if v is None else v for k, v in numbers.items()})
    opened.attrs = {"record": opened.attrs["record"]}
    complexes = [v for v in opened.data_vars if opened[v].attrs.get("complex_part") == "real"]
    for real in map(str, complexes):
        stem = real.removesuffix("_real")
        opened[stem] = opened[real] + 1j * opened[f"{stem}_imag"]
        opened = opened.drop_vars([real, f"{stem}_imag"])
    return opened if lazily else opened.load()


def _variables(
    name: str, axes: tuple[str, ...], value: np.ndarray, attrs: dict[str, str]
) -> dict[str, Any]:
    """Return one variable by name, or two for a complex array."""
    # without this, every floating variable would get a fill value that it does not need
    encoding = {"_FillValue": None}
    if np.iscomplexobj(value):
        return {
            f"{name}_{part}": (axes, getattr(value, part), attrs | {"complex_part": part}, encoding)
            for part in ("real", "imag")
        }
    return {name: (axes, value, attrs, encoding)}


def _fields(variables: dict[str, Variable]) -> dict[str, dict[str, np.ndarray]]:
    """Return the arrays of each field by column, or under the field's name where it is no table."""
    fields: dict[str, dict[str, np.ndarray]] = {}
    for attributes, value in variables.values():
        name = str(attributes["field"])
        columns, key = fields.setdefault(name, {}), str(attributes.get("column", name))
        part = attributes.get("complex_part")
        if part is not None:
            joined = np.zeros(value.shape, np.result_type(value.dtype, np.complex64))
            joined = columns.get(key, joined)
            setattr(joined, part, value)
            value = joined
        columns[key] = value.astype(bool) if attributes.get("dtype") == "bool" else value
    return fields


def _axes(info: FieldInfo, ndim: int) -> tuple[str, ...]:
    """Return the names of an array's axes; "*output" gives as many as it takes."""
    axes: list[str] = []
    for axis in info.axes or ():
        if axis.startswith(("*", "...")):
            name = axis.strip("*.") or "axis"
            count = ndim - len(info.axes or ()) + 1
            axes += [name] if count == 1 else [f"{name}_{i + 1}" for i in range(count)]
        else:
            axes.append(axis.lstrip("#"))
    return tuple(axes)


def _all_axes(record: Record) -> set[str]:
    return {a for info, _, value in record._arrays() for a in _axes(info, np.ndim(value))}

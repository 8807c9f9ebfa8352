"""Records as datasets that a NetCDF file can hold.

NetCDF has neither complex numbers nor booleans: a complex array becomes two variables (`…_real` and
`…_imag`), a boolean one an int8 variable; attributes say so, and reading undoes it. This file needs
xarray when it is imported, so it is imported only when a file is read or written.
"""

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .._files import short
from .._records import Record
from .._types import UnreadableFileError
from .hdf5 import Group, Variable
from .integrity import check_trailer

SETTINGS, ABSENT = "settings", "absent"


def encoded(record: Record, data: xr.Dataset) -> xr.Dataset:
    """Return the dataset of a record as one that a NetCDF file can hold.

    For other programs, settings that are numbers or texts are attributes of their own, too, and an
    attribute lists the arrays that the record has not.
    """
    absent = [i.name for i in record.field_infos() if i.axes and getattr(record, i.name) is None]
    settings = json.loads(data.attrs[SETTINGS])
    texts = {k: v for k, v in settings.items() if type(v) in (int, float, str) and v != ""}
    attrs = {**data.attrs, **texts, ABSENT: json.dumps(absent)}
    plain = re.compile(r"\w[\w .-]*(?<! )").fullmatch  # other names of columns stand beside them
    variables: dict[str, Any] = {}
    for name, variable in data.variables.items():
        about = {**variable.attrs, "field": variable.attrs.get("table", name)}
        about = {key: text for key, text in about.items() if text and key != "table"}
        label = str(name) if plain(str(name)) else f"{about['field']}_{len(variables)}_"
        variables |= _variables(label, variable.dims, variable.values, about)
    coordinates = [name for name, one in variables.items() if "column" in one[2]]
    return xr.Dataset(variables, attrs=attrs).set_coords(coordinates)


def from_group(group: Group, path: Path) -> Record:
    """Return the record of a group of the file at `path`."""
    settings = json.loads(group.attributes[SETTINGS])
    return Record._rebuilt(group.attributes["record"], settings, _fields(group.variables), path)


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
    name: str, axes: tuple[Hashable, ...], value: np.ndarray, attrs: dict[str, str]
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

"""Records in one NetCDF-4 file, a group for each, readable by anything that reads NetCDF."""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .._checked import checked
from .._files import as_path, existing_file, short, written_in_one_piece
from .._records import Record
from .._types import (
    InvalidInputError,
    SeparatrixError,
    UnreadableFileError,
)
from .integrity import check_trailer, trailer
from .provenance import provenance

if TYPE_CHECKING:
    import xarray as xr

    from .hdf5 import Attributes, Group

CONVENTIONS = "Separatrix-1"


@checked
def save_records(
    records: Mapping[str, Record],
    path: str | Path,
    attributes: Mapping[str, str] | None = None,
    *,
    origin: Mapping[str, str] | None = None,
) -> None:
    """Write records to one NetCDF-4 file, one group per record. An existing file is replaced.

    The arrays of a record become variables with named dimensions, units and descriptions. If it has
    a table of conditions, as `Activity` has, each column becomes a coordinate. Its settings become
    attributes of the group.

    Parameters
    ----------
    records
        A dictionary from names to records. Each name must be an identifier.
    path
        The path of the file, such as "results.nc".
    attributes
        A dictionary from names to texts, which is stored in the file.
    origin
        When, where and with which versions the file was made, as a dictionary of texts. None means
        the present time, this machine and the installed versions.

    Raises
    ------
    InvalidInputError
        If `records` is not a dict, a name is not an identifier, or a value is not a record. If an
        array of a record has another type or shape than declared, or the file cannot be written.

    Examples
    --------
    >>> import tempfile, jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> points = sx.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])
    >>> path = tempfile.mkdtemp() + "/results.nc"
    >>> sx.save_records({"points": points, "modes": sx.linearize(system, points)}, path)
    >>> list(sx.load_records(path))
    ['points', 'modes']
    """
    import xarray as xr

    for name in records:
        if not name.isidentifier():
            raise InvalidInputError(f"a record's name must be an identifier, got {name!r:.60}.")
    about = {"Conventions": CONVENTIONS, **(origin or provenance()), **(attributes or {})}
    groups = {f"/{name}": _as_declared(name, record) for name, record in records.items()}
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs=about), **groups})
    # In memory first: HDF5 ends the process when the disk is full.
    content = tree.to_netcdf(None, engine="h5netcdf", format="NETCDF4")
    with written_in_one_piece(as_path(path)) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.write(trailer(content))


def _as_declared(name: str, record: Record) -> "xr.Dataset":
    """Return the dataset of a record whose types and shapes are those that reading asks for."""
    from .netcdf import encoded

    try:
        dataset = record.to_xarray()
        Record.from_xarray(dataset)
        return encoded(record, dataset)
    except (ValueError, TypeError, UnreadableFileError) as error:
        raise InvalidInputError(f"{name} cannot be saved: {short(error)}.") from None


@checked
def load_records(path: str | Path, *, verify: bool = True) -> dict[str, Record]:
    """Read the records of a file that `save_records` wrote; arrays come back as NumPy arrays.

    Parameters
    ----------
    path
        The file.
    verify
        Whether to compare the digest at the end of the file with its contents. With False you can
        read a file that another program has changed. Because such a file may contain anything, it
        is read in a separate process, with limits on time and memory.

    Returns
    -------
    dict
        A dictionary from names to records.

    Raises
    ------
    UnreadableFileError
        If the file is missing, damaged or changed, or was not written by `save_records`.

    Examples
    --------
    >>> import tempfile, jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> points = sx.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])
    >>> path = tempfile.mkdtemp() + "/results.nc"
    >>> sx.save_records({"points": points, "modes": sx.linearize(system, points)}, path)
    >>> sx.load_records(path)["points"].kind.tolist()
    ['fixed', 'fixed', 'fixed']
    """
    return read_records(path, verify=verify)[0]


@checked
def read_records(
    path: str | Path, only: Iterable[str] | None = None, *, verify: bool = True
) -> tuple[dict[str, Record], dict[str, str]]:
    """Return the records of a file, or those of some names, and the file's own attributes.

    Raises as `load_records`; a name that the file has not is left out.
    """
    from .hdf5 import read_groups
    from .netcdf import from_group

    path = existing_file(as_path(path), "a file of records (.nc)")
    try:
        if verify:
            check_trailer(path)
        found, groups = (read_groups if verify else _read_apart)(path, only)
        about = {key: str(value) for key, value in found.items()}
        if about.pop("Conventions", "") != CONVENTIONS:
            raise UnreadableFileError(f"{path} holds no records of this package.")
        return {name: from_group(group, path) for name, group in groups.items()}, about
    except SeparatrixError:
        raise
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableFileError(
            f"{path} is damaged or no NetCDF-4 file: {short(error)}."
        ) from error


def _read_apart(path: Path, only: Iterable[str] | None) -> "tuple[Attributes, dict[str, Group]]":
    """Read a file that may be anything in a process of its own, under limits."""
    from . import hdf5

    size = path.stat().st_size
    seconds, more_bytes = 3 + size // 2**24, 2**29 + 8 * size
    limits = [str(seconds), str(more_bytes)]
    command = [sys.executable, hdf5.__file__, str(path), *limits, *(only or ())]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=10 * seconds)
    except subprocess.TimeoutExpired as error:
        raise UnreadableFileError(f"{path} could not be read in {seconds} s.") from error
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise UnreadableFileError(
            f"{path} could not be read in {seconds} s and {more_bytes >> 20} MiB: "
            f"{said or f'the process that read it ended with {ended.returncode}'}."
        )
    return hdf5.unpacked(ended.stdout)

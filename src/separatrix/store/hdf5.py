"""What a NetCDF-4 file holds, as plain arrays and attributes.

Run as a script, this file reads another file under limits and writes what it found to its output:
HDF5 may hang, or take all memory, on a file that is damaged. It imports nothing of this package, so
such a process starts in a moment.
"""

import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

Attributes = dict[str, Any]


Variable = tuple[Attributes, np.ndarray]
"""An array with its attributes."""


class Group(NamedTuple):
    """The attributes of a group, and its variables by name, without those that are dimensions."""

    attributes: Attributes
    variables: dict[str, Variable]


def read_groups(
    path: Any, only: Iterable[str] | None = None
) -> tuple[Attributes, dict[str, Group]]:
    """Return the attributes of a file, and its groups by name, or those of some names.

    Raises what h5py raises, and ValueError for what points to other files.
    """
    with h5py.File(path) as file:
        names = [name for name in file if only is None or name in set(only)]
        held = {name: _own(file, name) for name in names}
        groups = {name: _group(one) for name, one in held.items() if isinstance(one, h5py.Group)}
        return _attributes(file), groups


def _group(group: h5py.Group) -> Group:
    held = {name: _own(group, name) for name in group}
    variables = {
        name: (_attributes(one), _values(one))
        for name, one in held.items()
        if isinstance(one, h5py.Dataset) and "field" in one.attrs
    }
    return Group(_attributes(group), variables)


def _own(group: h5py.Group, name: str) -> Any:
    """Return a member of a group; ValueError for one that is elsewhere."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{name} is a link to another place")
    found = group[name]
    if isinstance(found, h5py.Dataset) and (found.external or found.is_virtual):
        raise ValueError(f"{name} has its numbers in another file")
    return found


def _attributes(one: Any) -> Attributes:
    """Return numbers and texts; others, as those of dimensions, are not ours."""
    found = {key: one.attrs[key] for key in one.attrs if not key.startswith(("_", "DIM", "REF"))}
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in found.items()}
    return {k: v for k, v in plain.items() if isinstance(v, bool | int | float | str)}


def _values(variable: h5py.Dataset) -> np.ndarray:
    if h5py.check_string_dtype(variable.dtype):
        return np.asarray(variable.asstr()[()], dtype=str)
    return np.asarray(variable[()])


# Across two processes.


def packed(about: Attributes, groups: dict[str, Group]) -> bytes:
    """Return what `read_groups` found as bytes that hold no objects."""
    arrays: dict[str, np.ndarray] = {}
    told = {}
    for name, group in groups.items():
        told[name] = (group.attributes, {k: own for k, (own, _) in group.variables.items()})
        arrays |= {f"{name}/{key}": values for key, (_, values) in group.variables.items()}
    file = io.BytesIO()
    header = np.frombuffer(json.dumps([about, told]).encode(), np.uint8)
    np.savez(file, allow_pickle=False, **{"/": header, **arrays})
    return file.getvalue()


def unpacked(content: bytes) -> tuple[Attributes, dict[str, Group]]:
    """Undo `packed`."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        about, told = json.loads(arrays["/"].tobytes())
        groups = {
            name: Group(own, {k: (a, arrays[f"{name}/{k}"]) for k, a in inner.items()})
            for name, (own, inner) in told.items()
        }
    return about, groups


def _limit(seconds: int, more_bytes: int) -> None:
    """Let this process take so much time of the processor, and so much more memory."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if sys.platform == "linux":
        pages = Path("/proc/self/statm").read_text().split()[0]
        taken = int(pages) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + more_bytes, taken + more_bytes))


if __name__ == "__main__":
    place, seconds, more_bytes, *names = sys.argv[1:]
    _limit(int(seconds), int(more_bytes))
    try:
        sys.stdout.buffer.write(packed(*read_groups(place, names or None)))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}"[:300])

"""Files of arrays by name with a header of ours (safetensors): one format for every kind."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ._checked import checked
from ._files import existing_file, reason, short, written_in_one_piece
from ._types import InvalidInputError, UnreadableFileError

HEADER = "separatrix"
MOST_HEADER = 2**23
"""Bytes of a header that are read: that of 100,000 arrays."""


def write_tensors(
    path: Path, arrays: dict[str, np.ndarray], header: Mapping[str, Any], form: str
) -> None:
    """Write arrays and a header (JSON) of the format `form`, in one piece, with their digest.

    Raises InvalidInputError when the file cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    about = {"format": form, **header}
    about |= {"digest": _digest(arrays, about)}
    # One entry: safetensors writes several in an order that changes from process to process.
    entry = json.dumps(about)
    if len(entry) > MOST_HEADER // 2:
        raise InvalidInputError(
            f"cannot write {path}: beside its arrays it has {len(entry):,} bytes of settings, more "
            f"than {MOST_HEADER // 2:,}. Make large fields arrays."
        )
    with written_in_one_piece(path) as temporary:
        try:
            save_file(arrays, temporary, {HEADER: entry})
        except SafetensorError as error:  # what it makes of a full disk
            raise InvalidInputError(f"cannot write {path}: {error}.") from error


@checked
def read_tensors(
    path: Path, form: str, what: str, *, verify: bool = True, anyway: str = ""
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the header that `write_tensors` wrote.

    `what` names in errors what is expected, `anyway` says what to do with a file that was changed.
    Raises UnreadableFileError when the file is missing, damaged, of another format, or, with
    `verify`, holds anything but what was written.
    """
    from safetensors import SafetensorError, safe_open

    path = check_header(existing_file(path, f"a {what} file (.safetensors)"))
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "{}"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        found = header.pop("format", "not given")
        digest = header.pop("digest", "")
    except (
        SafetensorError,
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise UnreadableFileError(
            f"{path} is damaged or is not a safetensors file: {short(error)}."
        ) from error
    if found != form:
        raise UnreadableFileError(
            f"{path} does not hold a {what} of this package: its format is {found!r:.60}, expected "
            f"{form!r}."
        )
    if verify and digest != _digest(arrays, {"format": form, **header}):
        raise UnreadableFileError(
            f"{path} is damaged, or was changed since it was written: its digest is another. "
            f"{anyway}".rstrip()
        )
    return arrays, header


def check_header(path: Path) -> Path:
    """Return `path`; raise UnreadableFileError where the header of its arrays is too large.

    Its first eight bytes say how long it is. Reading one of 99 MB takes 20 s and 2 GB.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
    except OSError as error:
        raise UnreadableFileError(f"cannot read {path}: {reason(error)}") from error
    if length > MOST_HEADER:
        raise UnreadableFileError(
            f"{path} is damaged or is not a safetensors file: its header would have {length:,} "
            f"bytes, more than {MOST_HEADER:,}."
        )
    return path


def has_header(path: Path) -> bool:
    """Whether `write_tensors` wrote a file, whatever has become of it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return HEADER in (file.metadata() or {})
    except (SafetensorError, OSError, ValueError):
        return False


def _digest(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a header, and of arrays with their names, types and shapes."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(f"\n{name} {arrays[name].dtype} {arrays[name].shape}\n".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()

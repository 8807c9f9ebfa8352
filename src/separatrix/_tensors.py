"""Files of arrays by name with a header of ours (safetensors): one format for every kind."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ._files import existing_file, written_in_one_piece
from ._types import InvalidInputError, UnreadableFileError

HEADER = "separatrix"


def write_tensors(
    path: Path, arrays: dict[str, np.ndarray], header: Mapping[str, Any], form: str
) -> None:
    """Write arrays and a header (JSON) of the format `form`, in one piece.

    Raises InvalidInputError when the file cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    about = {"format": form, **header}
    # One entry: safetensors writes several in an order that changes from process to process.
    with written_in_one_piece(path) as temporary:
        try:
            save_file(arrays, temporary, {HEADER: json.dumps(about)})
        except SafetensorError as error:  # what it makes of a full disk
            raise InvalidInputError(f"cannot write {path}: {error}.") from error


def read_tensors(path: Path, form: str, what: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the header that `write_tensors` wrote.

    `what` names in errors what is expected. Raises UnreadableFileError when the file is missing,
    damaged or of another format.
    """
    from safetensors import SafetensorError, safe_open

    path = existing_file(path, f"a {what} file (.safetensors)")
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "{}"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise UnreadableFileError(f"{path} is damaged or no safetensors file: {error}.") from error
    if header.get("format") != form:
        raise UnreadableFileError(
            f"{path} holds no {what} of this package: its format is "
            f"{header.get('format', 'not given')!r}, expected {form!r}."
        )
    return arrays, header

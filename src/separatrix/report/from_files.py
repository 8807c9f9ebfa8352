"""The page of a network whose weights and states are files."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .._files import read_npz, short
from .._tensors import has_header
from .._types import InvalidInputError, UnreadableFileError, listed
from ..evaluation.readout import outputs_of
from ..networks import from_state_dict
from ..store import Run, load_network
from .make import make_report

ARRAYS = ("inputs", "outputs", "labels")
"""Names of the arrays that a file of states may hold beside them."""


def report_of_files(
    network: Path, states: Path, page: Path, *, frozen: str | None, duration: float | None
) -> Run:
    """Read a network and its states, and write their page; see `make_report`.

    Raises InvalidInputError for what does not fit, UnreadableFileError for files of another kind.
    """
    read = load_network(network) if has_header(network) else from_state_dict(network)
    arrays = _arrays(states)
    known: dict[str, Any] = {name: arrays[name] for name in ARRAYS if name in arrays}
    known |= {"duration": duration, "title": network.stem, "progress": True}
    if frozen is None:
        return make_report(read, arrays["states"], page, **known)
    system = read.at_input(_numbers(frozen, read.num_inputs))
    known["readout"] = lambda given: outputs_of(read, np.asarray(given))
    return make_report(system, arrays["states"], page, **known)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an .npz file; one array without a name is the states."""
    try:
        found = read_npz(path)
    except UnreadableFileError:
        raise
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UnreadableFileError(
            f"{path} cannot be read as an .npz file of arrays: {short(error)}."
        ) from error
    if len(found) == 1:
        return {"states": next(iter(found.values()))}
    if "states" not in found:
        raise InvalidInputError(f"{path} has no array named “states”; it holds {listed(found)}.")
    return found


def _numbers(text: str, count: int) -> np.ndarray:
    """Return the numbers of an input, such as "1,0.5,0.5"."""
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count:
        raise InvalidInputError(
            f"--input must be {count} numbers separated by commas, got {text!r:.60}."
        )
    return np.array(values)

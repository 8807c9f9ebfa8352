"""Controls as rows: what is said of the fit of each, kept in a folder if there is a directory."""

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .._files import written_in_one_piece
from .._parallel import one_blas_thread
from .._types import first_line
from .controls import Planted, Planting
from .data import Recording, Statistic, picture, statistics
from .fitted import Fit, closure, fitted, judged, one_step_error, residuals, response

ROW, RECORDING = "control.json", "recording"
Row = dict[str, Any]
"""What is known of a control and of its fit."""
Key = tuple[str, int]
"""A mechanism and the number of a control."""
Rows = dict[Key, Row]


def folder_of(mechanism: str, number: int) -> str:
    """Return the name of the folder of a control."""
    return f"{mechanism}-{number:03d}"


def row_of(result: Any, recording: Recording, kicks: Any) -> Row:
    """Return what is said of a fit: the word, closure, response and statistics."""
    found = fitted(result, recording)
    left = residuals(found, recording)
    answered = float("nan")
    if kicks is not None:
        answered = response(found, kicks[0], kicks[1], recording.dt)
    return {
        "word": judged(found.system, found.states, recording).held,
        "closure": closure(recording, left),
        "response": answered,
        "statistics": statistics(recording, one_step_error(found, recording, left)).tolist(),
        "failure": "",
    }


def empty_row(failure: str = "") -> Row:
    """Return the row of a control without a fit."""
    nothing = [float("nan")] * len(Statistic)
    alone = {"word": "", "closure": float("nan"), "response": float("nan")}
    return alone | {"statistics": nothing, "failure": failure}


def tried(fit: Callable[[], Any], recording: Recording, kicks: Any) -> Row:
    """Return what is said of a fit, or why it failed: that is a row, and no error."""
    try:
        return row_of(fit(), recording, kicks)
    except FileNotFoundError:  # there is no fit yet
        raise
    except Exception as error:
        return empty_row(f"{type(error).__name__}: {first_line(error)}")


def control(planting: Planting, seed: int, fit: Fit | None, folder: Path | None) -> Row:
    """Make a control and its fit, and return its row; without a fit, write its recording."""
    with one_blas_thread():
        planted = planting.plant(seed)
        recording = planted.recording
        shown = picture(recording.activity).round(3).tolist()
        row: Row = {"own": planted.own, "picture": shown}
        if fit is None:
            assert folder is not None
            _write_recording(folder, planted)
            row |= empty_row()
        else:
            made = functools.partial(fit, recording.activity, recording.inputs)
            row |= tried(made, recording, (planted.kicked, planted.responses))
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        with written_in_one_piece(folder / ROW) as temporary:
            temporary.write_text(json.dumps(row, indent=1), encoding="utf-8")
    return row


def _write_recording(folder: Path, planted: Planted) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"activity": planted.recording.activity, "inputs": planted.recording.inputs}
    arrays |= {"kicked": planted.kicked, "responses": planted.responses}
    for name, values in arrays.items():
        if values is not None:
            np.save(folder / f"{name}.npy", values)


def row_in(folder: Path) -> Row | None:
    """Return the row that is kept in a folder; None where there is none, or it is damaged."""
    try:
        found: Row = json.loads((folder / ROW).read_text(encoding="utf-8"))
        return found if {"own", "word", "failure", "picture"} <= found.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def recording_in(folder: Path, like: Recording) -> tuple[Recording, Any]:
    """Return the planted recording in a folder, and its kicks.

    Raises FileNotFoundError where there is none.
    """
    inputs = None if like.inputs is None else np.load(folder / "inputs.npy")
    recording = replace(like, activity=np.load(folder / "activity.npy"), inputs=inputs)
    return recording, (np.load(folder / "kicked.npy"), np.load(folder / "responses.npy"))

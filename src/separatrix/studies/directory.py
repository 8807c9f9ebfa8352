"""A study on disk: which cells are done, failed, or being run, and by whom.

The directory is the truth, so any number of processes on any machines that see it may work on one
study, at once or one after the other, and each may be killed at any moment.

    study.toml            the study
    cells/KEY/            the run of a cell, which appears when it is complete; cell.json is its row
    failed/KEY.json       why a cell has none
    claims/KEY.json       which process is at a cell, touched every few seconds
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .._files import as_path, written_in_one_piece
from .._types import InvalidInputError
from ..experiment import read_toml
from ..experiment.tables import validated
from ..store.directory import CELL, STUDY
from ..store.integrity import damaged_files
from .settings import Study
from .states import State

TOUCHED = 5.0
"""Seconds after which a process that is at a cell touches its claim again."""
LOST = 60.0
"""Seconds after which a claim that nobody touches is nobody's."""


class StudyDirectory:
    """The directory of a study. It holds no state of its own: what it is asked it reads."""

    def __init__(self, path: str | Path):
        self.path = as_path(path)

    def begin(self, study: Study) -> None:
        """Make the directory, or check that it is this study's.

        Raises InvalidInputError where it is another's, or no study's.
        """
        file = self.path / STUDY
        if file.exists():
            other = self.study()
            if other.digest != study.digest:
                raise InvalidInputError(
                    f"{self.path} holds another study ({other.name}, digest {other.digest}; this "
                    f"one is {study.name}, {study.digest}): give another --out."
                )
        elif self.path.exists() and any(map(_is_foreign, self.path.iterdir())):
            raise InvalidInputError(
                f"{self.path} holds something that no study has written; give the name of a new "
                "directory."
            )
        for name in ("cells", "failed", "claims"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        with written_in_one_piece(file) as temporary:
            temporary.write_text(study.to_toml(), encoding="utf-8")

    def study(self) -> Study:
        """Read the study. Raises UnreadableFileError where there is none."""
        return validated(Study, read_toml(self.path / STUDY), str(self.path / STUDY))

    def run_of(self, key: str) -> Path:
        """Return where the run of a cell is, or will be."""
        return self.path / "cells" / key

    def is_done(self, key: str) -> bool:
        """Whether the run of a cell is there."""
        return (self.run_of(key) / CELL).is_file()

    def summary(self, key: str) -> dict[str, Any] | None:
        """Return what `cell.json` of a run says, None where it is not there or is damaged."""
        run = self.run_of(key)
        said = None if damaged_files(run, [CELL]) else _json(run / CELL, row=dict)
        return said if said and isinstance(said["row"].get("seconds"), int | float) else None

    def failure(self, key: str) -> dict[str, Any] | None:
        """Return why a cell failed, None where it did not, or what says so is damaged."""
        said = _json(self.path / "failed" / f"{key}.json", state=str, tries=int)
        return said if said and said["state"] in [state.value for state in State] else None

    def write_failure(self, key: str, failure: dict[str, Any]) -> None:
        """Keep why a cell failed."""
        with written_in_one_piece(self.path / "failed" / f"{key}.json") as temporary:
            temporary.write_text(json.dumps(failure, indent=1), encoding="utf-8")

    def forget_failure(self, key: str) -> None:
        """Let a cell be tried again."""
        (self.path / "failed" / f"{key}.json").unlink(missing_ok=True)

    def discard_if_damaged(self, key: str) -> bool:
        """Delete the run of a cell whose files are not those that were written; True if it was."""
        run = self.run_of(key)
        if not run.exists() or (self.summary(key) is not None and not damaged_files(run)):
            return False
        aside = run.with_name(f".{key}.{uuid.uuid4().hex}.damaged")
        with suppress(FileNotFoundError):  # another process found it damaged, too
            run.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
        self.forget_failure(key)
        return True

    # Claims

    @contextmanager
    def claimed(self, key: str) -> Iterator[Path | None]:
        """Yield the claim of a cell, or None where another process is at it."""
        file = self.path / "claims" / f"{key}.json"
        parent = multiprocessing.parent_process()  # without which this one ends
        mine = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "parent": os.getpid() if parent is None else parent.pid,
            "token": uuid.uuid4().hex,
        }
        taken = self._take(file, mine | {"since": time.time()})
        try:
            yield file if taken else None
        finally:
            if taken and (_json(file) or {}).get("token") == mine["token"]:
                file.unlink(missing_ok=True)

    def claimant(self, key: str) -> dict[str, Any] | None:
        """Return which process is at a cell, None where none is."""
        file = self.path / "claims" / f"{key}.json"
        claim = _json(file, pid=int)
        return None if claim is None or self._is_lost(file, claim) else claim

    def _take(self, file: Path, mine: dict[str, Any]) -> bool:
        if _created(file, mine):
            return True
        claim = _json(file, pid=int)
        if not self._is_lost(file, claim or {}):  # where it is empty, it is about to be written
            return False
        aside = file.with_suffix(f".{mine['token']}")
        try:
            file.rename(aside)
        except FileNotFoundError:
            return False  # another process was quicker
        if _json(aside, pid=int) != claim:  # another took it, and this is its claim
            aside.replace(file)
            return False
        aside.unlink()
        return _created(file, mine)

    def _is_lost(self, file: Path, claim: dict[str, Any]) -> bool:
        """Whether the process that made a claim is gone, or that which waits for it."""
        pids = [claim[name] for name in ("pid", "parent") if isinstance(claim.get(name), int)]
        if claim.get("host") == socket.gethostname() and not all(map(_is_alive, pids)):
            return True
        try:
            return self._now() - file.stat().st_mtime > LOST
        except FileNotFoundError:
            return True

    def _now(self) -> float:
        """Return the time by the clock of the disk, which may be another machine's."""
        file = self.path / "claims" / f".now.{os.getpid()}.{uuid.uuid4().hex}"
        try:
            file.touch()
            return file.stat().st_mtime
        except OSError:  # whoever asks may only read
            return time.time()
        finally:
            file.unlink(missing_ok=True)


def is_study(path: str | Path) -> bool:
    """Return whether a directory is that of a study."""
    return (as_path(path) / STUDY).is_file()


def _created(file: Path, claim: dict[str, Any]) -> bool:
    """Write a claim; False where there is one."""
    try:
        with file.open("x", encoding="utf-8") as opened:
            json.dump(claim, opened)
    except FileExistsError:
        return False
    return True


def _is_foreign(entry: Path) -> bool:
    """Whether no study has written this: another process may just be making the directory."""
    ours = (STUDY, "cells", "failed", "claims")
    return entry.name not in ours and not entry.name.startswith(f".{STUDY}.")


def _json(file: Path, **kinds: type) -> dict[str, Any] | None:
    """Read a table that has keys of these kinds; None where it is not there or is damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(found, dict) and all(isinstance(found.get(k), t) for k, t in kinds.items())
    return found if whole else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

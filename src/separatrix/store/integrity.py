"""Whether files are what was written: digests of a run's files, and of a file of records.

A digest finds what disks, transfers and half-finished copies do to a file. It is no signature: who
wants to deceive can write a digest, too.
"""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

from .._files import sha256, written_in_one_piece
from .._types import UnreadableFileError
from .directory import CELL, DIGESTS, EXPERIMENT, RESULTS, WEIGHTS

FORMAT = "separatrix digests 1"
FILES = (EXPERIMENT, WEIGHTS, RESULTS, CELL)
"""The files of a run that have a digest: not what is drawn from them."""
_TRAILER, _LETTERS = b"\nseparatrix sha256 ", 64
ANYWAY = "Where it was changed on purpose, verify=False reads it."


# Of the files of a run.


def write_digests(run: Path) -> None:
    """Write the digests of the files that are in the directory of a run."""
    found = {name: sha256(run / name) for name in FILES if (run / name).is_file()}
    with written_in_one_piece(run / DIGESTS) as temporary:
        content = json.dumps({"format": FORMAT, "sha256": found}, indent=1)
        temporary.write_text(content + "\n", encoding="utf-8")


def damaged_files(run: Path, of: Collection[str] = FILES) -> list[str]:
    """Return which of these files of a run are not those that were written, by name.

    Where the digests themselves cannot be read, that is their file alone.
    """
    try:
        held = json.loads((run / DIGESTS).read_text(encoding="utf-8"))
        known = {name: str(held["sha256"][name]) for name in FILES if name in held["sha256"]}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return [DIGESTS]
    if held.get("format") != FORMAT:
        return [DIGESTS]
    return [name for name in of if not _is_as_written(run / name, known.get(name))]


def check_run(run: Path) -> None:
    """Raise UnreadableFileError unless the files of a run are those that were written."""
    if damaged := damaged_files(run):
        if damaged == [DIGESTS] and not (run / DIGESTS).exists():
            what = f"{run} has no {DIGESTS}, so nothing tells whether its files are whole"
        else:
            what = (
                f"{run}: {', '.join(damaged)} damaged, or changed since: another digest than in "
                f"{DIGESTS}"
            )
        raise UnreadableFileError(f"{what}. {ANYWAY}")


def _is_as_written(path: Path, known: str | None) -> bool:
    if not path.is_file():
        return known is None
    return sha256(path) == known


# Of one file: its last bytes hold the digest of those before them, which NetCDF's readers skip.


def trailer(content: bytes | memoryview) -> bytes:
    """Return the bytes that end a file of this content."""
    return _TRAILER + hashlib.sha256(content).hexdigest().encode() + b"\n"


def check_trailer(path: Path) -> None:
    """Raise UnreadableFileError unless a file is what was written, by the digest at its end."""
    content = path.read_bytes()
    length = len(_TRAILER) + _LETTERS + 1
    if content[-length:] != trailer(content[:-length]):
        has_one = content[-length:].startswith(_TRAILER)
        what = "" if has_one else ", or is not of this package: it ends with no digest"
        raise UnreadableFileError(
            f"{path} is damaged, or was changed since it was written{what}. {ANYWAY}"
        )

"""Handling shared by all kinds of files: paths that exist, and writing in one piece."""

import errno
import hashlib
import math
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ._types import InvalidInputError, SeparatrixError, UnreadableFileError

MOST_UNPACKED, MOST_PACKED = 2**28, 64
"""Bytes that compressed arrays may have, whatever the size of their file; and times that."""
LONGEST = 255
"""Bytes of a name that file systems take."""
LONGEST_PATH = 4000
"""Of a path, with what is put beside it."""
_ELSEWHERE = "Give a path where you may read and write, or change its permissions."
_MORE_ROOM = "Free some space there, or give a path on another disk."
_REMEDIES = {
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.EROFS: "What is there can only be read: give a path elsewhere.",
    errno.ENOSPC: _MORE_ROOM,
    errno.EDQUOT: _MORE_ROOM,
    errno.EFBIG: _MORE_ROOM,
    errno.ENOENT: "Check the path: something on it does not exist.",
    errno.ENOTDIR: "Check the path: something on it is a file, where a directory is expected.",
    errno.EISDIR: "Give the path of a file, not of a directory.",
    errno.ENAMETOOLONG: "Give a shorter name.",
    errno.EMFILE: "End other programs, or allow more open files (ulimit -n).",
    errno.ENOMEM: "Free some memory: end other programs, or ask for less.",
}
"""Remedies, by the error number of the operating system."""


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_path(given: Any) -> Path:
    """Return the path that a user gives; raise InvalidInputError for what names no file."""
    if isinstance(given, os.PathLike):
        given = os.fspath(given)
    if not isinstance(given, str) or not given or "\0" in given or not given.isprintable():
        raise InvalidInputError(f"expected the path of a file or directory, got {given!a:.80}.")
    if any(len(os.fsencode(part)) > LONGEST for part in Path(given).parts):
        raise InvalidInputError(f"the path {given[:60]}… has a name of more than {LONGEST} bytes.")
    if len(os.fsencode(given)) > LONGEST_PATH:
        raise InvalidInputError(f"the path {given[:60]}… has more than {LONGEST_PATH} bytes.")
    try:
        Path(given).stat()
    except OSError as error:  # other errors are raised where the path is used
        if error.errno == errno.ELOOP:
            raise InvalidInputError(f"{given} is a link that leads back to itself.") from None
    return Path(given)


def existing_file(path: Path, what: str) -> Path:
    """Return `path`; raise UnreadableFileError unless it is a file."""
    try:
        path.stat()
    except FileNotFoundError:
        raise UnreadableFileError(f"{path} does not exist; expected {what}.") from None
    except OSError as error:
        raise UnreadableFileError(f"cannot read {str(path)[:200]}: {reason(error)}") from None
    if path.is_dir():
        raise UnreadableFileError(f"{path} is a directory; expected {what}.")
    if not path.is_file():  # opening a pipe would wait for who writes to it
        raise UnreadableFileError(f"{path} is a pipe or a device; expected {what}.")
    return path


def short(error: BaseException) -> str:
    """Return what another library says of a file, in one line of at most 200 letters."""
    said = " ".join(str(error).split()) or type(error).__name__
    return (said if len(said) <= 200 else said[:199] + "…").rstrip(".")


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file, or of an .npy file as "array".

    Sizes come first: a damaged file may ask for any memory. Raises what NumPy and zipfile raise,
    and UnreadableFileError for arrays that are larger than what the file holds of them, or fill
    memory out of next to nothing.
    """
    existing_file(path, "an .npz file of arrays")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            held = sum(_size(archive, member, path) for member in archive.infolist())
        if held > max(MOST_UNPACKED, MOST_PACKED * path.stat().st_size):
            raise UnreadableFileError(
                f"{path} would unpack to {held / 2**30:.1f} GiB out of "
                f"{path.stat().st_size / 2**20:.1f} MiB: damaged, or nearly all zeros."
            )
    found = np.load(path, allow_pickle=False)
    if isinstance(found, np.ndarray):
        return {"array": found}
    with found:
        return dict(found)


def _size(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> int:
    """Return the bytes of an array of an archive, which must be those that its header asks for."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        readers = {(1, 0): np.lib.format.read_array_header_1_0}
        read = readers.get(version, np.lib.format.read_array_header_2_0)
        shape, _, kind = read(file)
    asked = math.prod(shape) * kind.itemsize
    if asked > member.file_size:
        raise UnreadableFileError(
            f"{path} is damaged: {member.filename[:60]} should have {asked:,} bytes and has "
            f"{member.file_size:,}."
        )
    return asked


def cannot_write(path: Path, error: OSError) -> InvalidInputError:
    """Return the error that says why nothing can be written at `path`."""
    return InvalidInputError(f"cannot write {path}: {reason(error)}")


def reason(error: OSError) -> str:
    """Return what the operating system says, and what to do, as sentences that go on from ":"."""
    remedy = _REMEDIES.get(error.errno or 0, "Check the path, or give another one.")
    return f"{error.strerror or error}. {remedy}"


@contextmanager
def written_in_one_piece(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which takes its place when all went well.

    So a reader never meets half a file, and a failure leaves what was there before. Raises
    InvalidInputError when the file cannot be written: what the block meets of the operating system
    means that. An error of this package passes as it is.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # as root it would be replaced
            raise InvalidInputError(f"{path} is a pipe or a device; expected the path of a file.")
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield temporary
        temporary.chmod(0o666 & ~umask())
        temporary.replace(path)
    except SeparatrixError:  # of which some are OSErrors
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def umask() -> int:
    """Return the permissions that new files shall not have (temporary files ignore it)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

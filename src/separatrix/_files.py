"""What every kind of file needs: paths that exist, and writing in one piece."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._types import InvalidInputError, UnreadableFileError


def existing_file(path: Path, what: str) -> Path:
    """Return `path`; raise UnreadableFileError unless it is a file."""
    if path.is_dir():
        raise UnreadableFileError(f"{path} is a directory; expected {what}.")
    if not path.exists():
        raise UnreadableFileError(f"{path} does not exist; expected {what}.")
    return path


def cannot_write(path: Path, error: OSError) -> InvalidInputError:
    """Return the error that says why nothing can be written at `path`."""
    return InvalidInputError(f"cannot write {path}: {error.strerror or error}.")


@contextmanager
def written_in_one_piece(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which takes its place when all went well.

    So a reader never meets half a file, and a failure leaves what was there before. Raises
    InvalidInputError when the place cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield temporary
        temporary.chmod(0o666 & ~umask())
        try:
            temporary.replace(path)
        except OSError as error:
            raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def umask() -> int:
    """Return the permissions that new files shall not have (temporary files ignore it)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

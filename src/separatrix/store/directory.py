"""A directory that appears complete or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .._files import as_path, cannot_write, umask
from .._types import InvalidInputError, listed

EXPERIMENT, WEIGHTS, RESULTS = "experiment.toml", "weights.safetensors", "results.nc"
STUDY, CELL = "study.toml", "cell.json"
"""The file that makes a directory a study; in each of its runs, its row."""
FIGURES, REPORT, PROOFS, DIGESTS = "figures", "report.html", "proofs.json", "digests.json"
CHECKPOINT, PARTIAL = ".checkpoint", ".partial"
"""Endings of what stands beside the directory of a run: the file in which its training is kept, and
the hidden directory that is not complete yet (a process that was killed leaves it)."""
RUN_ENTRIES = (EXPERIMENT, WEIGHTS, RESULTS, FIGURES, REPORT, PROOFS, CELL, DIGESTS)
"""Files of a run directory."""

BYSTANDERS = (".DS_Store", "Thumbs.db")
"""Files that file managers leave behind."""


@contextmanager
def new_directory(path: str | Path, force: bool = False) -> Iterator[Path]:
    """Yield a temporary directory that becomes `path` when the block ends without an error.

    On any exception, Ctrl-C included, the temporary directory is removed and `path` is as it was.
    Missing parents are made.

    Parameters
    ----------
    path
        Where the directory shall appear. It may exist when it is empty.
    force
        Replace an existing run directory, once the new one is complete. A directory that holds
        anything that no run writes is never replaced.

    Raises
    ------
    InvalidInputError
        Before the block starts: when `path` is a file, is not empty, is the current directory, or
        cannot be written.
    """
    target = as_path(path).resolve()
    check_replaceable(target, force, as_path(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        name = tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=PARTIAL)
        temporary = Path(name)
        temporary.chmod(0o777 & ~umask())
    except OSError as error:
        raise cannot_write(as_path(path), error) from error
    try:
        yield temporary
        check_replaceable(target, force, as_path(path))
        _put_in_place(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def discard_partial(directory: Path, names: str = "*") -> None:
    """Delete the hidden directories that killed processes have left of runs (a glob pattern)."""
    random = "?" * 8  # what `mkdtemp` puts between the dots
    for left in directory.glob(f".{names}.{random}{PARTIAL}"):
        shutil.rmtree(left, ignore_errors=True)


def incomplete(out: Path) -> Path:
    """Return the directory in which what was reached of `out` stays."""
    return out.with_name(f"{out.name}.incomplete")


def is_run(path: Path) -> bool:
    """Return whether a directory looks like a run."""
    return (path / EXPERIMENT).is_file()


def runs_in(path: Path) -> list[Path]:
    """Return the runs that a directory holds, in the order of their names."""
    return sorted(entry for entry in path.iterdir() if is_run(entry)) if path.is_dir() else []


def check_replaceable(target: Path, force: bool, shown: Path) -> None:
    """Raise InvalidInputError unless a new run directory may take the place of `target`."""
    above = next((parent for parent in target.parents if parent.exists()), target)
    if not above.is_dir():
        raise InvalidInputError(f"cannot write {shown}: {above} is a file, not a directory.")
    if not target.exists():
        return
    if not target.is_dir():
        raise InvalidInputError(f"{shown} is a file; give the name of a new directory.")
    if target in (Path.cwd(), *Path.cwd().parents):
        what = "is" if target == Path.cwd() else "holds"
        raise InvalidInputError(
            f"{shown} {what} the current directory; give the name of a new one."
        )
    entries = sorted(entry.name for entry in target.iterdir())
    if not entries:
        return
    foreign = [
        name
        for name in entries
        if name not in RUN_ENTRIES + BYSTANDERS
        and not name.endswith((CHECKPOINT, PARTIAL))
        and not is_run(target / name)
    ]
    if foreign or not is_run(target):
        raise InvalidInputError(
            f"{shown} holds what no run has written ({listed(foreign or entries, 3)}), so it is "
            "not replaced; "
            "give the name of a new directory."
        )
    if within := [run.name for run in runs_in(target)]:
        raise InvalidInputError(
            f"{shown} holds the runs {', '.join(within)}, which one run does not replace; "
            "give the name of a new directory."
        )
    if not force:
        raise InvalidInputError(
            f"{shown} already holds a run; give another name, or replace it with --force."
        )


def _put_in_place(temporary: Path, target: Path) -> None:
    """Rename `temporary` to `target`; what was there is set aside first and deleted last."""
    try:
        if not target.exists():
            temporary.replace(target)
            return
        aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".old"))
        target.replace(aside / target.name)
        try:
            temporary.replace(target)
        except BaseException:
            (aside / target.name).replace(target)
            aside.rmdir()
            raise
        shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise cannot_write(target, error) from error

"""A directory that appears complete or not at all."""

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .._files import cannot_write, umask
from .._types import InvalidInputError, SeparatrixError

EXPERIMENT, WEIGHTS, RESULTS = "experiment.toml", "weights.safetensors", "results.nc"
FIGURES, REPORT = "figures", "report.html"
CHECKPOINT, PARTIAL = ".checkpoint", ".partial"
"""Endings of what stands beside the directory of a run: the file in which its training is kept, and
the hidden directory that is not complete yet (a process that was killed leaves it)."""
_RANDOM = "[a-z0-9_]" * 8
"""What `tempfile` ends a name with, as a glob pattern: no dot, as other runs' names may hold."""
RUN_ENTRIES = (EXPERIMENT, WEIGHTS, RESULTS, FIGURES, REPORT)
"""What a run directory holds; that of an experiment with variants holds runs as well."""

MAX_KIN = 99
"""How many directories are tried for what is incomplete."""

BYSTANDERS = (".DS_Store", "Thumbs.db")
"""What file managers leave behind when somebody looks at a directory."""


@contextmanager
def new_directory(
    path: str | Path, force: bool = False, *, of_several: bool = False
) -> Iterator[Path]:
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
    of_several
        Whether what is made holds several runs. If not, a directory that does is not replaced.

    Raises
    ------
    InvalidInputError
        Before the block starts: when `path` is a file, is not empty, is the current directory, or
        cannot be written.
    """
    target = Path(path).resolve()
    check_replaceable(target, force, Path(path), of_several)
    made = [p for p in reversed(target.parents) if not p.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(
            tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=PARTIAL)
        )
    except OSError as error:
        _remove_empty(made)
        raise cannot_write(Path(path), error) from error
    holding = _hold(temporary)
    try:
        temporary.chmod(0o777 & ~umask())
        yield temporary
        check_replaceable(target, force, Path(path), of_several)
        _put_in_place(temporary, target)
    except BaseException as stopped:
        _name_as_asked(stopped, temporary, Path(path))
        shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(made)
        raise
    finally:
        if holding is not None:
            os.close(holding)


def _name_as_asked(stopped: BaseException, temporary: Path, path: Path) -> None:
    """Let an error name the path that was asked for, not the hidden one, which is gone by then."""

    def asked(text: str) -> str:
        return text.replace(str(temporary), str(path))

    if isinstance(stopped, SeparatrixError):
        stopped.args = tuple(asked(a) if isinstance(a, str) else a for a in stopped.args)
    if isinstance(stopped, OSError):
        for name in ("filename", "filename2"):
            place = getattr(stopped, name)
            if isinstance(place, str | bytes | os.PathLike):
                setattr(stopped, name, asked(os.fsdecode(place)))
    if notes := getattr(stopped, "__notes__", None):
        notes[:] = map(asked, notes)


@contextmanager
def kept_directory(path: str | Path, force: bool = False, resume: bool = False) -> Iterator[Path]:
    """Yield a visible directory that becomes `path` when the block ends without an error.

    As `new_directory`, for what is made of several runs and takes long: on an exception, Ctrl-C
    included, what was reached stays in `<path>.incomplete` (or the first of its numbered kin that
    is free), and a note on it says so. What an earlier call has left there is what the block begins
    with (`resume`), or gives way (`force`); otherwise InvalidInputError is raised.
    """
    target = Path(path).resolve()
    check_replaceable(target, force, Path(path), of_several=True)
    # Beside the target of a link, which may be on another file system: it is renamed to it.
    place, left = _left_of(target)
    if WEIGHTS in left and not force:
        raise InvalidInputError(
            f"{place} holds a single run that was stopped, expected several or none: give another "
            "--out, or begin anew by --force alone, which replaces it."
        )
    if left and not force and not resume:
        raise InvalidInputError(
            f"{place} holds what was reached before ({', '.join(left)}): go on with it by "
            "--resume, or begin anew by --force alone."
        )
    if not (left and resume):
        with new_directory(place, force=True, of_several=True):
            pass
    discard_partial(place)
    try:
        yield place
        check_replaceable(target, force, Path(path), of_several=True)
        _put_in_place(place, target)
    except BaseException as stopped:
        if _of_worth(place):
            stopped.add_note(f"What is complete stays in {place}.")
        else:
            shutil.rmtree(place, ignore_errors=True)
        raise


def _left_of(out: Path) -> tuple[Path, list[str]]:
    """Return where work on several runs was left, and its names; without any, a free place."""
    for number in range(1, MAX_KIN + 1):
        place = incomplete(out, number)
        if left := _of_worth(place):
            return place, left
    return free_place(out, of_several=True), []


def _of_worth(place: Path) -> list[str]:
    """Return the names of the runs in a directory, and of the trainings that are kept there."""
    entries = sorted(place.iterdir()) if place.is_dir() else []
    return [e.name for e in entries if is_run(e) or e.suffix == CHECKPOINT or e.name == WEIGHTS]


def discard_partial(directory: Path, names: str = "*") -> None:
    """Delete the hidden directories that killed processes have left of runs (a glob pattern).

    Those of processes that still go on stay, where the operating system can tell.
    """
    for left in directory.glob(f".{names}.{_RANDOM}{PARTIAL}"):
        if (holding := _hold(left)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(holding)


def _hold(directory: Path) -> int | None:
    """Hold a directory until what is returned is closed, or the process ends.

    None where another process of this machine holds it, or nothing can be held.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        holding = os.open(directory, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(holding, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(holding)
        return None
    return holding


def free_place(out: Path, *, of_several: bool = False) -> Path:
    """Return `<out>.incomplete`, or the first of its numbered kin that may be replaced."""
    for number in itertools.count(1):
        place = incomplete(out, number)
        try:
            check_replaceable(place.resolve(), True, place, of_several)
        except InvalidInputError:
            if number == MAX_KIN:
                raise
        else:
            break
    return place


def incomplete(out: Path, number: int = 1) -> Path:
    """Return `<out>.incomplete`, or the one of its kin with that number."""
    return out.with_name(f"{out.name}.incomplete" + (f"-{number}" if number > 1 else ""))


def is_run(path: Path) -> bool:
    """Tell whether a directory looks like a run."""
    return (path / EXPERIMENT).is_file()


def check_replaceable(target: Path, force: bool, shown: Path, of_several: bool = False) -> None:
    """Raise InvalidInputError unless a new directory may take the place of `target`.

    A single run takes that of a single run, what holds several runs (`of_several`) that of both.
    """
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
        names = ", ".join((foreign or entries)[:3]) + (", …" if len(foreign or entries) > 3 else "")
        raise InvalidInputError(
            f"{shown} holds what no run has written ({names}), so it is not replaced; "
            "give the name of a new directory."
        )
    within = [name for name in entries if is_run(target / name)]
    if within and not of_several:
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
            temporary.rename(target)
            return
        aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".old"))
        target.rename(aside / target.name)
        try:
            temporary.rename(target)
        except BaseException:
            (aside / target.name).rename(target)
            aside.rmdir()
            raise
        shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise cannot_write(target, error) from error


def _remove_empty(directories: list[Path]) -> None:
    for directory in reversed(directories):
        try:
            directory.rmdir()
        except OSError:
            return

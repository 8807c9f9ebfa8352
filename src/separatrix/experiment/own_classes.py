"""Tasks and networks of a user's own, imported by the name that a file gives them."""

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from .._files import as_path
from .._types import InvalidInputError, first_line, nearest
from ..networks import AbstractNetwork
from ..store.directory import EXPERIMENT, RESULTS, STUDY, WEIGHTS
from ..tasks import AbstractTask

BASES: dict[str, type] = {"task": AbstractTask, "network": AbstractNetwork}
"""By the table that names it, what a class of the user's own is derived from."""


def folder_of(path: str | Path) -> Path | None:
    """Return the folder in which modules of a file are looked for; None: nothing is imported.

    What a run or a study wrote beside its results imports nothing: the directory may be another's.
    """
    folder = as_path(path).resolve().parent
    written = any((folder / name).exists() for name in (RESULTS, WEIGHTS, "cells"))
    return None if written and Path(path).name in (EXPERIMENT, STUDY) else folder


def class_called(name: str, base: type, folder: Path) -> type:
    """Return the class that `module:Class` names, and import its module for that.

    The module is looked for in `folder` first. Raises InvalidInputError, in one line.
    """
    module, _, path = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *path.split("."))):
        raise InvalidInputError(f"expected module:Class, such as my_own:Mine, got {name!r:.60}.")
    found: Any = _imported(module, folder)
    for part in path.split("."):
        owner, found = found, getattr(found, part, None)
        if found is None:
            near = _near(part, _classes_in(owner, base))
            raise InvalidInputError(f"{module} has no class {path!r}{near}")
    if not (inspect.isclass(found) and issubclass(found, base)):
        what = "another class" if inspect.isclass(found) else f"of type {type(found).__name__}"
        raise InvalidInputError(
            f"expected a class derived from {base.__name__}, got {name}, which is {what}."
        )
    return found


def _imported(module: str, folder: Path) -> ModuleType:
    """Import a module, from `folder` where it is there."""
    importlib.invalidate_caches()  # it may have been written a moment ago
    _refuse_another(module.partition(".")[0], folder)
    with _first_on_path(folder):
        try:
            return importlib.import_module(module)
        except (Exception, SystemExit) as error:
            lacks_it = isinstance(error, ModuleNotFoundError) and error.name is not None
            if lacks_it and f"{module}.".startswith(f"{error.name}."):  # type: ignore[union-attr]
                near = _near(module, [file.stem for file in folder.glob("*.py")])
                raise InvalidInputError(
                    f"no module {module!r} is in {folder}, and none is installed{near}"
                ) from None
            raise InvalidInputError(f"importing {module} raised {first_line(error)}.") from error


def _refuse_another(top: str, folder: Path) -> None:
    """Raise InvalidInputError where another module than that in `folder` is imported already."""
    beside = PathFinder.find_spec(top, [str(folder)])
    if beside is None or beside.origin is None or top not in sys.modules:
        return
    loaded = getattr(sys.modules[top], "__file__", None)
    if loaded is None or Path(loaded).resolve() != Path(beside.origin).resolve():
        raise InvalidInputError(
            f"expected the module {top!r} of {beside.origin}, but another module of this name is "
            f"already imported ({loaded or 'part of Python itself'}): rename your module."
        )


@contextmanager
def _first_on_path(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(str(folder))


def _classes_in(owner: Any, base: type) -> list[str]:
    """Return the names of the classes that could have been meant."""
    return [
        name
        for name, one in getattr(owner, "__dict__", {}).items()
        if inspect.isclass(one) and issubclass(one, base) and not inspect.isabstract(one)
    ]


def _near(name: str, valid: list[str]) -> str:
    """Return the end of a sentence that says what could have been meant."""
    return f": {nearest(name, valid)}" if valid else "."

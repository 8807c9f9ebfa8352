"""Names that `dir` shows of a module, suggestions for one that it lacks, and modules by name."""

import ast
import difflib
import importlib
import pkgutil
import sys
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

PUBLIC = (
    "",
    "records",
    "classics",
    "tasks",
    "networks",
    "models",
    "fits",
    "training",
    "regularizers",
    "solvers",
    "measures",
    "figures",
)
"""The public modules of `sx`, in the order in which a name is looked for; "" is `sx` itself."""
ALIKE = 0.75
"""How much of two names, by `difflib`, is the same where one may stand for the other."""
SHOWN = 3
"""How many names an error shows at most."""


class UnknownNameError(AttributeError):
    """A public module has no such name. The text says which name was meant.

    It is worked out when it is read: `hasattr` and the import system ask for names that are not
    there, and are not to wait for all public modules.
    """

    def __init__(self, module: str, name: str):
        super().__init__(module, name, name=name)

    def __str__(self) -> str:
        module, name = self.args
        meant = [] if name.startswith("_") else meant_by(name)
        message = f"module {module!r} has no attribute {name!r}"
        if not meant:
            return f"{message}; dir() of it lists what there is."
        *others, last = meant
        return f"{message}: did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def meant_by(name: str) -> list[str]:
    """Return the public names, such as "sx.records.FixedPoints", that a wrong one may stand for.

    The same name in another module is the answer, but for a figure, which is called like what it
    draws; else those that are nearly spelled so.
    """
    places: dict[str, str] = {}
    for module in PUBLIC:
        home = importlib.import_module(__package__)
        home = attrgetter(module)(home) if module else home
        for public in home.__all__:
            places.setdefault(public, ".".join(filter(None, ("sx", module, public))))
    if name in places and not places[name].startswith("sx.figures."):
        return [places[name]]
    close = difflib.get_close_matches(name, places, SHOWN, ALIKE)
    if not close:  # as `ctrnn`, or `FINDFIXEDPOINTS`
        plain = {public.replace("_", "").lower(): public for public in places}
        asked = name.replace("_", "").lower()
        close = [plain[each] for each in difflib.get_close_matches(asked, plain, 1, ALIKE)]
    return [places[each] for each in close]


def show_public_names(module: str) -> None:
    """Let `dir` show the names of a module's `__all__` alone, and a missing name be explained.

    A `__getattr__` of the module's own is asked for the names in `__all__`.
    """
    home = sys.modules[module]
    own: Callable[[str], Any] | None = vars(home).get("__getattr__")

    def find(name: str) -> Any:
        if own is not None and (name == "__all__" or name in home.__all__):
            return own(name)
        raise UnknownNameError(module, name)

    vars(home).update(__getattr__=find, __dir__=lambda: sorted(home.__all__))


def import_when_used(module: str, file: str) -> list[str]:
    """Import the names of a module's stub when they are first used; return their `__all__`.

    What `lazy_loader.attach_stub` does for packages, for a module beside those that it names.
    """
    home, package = sys.modules[module], module.rpartition(".")[0]
    stub = ast.parse(Path(file).with_suffix(".pyi").read_text(encoding="utf-8"))
    imports = [line for line in stub.body if isinstance(line, ast.ImportFrom)]
    places = {each.name: f"{package}.{line.module}" for line in imports for each in line.names}

    def find(name: str) -> Any:
        vars(home)[name] = found = getattr(importlib.import_module(places[name]), name)
        return found

    vars(home)["__getattr__"] = find
    return sorted(places)


def modules_of(*packages: str) -> list[ModuleType]:
    """Import the modules of packages, such as "figures" and "classics.figures", and return them.

    A package may be of a higher layer. What its modules declare is known wherever it is asked for,
    in a worker, too, no matter what else is imported.
    """
    homes = [importlib.import_module(f".{package}", __package__) for package in packages]
    return [
        importlib.import_module(f".{found.name}", home.__name__)
        for home in homes
        for found in pkgutil.iter_modules(getattr(home, "__path__", ()))
    ]

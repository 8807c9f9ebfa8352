import importlib
import inspect
import re
import subprocess
import sys
from operator import attrgetter
from pathlib import Path

import separatrix as sx

DESIGN = Path(__file__).parents[1] / "docs" / "development" / "design.md"
MODULES = [
    "",
    "networks",
    "tasks",
    "training",
    "analysis",
    "figures",
    "store",
    "experiment",
    "report",
]
HEAVY = [
    "torch", "matplotlib", "sklearn", "xarray", "typer", "pydantic", "jinja2", "rich", "h5netcdf"
]  # fmt: skip


def public(module):
    """Yield (full name, object) of what a module exports, and of the methods of its classes."""
    for name in sorted(module.__all__):
        thing = getattr(module, name)
        yield f"{module.__name__}.{name}", thing
        if inspect.isclass(thing) and thing.__module__.startswith("separatrix"):
            for member, value in vars(thing).items():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    yield f"{module.__name__}.{name}.{member}", getattr(thing, member)


def test_the_names_of_the_contract_are_there():
    """Those of the design's table."""
    table = (
        DESIGN.read_text(encoding="utf-8").partition("## The public names")[2].partition("\n#")[0]
    )
    names = set(re.findall(r"`sx\.([\w.]*\w)", table))
    assert len(names) > 40 and "find_fixed_points" in names
    for name in names:
        assert attrgetter(name)(sx) is not None


def has_text(thing):
    if inspect.getdoc(thing):
        return True
    # Data described by the line below it, such as a table of names, has no text of its own.
    return not (callable(thing) or inspect.ismodule(thing) or isinstance(thing, property))


def test_every_public_name_has_a_docstring():
    public_names = {
        name: thing
        for module in MODULES
        for name, thing in public(importlib.import_module(f"separatrix.{module}".rstrip(".")))
    }
    assert [name for name, thing in public_names.items() if not has_text(thing)] == []


def test_importing_loads_nothing_heavy_and_does_not_change_jaxs_settings():
    code = (
        "import jax, sys; before = dict(jax.config.values); import separatrix;"
        "after = dict(jax.config.values);"
        "print({k for k in after if before.get(k, after[k]) != after[k]},"
        f"[m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set() []"


def test_its_version_is_the_distributions():
    from importlib import metadata

    assert sx.__version__ == metadata.version("separatrix")

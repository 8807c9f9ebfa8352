import importlib
import inspect
import pydoc
import re
import subprocess
import sys
from operator import attrgetter

import pytest

import separatrix as sx
from separatrix import _names

MODULES = ["", "records", "classics", "networks", "tasks", "training", "analysis", "figures"]
MODULES += ["store", "experiment", "report"]
SHOWN = {name or "sx": attrgetter(name)(sx) if name else sx for name in _names.PUBLIC}
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


@pytest.mark.parametrize("module", SHOWN.values(), ids=SHOWN)
def test_dir_shows_what_is_public(module):
    assert dir(module) == sorted(module.__all__)
    things = {name: getattr(module, name) for name in dir(module)}
    homes = {n: x.__module__ for n, x in things.items() if hasattr(x, "__module__")}
    assert {n: h for n, h in homes.items() if not h.startswith("separatrix")} == {}
    assert not [name for name in things if name.startswith("_") or name == "Any"]


def test_there_are_few_names_beside_the_modules():
    assert len(sx.__all__) <= 61
    assert {name for name in _names.PUBLIC if name} <= set(sx.__all__)


@pytest.mark.parametrize(
    ("module", "name", "meant"),
    [
        ("sx", "fixed_points", "sx.find_fixed_points"),
        ("sx", "graded_memory", "sx.classics.graded_memory"),
        ("sx", "load_runs", "sx.load_run"),
        ("sx", "CTRNN", "sx.networks.CTRNN"),
        ("sx", "ctrnn", "sx.networks.CTRNN"),
        ("tasks", "PerceptualDecisionMaking_", "sx.tasks.PerceptualDecisionMaking"),
        ("records", "FixedPoint", "sx.records.FixedPoints"),
        ("classics", "find_cycles", "sx.find_cycles"),
        ("networks", "Trials", "sx.records.Trials"),
        ("models", "lowrank", "sx.models.low_rank"),
        ("training", "Window", "sx.Windows"),
        ("regularizers", "Rate", "sx.regularizers.Rates"),
        ("solvers", "Procrustes", "sx.measures.Procrustes"),
        ("measures", "Topologies", "sx.measures.Topology"),
        ("figures", "verdicts", "sx.verdict"),
    ],
)
def test_the_error_of_a_wrong_name_says_which_was_meant(module, name, meant):
    with pytest.raises(AttributeError, match=rf"did you mean .*{meant}\b"):
        getattr(SHOWN[module], name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("FixedPoints", ["sx.records.FixedPoints"]),
        ("Trials", ["sx.records.Trials"]),
        ("Record", ["sx.records.Record"]),
        ("DPI", []),
    ],
)
def test_the_same_name_in_another_module_is_meant_and_one_like_none_is_no_guess(name, meant):
    assert _names.meant_by(name) == meant and not hasattr(sx, "__wrapped__")


def test_help_begins_with_the_pipeline_and_names_everything():
    text = pydoc.plain(pydoc.render_doc(sx))
    steps = ["sx.tasks.", ".trials(", "sx.networks.", "sx.train(", "sx.simulate(", ".at_input("]
    steps += ["sx.find_fixed_points(", "sx.linearize(", "sx.verdict("]
    found = [text.index(step) for step in steps]
    assert found == sorted(found) and found[0] < 600
    groups = sx.__doc__.partition("by what they are for")[2]
    assert [name for name in sx.__all__ if not re.search(rf"\b{name}\b", groups)] == []


def needs_text(thing):
    """Data described by the line below it, such as a table of names, has no text of its own."""
    return callable(thing) or inspect.ismodule(thing) or isinstance(thing, property)


def test_every_public_name_has_a_docstring():
    modules = [importlib.import_module(f"separatrix.{name}".rstrip(".")) for name in MODULES]
    things = [pair for module in modules for pair in public(module)]
    assert [name for name, x in things if needs_text(x) and not inspect.getdoc(x)] == []


def test_importing_loads_nothing_heavy_and_does_not_change_jaxs_settings():
    code = (
        "import jax, sys; before = dict(jax.config.values); import separatrix;"
        "after = dict(jax.config.values);"
        "print({k for k in after if before.get(k, after[k]) != after[k]},"
        f"[m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set() []"

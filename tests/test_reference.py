"""The pages of the reference say what the code says: names, settings, tasks, networks."""

import enum
import inspect
import itertools
import operator
import re
import tomllib
import typing
from pathlib import Path

import jax
import numpy as np
import pytest

import separatrix as sx
from separatrix._names import PUBLIC as MODULES
from separatrix.analysis.following import thresholds
from separatrix.experiment import (
    NETWORKS,
    TASKS,
    Experiment,
    Setup,
    settings,
)
from separatrix.networks.activations import ACTIVATIONS

PAGES = Path(__file__).parents[1] / "docs" / "reference"
NONE = "–"
GIVEN = ("self", "num_inputs", "num_outputs", "dt", "key")
SIZES = {"N": 1, "2 N": 2, "3 N": 3}


def tables(page, heading=None):
    """Return the tables of a page, or of the part below a heading: lists of rows of cells."""
    text = (PAGES / page).read_text(encoding="utf-8")
    if heading is not None:
        below = re.split(rf"(?m)^#+ {re.escape(heading)}$", text)[1]
        text = re.split(r"(?m)^#+ ", below)[0]
    found = []
    for block in re.findall(r"(?m)(?:^\|.*\n)+", text):
        lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()]
        found.append([[cell.strip().replace(r"\|", "|") for cell in line] for line in lines[2:]])
    return found


def table(page, heading=None, number=0):
    return tables(page, heading)[number]


def names(cell):
    """Return what stands between backquotes; a single text without its quotation marks."""
    found = re.findall(r"`([^`]+)`", cell)
    return [re.sub(r'^"([^"]*)"$', r"\1", name) for name in found]


def value(cell):
    """Return the TOML value of a cell; `not set` is None."""
    return None if cell == "not set" else tomllib.loads(f"value = {cell.strip('`')}")["value"]


def test_the_page_of_verdicts_shows_their_thresholds():
    """It is written by `print(table())`."""
    assert thresholds.table() in (PAGES / "verdict.md").read_text("utf-8")


def plain(thing):
    """Return a default as TOML would say it."""
    thing = getattr(thing, "setting", thing)
    if isinstance(thing, settings.Named):
        return {"name": thing.name, **thing.arguments}
    if isinstance(thing, (tuple, list)):
        return [plain(each) for each in thing]
    return thing


# The public names


def public_names():
    """Return every public name with what it names; what has several names, by the shortest."""
    found = {f"sx.{name}": getattr(sx, name) for name in sx.__all__}
    known = {id(thing) for thing in found.values()}
    for module in filter(None, MODULES):
        home = getattr(sx, module)
        for name in home.__all__:
            thing = getattr(home, name)
            if id(thing) not in known:
                found[f"sx.{module}.{name}"] = thing
                known.add(id(thing))
    return found


PUBLIC = public_names()
ROWS = [row for part in tables("api.md") for row in part]


def test_the_pages_list_the_public_names_once():
    listed = [names(name)[0] for name, _ in ROWS]
    for kind in ("tasks", "networks"):
        listed += [f"sx.{kind}.{names(row[0])[0]}" for row in table(f"{kind}.md")]
    assert sorted(listed) == sorted(PUBLIC)


def test_a_line_is_the_first_one_of_the_docstring():
    for name, text in ROWS:
        thing = PUBLIC[names(name)[0]]
        if callable(thing) or inspect.ismodule(thing):
            assert text == inspect.getdoc(thing).splitlines()[0], name


def is_called_by_users(name):
    """Whether a name is called: neither a base class, nor an error, nor what functions return."""
    thing = PUBLIC[name]
    if not callable(thing) or name.startswith("sx.records."):
        return False
    others = (BaseException, enum.Enum)
    return not (inspect.isclass(thing) and (inspect.isabstract(thing) or issubclass(thing, others)))


METHODS = ["Branches.emerging_cycle"]
METHODS += ["Linearization.non_normality", "Linearization.selection_vectors"]


def test_what_users_call_has_an_example():
    """Which tests/runs/test_docstrings.py runs, or that in tests/interop."""
    called = {name: PUBLIC[name] for name in filter(is_called_by_users, PUBLIC)}
    called |= {name: operator.attrgetter(name)(sx.records) for name in METHODS}
    below = {name: inspect.getdoc(x).partition("\nExamples\n---")[2] for name, x in called.items()}
    assert [name for name, examples in below.items() if "\n>>> " not in examples] == []


# The experiment's file

KINDS = [
    (settings.Count, "whole number, 1 or more"),
    (settings.Count | None, "whole number, 1 or more"),
    (settings.Positive | None, "number above 0"),
    (settings.NotNegative, "number, 0 or more"),
    (settings.Flag, "true or false"),
    (str, "text"),
    (int, "whole number, 0 to 2³² − 1"),
    (settings.Input | None, "text, table or list"),
    (tuple[settings.Number, settings.Number], "two numbers, the first below the second"),
    (tuple[str, ...], "list of names"),
    (str | None, "text"),
    (dict[str, settings.Number], "table of numbers"),
    (settings.Claim | None, "text"),
    (typing.Literal["PC1"] | None, '`"PC1"`'),
    (typing.Literal["activity", "random", "both"], '`"activity"`, `"random"` or `"both"`'),
    (settings.DirectoryName, "text"),
    (dict[settings.VariantName, dict[str, typing.Any]], "tables"),
]
MODELS = {
    "The file itself": Experiment,
    "`[training]`": settings.TrainingSettings,
    "`[training.regularizers]`": settings.RegularizerSettings,
    "`[training.until]`": settings.UntilSettings,
    "`[analysis]`": settings.AnalysisSettings,
    "`[analysis.question]`": settings.QuestionSettings,
    "`[analysis.geometry]`": settings.GeometrySettings,
}


def kind_of(annotation):
    return next((text for kind, text in KINDS if kind == annotation), "table")


def default_of(field):
    """Return what a page says where a field has no default in TOML's words, else that."""
    if field.is_required():
        return "required"
    if isinstance(field.default, settings.Settings):
        return "its defaults"
    return "none" if field.default == {} else plain(field.default)


@pytest.mark.parametrize("heading", MODELS)
def test_the_settings_have_these_keys_types_and_defaults(heading):
    hints = typing.get_type_hints(MODELS[heading], include_extras=True)
    words = ("required", "its defaults", "none")
    listed = [
        (names(key)[0], kind, default if default in words else value(default))
        for key, kind, default, _ in table("experiment-file.md", heading)
    ]
    fields = MODELS[heading].model_fields.items()
    assert listed == [(k, kind_of(hints[k]), default_of(f)) for k, f in fields]


FILE = (PAGES / "experiment-file.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", FILE, re.DOTALL)


def test_the_example_is_an_experiment_with_variants_and_its_changes_can_be_made():
    setup = Setup(Experiment.from_dict(tomllib.loads(BLOCKS[0])))
    assert setup.network.num_units == 32
    assert setup.experiment.training.optimizer.arguments["learning_rate"] == 3e-3
    whole = Experiment.from_dict(tomllib.loads("".join(BLOCKS)))
    gru = whole.variant("gru")
    assert gru.training.optimizer.name == "adam"
    assert gru.network.arguments == {"num_units": 32}
    assert whole.variant("vanilla").network == whole.network
    changes = re.findall(r"--set ('[^']+'|[a-z][^\s`]*)", FILE)
    assert len(changes) == 6
    changed = whole.with_changes([c.strip("'") for c in changes if c != "seed=3"])
    assert changed.training.schedule.arguments == {"end": 0.02}
    assert changed.variant("gru").network.arguments == {"num_units": 64}  # it has no activation


def test_the_settings_of_networks_and_their_defaults():
    listed = []
    for key, which, _, default, _ in table("experiment-file.md", "`[network]`"):
        of = list(NETWORKS) if which == "all" else names(which)
        if names(key)[0] != "name":
            known = default if default == "required" else value(default)
            listed += [(name, names(key)[0], known) for name in of]
    expected = [
        (name, p.name, "required" if p.default is p.empty else plain(p.default))
        for name, network in NETWORKS.items()
        for p in inspect.signature(network).parameters.values()
        if p.name not in GIVEN
    ]
    assert sorted(map(str, listed)) == sorted(map(str, expected))


# The tasks


def compact(channels):
    """Return names in a row; of four or more that differ in the last word, the first and last."""
    parts = []
    for stem, group in itertools.groupby(channels, key=lambda name: name.rpartition(" ")[0]):
        alike = list(group)
        parts += [f"{alike[0]} … {alike[-1]}"] if stem and len(alike) > 3 else alike
    return "; ".join(parts)


def test_the_tasks_their_time_steps_sizes_channels_and_papers():
    rows, channels = [], []
    for name, kind in TASKS.items():
        task, text = kind(), inspect.getdoc(kind).splitlines()[0]
        sizes = f"{task.num_inputs} → {task.num_outputs}"
        rows.append([f"`{name}`", f"{task.dt:g}", sizes, text, task.reference])
        channels.append([f"`{name}`", compact(task.channels), compact(task.responses)])
    assert table("tasks.md") == rows
    assert table("tasks.md", "Channels") == channels


def test_the_settings_of_tasks_and_their_defaults():
    for name, *cells in table("tasks.md", "Settings"):
        listed = [list(tomllib.loads("\n".join(names(cell))).items()) for cell in cells]
        drawn, others = [], []
        for p in inspect.signature(TASKS[names(name)[0]]).parameters.values():
            if p.name != "dt":
                part = drawn if "Duration" in str(p.annotation) else others
                part.append((p.name, plain(p.default)))
        assert listed == [drawn, others], name
    assert [names(row[0])[0] for row in table("tasks.md", "Settings")] == list(TASKS)


# The networks


def build(name, **options):
    return NETWORKS[name](2, 3, 1, key=jax.random.key(0), **options)


def variations(name):
    """Return a network for each activation that it takes, or the one of "always"."""
    if "activation" not in inspect.signature(NETWORKS[name]).parameters:
        return {"always": build(name)}
    taken = ("relu", "softplus", "sigmoid") if name == "DaleCTRNN" else ACTIVATIONS
    return {activation: build(name, activation=activation) for activation in taken}


def listed_variations(cell):
    return set() if cell == NONE else {"always"} if cell == "always" else set(names(cell))


def test_the_networks_and_the_sizes_of_their_states():
    rows = {names(row[0])[0]: row for row in table("networks.md")}
    assert sorted(rows) == sorted(NETWORKS)
    for name, (_, _, size, reference) in rows.items():
        assert build(name).initial_state().shape == (SIZES[size.partition(":")[0]] * 3,)
        text = " ".join(inspect.getdoc(NETWORKS[name]).partition("References")[2].split())
        assert [paper for paper in reference.split("; ") if paper not in text] == []


@pytest.mark.parametrize(
    "row",
    table("networks.md", "What the analysis knows of them"),
    ids=lambda row: names(row[0])[0],
)
def test_what_the_analysis_knows_of_a_network(row):
    (name,), linear, box, _, flow = names(row[0]), *row[1:]
    made = variations(name)
    u = np.array([0.3, -0.2])
    assert listed_variations(linear) == {k for k, n in made.items() if n.is_piecewise_linear}
    bounded = {k for k, n in made.items() if n.domain(u) and np.isfinite(n.domain(u)).all()}
    assert listed_variations(box) == bounded
    assert flow.startswith("yes") == all(hasattr(n, "flow_at_input") for n in made.values())

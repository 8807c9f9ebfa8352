"""Tasks and networks of a user's own, named `module:Class` in the file that the user gives."""

import subprocess
import sys

import equinox as eqx
import jax
import pytest
from sample_records import RECORDS

import separatrix as sx
from separatrix.experiment import Experiment, Setup, reanalyze, run_experiment
from separatrix.report import write_figures, write_report
from separatrix.store import certify_run, save_network, save_records
from separatrix.store.integrity import write_digests

TASKS = """
import equinox as eqx, jax, jax.numpy as jnp
import separatrix as sx

class Sign(sx.tasks.StagedTask):
    dt: float = eqx.field(static=True, default=20.0)
    noise: float = eqx.field(static=True, default=0.1)
    noise_on: str = eqx.field(static=True, default="stimulus")
    delay: float = eqx.field(static=True, default=100.0)
    levels: tuple = eqx.field(static=True, default=(-1.0, 1.0))
    reference, needed = "none", ("sample", "report")
    channels, responses = ("go", "number"), ("wait", "below", "above")

    @property
    def durations(self):
        return {"sample": 60.0, "delay": self.delay, "report": 60.0}

    def present(self, key, when):
        number = jax.random.choice(key, jnp.array(self.levels), (when.num_trials,))
        sample, report = when.during("sample"), when.during("report")
        return sx.tasks.Scene(
            signal=jnp.stack([report * 1.0, sample * number[:, None]], axis=-1),
            noisy=jnp.stack([jnp.zeros_like(sample), sample], axis=-1),
            targets=jnp.where(report, jnp.where(number > 0, 2, 1)[:, None], 0),
            scored=report, conditions={"number": number},
        )

class Fails(Sign):
    def __init__(self):
        raise KeyError("no such thing")

NUMBER = 3
"""
NETWORKS = """
import equinox as eqx, jax, jax.numpy as jnp
import separatrix as sx

class Gated(sx.networks.AbstractNetwork):
    W: jax.Array
    U: jax.Array
    out: jax.Array
    num_inputs: int = eqx.field(static=True)
    num_units: int = eqx.field(static=True)
    num_outputs: int = eqx.field(static=True)
    dt: float = eqx.field(static=True)

    def __init__(self, num_inputs, num_units: int, num_outputs, *, dt, gain=0.9, key):
        keys = jax.random.split(key, 3)
        self.num_inputs, self.num_units, self.num_outputs = num_inputs, num_units, num_outputs
        self.W = gain / num_units**0.5 * jax.random.normal(keys[0], (num_units, num_units))
        self.U = 0.3 * jax.random.normal(keys[1], (num_units, num_inputs))
        self.out = 0.2 * jax.random.normal(keys[2], (num_outputs, num_units))
        self.dt = dt

    def step(self, state, input):
        return jnp.tanh(self.W @ state + self.U @ input)

    def readout(self, state):
        return self.out @ state

    def initial_state(self):
        return jnp.zeros(self.num_units)

class Fixed(Gated):
    def __init__(self, num_inputs, num_outputs):
        pass

class Outer:
    Inner = Gated
"""
FILE = """
name = "mine"
[task]
name = "own_tasks:Sign"
delay = 40
[network]
name = "own_networks:Gated"
num_units = 6
[training]
steps = 2
epoch_steps = 2
[analysis]
num_trials = 4
test_trials = 20
num_candidates = 4
slow_points = false
geometry = {slow_curve = false, branches = false, graph = false, lyapunov = false}
"""
STUDY = """
name = "gains"
experiment = "mine.toml"
[grid]
"network.gain" = [1, 0.5]
"""
TRAP = """
from pathlib import Path
Path(__file__).with_suffix(".imported").touch()
raise RuntimeError("a run's file has imported this")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a user's modules, an experiment and a study of it."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own_tasks.py").write_text(TASKS)
    (folder / "own_networks.py").write_text(NETWORKS)
    (folder / "own_package").mkdir()
    (folder / "own_package" / "inner.py").write_text("from own_networks import Outer\n")
    (folder / "mine.toml").write_text(FILE)
    (folder / "study.toml").write_text(STUDY)
    yield folder
    for name in [name for name in sys.modules if name.startswith("own_")]:
        del sys.modules[name]


def give(folder, old="", new=""):
    """Read the file with another text in it."""
    (folder / "other.toml").write_text(FILE.replace(old, new))
    return Experiment.from_toml(folder / "other.toml")


def test_a_file_names_classes_beside_it(folder):
    before = list(sys.path)
    setup = Setup(Experiment.from_toml(folder / "mine.toml"))
    assert sys.path == before
    assert type(setup.task).__name__ == "Sign" and setup.task.delay == 40.0
    assert type(setup.network).__name__ == "Gated" and setup.network.num_inputs == 2
    executed = setup.experiment.to_dict()
    assert executed["task"]["name"] == "own_tasks:Sign" and executed["task"]["noise"] == 0.1
    assert list(executed["network"]) == ["name", "num_units", "gain"]
    again = give(folder, FILE, setup.experiment.to_toml())
    assert Setup(again).experiment.to_toml() == setup.experiment.to_toml()
    assert Setup(again).task == setup.task
    changed = again.with_changes(["task.levels=[-2.0, 2.0]", "network.name=GRU"])
    assert Setup(changed).task.levels == (-2.0, 2.0) and len(changed.left_out) == 1


def test_a_class_in_a_class_of_a_package(folder):
    made = Setup(give(folder, "own_networks:Gated", "own_package.inner:Outer.Inner")).network
    assert type(made).__name__ == "Gated"


REFUSALS = {
    "a module that is not there": ("own_tasks:Sign", "own_task:Sign"),
    "a class that is not there": ("own_tasks:Sign", "own_tasks:Signs"),
    "no name of a class": ("own_tasks:Sign", "own_tasks.py:Sign()"),
    "a value": ("own_tasks:Sign", "own_tasks:NUMBER"),
    "a network for a task": ("own_tasks:Sign", "own_networks:Gated"),
    "an unknown key": ("delay =", "dely ="),
    "a value of another kind": ("delay = 40", 'delay = "long"'),
    "a class that does not take what it is given": ("own_networks:Gated", "own_networks:Fixed"),
    "a module that raises": ("own_tasks:Sign", "trap:Sign"),
    "a module that ends Python": ("own_tasks:Sign", "ends:Sign"),
    "another module of that name": ("own_tasks:Sign", "tomllib:Sign"),
}


@pytest.mark.parametrize("refused", REFUSALS)
def test_what_is_refused_when_the_file_is_read(folder, refused):
    for name, text in (("trap", TRAP), ("ends", "raise SystemExit(0)"), ("tomllib", "")):
        (folder / f"{name}.py").write_text(text)
    before = list(sys.path)
    with pytest.raises(sx.InvalidInputError) as caught:
        give(folder, *REFUSALS[refused])
    assert str(folder / "other.toml") in str(caught.value) and "\n" not in str(caught.value)
    assert sys.path == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("num_units = 6", ""),
        ('name = "own_tasks:Sign"\ndelay = 40', 'name = "own_tasks:Fails"'),
        ('"own_tasks:Sign"\ndelay = 40', '"separatrix.tasks:StagedTask"'),  # it is abstract
    ],
)
def test_what_is_refused_when_the_classes_are_made(folder, old, new):
    with pytest.raises(sx.InvalidInputError):
        Setup(give(folder, old, new))


def test_only_a_file_that_is_given_imports(tmp_path, monkeypatch):
    """The trap lies beside a run and on Python's path, and nothing of the run springs it."""
    (tmp_path / "trap.py").write_text(TRAP)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = FILE.replace("own_tasks", "trap").replace("own_networks", "trap")
    (tmp_path / "experiment.toml").write_text(text)
    save_records({"history": RECORDS["history"]}, tmp_path / "results.nc")
    cell = sx.networks.CTRNN(2, 6, 3, key=jax.random.key(0))
    monkeypatch.setattr(type(cell), "__module__", "trap")
    save_network(cell, tmp_path / "weights.safetensors")
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(tmp_path))
    write_digests(tmp_path)
    run = sx.load_run(tmp_path)
    assert run.network is None and run.task is None and len(run.history) == 5
    assert run.unknown_class == "trap:Gated" and "sx.load_network" in repr(run)
    for refused in (
        lambda: reanalyze(tmp_path, tmp_path / "again"),
        lambda: certify_run({"": run}, tmp_path / "proofs.json"),
        lambda: Setup(Experiment.from_dict(run.experiment)),
        lambda: sx.Study.from_dict({"name": "s", "experiment": run.experiment}),
        lambda: Experiment.named("yang2020").with_changes(["task.name=trap:Sign"]).check_imported(),
    ):
        with pytest.raises((sx.InvalidInputError, sx.UnreadableFileError)):
            refused()
    Experiment.from_toml(
        tmp_path / "experiment.toml"
    )  # beside results: another may have written it
    assert not (tmp_path / "trap.imported").exists()
    (tmp_path / "experiment.toml").rename(tmp_path / "mine.toml")
    with pytest.raises(sx.InvalidInputError):
        Experiment.from_toml(tmp_path / "mine.toml")
    assert (tmp_path / "trap.imported").exists()


@pytest.fixture(scope="module")
def run(folder):
    def finish(run, directory):
        write_figures(run, directory, formats=["png"])
        write_report(run, directory / "report.html", figures=directory / "figures")

    given = folder / "mine.toml"
    return run_experiment(given, folder / "run", progress=False, finish=finish)


@pytest.mark.runs
def test_a_run_is_whole(run, folder):
    assert {"history", "activity", "fixed_points", "performance", "verdict"} <= set(run.records)
    assert (run.path / "report.html").exists() and any((run.path / "figures").iterdir())
    read = sx.load_run(run.path)
    assert read.experiment["network"]["name"] == "own_networks:Gated"
    assert eqx.tree_equal(read.network, run.network)  # its class is imported here
    done = run_experiment(folder / "mine.toml", run.path, progress=False, resume=True)
    assert eqx.tree_equal(done.network, run.network)


@pytest.mark.runs
def test_another_process_reads_the_run_and_imports_nothing(run, folder, tmp_path):
    for name in ("own_tasks.py", "own_networks.py"):
        (tmp_path / name).write_text(TRAP)
    code = f"""
import separatrix as sx
from separatrix.cli.commands import app
from typer.testing import CliRunner
run = sx.load_run({str(run.path)!r})
assert run.task is None and run.network is None and len(run.fixed_points) >= 0
codes = [CliRunner().invoke(app, [verb, {str(run.path)!r}, *more]).exit_code for verb, more in (
    ("report", ()), ("certify", ("--out", "proofs.json")), ("analyze", ("--out", "again")))]
assert codes == [0, 2, 2], codes
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("*.imported"))

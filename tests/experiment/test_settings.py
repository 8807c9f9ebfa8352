import pickle

import equinox as eqx
import pytest

import separatrix as sx
from separatrix.experiment import (
    NETWORKS,
    Experiment,
    Setup,
    experiment_names,
    read_toml,
)
from separatrix.experiment.tables import keys_of

MINIMAL = """
name = "mine"
[task]
name = "PerceptualDecisionMaking"
[network]
name = "CTRNN"
num_units = 8
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "my.toml").write_text(text, encoding="utf-8")
        return tmp_path / "my.toml"

    return write


def test_a_minimal_file_is_enough_and_its_execution_tells_every_default(write):
    experiment = Experiment.from_toml(write(MINIMAL))
    assert (experiment.name, experiment.seed, experiment.training.steps) == ("mine", 0, 1280)
    setup = Setup(experiment)
    assert setup.network.num_units == 8
    executed = setup.experiment.to_dict()
    assert executed["task"]["coherences"] == [0.0, 6.4, 12.8, 25.6, 51.2]
    assert executed["network"]["tau"] == 100.0
    assert executed["network"]["initialization"] == "kaiming_normal"
    assert executed["training"]["optimizer"]["b1"] == 0.9
    assert executed["analysis"]["input"] == "stimulus"


NETWORK = "[network]"


@pytest.mark.parametrize(
    ("old", "new", "key", "meant"),
    [
        (NETWORK, f"[training]\nstps = 3\n{NETWORK}", "training.stps", "steps"),
        (NETWORK, f"[trianing]\nsteps = 3\n{NETWORK}", "trianing", "training"),
        (NETWORK, f"[training]\nsteps = 0\n{NETWORK}", "training.steps", "1"),
        (
            NETWORK,
            f"[training.optimizer]\nlearning_rate = 1e-3\n{NETWORK}",
            "training.optimizer",
            "'name'",
        ),
        ('"CTRNN"', '"CTRN"', "CTRN", "CTRNN"),
        (
            '"PerceptualDecisionMaking"',
            '"PerceptualDecision"',
            "task",
            "PerceptualDecisionMaking",
        ),
        ("num_units = 8", "num_unit = 8", "network.num_unit", "num_units"),
        ("num_units = 8", "", "network", "num_units"),
        ("num_units = 8", "num_units = 0", "network", "num_units"),
        (NETWORK, f"stimulus = -5.0\n{NETWORK}", "task", "stimulus"),
        (NETWORK, f"stimulsu = 5.0\n{NETWORK}", "task.stimulsu", "stimulus"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_by_file_and_key(write, old, new, key, meant):
    path = write(MINIMAL.replace(old, new))
    with pytest.raises(sx.InvalidInputError) as caught:
        Setup(Experiment.from_toml(path))
    for word in (str(path), key, meant):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "name", ["no.toml", ".", "broken.toml", "binary.toml", "deep.toml", "nested.toml", "large.toml"]
)
def test_files_that_cannot_be_read(tmp_path, name):
    (tmp_path / "large.toml").write_text("a = 1\n" + "#" * 2**20)
    (tmp_path / "nested.toml").write_text("a = " + "[" * 50_000 + "]" * 50_000)
    (tmp_path / "deep.toml").write_text("a" + ".a" * 50_000 + " = 1\n")  # tomllib takes a minute
    (tmp_path / "broken.toml").write_text("name = \n")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises((sx.InvalidInputError, sx.UnreadableFileError), match=str(tmp_path / name)):
        read_toml(tmp_path / name)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("training.stps=3", "'steps'"),
        ("xyz=1", "analysis, description, name, network, seed, task, training, variants"),
        ("training.steps=true", "training.steps"),
        ("analysis.random_range=[3, 1]", "analysis.random_range"),
        ("name='../thesis'", "name"),
        ("name='..'", "name"),
        ("name=' '", "name"),
        ("trainig.steps=3", "'training'"),
        ("training.steps.x=3", "'steps'"),
        ("analysis.num_trials=1000000000000", "less than or equal to 2147483647"),
        ("training.steps", "KEY=VALUE"),
        ("=3", "KEY=VALUE"),
    ],
)
def test_changes_that_are_refused(change, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        Experiment.named("yang2020").with_changes([change])


def test_changes_are_toml_and_bare_words_are_texts():
    changes = [
        "training.steps=7",
        "network.activation=tanh",
        'network.initialization="torch_linear"',
        "task.coherences=[0, 51.2]",
        "analysis.slow_points=false",
        "training.optimizer.b1 = 0.5",
    ]
    changed = Experiment.named("yang2020").with_changes(changes)
    named = changed.network.arguments
    assert (named["activation"], named["initialization"]) == ("tanh", "torch_linear")
    assert (changed.training.steps, changed.analysis.slow_points) == (7, False)
    assert changed.task.arguments["coherences"] == (0, 51.2)
    assert changed.training.optimizer.arguments["b1"] == 0.5
    assert Experiment.named("yang2020").training.steps == 1280


def every_run():
    """Yield every experiment that comes with the package, or each of its variants."""
    for experiment in map(Experiment.named, experiment_names()):
        chosen = [experiment.variant(name) for name in experiment.variants] or [experiment]
        marks = [] if experiment.name in ("yang2020", "sussillo2013") else [pytest.mark.laws]
        yield from (pytest.param(one, id=one.name, marks=marks) for one in chosen)


@pytest.mark.parametrize("experiment", list(every_run()))
def test_the_configuration_as_executed_gives_the_same_objects(experiment, write):
    executed = Setup(experiment)
    again = Setup(Experiment.from_toml(write(executed.experiment.to_toml())))
    assert again.experiment.to_dict() == executed.experiment.to_dict()
    assert again.experiment.to_toml() == executed.experiment.to_toml()
    assert (again.task, again.batches) == (executed.task, executed.batches)
    assert eqx.tree_equal(executed.network, again.network)


@pytest.mark.parametrize("name", NETWORKS)
def test_another_network_keeps_the_keys_that_it_takes(name):
    """Also where all defaults of the old one are written out, as in a run's directory."""
    whole = Setup(Experiment.named("yang2020")).experiment
    changed = whole.with_changes([f"network.name={name}", "network.num_units=8"])
    network = Setup(changed).network
    assert type(network).__name__ == name and network.num_units == 8
    kept = changed.network.arguments
    assert set(kept) <= set(keys_of(Experiment, "network", name)) and "num_units" in kept
    assert bool(changed.left_out) == (set(kept) < set(whole.network.arguments))


@pytest.mark.parametrize(
    ("change", "left_out", "kept"),
    [
        ("training.optimizer.name=sgd", ["training.optimizer.b1"], {"learning_rate": 1e-3}),
        ('training.optimizer={name="sgd", learning_rate=0.1}', [], {"learning_rate": 0.1}),
        ("training.optimizer.name=adamw", [], {"learning_rate": 1e-3, "b1": 0.5}),
    ],
)
def test_what_a_change_of_name_leaves_out(change, left_out, kept):
    before = Experiment.named("yang2020").with_changes(["training.optimizer.b1=0.5"])
    changed = before.with_changes([change])
    assert len(changed.left_out) == len(left_out)
    assert all(key in text for key, text in zip(left_out, changed.left_out, strict=True))
    assert changed.training.optimizer.arguments == kept


def test_an_experiment_can_be_sent_to_another_process():
    given = Experiment.named("yang2020").with_changes(["training.optimizer.b1=0.5"])
    for one in (given, Setup(given).experiment):
        again = pickle.loads(pickle.dumps(one))
        assert (again.to_dict(), again.source) == (one.to_dict(), one.source)

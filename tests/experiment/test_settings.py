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
        path = tmp_path / "my.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(make):
    with pytest.raises((sx.InvalidInputError, sx.UnreadableFileError)) as caught:
        make()
    return str(caught.value)


def test_a_minimal_file_is_enough(write):
    experiment = Experiment.from_toml(write(MINIMAL))
    assert (experiment.name, experiment.seed, experiment.training.steps) == ("mine", 0, 1280)
    assert Setup(experiment).network.num_units == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[training]\nstps = 3\n",
            "unknown key 'training.stps' in {file}: did you mean 'steps' or 'epoch_steps'?",
        ),
        (
            "[trianing]\nsteps = 3\n",
            "unknown key 'trianing' in {file}: did you mean 'training' or 'variants'?",
        ),
        (
            "[training]\nsteps = 0\n",
            "training.steps in {file}: input should be greater than or equal to 1, got 0.",
        ),
        (
            "[training.optimizer]\nlearning_rate = 1e-3\n",
            "missing key 'training.optimizer.name' in {file}.",
        ),
    ],
)
def test_what_is_wrong_in_a_file(write, text, said):
    path = write(MINIMAL + text)
    assert refusal(lambda: Experiment.from_toml(path)) == said.format(file=path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'name = "CTRNN"',
            'name = "CTRN"',
            "unknown network 'CTRN' in {file}: did you mean 'CTRNN' or 'DaleCTRNN'?",
        ),
        (
            'name = "PerceptualDecisionMaking"',
            'name = "PerceptualDecision"',
            "unknown task 'PerceptualDecision' in {file}: did you mean 'PerceptualDecisionMaking' "
            "or 'PerceptualDecisionMakingDelayResponse' or 'PulseDecisionMaking'?",
        ),
        (
            "num_units = 8",
            "num_unit = 8",
            "unknown key 'network.num_unit' in {file}: did you mean 'num_units'?",
        ),
        ("num_units = 8", "", "network in {file}: missing key 'num_units'."),
        (
            "num_units = 8",
            "num_units = 0",
            "network in {file}: num_units must be a whole number of at least 1, got 0.",
        ),
        (
            "[network]",
            "stimulus = -5.0\n[network]",
            "task in {file}: PerceptualDecisionMaking: the stimulus period must last 0 ms or "
            "more, got -5 ms.",
        ),
        (
            "[network]",
            "stimulsu = 5.0\n[network]",
            "unknown key 'task.stimulsu' in {file}: did you mean 'stimulus'?",
        ),
    ],
)
def test_what_cannot_be_built(write, old, new, said):
    path = write(MINIMAL.replace(old, new))
    assert refusal(lambda: Setup(Experiment.from_toml(path))) == said.format(file=path)


def test_files_that_cannot_be_read(tmp_path, write):
    assert refusal(lambda: read_toml(tmp_path / "no.toml")) == (
        f"cannot read {tmp_path / 'no.toml'}: No such file or directory. "
        "Check the path: something on it does not exist."
    )
    assert refusal(lambda: read_toml(tmp_path)) == (
        f"cannot read {tmp_path}: Is a directory. Give the path of a file, not of a directory."
    )
    path = write("name = \n")
    assert refusal(lambda: read_toml(path)) == (
        f"{path} is not TOML: Invalid value (at line 1, column 8)."
    )
    path.write_bytes(b"\xff\xfe")
    assert refusal(lambda: read_toml(path)).startswith(f"{path} is not TOML: 'utf-8' codec")


CHANGES = [
    (
        "training.stps=3",
        "unknown key 'training.stps' in yang2020.toml with --set: "
        "did you mean 'steps' or 'epoch_steps'?",
    ),
    (
        "steps=3",
        "unknown key 'steps' in yang2020.toml with --set: did you mean 'training.steps'?",
    ),
    (
        "learning_rate=1",
        "unknown key 'learning_rate' in yang2020.toml with --set: "
        "did you mean 'training.optimizer.learning_rate'?",
    ),
    (
        "xyz=1",
        "unknown key 'xyz' in yang2020.toml with --set: valid: analysis, description, name, "
        "network, seed, task, training, variants.",
    ),
    (
        "training.steps=true",
        "training.steps in yang2020.toml with --set: expected a whole number, got True.",
    ),
    (
        "analysis.random_range=[3, 1]",
        "analysis.random_range in yang2020.toml with --set: the first end must be below the "
        "second, got [3, 1].",
    ),
    *(
        (
            f"name='{name}'",
            "name in yang2020.toml with --set: it names the run's directory, so it can be no path "
            f"and not empty, got {name!r}.",
        )
        for name in ("../thesis", "..", " ")
    ),
    (
        "trainig.steps=3",
        "--set trainig.steps=3: there is no table 'trainig': did you mean 'training'? A table that "
        "is to be added is given whole, 'trainig={ … }'.",
    ),
    ("training.steps.x=3", "--set training.steps.x=3: 'steps' is a value, not a table."),
    ("training.steps", "--set training.steps: expected KEY=VALUE, such as training.steps=200."),
    ("=3", "--set =3: expected KEY=VALUE, such as training.steps=200."),
]


@pytest.mark.parametrize(("change", "said"), CHANGES)
def test_changes_that_are_refused(change, said):
    assert refusal(lambda: Experiment.named("yang2020").with_changes([change])) == said


def test_changes_are_toml_and_bare_words_are_texts():
    changed = Experiment.named("yang2020").with_changes(
        [
            "training.steps=7",
            "network.activation=tanh",
            'network.initialization="torch_linear"',
            "task.coherences=[0, 51.2]",
            "analysis.slow_points=false",
            "training.optimizer.b1 = 0.5",
        ]
    )
    assert changed.training.steps == 7
    assert changed.network.arguments["activation"] == "tanh"
    assert changed.network.arguments["initialization"] == "torch_linear"
    assert changed.task.arguments["coherences"] == (0, 51.2)
    assert changed.analysis.slow_points is False
    assert changed.training.optimizer.arguments["b1"] == 0.5
    assert Experiment.named("yang2020").training.steps == 1280
    assert "with --set" in changed.source


def every_run():
    """Yield every experiment that comes with the package, or each of its variants."""
    for experiment in map(Experiment.named, experiment_names()):
        chosen = [experiment.variant(name) for name in experiment.variants] or [experiment]
        marks = [] if experiment.name in ("yang2020", "sussillo2013") else [pytest.mark.laws]
        yield from (pytest.param(one, id=one.name, marks=marks) for one in chosen)


@pytest.mark.parametrize("experiment", list(every_run()))
def test_the_configuration_as_executed_gives_the_same_objects(experiment, write):
    executed = Setup(experiment)
    path = write(executed.experiment.to_toml())
    again = Setup(Experiment.from_toml(path))
    assert again.experiment.to_dict() == executed.experiment.to_dict()
    assert again.experiment.to_toml() == executed.experiment.to_toml()
    assert again.task == executed.task
    assert again.batches == executed.batches
    assert eqx.tree_equal(executed.network, again.network)


def test_the_configuration_as_executed_tells_every_default(write):
    executed = Setup(Experiment.from_toml(write(MINIMAL))).experiment.to_dict()
    assert executed["task"]["coherences"] == [0.0, 6.4, 12.8, 25.6, 51.2]
    assert executed["network"]["tau"] == 100.0
    assert executed["network"]["initialization"] == "kaiming_normal"
    assert executed["training"]["optimizer"]["b1"] == 0.9
    assert executed["analysis"]["input"] == "stimulus"


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


RENAMED = [
    (
        "training.optimizer.name=sgd",
        "left out: training.optimizer.b1, which adam has and sgd has not.",
        {"learning_rate": 1e-3},
    ),
    ('training.optimizer={name="sgd", learning_rate=0.1}', None, {"learning_rate": 0.1}),
    ("training.optimizer.name=adamw", None, {"learning_rate": 1e-3, "b1": 0.5}),
]


@pytest.mark.parametrize(("change", "said", "kept"), RENAMED)
def test_what_a_change_of_name_leaves_out(change, said, kept):
    before = Experiment.named("yang2020").with_changes(["training.optimizer.b1=0.5"])
    changed = before.with_changes([change])
    assert changed.left_out == (() if said is None else (said,))
    assert changed.training.optimizer.arguments == kept


def test_an_experiment_can_be_sent_to_another_process():
    given = Experiment.named("yang2020").with_changes(["training.optimizer.b1=0.5"])
    for one in (given, Setup(given).experiment):
        again = pickle.loads(pickle.dumps(one))
        assert (again.to_dict(), again.source) == (one.to_dict(), one.source)

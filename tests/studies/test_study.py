import tomllib
from pathlib import Path

import pytest

from separatrix import InvalidInputError, Study
from separatrix.experiment import Experiment
from separatrix.studies import slurm_script

ROOT = Path(__file__).parents[2]
BASE = {"name": "one", "experiment": "yang2020"}


def study(**values):
    return Study.from_dict({**BASE, **values})


def changes(of):
    return [dict(cell.changes) for cell in of.cells]


def test_cells_are_every_combination_of_grid_list_and_seeds():
    found = study(
        grid={"network.num_units": [16, 24, 16]},  # cells of the same settings are one
        listed=[{"training.steps": 10, "training.batch_size": 8}, {"training.steps": 20}],
        seeds="3:5",
    )
    assert len(found.cells) == 8
    assert changes(found)[:3] == [
        {"network.num_units": 16, "training.steps": 10, "training.batch_size": 8, "seed": 3},
        {"network.num_units": 16, "training.steps": 10, "training.batch_size": 8, "seed": 4},
        {"network.num_units": 16, "training.steps": 20, "training.batch_size": 16, "seed": 3},
    ]
    last = found.cells[-1].experiment
    assert (last.network.arguments["num_units"], last.training.steps, last.seed) == (24, 20, 4)


RATE, UNITS = "training.optimizer.learning_rate", "network.num_units"


@pytest.mark.parametrize(
    ("key", "drawn", "kind"),
    [
        (RATE, {"low": 1e-4, "high": 1e-2, "scale": "log"}, float),
        (RATE, {"low": 0.0, "high": 2.0}, float),
        ("training.batch_size", {"low": 8, "high": 32}, int),  # whole ends give whole numbers
    ],
)
def test_random_values_are_the_same_every_time_and_within_their_range(key, drawn, kind):
    random = {"count": 8, "seed": 1, "values": {key: drawn, "network.tau": [100.0, 200.0]}}
    found = changes(study(random=random))
    assert found == changes(study(random=random))
    values = {one[key] for one in found}
    assert all(isinstance(x, kind) and drawn["low"] <= x <= drawn["high"] for x in values)
    assert len(values) == 8 or kind is int
    assert {one["network.tau"] for one in found} == {100.0, 200.0}


def test_variants_of_an_experiment_are_cells():
    names = [cell.changes["variant"] for cell in study(experiment="maheswaranathan2019").cells]
    assert names == list(Experiment.named("maheswaranathan2019").variants)


def test_the_key_is_that_of_the_settings_alone():
    keys = [
        study(**values).cells[0].key
        for values in (
            {},
            {"name": "other", "description": "another"},
            {"seeds": [1]},
            {"tests": {"far": {"task.stimulus": 4000.0}}},
        )
    ]
    assert keys[0] == keys[1] and len(set(keys)) == 3


def test_more_seeds_and_other_limits_are_the_same_study():
    one = study(seeds="0:2", limits={"seconds": 5.0})
    assert one.digest == study(seeds="0:4", description="longer").digest
    assert one.digest != study(grid={UNITS: [16]}).digest


def test_a_study_survives_its_file(tmp_path):
    first = study(grid={UNITS: [16, 24]}, seeds="0:2", limits={"retries": 3})
    (tmp_path / "study.toml").write_text(first.to_toml())
    again = Study.from_toml(tmp_path / "study.toml")
    assert [c.key for c in again.cells] == [c.key for c in first.cells]
    assert (again.digest, again.limits) == (first.digest, first.limits)
    assert set(tomllib.loads(study(seeds="0:3").to_toml())) == {"name", "experiment", "seeds"}


TWO_VARIANTS = {"a": {"training": {"steps": 5}}, "b": {"training": {"steps": 6}}}


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"grid": {"network.num_units": []}}, "grid.network.num_units"),
        ({"grid": {"network.num_unit": [16]}}, "'num_units'"),
        ({"grid": {"nets.num_units": [16]}}, "'nets'"),
        ({"grid": {"network.num_units": [16, "many"]}}, "'many'"),
        ({"gird": {}}, "gird in the study"),
        ({"grid": {"network": {"num_units": [16]}}}, '"network.num_units"'),
        ({"listed": [{"training": {"steps": 6}}]}, '"training.steps"'),
        ({"tests": {"far": {"task": {"dt": 6.0}}}}, '"task.dt"'),
        ({"grid": {"seed": [1, 2]}, "seeds": [3]}, "seed"),
        ({"grid": {"training.steps": [1]}, "listed": [{"training.steps": 2}]}, "training.steps"),
        ({"grid": {"training.optimizer": [{"name": "sgd"}], RATE: [1.0]}}, "training.optimizer"),
        ({"grid": {"name": ["a", "b"]}}, "name"),
        ({"seeds": "5:5"}, "FIRST:END"),
        ({"seeds": "all"}, "FIRST:END"),
        ({"seeds": [1.5]}, "seeds"),
        ({"experiment": "yang2021"}, "'yang2020'"),
        ({"experiment": 3}, "experiment"),
        ({"name": "a/b"}, "name"),
        ({"tests": {"far": {"network.num_units": 3}}}, "task.*"),
        ({"tests": {"far": {"task.dt": 10.0}}}, "dt"),
        ({"random": {"count": 2, "values": {"seed": {"low": 3, "high": 3}}}}, "low < high"),
        ({"random": {"count": 2, "values": {}}}, "random.values"),
        ({"random": {"count": 10**9, "values": {"seed": {"low": 1, "high": 9}}}}, "random.count"),
        ({"random": {"count": 2, "values": {"seed": []}}}, "random.values.seed"),
        ({"random": {"count": 5, "values": {"network.tau": [100.0, 200.0]}}}, "random.count"),
        ({"limits": {"seconds": -1.0}}, "limits.seconds"),
        (
            {
                "experiment": Experiment.named("yang2020").to_dict() | {"variants": TWO_VARIANTS},
                "grid": {"training.steps": [4, 8]},
            },
            "a and b",  # which are one network
        ),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is(values, word):
    with pytest.raises(InvalidInputError) as error:
        study(**values)
    assert word in str(error.value)


def test_the_script_of_a_job_array_runs_every_part(tmp_path):
    found = study(seeds="0:2", limits={"memory": 2.5})
    files = tmp_path / "study.toml", tmp_path / "out"
    script = slurm_script(found, *files, 2)
    assert "#SBATCH --array=1-2" in script and "--mem=3G" in script
    assert '--part "$SLURM_ARRAY_TASK_ID/2"' in script
    with pytest.raises(InvalidInputError):
        slurm_script(found, *files, 0)


@pytest.mark.runs
def test_the_files_of_the_page_are_studies():
    page = (ROOT / "docs" / "how-to" / "many-networks.md").read_text()
    first, second = (tomllib.loads(b.split("```")[0]) for b in page.split("```toml")[1:])
    assert len(Study.from_dict(first).cells) == 2 * 3 * 10
    assert len(Study.from_dict(first | second | {"grid": {}, "seeds": [0]}).cells) == 2 * 50


@pytest.mark.runs
def test_the_studies_among_the_examples_are_studies():
    files = sorted((ROOT / "examples" / "studies").glob("*.toml"))
    assert [len(Study.from_toml(file).cells) for file in files] == [1000, 200, 30]


def test_an_experiment_stands_beside_a_study_and_is_none(tmp_path):
    (tmp_path / "mine.toml").write_text(Experiment.named("yang2020").to_toml(), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"separatrix run .*mine\.toml --seeds"):
        Study.from_toml(tmp_path / "mine.toml")
    (tmp_path / "study.toml").write_text('name = "two"\nexperiment = "mine.toml"\nseeds = [7]\n')
    assert Study.from_toml(tmp_path / "study.toml").cells[0].experiment.seed == 7

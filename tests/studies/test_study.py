import tomllib
from pathlib import Path

import numpy as np
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
        grid={"network.num_units": [16, 24]},
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


def test_random_values_are_the_same_every_time_and_within_their_range():
    rate = {"low": 1e-4, "high": 1e-2, "scale": "log"}
    values = {"training.optimizer.learning_rate": rate, "network.num_units": [16, 24]}
    drawn = {"count": 20, "seed": 1, "values": values}
    first, second = changes(study(random=drawn)), changes(study(random=drawn))
    assert first == second
    rates = np.array([one["training.optimizer.learning_rate"] for one in first])
    assert (rates >= 1e-4).all() and (rates <= 1e-2).all() and len(set(rates)) == 20
    assert {one["network.num_units"] for one in first} == {16, 24}


def test_whole_ends_give_whole_numbers():
    drawn = {"count": 10, "values": {"network.num_units": {"low": 8, "high": 32}}}
    found = study(random=drawn)
    assert all(isinstance(one["network.num_units"], int) for one in changes(found))


def test_variants_of_an_experiment_are_cells():
    names = [cell.changes["variant"] for cell in study(experiment="maheswaranathan2019").cells]
    assert names == list(Experiment.named("maheswaranathan2019").variants)


def test_variants_that_are_one_network_in_the_study_are_refused(tmp_path):
    base = Experiment.named("yang2020").to_dict()
    base["variants"] = {"a": {"training": {"steps": 5}}, "b": {"training": {"steps": 6}}}
    with pytest.raises(InvalidInputError, match="the variants a and b of yang2020 are one network"):
        study(experiment=base, grid={"training.steps": [4, 8]})


def test_numbers_with_a_point_stay_numbers_with_a_point():
    drawn = {"count": 4, "values": {"training.optimizer.learning_rate": {"low": 0.0, "high": 2.0}}}
    rates = [one["training.optimizer.learning_rate"] for one in changes(study(random=drawn))]
    assert len(set(rates)) == 4


def test_cells_of_the_same_settings_are_one():
    assert len(study(grid={"network.num_units": [16, 16]}).cells) == 1


def test_the_key_is_that_of_the_settings_alone():
    one, two = study(), study(name="other", description="another")
    assert one.cells[0].key == two.cells[0].key
    assert one.cells[0].key != study(seeds=[1]).cells[0].key
    assert one.cells[0].key != study(tests={"far": {"task.stimulus": 4000.0}}).cells[0].key


def test_more_seeds_and_other_limits_are_the_same_study():
    one = study(seeds="0:2", limits={"seconds": 5.0})
    assert one.digest == study(seeds="0:4", description="longer").digest
    assert one.digest != study(grid={"network.num_units": [16]}).digest


def test_a_study_survives_its_file(tmp_path):
    first = study(grid={"network.num_units": [16, 24]}, seeds="0:2", limits={"retries": 3})
    (tmp_path / "study.toml").write_text(first.to_toml())
    again = Study.from_toml(tmp_path / "study.toml")
    assert [c.key for c in again.cells] == [c.key for c in first.cells]
    assert again.digest == first.digest and again.limits == first.limits


def test_an_experiment_may_stand_beside_the_study(tmp_path):
    (tmp_path / "own.toml").write_text(Experiment.named("yang2020").to_toml())
    (tmp_path / "study.toml").write_text('name = "two"\nexperiment = "own.toml"\nseeds = [7]\n')
    assert Study.from_toml(tmp_path / "study.toml").cells[0].experiment.seed == 7


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"grid": {"network.num_units": []}}, "grid.network.num_units"),
        ({"grid": {"network.num_unit": [16]}}, "did you mean 'num_units'?"),
        ({"grid": {"nets.num_units": [16]}}, "there is no table 'nets'"),
        (
            {"grid": {"network.num_units": [16, "many"]}},
            "expected a whole number, got 'many'",
        ),
        ({"gird": {}}, "unknown key 'gird'"),
        (
            {"grid": {"network": {"num_units": [16]}}},
            'quote the key of a setting, "network.num_units"',
        ),
        ({"listed": [{"training": {"steps": 6}}]}, 'quote the key of a setting, "training.steps"'),
        ({"tests": {"far": {"task": {"dt": 6.0}}}}, 'quote the key of a setting, "task.dt"'),
        ({"grid": {"seed": [1, 2]}, "seeds": [3]}, "seed in the study is given in two places"),
        ({"grid": {"training.steps": [1]}, "listed": [{"training.steps": 2}]}, "in two places"),
        (
            {
                "grid": {
                    "training.optimizer": [{"name": "sgd"}],
                    "training.optimizer.learning_rate": [1.0],
                }
            },
            "training.optimizer gives it, too",
        ),
        ({"grid": {"name": ["a", "b"]}}, "name in the study changes no network"),
        ({"seeds": "5:5"}, "expected FIRST:END"),
        ({"seeds": "all"}, "expected FIRST:END"),
        ({"seeds": [1.5]}, "seeds"),
        ({"experiment": "yang2021"}, "did you mean 'yang2020'"),
        ({"experiment": 3}, "expected a name, a file"),
        ({"name": "a/b"}, "it names the run's directory"),
        ({"tests": {"far": {"network.num_units": 3}}}, "only task.* can be changed"),
        ({"tests": {"far": {"task.dt": 10.0}}}, "its task has dt = 10.0"),
        ({"random": {"count": 2, "values": {"seed": {"low": 3, "high": 3}}}}, "low < high"),
        ({"random": {"count": 2, "values": {}}}, "random.values"),
        ({"random": {"count": 2, "values": {"seed": []}}}, "random.values.seed"),
        ({"limits": {"seconds": -1.0}}, "limits.seconds"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is(values, said):
    with pytest.raises(InvalidInputError) as error:
        study(**values)
    assert said in str(error.value)


def test_the_script_of_a_job_array_runs_every_part(tmp_path):
    found = study(seeds="0:20", limits={"memory": 2.5})
    script = slurm_script(found, tmp_path / "study.toml", tmp_path / "out", 16)
    assert "#SBATCH --array=1-16" in script and "--mem=3G" in script
    assert '--part "$SLURM_ARRAY_TASK_ID/16"' in script
    with pytest.raises(InvalidInputError):
        slurm_script(found, tmp_path / "study.toml", tmp_path / "out", 0)


def test_the_file_holds_no_more_than_was_given():
    values = tomllib.loads(study(seeds="0:3").to_toml())
    assert set(values) == {"name", "experiment", "seeds"}


def test_the_files_of_the_page_are_studies():
    page = (ROOT / "docs" / "how-to" / "many-networks.md").read_text()
    first, second = (block.split("```")[0] for block in page.split("```toml")[1:])
    assert len(Study.from_dict(tomllib.loads(first)).cells) == 2 * 3 * 10
    both = tomllib.loads(first) | tomllib.loads(second) | {"grid": {}, "seeds": [0]}
    assert len(Study.from_dict(both).cells) == 2 * 50


def test_the_studies_among_the_examples_are_studies():
    files = sorted((ROOT / "examples" / "studies").glob("*.toml"))
    assert [len(Study.from_toml(file).cells) for file in files] == [1000, 200, 30]


def test_an_experiment_is_no_study_and_the_call_that_runs_it_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(Experiment.named("yang2020").to_toml(), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"separatrix run .*mine\.toml --seeds"):
        Study.from_toml(path)
    (tmp_path / "study.toml").write_text('name = "many"\nexperiment = "mine.toml"\n')
    assert Study.from_toml(tmp_path / "study.toml").cells

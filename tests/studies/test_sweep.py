import dataclasses
import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sample_records import RECORDS
from small_experiment import STUDY as STUDY_SETTINGS

import separatrix as sx
from separatrix import InvalidInputError, Study
from separatrix.studies import State
from separatrix.studies.directory import StudyDirectory
from separatrix.studies.row import _of_topology, row_of
from separatrix.studies.work import run_cell

STUDY = Study.from_dict(STUDY_SETTINGS)
RIGHT, DIVERGING = STUDY.cells


def run(out, study=STUDY, **asked):
    with ThreadPoolExecutor(1) as executor:
        return sx.sweep(study, out, executor=executor, **asked)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    out, told = tmp_path_factory.mktemp("studies") / "one", []
    return run(out, progress=told.append), told


@pytest.fixture
def copied(swept, tmp_path):
    shutil.copytree(swept[0].path, tmp_path / "copy")
    return StudyDirectory(tmp_path / "copy")


def numbers(results):
    return results.table.drop(columns="seconds").to_json()


def test_the_table_has_a_row_for_each_network(swept):
    results, told = swept
    assert list(results.table.index) == [cell.key for cell in STUDY.cells]
    row = results.done.loc[RIGHT.key]
    assert 0 <= row.score <= 1 and 0 <= row.score_longer <= 1
    assert row.fixed_points >= row.proved and row.stable + row.saddles <= row.fixed_points
    assert row["training.optimizer.learning_rate"] == 1e-3
    assert [str(status) for status in told][-1] == "2 cells: 1 done, 1 diverged"
    assert "2 networks (1 done, 1 diverged)" in repr(results)


def test_what_diverges_is_a_row_with_its_error(swept):
    failed = swept[0].failed.loc[DIVERGING.key]
    assert failed.state == "diverged" and "loss" in failed.error


def test_arrays_of_all_networks_are_one_dataset(swept):
    names = ("fixed_points", "linearization", "history")
    points, linear, loss = map(swept[0].arrays, names)
    found = swept[0].run(RIGHT.key)
    (network,) = points.network.values
    assert network == swept[0].names[RIGHT.key]
    np.testing.assert_array_equal(points.states.values[0], found.fixed_points.states)
    np.testing.assert_array_equal(linear.eigenvalues.values[0], found.linearization.eigenvalues)
    assert loss.loss.dims == ("network", "step") and loss.sizes["step"] == 4
    assert points.coverage.dims == ("network",) and set(points.attrs) == {"record"}
    with pytest.raises(sx.UnreadableFileError, match=r"no network of .* has 'cycles'"):
        swept[0].arrays("cycles")


def test_networks_have_names_of_their_own_by_every_setting(tmp_path):
    listed = [{"training.steps": 5}, {"training.batch_size": 4}]
    study = Study.from_dict(STUDY_SETTINGS | {"grid": {}, "listed": listed, "seeds": [0, 1]})
    StudyDirectory(tmp_path).begin(study)
    results = sx.load_study(tmp_path)
    assert results.varied == ["training.steps", "training.batch_size", "seed"]
    assert results.table["training.steps"].tolist() == [5, 5, 4, 4]  # as the experiment says
    assert len(set(results.names.values())) == 4 and results.is_independent


def test_damaged_results_are_said_to_be_so(copied):
    results = sx.load_study(copied.path)
    file = copied.run_of(RIGHT.key) / "results.nc"
    file.write_bytes(file.read_bytes()[:1000])
    assert "cannot be read" in sx.compare(results, "topology").evidence[0]
    with pytest.raises(sx.UnreadableFileError, match="damaged"):
        results.arrays("history")
    file.unlink()
    with pytest.raises(sx.UnreadableFileError, match="a sweep makes it again"):
        results.run(RIGHT.key)


def test_a_cell_is_a_run_and_its_row_says_what_that_run_holds(swept):
    found = swept[0].run(RIGHT.key)
    assert found.network is not None
    row = swept[0].done.loc[RIGHT.key]
    assert row.fixed_points == len(found.fixed_points.fixed)
    assert row.score == found.psychometric.mean_accuracy
    assert len(swept[0].runs) == 1


def test_a_cell_is_named_by_its_key_or_its_row(swept):
    study = swept[0]
    row = list(study.table.index).index(RIGHT.key)
    one, other = study.run(RIGHT.key), study.run(row)
    assert one.path == other.path
    for wrong in (len(study), -len(study) - 1, "no key"):
        with pytest.raises(sx.InvalidInputError):
            study.run(wrong)


def test_what_is_done_is_not_done_again(copied):
    before = (copied.run_of(RIGHT.key) / "results.nc").stat().st_mtime_ns
    run(copied.path)
    assert (copied.run_of(RIGHT.key) / "results.nc").stat().st_mtime_ns == before


def test_a_damaged_result_is_made_again_and_is_the_same(copied, swept):
    (copied.run_of(RIGHT.key) / "weights.safetensors").write_bytes(b"damaged")
    assert numbers(run(copied.path)) == numbers(swept[0])


def test_a_result_cut_in_half_is_made_again(copied, swept):
    (copied.run_of(RIGHT.key) / "cell.json").write_text('{"row": {')
    assert numbers(run(copied.path)) == numbers(swept[0])


@pytest.mark.parametrize("name", ["cell.json", "experiment.toml", "cell.json experiment.toml"])
def test_a_result_half_deleted_is_made_again(copied, swept, name):
    for file in name.split():
        (copied.run_of(RIGHT.key) / file).unlink()
    assert numbers(run(copied.path)) == numbers(swept[0])


def test_many_may_begin_a_study_at_once(tmp_path):
    with ThreadPoolExecutor(8) as executor:
        begun = [executor.submit(StudyDirectory(tmp_path / "one").begin, STUDY) for _ in range(40)]
        assert all(future.exception() is None for future in begun)


def test_what_another_process_has_done_meanwhile_is_done(tmp_path, swept, monkeypatch):
    out = StudyDirectory(tmp_path / "one")
    out.begin(STUDY)

    def slower(*given, **asked):
        shutil.copytree(swept[0].path / "cells" / RIGHT.key, out.run_of(RIGHT.key))
        raise InvalidInputError("already holds a run")

    monkeypatch.setattr("separatrix.studies.work.run_experiment", slower)
    assert run_cell(str(out.path), RIGHT, STUDY.limits) is State.DONE
    assert out.failure(RIGHT.key) is None


def test_a_damaged_note_is_no_note(copied):
    (copied.path / "failed" / f"{DIVERGING.key}.json").write_text("{}")
    assert sx.load_study(copied.path).table.state[DIVERGING.key] == "planned"
    (copied.path / "failed" / f"{DIVERGING.key}.json").write_text('{"state": "odd", "tries": 1}')
    (copied.run_of(RIGHT.key) / "cell.json").write_text('{"row": {}, "digests": {}}')
    assert sx.load_study(copied.path).table.state.tolist() == ["planned", "planned"]
    (copied.path / "claims" / f"{DIVERGING.key}.json").write_text('{"pid": "x"}')
    assert sx.load_study(copied.path).status.count(State.PLANNED) == 2


def test_what_is_no_address_is_refused_at_once(tmp_path):
    with pytest.raises(InvalidInputError, match="address is like tcp"):
        sx.sweep(STUDY, tmp_path / "one", scheduler="nowhere")


def test_limits_are_refused_where_they_would_end_the_callers_process(tmp_path):
    limited = Study.from_dict({**STUDY_SETTINGS, "limits": {"seconds": 5.0}})
    with pytest.raises(InvalidInputError, match="limits of time and memory"):
        run(tmp_path / "one", limited)
    with pytest.raises(InvalidInputError, match="limits of time and memory"):
        sx.sweep(limited, tmp_path / "one", workers=0)
    assert sx.load_study(tmp_path / "one").status.count(State.PLANNED) == 2


def test_an_undecided_cube_is_left_open(monkeypatch):
    undecided = property(lambda topology: sx.records.Undecided("a link is not known"))
    monkeypatch.setattr(sx.records.FixedPointTopology, "is_cube", undecided)
    assert _of_topology(RECORDS["topology"])["cube"] is None


@pytest.mark.parametrize("complete", [True, False])
def test_a_set_that_may_lack_points_is_not_called_no_cube(swept, complete):
    found = swept[0].run(RIGHT.key)
    points = dataclasses.replace(found.fixed_points, complete=complete)
    topology = RECORDS["topology"]
    assert topology.is_cube is False
    held = dataclasses.replace(found, records={"fixed_points": points, "topology": topology})
    assert row_of(held)["cube"] is (False if complete else None)


@pytest.mark.parametrize(
    ("multipliers", "time"),
    [
        ((0.5, 0.2), -10 / np.log(0.5)),
        ((0.5, 1.25), -10 / np.log(1.25)),  # it grows
        ((1.0, 1.25, 0.99), -10 / np.log(0.99)),  # 1 stays for ever
        ((1.0,), None),
    ],
)
def test_the_slowest_time_constant_of_growth_is_negative(swept, multipliers, time):
    system = sx.DiscreteMap(lambda x: np.array(multipliers) * x, len(multipliers), dt=10.0)
    modes = sx.linearize(system, np.zeros((1, len(multipliers))))
    held = dataclasses.replace(swept[0].run(RIGHT.key), records={"linearization": modes})
    found = row_of(held).get("slowest_time_constant")
    assert found is None if time is None else found == pytest.approx(time)


def test_what_a_killed_process_left_is_taken_over(copied, swept):
    shutil.rmtree(copied.run_of(RIGHT.key))
    claim = copied.path / "claims" / f"{RIGHT.key}.json"
    alive = {"host": os.uname().nodename, "pid": os.getpid(), "token": "x", "since": 0}
    claim.write_text(json.dumps(alive))
    results = run(copied.path)
    assert results.table.state[RIGHT.key] == "running" and claim.exists()
    ended = subprocess.Popen(["true"])
    ended.wait()
    claim.write_text(json.dumps({**alive, "pid": ended.pid}))
    assert numbers(run(copied.path)) == numbers(swept[0])
    assert not claim.exists()


def test_a_claim_that_nobody_touches_is_nobodys(copied):
    claim = copied.path / "claims" / f"{RIGHT.key}.json"
    claim.write_text(json.dumps({"host": "elsewhere", "pid": 1, "token": "x", "since": 0}))
    assert copied.claimant(RIGHT.key) is not None
    with copied.claimed(RIGHT.key) as mine:
        assert mine is None
    os.utime(claim, (0, 0))
    assert copied.claimant(RIGHT.key) is None
    with copied.claimed(RIGHT.key) as mine:
        assert mine == claim
        with copied.claimed(RIGHT.key) as second:
            assert second is None
    assert not claim.exists()


def test_more_seeds_are_added_to_a_study(copied, monkeypatch):
    more = Study.from_dict({**STUDY_SETTINGS, "seeds": [0, 1]})
    monkeypatch.setattr("separatrix.studies.run.run_cell", lambda *given: State.FAILED)
    monkeypatch.setattr("separatrix.studies.run._left", lambda *given: [])
    assert len(run(copied.path, more)) == 4


def test_failed_cells_are_tried_again_when_asked(copied):
    def tries():
        return copied.failure(DIVERGING.key)["tries"]

    run(copied.path)
    assert tries() == 1
    copied.write_failure(DIVERGING.key, {"state": "lost", "error": "", "tries": 1})
    run(copied.path)  # once more, as a process may be lost by chance
    assert copied.failure(DIVERGING.key)["state"] == "diverged" and tries() == 2
    copied.write_failure(DIVERGING.key, {"state": "lost", "error": "", "tries": 2})
    run(copied.path)
    assert copied.failure(DIVERGING.key)["state"] == "lost"
    run(copied.path, retry=True)
    assert copied.failure(DIVERGING.key)["state"] == "diverged"


def test_parts_share_the_cells(tmp_path, monkeypatch):
    done = []

    def note(path, cell, limits, same):
        done.append(cell.key)
        StudyDirectory(path).write_failure(cell.key, {"state": "failed", "error": "", "tries": 1})
        return State.FAILED

    monkeypatch.setattr("separatrix.studies.run.run_cell", note)
    many = Study.from_dict({**STUDY_SETTINGS, "seeds": "0:5"})
    for part in range(1, 4):
        run(tmp_path / "many", many, part=f"{part}/3")
    assert sorted(done) == sorted(cell.key for cell in many.cells)
    assert sx.load_study(tmp_path / "many").status.is_over


@pytest.mark.parametrize("part", ["17/16", "0/3", "3", "a/b"])
def test_a_part_that_is_none_is_refused(tmp_path, part):
    with pytest.raises(InvalidInputError, match="expected K/N"):
        sx.sweep(STUDY, tmp_path / "one", part=part)
    assert not (tmp_path / "one").exists()


def test_no_worker_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="workers must be a whole number of at least 1"):
        sx.sweep(STUDY, tmp_path / "one", workers=-1)


def test_a_directory_of_something_else_is_left_alone(copied, tmp_path):
    other = Study.from_dict({**STUDY_SETTINGS, "name": "other"})
    with pytest.raises(InvalidInputError, match="holds another study"):
        run(copied.path, other)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(InvalidInputError, match="holds what no study has written"):
        run(tmp_path / "mine")


def test_a_full_disk_ends_the_study_and_not_the_cell(tmp_path, monkeypatch):
    def full(*given, **asked):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("separatrix.studies.work.run_experiment", full)
    with pytest.raises(InvalidInputError, match="No space left"):
        run(tmp_path / "one")
    assert sx.load_study(tmp_path / "one").status.count(State.PLANNED) == 2


def test_what_is_no_study_is_said_so(tmp_path):
    with pytest.raises(sx.UnreadableFileError):
        sx.load_study(tmp_path)

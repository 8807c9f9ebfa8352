import dataclasses
import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from linear_tools import linear_map
from sample_records import RECORDS
from small_experiment import STUDY as STUDY_SETTINGS

import separatrix as sx
from separatrix import InvalidInputError, Study
from separatrix.studies import State
from separatrix.studies.directory import StudyDirectory
from separatrix.studies.row import row_of
from separatrix.studies.work import run_cell

STUDY = Study.from_dict(STUDY_SETTINGS)
RIGHT, DIVERGING = STUDY.cells


def run(out, study=STUDY, **asked):
    with ThreadPoolExecutor(1) as executor:
        return sx.sweep(study, out, executor=executor, **asked)


TOLD = []
"""What the sweep of these tests says of its progress."""


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return run(tmp_path_factory.mktemp("studies") / "one", progress=TOLD.append)


@pytest.fixture
def copied(swept, tmp_path):
    shutil.copytree(swept.path, tmp_path / "copy")
    return StudyDirectory(tmp_path / "copy")


def assert_made_again(copied, swept):
    """A sweep of the copy ends with the numbers of the original."""
    one, other = (found.table.drop(columns="seconds") for found in (run(copied.path), swept))
    assert one.to_json() == other.to_json()


def test_the_table_has_a_row_for_each_network(swept):
    assert list(swept.table.index) == [cell.key for cell in STUDY.cells]
    row, found = swept.done.loc[RIGHT.key], swept.run(RIGHT.key)
    assert (row.score, row.fixed_points) == (
        found.psychometric.mean_accuracy,
        len(found.fixed_points.fixed),
    )
    assert 0 <= row.score <= 1 and 0 <= row.score_longer <= 1
    assert row.fixed_points >= row.proved and row.stable + row.saddles <= row.fixed_points
    assert row["training.optimizer.learning_rate"] == 1e-3
    assert str(TOLD[-1]) == "2 cells: 1 done, 1 diverged"
    assert len(swept.runs) == 1 and "2 networks (1 done, 1 diverged)" in repr(swept)
    failed = swept.failed.loc[DIVERGING.key]
    assert failed.state == "diverged" and "loss" in failed.error


def test_arrays_of_all_networks_are_one_dataset(swept):
    points, linear, loss = map(swept.arrays, ("fixed_points", "linearization", "history"))
    found = swept.run(RIGHT.key)
    assert points.network.values.tolist() == [swept.names[RIGHT.key]]
    np.testing.assert_array_equal(points.states.values[0], found.fixed_points.states)
    np.testing.assert_array_equal(linear.eigenvalues.values[0], found.linearization.eigenvalues)
    assert loss.loss.dims == ("network", "step") and loss.sizes["step"] == 4
    assert points.coverage.dims == ("network",) and set(points.attrs) == {"record"}
    with pytest.raises(sx.UnreadableFileError, match="'cycles'"):
        swept.arrays("cycles")


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
    with pytest.raises(sx.UnreadableFileError):
        results.arrays("history")
    file.unlink()
    with pytest.raises(sx.UnreadableFileError):
        results.run(RIGHT.key)


@pytest.mark.parametrize("at", [0.1, 0.4, 0.7])
def test_a_row_that_is_not_what_was_written_is_not_told(copied, at):
    file = copied.run_of(RIGHT.key) / "cell.json"
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 1
    file.write_bytes(content)
    row = sx.load_study(copied.path).table.loc[RIGHT.key]
    assert row.state == "damaged" and str(file) in row.error
    assert np.isnan(row.get("score", np.nan))


def test_a_damaged_study_names_its_file(copied):
    file = copied.path / "study.toml"
    file.write_text(file.read_text().replace("num_units", "num_unitt"))
    with pytest.raises(sx.UnreadableFileError, match=r"study\.toml: .*num_unitt"):
        sx.load_study(copied.path)


def test_what_is_done_is_not_done_again(copied):
    before = (copied.run_of(RIGHT.key) / "results.nc").stat().st_mtime_ns
    run(copied.path)
    assert (copied.run_of(RIGHT.key) / "results.nc").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "damage",
    [
        {"weights.safetensors": b"damaged"},
        {"cell.json": b'{"row": {"seconds": 1.0, "score": 0.99}}'},
        {"cell.json": None, "experiment.toml": None},
        pytest.param({"cell.json": b'{"row": {'}, marks=pytest.mark.runs),
        pytest.param({"cell.json": None}, marks=pytest.mark.runs),
        pytest.param({"experiment.toml": None}, marks=pytest.mark.runs),
    ],
)
def test_a_damaged_result_is_made_again_and_is_the_same(copied, swept, damage):
    for name, content in damage.items():
        (copied.run_of(RIGHT.key) / name).unlink()
        if content is not None:
            (copied.run_of(RIGHT.key) / name).write_bytes(content)
    assert_made_again(copied, swept)


def test_many_may_begin_a_study_at_once(tmp_path):
    with ThreadPoolExecutor(8) as executor:
        begun = [executor.submit(StudyDirectory(tmp_path / "one").begin, STUDY) for _ in range(40)]
        assert all(future.exception() is None for future in begun)


def test_what_another_process_has_done_meanwhile_is_done(tmp_path, swept, monkeypatch):
    out = StudyDirectory(tmp_path / "one")
    out.begin(STUDY)

    def slower(*given, **asked):
        shutil.copytree(swept.path / "cells" / RIGHT.key, out.run_of(RIGHT.key))
        raise InvalidInputError("already holds a run")

    monkeypatch.setattr("separatrix.studies.work.run_experiment", slower)
    assert run_cell(str(out.path), RIGHT, STUDY.limits) is State.DONE
    assert out.failure(RIGHT.key) is None


def test_a_damaged_note_is_no_note(copied):
    failed = copied.path / "failed" / f"{DIVERGING.key}.json"
    for note in ("{}", '{"state": "odd", "tries": 1}'):
        failed.write_text(note)
        assert sx.load_study(copied.path).table.state[DIVERGING.key] == "planned"
    (copied.run_of(RIGHT.key) / "cell.json").write_text('{"row": {}, "digests": {}}')
    (copied.path / "claims" / f"{DIVERGING.key}.json").write_text('{"pid": "x"}')
    status = sx.load_study(copied.path).status
    assert (status.count(State.PLANNED), status.count(State.DAMAGED)) == (1, 1)


@pytest.fixture
def row_with(swept):
    """Return the row of the run with other records."""
    found = swept.run(RIGHT.key)
    return lambda **records: row_of(dataclasses.replace(found, records=records))


@pytest.mark.parametrize("complete", [True, False])
def test_a_set_that_may_lack_points_is_not_called_no_cube(row_with, swept, complete):
    topology, points = RECORDS["topology"], swept.run(RIGHT.key).fixed_points
    assert topology.is_cube is False
    points = dataclasses.replace(points, complete=complete)
    cube = row_with(fixed_points=points, topology=topology)["cube"]
    assert cube is (False if complete else None)


@pytest.mark.parametrize(
    ("multipliers", "time"),
    [
        ((0.5, 0.2), -10 / np.log(0.5)),
        ((0.5, 1.25), -10 / np.log(1.25)),  # it grows
        ((1.0, 1.25, 0.99), -10 / np.log(0.99)),  # 1 stays for ever
        ((1.0,), None),
    ],
)
def test_the_slowest_time_constant_of_growth_is_negative(row_with, multipliers, time):
    modes = sx.linearize(linear_map(np.diag(multipliers)), np.zeros((1, len(multipliers))))
    assert row_with(linearization=modes).get("slowest_time_constant") == pytest.approx(time)


def claim_of(directory, **by):
    """Claim a cell for a process."""
    claim = directory.path / "claims" / f"{RIGHT.key}.json"
    here = {"host": os.uname().nodename, "pid": os.getpid(), "token": "x", "since": 0}
    claim.write_text(json.dumps(here | by))
    return claim


def test_what_a_killed_process_left_is_taken_over(copied, swept):
    shutil.rmtree(copied.run_of(RIGHT.key))
    claim = claim_of(copied)
    assert run(copied.path).table.state[RIGHT.key] == "running" and claim.exists()
    ended = subprocess.Popen(["true"])
    ended.wait()
    for gone in ("pid", "parent"):  # a worker may live a moment longer than what began it
        claim_of(copied, **{gone: ended.pid})
        assert_made_again(copied, swept)
        assert not claim.exists()
        shutil.rmtree(copied.run_of(RIGHT.key))


def test_a_claim_that_nobody_touches_is_nobodys(copied):
    claim = claim_of(copied, host="elsewhere", pid=1)
    assert copied.claimant(RIGHT.key) is not None
    with copied.claimed(RIGHT.key) as mine:
        assert mine is None
    os.utime(claim, (0, 0))
    assert copied.claimant(RIGHT.key) is None
    with copied.claimed(RIGHT.key) as mine, copied.claimed(RIGHT.key) as second:
        assert mine == claim and second is None
    assert not claim.exists()


@pytest.mark.parametrize(
    ("tries", "retry", "state"),
    [
        (1, False, "diverged"),  # once more, as a process may be lost by chance
        (2, False, "lost"),
        (2, True, "diverged"),
    ],
)
def test_failed_cells_are_tried_again_when_asked(copied, tries, retry, state):
    copied.write_failure(DIVERGING.key, {"state": "lost", "error": "", "tries": tries})
    run(copied.path, retry=retry)
    failure = copied.failure(DIVERGING.key)
    assert failure["state"] == state
    run(copied.path)  # what diverged once is not tried again
    assert copied.failure(DIVERGING.key) == failure


def test_parts_share_the_cells(tmp_path, monkeypatch):
    done = []

    def note(path, cell, limits, same):
        done.append(cell.key)
        StudyDirectory(path).write_failure(cell.key, {"state": "failed", "error": "", "tries": 1})
        return State.FAILED

    monkeypatch.setattr("separatrix.studies.run.run_cell", note)
    many = Study.from_dict({**STUDY_SETTINGS, "seeds": "0:5"})
    for part in range(1, 4):
        run(tmp_path, many, part=f"{part}/3")
    assert sorted(done) == sorted(cell.key for cell in many.cells)
    assert sx.load_study(tmp_path).status.is_over


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        *(({"part": part}, "K/N") for part in ("17/16", "0/3", "3", "a/b")),
        ({"workers": -1}, "workers"),
        ({"scheduler": "nowhere"}, "tcp"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(tmp_path, asked, word):
    with pytest.raises(InvalidInputError, match=word):
        sx.sweep(STUDY, tmp_path / "one", **asked)


@pytest.mark.parametrize("sweep", [run, lambda out, study: sx.sweep(study, out, workers=0)])
def test_limits_are_refused_where_they_would_end_the_callers_process(tmp_path, sweep):
    limited = Study.from_dict({**STUDY_SETTINGS, "limits": {"seconds": 5.0}})
    with pytest.raises(InvalidInputError, match="limits"):
        sweep(tmp_path, limited)
    assert sx.load_study(tmp_path).status.count(State.PLANNED) == 2


def test_a_directory_of_something_else_is_left_alone(copied, tmp_path):
    with pytest.raises(InvalidInputError):
        run(copied.path, Study.from_dict({**STUDY_SETTINGS, "name": "other"}))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(InvalidInputError):
        run(tmp_path / "mine")
    with pytest.raises(sx.UnreadableFileError):
        sx.load_study(tmp_path / "mine")


def test_a_full_disk_ends_the_study_and_not_the_cell(tmp_path, monkeypatch):
    def full(*given, **asked):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("separatrix.studies.work.run_experiment", full)
    with pytest.raises(InvalidInputError):
        run(tmp_path)
    assert sx.load_study(tmp_path).status.count(State.PLANNED) == 2

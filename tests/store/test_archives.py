"""What earlier versions wrote is read, and says what it said (tests/archives/README.md)."""

import json
import shutil
import tomllib
from types import SimpleNamespace

import archive
import numpy as np
import pytest

import separatrix as sx
from separatrix._tensors import read_tensors
from separatrix.training.checkpoint import FORMAT

PACKED = {path.name.removesuffix(".tar.gz"): path for path in archive.ARCHIVES.glob("*.tar.gz")}


@pytest.fixture(scope="module", params=PACKED)
def old(request, tmp_path_factory):
    """The files of an old version in a folder, and what they held when they were written."""
    folder = tmp_path_factory.mktemp("archive")
    shutil.unpack_archive(PACKED[request.param], folder, filter="data")
    holds = (archive.ARCHIVES / f"{request.param}.json").read_text(encoding="utf-8")
    return SimpleNamespace(path=folder, holds=json.loads(holds))


def assert_told(records, told):
    """Every record and field of the archive is there, to the last bit; fields may have come."""
    found = archive.told(records)
    assert list(found) == list(told)
    for name, one in told.items():
        assert found[name]["class"] == one["class"], name
        assert one["fields"].items() <= found[name]["fields"].items(), name


def test_there_is_an_archive():
    assert PACKED


def test_a_run_is_read(old):
    run = sx.load_run(old.path / "run")
    assert_told(run.records, old.holds["run"])
    assert run.psychometric.mean_accuracy == old.holds["mean accuracy"]
    np.testing.assert_array_equal(run.fixed_points.states, old.holds["fixed points"])
    assert run.fixed_points.certified.all() and len(run.fixed_points.fixed) > 0


def test_the_points_of_a_run_are_those_of_its_network(old):
    """By a dumber program: the rates of what the file calls fixed are τ dr/dt = 0."""
    run = sx.load_run(old.path / "run")
    net, input = run.network, run.frozen_inputs.values[0]
    bias = np.asarray(net.input_weights, float) @ input + np.asarray(net.bias, float)
    for rates in run.fixed_points.fixed.states:
        driven = np.tanh(np.asarray(net.recurrent_weights, float) @ rates + bias)
        np.testing.assert_allclose(driven, rates, rtol=0, atol=1e-12)


def test_the_settings_of_a_run_are_those_of_an_experiment(old):
    file = old.path / "run" / "experiment.toml"
    settings = sx.Experiment.from_toml(file).to_dict()
    for name, table in tomllib.loads(file.read_text(encoding="utf-8")).items():
        assert settings[name] == table or table.items() <= settings[name].items(), name


def test_the_report_of_a_run_is_written_again(old, tmp_path):
    page = sx.write_report(sx.load_run(old.path / "run"), tmp_path / "report.html")
    text = page.read_text(encoding="utf-8")
    assert "archived" in text and 'id="fixed_points"' in text


def test_the_proofs_of_a_run_are_verified(old):
    assert archive.verified(old.path / "run" / "proofs.json") == old.holds["proofs"]


def test_a_study_is_read(old):
    study = sx.load_study(old.path / "study")
    rows = archive.rows(study)
    assert rows.keys() == old.holds["study"].keys()
    for key, row in old.holds["study"].items():
        assert row.items() <= rows[key].items()
    assert len(study.runs) == len(study.done) == 1


def test_a_record_of_every_kind_is_read(old):
    assert_told(sx.load_records(old.path / "records.nc"), old.holds["records"])


def test_networks_of_every_class_are_read_and_do_the_same_step(old):
    files = {path.stem: path for path in (old.path / "networks").iterdir()}
    assert files.keys() == old.holds["networks"].keys()
    for name, file in files.items():
        found = archive.next_state(sx.load_network(file))
        np.testing.assert_allclose(found, old.holds["networks"][name], rtol=1e-5, atol=1e-6)


def test_a_checkpoint_is_whole(old):
    """Only the version that wrote it goes on with it (docs/development/compatibility.md)."""
    arrays, _ = read_tensors(old.path / "training.checkpoint", FORMAT, "training")
    losses = old.holds["losses of the checkpoint"]
    assert any(np.array_equal(array, losses) for array in arrays.values())

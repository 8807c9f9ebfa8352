import copy
import pickle

import equinox as eqx
import pytest
from sample_records import RECORDS, network

import separatrix as sx
from separatrix.store import load_run, save_network, save_records


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "mine"
    path.mkdir()
    (path / "experiment.toml").write_text('name = "mine"\n[training]\nsteps = 5\n')
    save_network(network(), path / "weights.safetensors")
    save_records({name: RECORDS[name] for name in ("history", "activity")}, path / "results.nc")
    return path


def test_a_run_is_read(path):
    run = load_run(path)
    assert run.experiment == {"name": "mine", "training": {"steps": 5}}
    assert eqx.tree_equal(run.network, network())
    assert run.activity is run.records["activity"]
    assert run.provenance["separatrix"] == sx.__version__
    assert {"activity", "history", "records"} <= set(dir(run))
    assert "CTRNN of 6 units" in repr(run)
    assert "History: 5 steps" in repr(run)


def test_a_missing_record_is_named_with_what_there_is(path):
    run = load_run(path)
    with pytest.raises(AttributeError, match="no 'fixed_points'; it holds history, activity"):
        _ = run.fixed_points
    assert not hasattr(run, "fixed_points")


def test_runs_can_be_copied(path):
    run = load_run(path)
    assert copy.copy(run).records is run.records
    assert pickle.loads(pickle.dumps(run)).experiment == run.experiment


def test_an_interrupted_run_is_read_as_far_as_it_goes(tmp_path):
    (tmp_path / "experiment.toml").write_text("")
    run = load_run(tmp_path)
    assert run.network is None
    assert run.records == {}
    with pytest.raises(AttributeError, match="it holds no records"):
        _ = run.activity


def test_what_is_no_run(tmp_path):
    with pytest.raises(sx.UnreadableFileError, match="nowhere does not exist"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(sx.UnreadableFileError, match=r"no run directory: it has no exp"):
        load_run(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(sx.UnreadableFileError, match="file is a file"):
        load_run(tmp_path / "file")
    (tmp_path / "experiment.toml").write_text("name = = 1")
    with pytest.raises(sx.UnreadableFileError, match=r"experiment.toml cannot be read: .*line 1"):
        load_run(tmp_path)

import copy
import pickle

import equinox as eqx
import pytest
from sample_records import network

import separatrix as sx
from separatrix.store import load_run
from separatrix.store.integrity import write_digests


def test_a_run_is_read_and_can_be_copied(whole):
    run = load_run(whole)
    assert run.experiment == {"name": "mine", "training": {"steps": 5}}
    assert eqx.tree_equal(run.network, network())
    assert run.activity is run.records["activity"]
    assert run.provenance["separatrix"] == sx.__version__
    assert {"processor", "cores", "settings"} <= run.provenance.keys()
    assert {"activity", "history", "records"} <= set(dir(run))
    assert "CTRNN" in repr(run) and "History" in repr(run)
    assert copy.copy(run).records is run.records
    assert pickle.loads(pickle.dumps(run)).experiment == run.experiment


def test_a_missing_record_is_named_with_what_there_is(whole):
    with pytest.raises(AttributeError, match=r"'fixed_points'.* history, activity"):
        _ = load_run(whole).fixed_points


def test_an_interrupted_run_is_read_as_far_as_it_goes(tmp_path):
    (tmp_path / "experiment.toml").write_text("")
    write_digests(tmp_path)
    run = load_run(tmp_path)
    assert run.network is None and run.records == {} and not hasattr(run, "activity")


@pytest.mark.parametrize("name", ["nowhere", ".", "file", "broken"])
def test_what_is_no_run(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "experiment.toml").write_text("name = = 1")
    write_digests(tmp_path / "broken")
    with pytest.raises(sx.UnreadableFileError, match=str(tmp_path / name)):
        load_run(tmp_path / name)

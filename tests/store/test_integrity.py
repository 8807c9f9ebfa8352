"""Damage to files: every flipped bit is noticed, and what was changed on purpose is read."""

import json
import os
import shutil

import equinox as eqx
import h5py
import numpy as np
import pytest
from same import assert_same_record
from sample_records import network

import separatrix as sx
from separatrix.store import load_network, load_records, load_run, save_network
from separatrix.store.integrity import check_trailer, damaged_files


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "copy")


def flip(path, place, bit):
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


FILES = ("experiment.toml", "weights.safetensors", "results.nc", "digests.json")


@pytest.mark.parametrize("name", FILES)
def test_a_run_of_which_any_bit_was_flipped_is_refused(run, name):
    """Of every byte of the small files and of 300 of the larger ones; the file is named."""
    file, rng = run / name, np.random.default_rng(0)
    size = file.stat().st_size
    for place in rng.choice(size, min(size, 300), replace=False):
        bit = int(rng.integers(8))
        flip(file, place, bit)
        assert damaged_files(run), (name, place, bit)
        flip(file, place, bit)
    assert damaged_files(run) == []
    flip(file, size // 2, 0)
    with pytest.raises(sx.UnreadableFileError, match=name):
        load_run(run)


@pytest.mark.parametrize("name", ["weights.safetensors", "results.nc"])
def test_a_file_alone_of_which_any_bit_was_flipped_is_refused(run, name):
    """Each by its own digest, when it has left its directory."""
    file, rng = run / name, np.random.default_rng(1)
    read = load_network if name.startswith("weights") else check_trailer
    for place in rng.choice(file.stat().st_size, 200, replace=False):
        bit = int(rng.integers(8))
        flip(file, place, bit)
        with pytest.raises(sx.UnreadableFileError, match=name):
            read(file)
        flip(file, place, bit)
    read(file)


@pytest.mark.parametrize("cut", [0, 1, 500])
def test_a_file_that_was_cut_or_has_more_is_refused(run, cut):
    file = run / "results.nc"
    content = file.read_bytes()
    file.write_bytes(content[:-cut] if cut else content + b"more")
    with pytest.raises(sx.UnreadableFileError, match="no digest"):
        load_records(file)


def test_files_of_two_runs_are_not_taken_for_one(run):
    """Weights of another run are whole in themselves."""
    other = eqx.tree_at(lambda n: n.bias, network(), network().bias + 1)
    save_network(other, run / "weights.safetensors")
    assert damaged_files(run) == ["weights.safetensors"]
    with pytest.raises(sx.UnreadableFileError, match="weights"):
        load_run(run)
    assert eqx.tree_equal(load_run(run, verify=False).network, other)
    (run / "digests.json").unlink()
    with pytest.raises(sx.UnreadableFileError, match=r"no digests\.json"):
        load_run(run)


def test_what_was_changed_on_purpose_is_read_in_a_process_of_its_own(run):
    file = run / "results.nc"
    with h5py.File(file, "a") as opened:
        opened["history"]["loss"][0] = 7.0
    assert load_records(file, verify=False)["history"].loss[0] == 7.0
    read = load_run(run, verify=False, only=["history"])
    assert read.history.loss[0] == 7.0 and read.experiment["name"] == "mine"
    assert_same_record(load_records(file, verify=False)["history"], read.history)


def replace(file, change):
    """Put what `change` returns of a variable in its place, as another program might."""
    with h5py.File(file, "a") as opened:
        group = opened["history"]
        attributes, value = dict(group["loss"].attrs), group["loss"][()]
        del group["loss"]
        made = change(group, value)
        made.attrs.update({k: attributes[k] for k in ("field", "description")})


def test_what_takes_too_much_or_is_elsewhere_is_refused(run, tmp_path):
    """Two terabytes of zeros in a small file; a link to another file."""
    file = run / "results.nc"
    replace(file, lambda g, _: g.create_dataset("loss", (2**38,), "f8", chunks=(2**20,)))
    with pytest.raises(sx.UnreadableFileError, match="MiB"):
        load_records(file, verify=False)
    with h5py.File(file, "a") as opened:
        del opened["history"]["loss"]
        opened["history"]["loss"] = h5py.ExternalLink(str(tmp_path / "elsewhere"), "/x")
    with pytest.raises(sx.UnreadableFileError, match="link to another place"):
        load_records(file, verify=False)


@pytest.mark.parametrize(
    "change", [lambda loss: loss.astype("S4"), lambda loss: loss[None], lambda loss: loss[1:]]
)
def test_numbers_of_another_type_or_shape_are_refused(run, change):
    """A text, one more axis, an axis of another length than in other arrays."""
    file = run / "results.nc"
    replace(file, lambda group, loss: group.create_dataset("loss", data=change(loss)))
    with pytest.raises(sx.UnreadableFileError, match="History"):
        load_records(file, verify=False)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.nc")
    for read in (load_records, load_network):
        with pytest.raises(sx.UnreadableFileError, match="pipe"):
            read(tmp_path / "pipe.nc")


def test_digests_name_all_files_of_a_run_and_nothing_drawn(whole):
    held = json.loads((whole / "digests.json").read_text())
    assert set(held["sha256"]) == {"experiment.toml", "weights.safetensors", "results.nc"}

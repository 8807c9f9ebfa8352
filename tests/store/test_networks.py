import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hand_made import HandMade
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sample_records import network

import separatrix as sx
from separatrix.store import load_network, save_network


class Nested(HandMade):
    """A network of the user's own, with modules and containers inside."""

    cells: tuple
    scales: dict
    layers: list
    gain: float
    nothing: None
    names: tuple = eqx.field(static=True)
    step = readout = None


def nested():
    linear = eqx.nn.Linear(2, 2, key=jax.random.key(0))
    return Nested(
        cells=(linear, jnp.arange(3)),
        scales={"a": jnp.float32(2.0), "b": np.array([True, False])},
        layers=[np.array([[1.0, np.pi]]), 3],
        gain=0.1,
        nothing=None,
        names=("x", "y"),
        sizes=(2, 2, 2),
    )


def edit(path, change_arrays=lambda a: None, change_header=lambda h: None):
    """Write a network file again with something changed."""
    with safe_open(path, framework="numpy") as file:
        about = json.loads(file.metadata()["separatrix"])
    arrays, header = load_file(path), json.loads(about["network"])
    change_arrays(arrays)
    change_header(header)
    about |= {"network": json.dumps(header)}
    save_file(arrays, path, {"separatrix": json.dumps(about)})


@pytest.fixture
def path(tmp_path):
    save_network(network(), tmp_path / "n.safetensors")
    return tmp_path / "n.safetensors"


@pytest.mark.parametrize("name", ["x.pt", "x.npz", "x.safetensors"])
@pytest.mark.parametrize("make", [network, nested])
def test_round_trip_is_exact_whatever_a_file_is_called(make, name, tmp_path):
    save_network(make(), tmp_path / name)
    assert eqx.tree_equal(make(), load_network(tmp_path / name))


def test_a_class_of_the_same_name_elsewhere_is_not_taken_for_the_one_that_was_saved(tmp_path):
    save_network(nested(), tmp_path / "n.safetensors")

    class Linear(eqx.Module):
        matrix: jax.Array

    assert eqx.tree_equal(nested(), load_network(tmp_path / "n.safetensors"))
    edit(tmp_path / "n.safetensors", change_header=lambda h: h.update(module="a.place.it.had"))
    assert eqx.tree_equal(nested(), load_network(tmp_path / "n.safetensors", verify=False))


def test_arrays_are_stored_under_their_field_paths(tmp_path):
    save_network(nested(), tmp_path / "n.safetensors")
    assert set(load_file(tmp_path / "n.safetensors")) == {
        "cells.0.weight", "cells.0.bias", "cells.1", "scales.a", "scales.b", "layers.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "error", "word"),
    [
        ("none.safetensors", sx.UnreadableFileError, "exist"),
        ("missing.pt", sx.UnreadableFileError, "exist"),
        (".", sx.UnreadableFileError, "directory"),
        ("bad.safetensors", sx.UnreadableFileError, "damaged"),
        ("foreign", sx.UnreadableFileError, "foreign"),
        ("bad.pt", sx.InvalidInputError, r"networks\.from_state_dict\("),
        ("bad.npz", sx.InvalidInputError, r"networks\.from_state_dict\("),
    ],
)
def test_missing_and_damaged_files_and_those_of_others(tmp_path, name, error, word):
    """What another library may have written names the call that reads it."""
    for bad in ("bad.safetensors", "bad.pt", "bad.npz"):
        (tmp_path / bad).write_bytes(b"PK weights of another library")
    save_file({"w": np.zeros(2)}, tmp_path / "foreign")
    with pytest.raises(error, match=word):
        load_network(tmp_path / name)


@pytest.mark.parametrize(
    ("what", "change", "word"),
    [
        ("arrays", lambda a: a.pop("bias"), "bias"),
        ("arrays", lambda a: a.update(extra=np.zeros(1)), "extra"),
        ("arrays", lambda a: a.update(recurrent_weights=np.zeros((5, 5), "f4")), r"\(5, 5\)"),
        ("arrays", lambda a: a.update(bias=np.zeros((6, 1), "f4")), r"\(6, 1\)"),
        ("header", lambda h: h.update({"class": "CTRNM"}), "CTRNN"),
        ("header", lambda h: h["fields"].pop("tau"), "tau"),
        ("header", lambda h: h["fields"].update(mood=1), "mood"),
        ("header", lambda h: h.pop("fields"), "header"),
    ],
)
def test_files_that_do_not_fit_the_class(path, what, change, word):
    edit(path, **{f"change_{what}": change})
    with pytest.raises(sx.UnreadableFileError, match=word):
        load_network(path, verify=False)
    with pytest.raises(sx.UnreadableFileError, match="digest"):
        load_network(path)


def test_a_file_from_before_a_field_is_read(path):
    def forget(header):
        del header["fields"]["noise"], header["fields"]["trained_initial_state"]

    edit(path, change_header=forget)
    assert eqx.tree_equal(load_network(path, verify=False), network())


def test_what_cannot_be_saved(tmp_path):
    keyed = eqx.tree_at(lambda n: n.gain, nested(), jax.random.key(0))
    for made, place, word in ((keyed, "n", "gain"), (network(), "nowhere/n", "nowhere")):
        with pytest.raises(sx.InvalidInputError, match=word):
            save_network(made, tmp_path / place)
    assert list(tmp_path.iterdir()) == []

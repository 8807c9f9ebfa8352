import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sample_records import network

import separatrix as sx
from separatrix.store import load_network, save_network


class Nested(sx.networks.AbstractNetwork):
    """A network of the user's own, with modules and containers inside."""

    cells: tuple
    scales: dict
    layers: list
    gain: float
    nothing: None
    num_inputs: int = eqx.field(static=True)
    num_units: int = eqx.field(static=True)
    num_outputs: int = eqx.field(static=True)
    dt: float = eqx.field(static=True)
    names: tuple = eqx.field(static=True)

    def step(self, state, input):
        return state

    def readout(self, state):
        return state

    def initial_state(self):
        return jnp.zeros(2)


def nested():
    linear = eqx.nn.Linear(2, 2, key=jax.random.key(0))
    return Nested(
        cells=(linear, jnp.arange(3)),
        scales={"a": jnp.float32(2.0), "b": np.array([True, False])},
        layers=[np.array([[1.0, np.pi]]), 3],
        gain=0.1,
        nothing=None,
        num_inputs=2,
        num_units=2,
        num_outputs=2,
        dt=1.0,
        names=("x", "y"),
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


@pytest.mark.parametrize("make", [network, nested])
def test_round_trip_is_exact(make, tmp_path):
    save_network(make(), tmp_path / "n.safetensors")
    back = load_network(tmp_path / "n.safetensors")
    assert eqx.tree_equal(make(), back)


def test_a_class_of_the_same_name_elsewhere_is_not_taken_for_the_one_that_was_saved(tmp_path):
    save_network(nested(), tmp_path / "n.safetensors")

    class Linear(eqx.Module):
        matrix: jax.Array

    assert eqx.tree_equal(nested(), load_network(tmp_path / "n.safetensors"))
    edit(tmp_path / "n.safetensors", change_header=lambda h: h.update(module="a.place.it.had"))
    assert eqx.tree_equal(nested(), load_network(tmp_path / "n.safetensors"))


def test_arrays_are_stored_under_their_field_paths(tmp_path):
    save_network(nested(), tmp_path / "n.safetensors")
    assert set(load_file(tmp_path / "n.safetensors")) == {
        "cells.0.weight", "cells.0.bias", "cells.1", "scales.a", "scales.b", "layers.0",
    }  # fmt: skip


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(sx.UnreadableFileError, match=r"none.safetensors does not exist"):
        load_network(tmp_path / "none.safetensors")
    with pytest.raises(sx.UnreadableFileError, match="is a directory"):
        load_network(tmp_path)
    (tmp_path / "bad").write_bytes(b"not a network at all")
    with pytest.raises(sx.UnreadableFileError, match="bad is damaged or no safetensors file"):
        load_network(tmp_path / "bad")
    save_file({"w": np.zeros(2)}, tmp_path / "foreign")
    with pytest.raises(sx.UnreadableFileError, match="no network of this package"):
        load_network(tmp_path / "foreign")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("bias"), "the array bias is missing"),
        (lambda a: a.update(extra=np.zeros(1)), "CTRNN has no array called extra"),
        (
            lambda a: a.update(recurrent_weights=np.zeros((5, 5), np.float32)),
            r"recurrent_weights has shape \(5, 5\), expected \(unit = 6, unit = 6\)",
        ),
        (lambda a: a.update(bias=np.zeros((6, 1), np.float32)), r"bias has shape \(6, 1\)"),
    ],
)
def test_arrays_that_do_not_fit_the_class(path, change, message):
    edit(path, change_arrays=change)
    with pytest.raises(sx.UnreadableFileError, match=message):
        load_network(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h.update({"class": "CTRNM"}), "no network class is called 'CTRNM'.*CTRNN"),
        (lambda h: h["fields"].pop("tau"), "the file lacks the field tau of CTRNN"),
        (lambda h: h["fields"].update(mood=1), "the class no longer has the field mood"),
        (lambda h: h.pop("fields"), "damaged header"),
    ],
)
def test_headers_that_do_not_fit_the_class(path, change, message):
    edit(path, change_header=change)
    with pytest.raises(sx.UnreadableFileError, match=message):
        load_network(path)


def test_a_file_from_before_a_field_is_read(path):
    def forget(header):
        for field in ("noise", "trained_initial_state"):
            header["fields"].pop(field)

    edit(path, change_header=forget)
    assert eqx.tree_equal(load_network(path), network())


def test_what_cannot_be_saved(tmp_path):
    keyed = eqx.tree_at(lambda n: n.gain, nested(), jax.random.key(0))
    with pytest.raises(sx.InvalidInputError, match="the field gain of the network"):
        save_network(keyed, tmp_path / "n")
    with pytest.raises(sx.InvalidInputError, match=r"cannot write .*nowhere"):
        save_network(network(), tmp_path / "nowhere" / "n")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_others_wrote_is_read_by_the_call_that_is_named(tmp_path):
    """Whatever ours is called, it is read; what is missing or damaged is not another's."""
    net = network()
    for name in ("x.pt", "x.npz", "x.safetensors"):
        save_network(net, tmp_path / name)
        assert load_network(tmp_path / name).num_units == net.num_units
        (tmp_path / name).write_bytes(b"PK weights of another library")
    for name in ("x.pt", "x.npz"):
        with pytest.raises(sx.InvalidInputError, match=r"networks\.from_state_dict\("):
            load_network(tmp_path / name)
    for name in ("x.safetensors", "missing.pt"):
        with pytest.raises(sx.UnreadableFileError):
            load_network(tmp_path / name)

"""Weights of other libraries, against their equations written out in NumPy."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from matplotlib.text import Text
from safetensors.numpy import save_file

import separatrix as sx

from_state_dict = sx.networks.from_state_dict
C, U, O = 3, 5, 2  # noqa: E741


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def draw(**shapes):
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def torch_weights(gates, suffix="_l0", channels=C):
    drawn = draw(a=(gates * U, channels), b=(gates * U, U), c=gates * U, d=gates * U)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return {n + suffix: v for n, v in zip(names, drawn.values(), strict=True)}


def torch_step(w, state, x):
    """One step of nn.RNN, nn.GRU or nn.LSTM, as PyTorch's documentation has it."""
    h = state[:U]
    from_input = w["weight_ih_l0"] @ x + w["bias_ih_l0"]
    from_state = w["weight_hh_l0"] @ h + w["bias_hh_l0"]
    gates = len(from_input) // U
    i, s = np.split(from_input, gates), np.split(from_state, gates)
    if gates == 1:
        return np.tanh(i[0] + s[0])
    if gates == 3:
        r, z = sigmoid(i[0] + s[0]), sigmoid(i[1] + s[1])
        return (1 - z) * np.tanh(i[2] + r * s[2]) + z * h
    c = sigmoid(i[1] + s[1]) * state[U:] + sigmoid(i[0] + s[0]) * np.tanh(i[2] + s[2])
    return np.concatenate([sigmoid(i[3] + s[3]) * np.tanh(c), c])


def state_for(network):
    return np.random.default_rng(1).standard_normal(len(network.initial_state()))


X = np.array([0.5, -1.0, 2.0])


def step64(network, state, x=X):
    with jax.enable_x64(True):
        return np.asarray(network.step(jnp.asarray(state), jnp.asarray(x)))


def by_gates(torch, order):
    """Return PyTorch's arrays in another order of the gates, weights transposed."""
    gates = len(torch["weight_ih_l0"]) // U
    keep = order if gates == 3 else range(gates)
    return {n: np.concatenate([np.split(a, gates)[g] for g in keep]).T for n, a in torch.items()}


def cells(torch):
    return {name.removesuffix("_l0"): array for name, array in torch.items()}


def keras(torch):
    """Keras has gates z, r, n, and of a GRU two rows of biases."""
    of = by_gates(torch, [1, 0, 2])
    biases = np.stack([of["bias_ih_l0"], of["bias_hh_l0"]])
    arrays = {"kernel": of["weight_ih_l0"], "recurrent_kernel": of["weight_hh_l0"]}
    arrays["bias"] = biases if len(biases.T) == 3 * U else biases.sum(0)
    return {f"seq/layer/cell/{name}:0": array for name, array in arrays.items()}


def flax(torch):
    """Flax has a layer for each gate; of a GRU biases on the input, and on hn."""
    names = {1: ["h"], 3: ["r", "z", "n"], 4: ["i", "f", "g", "o"]}[len(torch["bias_ih_l0"]) // U]
    split = {name: np.split(array, len(names)) for name, array in torch.items()}
    cell = {}
    for k, gate in enumerate(names):
        into, from_state = (f"i{gate}", f"h{gate}") if len(names) > 1 else ("i", "h")
        ih, hh = split["bias_ih_l0"][k], split["bias_hh_l0"][k]
        cell[into] = {"kernel": split["weight_ih_l0"][k].T, "bias": ih}
        cell[from_state] = {"kernel": split["weight_hh_l0"][k].T, "bias": hh}
        if gate in ("r", "z"):
            cell[into]["bias"] = ih + hh
            del cell[from_state]["bias"]
    return {"params": {"Cell_0": cell}}


LAYOUTS = {"torch": dict, "cells": cells, "keras": keras, "flax": flax}


@pytest.mark.parametrize("gates", [1, 3, 4])
@pytest.mark.parametrize("library", LAYOUTS)
def test_layers_step_as_documented(library, gates):
    torch = torch_weights(gates)
    layout = "torch" if library == "cells" else library
    net = from_state_dict(LAYOUTS[library](torch), layout=layout)
    state = state_for(net)
    np.testing.assert_allclose(step64(net, state), torch_step(torch, state, X), rtol=1e-12)
    assert (net.num_inputs, net.num_units, net.num_outputs) == (C, U, U)
    np.testing.assert_allclose(net.readout(state), state[:U], rtol=1e-6)


@pytest.mark.parametrize("layout", ["torch", "keras", "flax"])
def test_the_layer_that_is_left_is_the_readout(layout):
    dense = draw(kernel=(U, O), bias=O)
    named = {"fc.weight": dense["kernel"].T, "fc.bias": dense["bias"]}
    if layout != "torch":
        named = {f"dense/{name}": array for name, array in dense.items()}
    net = from_state_dict(LAYOUTS[layout](torch_weights(3)) | named, layout=layout)
    state = state_for(net)
    np.testing.assert_allclose(
        net.readout(state), state @ dense["kernel"] + dense["bias"], rtol=1e-6
    )


def lfads_step(weights, h, x):
    """A GRU cell of LFADS: rows z, r, n; the reset gate acts before the recurrent weights."""
    xz, xr, xn = np.split(weights["weight_ih"] @ x + weights["bias_ih"], 3)
    wz, wr, wn = np.split(weights["weight_hh"], 3)
    bz, br, bn = np.split(weights["bias_hh"], 3)
    z, r = sigmoid(xz + wz @ h + bz), sigmoid(xr + wr @ h + br)
    return z * h + (1 - z) * np.tanh(xn + wn @ (r * h) + bn)


LFADS = torch_weights(3, "")


def test_the_generator_of_lfads():
    generator = {f"decoder.rnn.cell.gen_cell.{name}": array for name, array in LFADS.items()}
    factors = draw(a=(O, U))["a"]
    source = generator | {"decoder.rnn.cell.fac_linear.weight": 3 * factors}
    net = from_state_dict(source, layout="lfads", clip=5.0)
    h = state_for(net)
    np.testing.assert_allclose(step64(net, h), lfads_step(LFADS, h, X), rtol=1e-13)
    np.testing.assert_allclose(
        step64(net, 9 + 0 * h)[0], min(5, lfads_step(LFADS, 9 + 0 * h, X)[0])
    )
    expected = factors @ h / np.linalg.norm(factors, axis=1)  # rows are normalized there
    np.testing.assert_allclose(net.readout(h), expected, rtol=1e-6)
    points = sx.find_fixed_points(net.at_input(X), np.zeros((1, U)))
    moved = [lfads_step(LFADS, state, X) for state in points.fixed.states]
    np.testing.assert_allclose(moved, points.fixed.states, atol=1e-13)
    assert len(points.fixed) and points.fixed.certified.all()


def test_kerass_other_gru():
    """With reset_after=False it has one bias, and its reset gate acts before the weights."""
    weights = {
        "kernel": LFADS["weight_ih"].T,
        "recurrent_kernel": LFADS["weight_hh"].T,
        "bias": LFADS["bias_ih"] + LFADS["bias_hh"],
    }
    net = from_state_dict(weights, layout="keras")
    h = state_for(net)
    np.testing.assert_allclose(step64(net, h), lfads_step(LFADS, h, X), rtol=1e-13)


def test_a_step_of_the_original_is_compared():
    """Names and shapes are those of PyTorch's GRU, too."""
    h = np.random.default_rng(1).uniform(-1, 1, (4, U))
    x = np.random.default_rng(2).standard_normal((4, C))
    after = np.array([lfads_step(LFADS, *pair) for pair in zip(h, x, strict=True)])
    one = (h[0], x[0], after[0])
    for check in ((h, x, after), one, [part.astype(np.float32) for part in one]):
        from_state_dict(LFADS, layout="lfads", check=check)
    with pytest.raises(sx.InvalidInputError) as caught:
        from_state_dict(LFADS, check=(h, x, after))
    taken = from_state_dict(LFADS)
    wrong = max(np.abs(step64(taken, a, b) - c).max() for a, b, c in zip(h, x, after, strict=True))
    assert wrong > 0.1 and f"next_state differs by up to {wrong:.2g}, in unit" in str(caught.value)
    assert "It assumes rows r, z, n; the reset gate acts after" in str(caught.value)


def test_a_network_says_which_gate_order_it_assumes():
    texts = [repr(from_state_dict(LFADS, layout=layout)) for layout in ("torch", "lfads")]
    for text, when in zip(texts, ("after", "before"), strict=True):
        assert f"rows r, z, n; the reset gate acts {when} the recurrent weights" in text
    assert "rows i, f, g, o" in repr(from_state_dict(torch_weights(4)))


def primer_weights(prefix="rnn."):
    return {
        prefix + name: array
        for name, array in draw(
            **{"input2h.weight": (U, C), "input2h.bias": U, "h2h.weight": (U, U), "h2h.bias": U}
        ).items()
    }


def test_without_dt_times_are_numbers_of_steps():
    """h' = 0.75 h forgets by 1/e in −1/ln 0.75 steps, whatever a step lasts."""
    weights = {"weight_ih": np.zeros((1, 1)), "weight_hh": np.array([[0.75]])}
    for given, dt, units in (({}, 1.0, "steps"), ({"dt": 20.0}, 20.0, "ms")):
        net = from_state_dict(weights, **given)
        assert net.dt == dt
        found = sx.linearize(net.at_input([0.0]), np.zeros((1, 1)))
        np.testing.assert_allclose(found.time_constants, -dt / np.log(0.75))
        assert found.to_xarray().time_constants.units == found.time_units == units
        assert f"time_unit            {dt} {units}" in found.info()
        labels = [text.get_text() for text in sx.figures.spectrum(found).findobj(Text)]
        said = f"decays with τ = {-dt / np.log(0.75):.3g} {units}"
        assert any(said in label for label in labels), labels


def test_the_primers_network():
    w = primer_weights()
    net = from_state_dict(w | draw(**{"fc.weight": (O, U), "fc.bias": O}), dt=20.0, tau=100.0)
    h = np.abs(state_for(net))
    drive = w["rnn.input2h.weight"] @ X + w["rnn.input2h.bias"]
    expected = np.maximum(0, 0.8 * h + 0.2 * (drive + w["rnn.h2h.weight"] @ h + w["rnn.h2h.bias"]))
    np.testing.assert_allclose(step64(net, h), expected, rtol=1e-13)
    assert net.is_piecewise_linear
    assert net.num_outputs == O


def test_one_layer_of_several():
    w = torch_weights(3) | torch_weights(3, "_l1", U)
    readout = draw(**{"fc.weight": (O, U), "fc.bias": O})
    first, last = (from_state_dict(w | readout, layer=layer) for layer in (0, 1))
    assert (first.num_inputs, first.num_outputs) == (C, U)  # the readout reads the last layer
    assert (last.num_inputs, last.num_outputs) == (U, O)
    for wanted in ({}, {"layer": 2}):
        with pytest.raises(sx.InvalidInputError, match=r"there are: prefix='' layer=0, prefix=''"):
            from_state_dict(w, **wanted)


def test_the_flip_flop_gru_from_its_file(tmp_path):
    data = dict(np.load(systems.DATA / "flipflop_gru32.npz"))
    starts, start = data.pop("x0"), data.pop("initial_hiddens_1xd")[0]
    save_file(data, tmp_path / "w.safetensors")
    np.savez(tmp_path / "w.npz", **data)
    for name in ("w.safetensors", "w.npz"):
        net = from_state_dict(tmp_path / name, initial_state=start)
        assert (net.num_inputs, net.num_units, net.num_outputs) == (3, 32, 3)
        np.testing.assert_array_equal(net.initial_state(), start)
    points = sx.find_fixed_points(net.at_input(np.zeros(3)), starts[::2], certify=False).fixed
    assert np.bincount(points.n_unstable).tolist() == [8, 12, 6, 1]
    # It is a memory: at the stable points the three outputs are the eight corners of a cube.
    corners = np.sign([net.readout(x) for x in points.states[points.n_unstable == 0]])
    assert len(np.unique(corners, axis=0)) == 8


def test_precision_is_kept():
    assert from_state_dict(torch_weights(3)).recurrent_weights.dtype == np.float64
    narrow = {k: v.astype(np.float32) for k, v in torch_weights(3).items()}
    net = from_state_dict(narrow)
    assert net.recurrent_weights.dtype == np.float32
    assert net.unroll(np.zeros((2, 4, C), np.float32)).shape == (2, 4, U)
    assert from_state_dict({k: v.astype(np.float16) for k, v in narrow.items()}).input_bias.dtype \
        == np.float32  # fmt: skip


def without(weights, *names):
    return {k: v for k, v in weights.items() if k not in names}


GRU_ = torch_weights(3)
REST = "more than a recurrent layer and a linear readout: "
REFUSED = {
    "missing bias": (without(GRU_, "bias_hh_l0"), {}, "lacks bias_hh_l0"),
    "not recurrent": (draw(**{"fc.weight": (2, 3)}), {}, "no recurrent layer.*got fc.weight"),
    "surplus": (GRU_ | {"mood": np.ones(3)}, {}, REST + "mood"),
    "bidirectional": (GRU_ | torch_weights(3, "_l0_reverse"), {}, REST + "bias_hh_l0_reverse"),
    "projected": (torch_weights(4) | {"weight_hr_l0": np.ones((2, U))}, {}, REST + "weight_hr_l0"),
    "readout of another width": (
        GRU_ | draw(**{"fc.weight": (O, U + 1)}),
        {},
        r"fc\.weight has shape \(2, 6\), expected \(any, 5\)",
    ),
    "no gates": (GRU_ | {"weight_hh_l0": np.ones((2 * U, U))}, {}, r"10 rows for 5.*3 \(gru\)"),
    "not finite": (GRU_ | {"bias_hh_l0": np.full(15, np.nan)}, {}, "bias_hh_l0 has 15 .* NaN"),
    "checkpoint": (
        {"model": GRU_, "optimizer": {"groups": [{"lr": 1.0}]}},
        {},
        "optimizer.groups is no array of numbers but a list. Of a checkpoint",
    ),
    "layout": (GRU_, {"layout": "tourch"}, "unknown layout 'tourch': did you mean 'torch'"),
    "activation": (GRU_, {"activation": "relu"}, "a gru layer has no activation to choose"),
    "tau without dt": (primer_weights(), {"tau": 100.0}, r"tau, got 100\.0, says nothing without"),
    "no dictionary": ([1, 2], {}, "expected a dictionary of arrays or the path"),
    "unknown file": ("weights.h5", {}, r"cannot tell from the name of weights.h5"),
    "a clip that moves points": (
        torch_weights(3, ""), {"layout": "lfads", "clip": 0.5}, "clip must be 1 or more"
    ),
    "a check of other units": (
        GRU_, {"check": (np.zeros(U), np.zeros(C), np.zeros(U + 1))}, r"next_state in check must"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    source, settings, text = REFUSED[name]
    with pytest.raises(sx.InvalidInputError, match=text):
        from_state_dict(source, **settings)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(sx.UnreadableFileError, match=r"none\.npz does not exist"):
        from_state_dict(tmp_path / "none.npz")
    for name in ("bad.npz", "bad.safetensors"):
        (tmp_path / name).write_bytes(b"not weights at all")
        with pytest.raises(sx.UnreadableFileError, match=f"{name} cannot be read"):
            from_state_dict(tmp_path / name)


def test_pickles_are_not_run(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(sx.UnreadableFileError, match="allow_pickle"):
        from_state_dict(tmp_path / "w.npz")


@pytest.mark.parametrize("call", [sx.networks.from_torch, sx.networks.to_torch])
def test_without_pytorch(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(sx.InvalidInputError, match="not installed here: pip install torch; from_s"):
        call(sx.networks.GRU(1, 2, 1, key=jax.random.key(0)))

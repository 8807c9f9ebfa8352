"""Weights of other libraries, against their equations written out in NumPy."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.text import Text

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
    h, c = np.split(np.resize(state, 2 * U), 2)
    i = (w["weight_ih_l0"] @ x + w["bias_ih_l0"]).reshape(-1, U)
    s = (w["weight_hh_l0"] @ h + w["bias_hh_l0"]).reshape(-1, U)
    if len(i) == 1:
        return np.tanh(i[0] + s[0])
    if len(i) == 3:
        r, z = sigmoid(i[:2] + s[:2])
        return (1 - z) * np.tanh(i[2] + r * s[2]) + z * h
    c = sigmoid(i[1] + s[1]) * c + sigmoid(i[0] + s[0]) * np.tanh(i[2] + s[2])
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
def test_layers_step_as_documented_and_the_layer_that_is_left_is_the_readout(library, gates):
    torch, dense = torch_weights(gates), draw(kernel=(U, O), bias=O)
    named = {f"dense/{name}": array for name, array in dense.items()}
    if library in ("torch", "cells"):
        named = {"fc.weight": dense["kernel"].T, "fc.bias": dense["bias"]}
    layout = "torch" if library == "cells" else library
    alone, read = (
        from_state_dict(LAYOUTS[library](torch) | rest, layout=layout) for rest in ({}, named)
    )
    state = state_for(alone)
    expected = state[:U] @ dense["kernel"] + dense["bias"]
    for net in (alone, read):
        np.testing.assert_allclose(step64(net, state), torch_step(torch, state, X), rtol=1e-12)
    assert (alone.num_inputs, alone.num_units, alone.num_outputs, read.num_outputs) == (C, U, U, O)
    np.testing.assert_allclose(alone.readout(state), state[:U], rtol=1e-6)
    np.testing.assert_allclose(read.readout(state), expected, rtol=1e-5)


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
    h, far = state_for(net), np.full(U, 9.0)
    np.testing.assert_allclose(step64(net, h), lfads_step(LFADS, h, X), rtol=1e-13)
    np.testing.assert_allclose(step64(net, far)[0], min(5, lfads_step(LFADS, far, X)[0]))
    expected = factors @ h / np.linalg.norm(factors, axis=1)  # rows are normalized there
    np.testing.assert_allclose(net.readout(h), expected, rtol=1e-6)
    points = sx.find_fixed_points(net.at_input(X), np.zeros((1, U))).fixed
    moved = [lfads_step(LFADS, state, X) for state in points.states]
    np.testing.assert_allclose(moved, points.states, atol=1e-13)
    assert len(points) and points.certified.all()


def test_a_step_of_the_original_is_compared():
    """Names and shapes are those of PyTorch's GRU, too."""
    h = np.random.default_rng(1).uniform(-1, 1, (4, U))
    x = np.random.default_rng(2).standard_normal((4, C))
    after = np.array([lfads_step(LFADS, *pair) for pair in zip(h, x, strict=True)])
    one = (h[0], x[0], after[0])
    for check in ((h, x, after), one, [part.astype(np.float32) for part in one]):
        from_state_dict(LFADS, layout="lfads", check=check)
    taken = from_state_dict(LFADS)
    wrong = max(np.abs(step64(taken, a, b) - c).max() for a, b, c in zip(h, x, after, strict=True))
    assert wrong > 0.1
    with pytest.raises(sx.InvalidInputError, match=f"{wrong:.2g}.*{ORDERS['torch']}"):
        from_state_dict(LFADS, check=(h, x, after))


ORDERS = {
    "torch": "rows r, z, n; the reset gate acts after",
    "lfads": "rows r, z, n; the reset gate acts before",
}


def test_a_network_says_which_gate_order_it_assumes():
    for layout, order in ORDERS.items():
        assert order in repr(from_state_dict(LFADS, layout=layout))
    assert "rows i, f, g, o" in repr(from_state_dict(torch_weights(4)))


PRIMER = draw(
    **{"rnn.input2h.weight": (U, C), "rnn.input2h.bias": U, "rnn.h2h.weight": (U, U)},
    **{"rnn.h2h.bias": U},
)


@pytest.mark.parametrize(("given", "dt", "units"), [({}, 1.0, "steps"), ({"dt": 20.0}, 20.0, "ms")])
def test_without_dt_times_are_numbers_of_steps(given, dt, units):
    """h' = 0.75 h forgets by 1/e in −1/ln 0.75 steps, whatever a step lasts."""
    net = from_state_dict({"weight_ih": np.zeros((1, 1)), "weight_hh": np.array([[0.75]])}, **given)
    assert net.dt == dt
    found = sx.linearize(net.at_input([0.0]), np.zeros((1, 1)))
    np.testing.assert_allclose(found.time_constants, -dt / np.log(0.75))
    assert found.to_xarray().time_constants.units == found.time_units == units
    assert f"{dt} {units}" in found.info()
    labels = [text.get_text() for text in sx.figures.spectrum(found).findobj(Text)]
    assert any(f"τ = {-dt / np.log(0.75):.3g} {units}" in label for label in labels), labels


def test_the_primers_network():
    w = PRIMER
    net = from_state_dict(w | draw(**{"fc.weight": (O, U), "fc.bias": O}), dt=20.0, tau=100.0)
    h = np.abs(state_for(net))
    drive = w["rnn.input2h.weight"] @ X + w["rnn.input2h.bias"]
    expected = np.maximum(0, 0.8 * h + 0.2 * (drive + w["rnn.h2h.weight"] @ h + w["rnn.h2h.bias"]))
    np.testing.assert_allclose(step64(net, h), expected, rtol=1e-13)
    assert net.is_piecewise_linear and net.num_outputs == O


def test_precision_is_kept():
    for given, kept in ((float, float), (np.float32, np.float32), (np.float16, np.float32)):
        net = from_state_dict({k: v.astype(given) for k, v in torch_weights(3).items()})
        assert net.recurrent_weights.dtype == net.input_bias.dtype == kept
        assert net.unroll(np.zeros((2, 4, C), np.float32)).shape == (2, 4, U)


GRU_ = torch_weights(3)
WITHOUT_BIAS = {name: array for name, array in GRU_.items() if name != "bias_hh_l0"}
REFUSED = {
    "missing bias": (WITHOUT_BIAS, {}, "bias_hh_l0"),
    "not recurrent": (draw(**{"fc.weight": (2, 3)}), {}, "fc.weight"),
    "surplus": (GRU_ | {"mood": np.ones(3)}, {}, "mood"),
    "bidirectional": (GRU_ | torch_weights(3, "_l0_reverse"), {}, "bias_hh_l0_reverse"),
    "projected": (torch_weights(4) | {"weight_hr_l0": np.ones((2, U))}, {}, "weight_hr_l0"),
    "readout of another width": (GRU_ | draw(**{"fc.weight": (O, U + 1)}), {}, "fc.weight"),
    "no gates": (GRU_ | {"weight_hh_l0": np.ones((2 * U, U))}, {}, "10 rows"),
    "not finite": (GRU_ | {"bias_hh_l0": np.full(15, np.nan)}, {}, "bias_hh_l0"),
    "checkpoint": (
        {"model": GRU_, "optimizer": {"groups": [{"lr": 1.0}]}},
        {},
        "optimizer.groups",
    ),
    "layout": (GRU_, {"layout": "tourch"}, "'torch'"),
    "no text as layout": (GRU_, {"layout": []}, "layout"),
    "no text as prefix": (GRU_, {"prefix": -1}, "prefix"),
    "activation": (GRU_, {"activation": "relu"}, "activation"),
    "tau without dt": (PRIMER, {"tau": 100.0}, "tau"),
    "no dictionary": ([1, 2], {}, "dictionary"),
    "unknown file": ("weights.h5", {}, "weights.h5"),
    "a clip that moves points": (LFADS, {"layout": "lfads", "clip": 0.5}, "clip"),
    "a check of other units": (
        GRU_,
        {"check": (np.zeros(U), np.zeros(C), np.zeros(U + 1))},
        "next_state",
    ),
    "several layers": (GRU_ | torch_weights(3, "_l1", U), {}, "layer=0"),
    "no such layer": (GRU_ | torch_weights(3, "_l1", U), {"layer": 2}, "layer=0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    source, settings, word = REFUSED[name]
    with pytest.raises(sx.InvalidInputError, match=word):
        from_state_dict(source, **settings)


@pytest.mark.parametrize("name", ["none.npz", "bad.npz", "bad.safetensors", "pickled.npz"])
def test_files_that_cannot_be_read(tmp_path, name):
    """Pickles are not run."""
    for bad in ("bad.npz", "bad.safetensors"):
        (tmp_path / bad).write_bytes(b"not weights at all")
    np.savez(tmp_path / "pickled.npz", a=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(sx.UnreadableFileError, match=name):
        from_state_dict(tmp_path / name)


@pytest.mark.parametrize(
    "call",
    [
        lambda: sx.networks.from_torch(sx.networks.GRU(1, 2, 1, key=jax.random.key(0))),
        lambda: sx.networks.to_torch(sx.networks.GRU(1, 2, 1, key=jax.random.key(0))),
        lambda: sx.torch_map(lambda x: x, 1),
    ],
)
def test_without_pytorch(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(sx.InvalidInputError, match="pip install torch"):
        call()

"""Where other libraries keep the weights of a recurrent layer, and in which order.

Everything is turned into PyTorch's layout: gates one below the other, in the order r, z, n for a
GRU and i, f, g, o for an LSTM; weights `(to, from)`; one bias for the input, one for the state. The
reset gate of a "reset-first gru" acts before the recurrent weights, not after.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..._types import InvalidInputError
from .reading import NamedArrays, listed

GATES = {"rnn": 1, "ctrnn": 1, "gru": 3, "reset-first gru": 3, "lstm": 4}


@dataclass(frozen=True)
class RecurrentLayer:
    """A recurrent layer in PyTorch's layout; `kind` is a key of GATES ("ctrnn": the primer's)."""

    kind: str
    input_weights: np.ndarray
    recurrent_weights: np.ndarray
    input_bias: np.ndarray
    recurrent_bias: np.ndarray
    is_last: bool = True

    @property
    def num_units(self) -> int:
        """The number of hidden units."""
        return int(self.recurrent_weights.shape[1])


def read_torch(arrays: NamedArrays, prefix: str | None, layer: int | None) -> RecurrentLayer:
    """Take a layer of `nn.RNN`, `nn.GRU`, `nn.LSTM`, one of their cells, or the primer's CTRNN."""
    _refuse_unsupported(arrays)
    if any(re.search(r"(^|\.)h2h\.weight$", name) for name in arrays.left):
        _refuse_layer(layer, "the primer's CTRNN")
        return _read_primer(arrays, prefix)
    prefix = the_prefix(arrays, r"weight_hh(_l\d+)?", prefix, "weight_hh_l0")
    suffix, is_last = _choose_layer(arrays, prefix, layer)
    recurrent = arrays.take(f"{prefix}weight_hh{suffix}", (None, None))
    kind = _kind_from_rows(recurrent, f"{prefix}weight_hh{suffix}")
    rows = len(recurrent)
    into = arrays.take(f"{prefix}weight_ih{suffix}", (rows, None))
    biases = [f"{prefix}bias_{of}{suffix}" for of in ("ih", "hh")]
    if any(name in arrays for name in biases):
        from_input, from_state = (arrays.take(name, (rows,)) for name in biases)
    else:
        from_input, from_state = np.zeros((2, rows), np.float32)
    return RecurrentLayer(kind, into, recurrent, from_input, from_state, is_last)


def _refuse_unsupported(arrays: NamedArrays) -> None:
    for mark, what, remedy in (
        (
            "_reverse",
            "a bidirectional layer",
            "no state of it moves forward in time alone. Train one with bidirectional=False",
        ),
        ("weight_hr_l", "a projected LSTM (proj_size > 0)", "train one without projection"),
    ):
        names = [name for name in arrays.left if mark in name]
        if names:
            raise InvalidInputError(f"{what} is not supported ({listed(names)}): {remedy}.")


def _refuse_layer(layer: int | None, what: str) -> None:
    if layer not in (None, 0):
        raise InvalidInputError(f"{what} is one layer: leave layer={layer!r} out.")


def _choose_layer(arrays: NamedArrays, prefix: str, layer: int | None) -> tuple[str, bool]:
    """Return the suffix of the chosen layer's names, and drop the other layers."""
    pattern = re.compile(rf"{re.escape(prefix)}(weight|bias)_(ih|hh)_l(\d+)$")
    of = {name: int(m[3]) for name in arrays.left if (m := pattern.match(name))}
    if not of:  # a cell
        _refuse_layer(layer, "a cell")
        return "", True
    layers = sorted(set(of.values()))
    if layer is None and len(layers) > 1:
        raise InvalidInputError(
            f"there are {len(layers)} recurrent layers, and one can be analyzed at a time: "
            f"choose it with layer={' or '.join(map(str, layers))}."
        )
    layer = layers[0] if layer is None else layer
    if layer not in layers:
        raise InvalidInputError(f"there is no layer {layer!r}: the layers are {layers}.")
    for name, number in of.items():
        if number != layer:
            del arrays.left[name]
    return f"_l{layer}", layer == layers[-1]


def _kind_from_rows(recurrent: np.ndarray, name: str) -> str:
    rows, units = recurrent.shape
    for kind, gates in (("rnn", 1), ("gru", 3), ("lstm", 4)):
        if rows == gates * units:
            return kind
    raise InvalidInputError(
        f"{name} has shape {recurrent.shape}: expected 1 (RNN), 3 (GRU) or 4 (LSTM) times as many "
        "rows as columns."
    )


def _read_primer(arrays: NamedArrays, prefix: str | None) -> RecurrentLayer:
    """Take the primer's CTRNN: linear layers `input2h` and `h2h`, each with its bias."""
    prefix = the_prefix(arrays, r"h2h\.weight", prefix, "h2h.weight")
    recurrent = arrays.take(f"{prefix}h2h.weight", (None, None))
    units = recurrent.shape[1]
    if recurrent.shape != (units, units):
        raise InvalidInputError(f"{prefix}h2h.weight must be square, got {recurrent.shape}.")
    return RecurrentLayer(
        "ctrnn",
        arrays.take(f"{prefix}input2h.weight", (units, None)),
        recurrent,
        arrays.take_or_zeros(f"{prefix}input2h.bias", units),
        arrays.take_or_zeros(f"{prefix}h2h.bias", units),
    )


def read_lfads(arrays: NamedArrays, prefix: str | None, layer: int | None) -> RecurrentLayer:
    """Take a GRU cell of LFADS (lfads-torch): PyTorch's names, rows z, r, n, reset before W."""
    prefix = the_prefix(arrays, "weight_hh", prefix, "decoder.rnn.cell.gen_cell.weight_hh")
    name = f"{prefix}weight_hh"
    rows, units = arrays.left[name].shape if arrays.left[name].ndim == 2 else (0, 1)
    if rows != 3 * units:
        raise InvalidInputError(
            f"{name} has shape {arrays.left[name].shape}: expected 3 times as many rows as columns."
        )
    cell = read_torch(arrays, prefix, layer)
    blocks = cell.input_weights, cell.recurrent_weights, cell.input_bias, cell.recurrent_bias
    into, recurrent, from_input, from_state = map(_swap_first_two, blocks)
    return RecurrentLayer("reset-first gru", into, recurrent, from_input, from_state)


def read_keras(arrays: NamedArrays, prefix: str | None, layer: int | None) -> RecurrentLayer:
    """Take a layer of Keras's `SimpleRNN`, `GRU` or `LSTM`."""
    _no_layers(layer, "Keras")
    prefix = the_prefix(arrays, "recurrent_kernel", prefix, "recurrent_kernel")
    recurrent = arrays.take(f"{prefix}recurrent_kernel", (None, None)).T
    kind = _kind_from_rows(recurrent, f"the transpose of {prefix}recurrent_kernel")
    rows = len(recurrent)
    into = arrays.take(f"{prefix}kernel", (None, rows)).T
    from_input, from_state = np.zeros((2, rows), np.float32)
    name = f"{prefix}bias"
    if name in arrays and kind != "gru":
        from_input = arrays.take(name, (rows,))
    elif name in arrays:
        if arrays.left[name].ndim == 1:  # reset_after=False
            kind, from_input = "reset-first gru", arrays.take(name, (rows,))
        else:
            from_input, from_state = arrays.take(name, (2, rows))
    if GATES[kind] == 3:  # Keras writes z, r, n
        into, recurrent, from_input, from_state = (
            _swap_first_two(block) for block in (into, recurrent, from_input, from_state)
        )
    return RecurrentLayer(kind, into, recurrent, from_input, from_state)


def _swap_first_two(blocks: np.ndarray) -> np.ndarray:
    update, reset, new = np.split(blocks, 3)
    return np.concatenate([reset, update, new])


FLAX_GATES = {"gru": "rzn", "lstm": "ifgo", "rnn": ("",)}


def read_flax(arrays: NamedArrays, prefix: str | None, layer: int | None) -> RecurrentLayer:
    """Take a `SimpleCell`, `GRUCell`, `LSTMCell` or `OptimizedLSTMCell` of Flax's linen or nnx."""
    _no_layers(layer, "Flax")
    prefix = the_prefix(arrays, r"(hn|hg|h|dense_h)\.kernel", prefix, "hn.kernel")
    if f"{prefix}dense_h.kernel" in arrays:
        return _read_joined(arrays, prefix)
    marks = {"gru": "hn.kernel", "lstm": "hg.kernel", "rnn": "h.kernel"}
    kind = next(kind for kind, mark in marks.items() if prefix + mark in arrays)
    gates = FLAX_GATES[kind]
    units = arrays.left[prefix + marks[kind]].shape[0]
    parts = [
        (
            arrays.take(f"{prefix}{into}.kernel", (None, units)).T,
            arrays.take(f"{prefix}h{gate}.kernel", (units, units)).T,
            arrays.take_or_zeros(f"{prefix}{into}.bias", units),
            arrays.take_or_zeros(f"{prefix}h{gate}.bias", units),
        )
        for gate in gates
        # nnx keeps clear of Python's `if`
        for into in (f"i{gate}_" if f"{prefix}i{gate}_.kernel" in arrays else f"i{gate}",)
    ]
    into, recurrent, from_input, from_state = map(np.concatenate, zip(*parts, strict=True))
    return RecurrentLayer(kind, into, recurrent, from_input, from_state)


def _read_joined(arrays: NamedArrays, prefix: str) -> RecurrentLayer:
    """Take a cell of nnx whose gates stand side by side, in PyTorch's order."""
    recurrent = arrays.take(f"{prefix}dense_h.kernel", (None, None)).T
    rows = len(recurrent)
    return RecurrentLayer(
        _kind_from_rows(recurrent, f"the transpose of {prefix}dense_h.kernel"),
        arrays.take(f"{prefix}dense_i.kernel", (None, rows)).T,
        recurrent,
        arrays.take_or_zeros(f"{prefix}dense_i.bias", rows),
        arrays.take_or_zeros(f"{prefix}dense_h.bias", rows),
    )


def _no_layers(layer: int | None, library: str) -> None:
    if layer is not None:
        raise InvalidInputError(
            f"layer= chooses among the layers of one PyTorch module; a layer of {library} has a "
            "name of its own: choose it with prefix=."
        )


def the_prefix(arrays: NamedArrays, mark: str, prefix: str | None, example: str) -> str:
    """Return what stands before the names of the one recurrent layer."""
    pattern = re.compile(rf"((?:.*\.)?){mark}$")
    found = {m[1] for name in arrays.left if (m := pattern.match(name))}
    if prefix is not None:
        wanted = prefix if not prefix or prefix.endswith(".") else prefix + "."
        if wanted not in found:
            known = listed(repr(f) for f in found) or "none"
            raise InvalidInputError(f"no recurrent layer under {prefix!r}; there are: {known}.")
        return wanted
    if not found:
        raise InvalidInputError(
            f"there is no recurrent layer in the state dict: expected a name like {example}, got "
            f"{listed(arrays.left)}."
        )
    if len(found) > 1:
        raise InvalidInputError(
            f"there are {len(found)} recurrent layers: choose one with "
            f"prefix={' or '.join(repr(f) for f in sorted(found))}, and leave the others out of "
            "the dictionary."
        )
    return found.pop()


LAYOUTS: dict[str, Callable[[NamedArrays, str | None, int | None], RecurrentLayer]] = {
    "torch": read_torch,
    "lfads": read_lfads,
    "keras": read_keras,
    "flax": read_flax,
}

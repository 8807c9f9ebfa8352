"""Layouts of the weights of a recurrent layer in other libraries: a table.

Everything is turned into PyTorch's layout: gates one below the other, in the order of GATES;
weights `(to, from)`; one bias for the input, one for the state. The reset gate of a
"reset-first-gru" acts before the recurrent weights, not after; "ctrnn" is the primer's.
"""

import re
from dataclasses import dataclass

import numpy as np

from ..._types import InvalidInputError, listed
from .reading import NamedArrays

GATES = {"rnn": "h", "ctrnn": "h", "gru": "rzn", "reset-first-gru": "rzn", "lstm": "ifgo"}


@dataclass(frozen=True)
class Cell:
    """How a library names the weights of a cell, and orders the gates of a GRU.

    The number of rows for each unit decides which of `kinds` it is. `input` and `recurrent` are put
    into `weight` and `bias`; of several the blocks stand one below the other.
    """

    kinds: str
    input: str
    recurrent: str
    weight: str
    bias: str
    transposed: bool = False
    gru_order: str = "rzn"
    all_biases: bool = False  # or none

    def names(self, form: str, prefix: str, suffix: str) -> tuple[list[str], list[str]]:
        """Return the names of what acts on the input and of what acts on the state."""
        into, recurrent = (
            [prefix + form.format(part) + suffix for part in parts.split(" ")]
            for parts in (self.input, self.recurrent)
        )
        return into, recurrent


LAYOUTS: dict[str, tuple[Cell, ...]] = {
    "torch": (
        Cell("rnn gru lstm", "ih", "hh", "weight_{}", "bias_{}", all_biases=True),
        Cell("ctrnn", "input2h", "h2h", "{}.weight", "{}.bias"),
    ),
    "lfads": (Cell("reset-first-gru", "ih", "hh", "weight_{}", "bias_{}", False, "zrn", True),),
    "keras": (Cell("rnn gru lstm", "", "recurrent_", "{}kernel", "bias", True, "zrn"),),
    "flax": (
        Cell("rnn", "i", "h", "{}.kernel", "{}.bias", True),
        Cell("gru", "ir iz in", "hr hz hn", "{}.kernel", "{}.bias", True),
        Cell("lstm", "ii if ig io", "hi hf hg ho", "{}.kernel", "{}.bias", True),
        # nnx keeps clear of Python's `if`, or has all gates in one
        Cell("lstm", "ii if_ ig io", "hi hf hg ho", "{}.kernel", "{}.bias", True),
        Cell("rnn gru lstm", "dense_i", "dense_h", "{}.kernel", "{}.bias", True),
    ),
}
"""The cells of each library."""


@dataclass(frozen=True)
class RecurrentLayer:
    """A recurrent layer in PyTorch's layout; `kind` is a key of GATES."""

    kind: str
    input_weights: np.ndarray
    recurrent_weights: np.ndarray
    input_bias: np.ndarray
    recurrent_bias: np.ndarray
    number: int
    is_last: bool

    @property
    def num_units(self) -> int:
        """The number of hidden units."""
        return int(self.recurrent_weights.shape[1])


@dataclass(frozen=True)
class _Place:
    """A cell in a state dict: what precedes its names, and the number of its layer."""

    cell: Cell
    prefix: str
    number: int
    weights: tuple[list[str], list[str]]
    biases: tuple[list[str], list[str]]


def read_layer(
    arrays: NamedArrays, layout: str, prefix: str | None = None, layer: int | None = None
) -> RecurrentLayer:
    """Take the one recurrent layer of a state dict; the other layers of its module are dropped.

    Raises InvalidInputError where there is none, or several to choose from.
    """
    places = _places(arrays, layout)
    stem = prefix if not prefix or prefix.endswith(".") else f"{prefix}."
    chosen = [p for p in places if prefix is None or p.prefix == stem]
    chosen = [p for p in chosen if layer is None or p.number == layer]
    if len(chosen) != 1:
        there = [f"prefix={p.prefix!r} layer={p.number}" for p in places]
        raise InvalidInputError(
            f"expected one recurrent layer, got {prefix=} {layer=}, and there are: {listed(there)}."
            " Choose one with layer= and prefix=, and leave other modules out of the dictionary. "
            "To take several layers together, make a map on all of their states with sx.torch_map."
        )
    (place,) = chosen
    siblings = [p for p in places if p.prefix == place.prefix and p != place]
    read = _read(arrays, place, is_last=all(p.number < place.number for p in siblings))
    for name in (name for p in siblings for names in (*p.weights, *p.biases) for name in names):
        arrays.left.pop(name, None)
    return read


def _places(arrays: NamedArrays, layout: str) -> list[_Place]:
    marks, found = [], []
    for cell in LAYOUTS[layout]:
        marks.append(cell.names(cell.weight, "", "")[1][0])
        pattern = re.compile(rf"((?:.*\.)?){re.escape(marks[-1])}(|_l(\d+))$")
        for match in filter(None, map(pattern.match, arrays.left)):
            weights, biases = (cell.names(f, match[1], match[2]) for f in (cell.weight, cell.bias))
            found.append(_Place(cell, match[1], int(match[3] or 0), weights, biases))
    if not found:
        raise InvalidInputError(
            f"there is no recurrent layer of layout={layout!r} in the state dict: expected a name "
            f"that ends in {' or '.join(dict.fromkeys(marks))}, got {listed(arrays.left)}."
        )
    # One mark may belong to several cells: the one all of whose weights are there.
    complete = [p for p in found if all(n in arrays for names in p.weights for n in names)]
    return complete or found[:1]


def _read(arrays: NamedArrays, place: _Place, is_last: bool) -> RecurrentLayer:
    cell, (into, recurrent) = place.cell, place.weights
    to_state = _stacked(arrays, recurrent, None, cell.transposed)
    rows, units = to_state.shape
    counts = {len(GATES[kind]): kind for kind in cell.kinds.split(" ")}
    if not units or rows % units or rows // units not in counts:
        raise InvalidInputError(
            f"{listed(recurrent)}: got {rows} rows for {units} units; expected, for each unit, "
            f"{' or '.join(f'{n} ({kind})' for n, kind in counts.items())}. (Projected LSTMs "
            "are not supported.)"
        )
    kind = counts[rows // units]
    from_input = _stacked(arrays, into, rows // len(into), cell.transposed)
    kind, of_input, of_state = _biases(arrays, place, kind, rows)
    order = cell.gru_order if GATES[kind] == "rzn" else GATES[kind]

    def in_order(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, len(order))
        return np.concatenate([blocks[order.index(gate)] for gate in GATES[kind]])

    weights = in_order(from_input), in_order(to_state)
    return RecurrentLayer(
        kind, *weights, in_order(of_input), in_order(of_state), place.number, is_last
    )


def _stacked(
    arrays: NamedArrays, names: list[str], rows: int | None, transposed: bool
) -> np.ndarray:
    """Take matrices `(to, from)` of one shape and put them one below the other."""
    blocks: list[np.ndarray] = []
    shape: tuple[int | None, ...] = (rows, None)
    for name in names:
        taken = arrays.take(name, shape[::-1] if transposed else shape)
        blocks.append(taken.T if transposed else taken)
        shape = blocks[-1].shape
    return np.concatenate(blocks)


def _biases(
    arrays: NamedArrays, place: _Place, kind: str, rows: int
) -> tuple[str, np.ndarray, np.ndarray]:
    """Take the biases, zeros where there are none, and return the kind of layer that they tell."""
    into, recurrent = place.biases
    if into == recurrent:  # Keras has one array, of two rows in a GRU with reset_after=True
        (name,) = into
        if kind == "gru" and name in arrays and arrays.left[name].ndim == 2:
            return kind, *arrays.take(name, (2, rows))
        kind = "reset-first-gru" if kind == "gru" and name in arrays else kind
        return kind, arrays.take_or_zeros(name, rows), np.zeros(rows, np.float32)
    must_be = place.cell.all_biases and any(name in arrays for name in into + recurrent)
    size = rows // len(into)
    of_input, of_state = (
        np.concatenate([
            arrays.take(name, (size,)) if must_be else arrays.take_or_zeros(name, size)
            for name in names
        ])
        for names in (into, recurrent)
    )  # fmt: skip
    return kind, of_input, of_state

"""Networks from the weights of other libraries."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._double import double_precision
from ..._types import Array, InvalidInputError, nearest, real_array, require_finite
from ..arrays import skeleton
from ..base import AbstractNetwork
from ..gated import GRU, LSTM, ResetFirstGRU
from ..rate import CTRNN
from .layouts import LAYOUTS, RecurrentLayer
from .reading import NamedArrays, listed, read_arrays

Readout = tuple[np.ndarray, np.ndarray]
GATED = {"gru": GRU, "lstm": LSTM, "reset-first gru": ResetFirstGRU}
_PYTORCH_LIKE = ("torch", "lfads")


def from_state_dict(
    source: Any,
    *,
    layout: str = "torch",
    prefix: str | None = None,
    layer: int | None = None,
    readout: str | None = None,
    activation: str | None = None,
    dt: float | None = None,
    tau: float | None = None,
    initial_state: Array | None = None,
    clip: float | None = None,
    check: Any = None,
) -> AbstractNetwork:
    r"""Make a network from named weights, without the library that trained them.

    ======== ============================================== ============================
    layout   recurrent layer, by its names                  network
    ======== ============================================== ============================
    "torch"  `nn.RNN`, `nn.GRU`, `nn.LSTM` and their cells  `CTRNN` with dt = τ, `GRU`,
             (`weight_ih_l0`, …)                            `LSTM`
    "torch"  the primer's CTRNN (`input2h`, `h2h`)          `CTRNN`, the leak inside
    "lfads"  a GRU cell of LFADS, as lfads-torch writes it  `ResetFirstGRU`
             (`gen_cell.weight_ih`, …)
    "keras"  `SimpleRNN`, `GRU`, `LSTM`                     as above; `ResetFirstGRU` where
             (`recurrent_kernel`, …)                        `reset_after=False`
    "flax"   `SimpleCell`, `GRUCell`, `LSTMCell` of linen   as above
             or nnx (`hn.kernel`, `dense_h.kernel`, …)
    ======== ============================================== ============================

    The layer may stand anywhere in the dictionary (`rnn.weight_ih_l0`, nested dictionaries). What
    is left must be one linear layer, the readout; without one the outputs are the hidden units.
    Every array must find its place: nothing is ignored, but for the layers that were not chosen.

    Names and shapes prove no equation: a layer of one's own may have PyTorch's names, and its gates
    in another order. The network's `repr` says which order is assumed; `check` compares a step.

    Parameters
    ----------
    source
        A dictionary of arrays (NumPy, JAX or PyTorch), or a `.npz`, `.safetensors` or `.pt` file;
        the last needs PyTorch, and is read without running code that it may hold.
    layout
        "torch", "lfads", "keras" or "flax".
    prefix
        Where the recurrent layer stands, if there are several.
    layer
        Which layer of a PyTorch module of several; only the last one has a readout.
    readout
        The name of the readout layer, such as "fc", if there are several.
    activation
        The nonlinearity, which the weights do not tell: by default "tanh", and "relu" for the
        primer's CTRNN. Gated layers have none to choose.
    dt
        Duration of a time step in ms. None makes the step the unit of time: dt is 1, and every
        time constant, period and duration is a number of steps.
    tau
        Time constant of the primer's CTRNN in ms, which needs a dt; None means dt.
    initial_state
        The state before the first step, for an LSTM (h, c) in a row; zeros by default.
    clip
        What LFADS cuts states off at (its `cell_clip`), 1 or more; None: nothing.
    check
        `(state, input, next_state)` that the original computed, of one step or of many
        `(step, …)`: the network must compute the same, to single precision.

    Returns
    -------
    AbstractNetwork
        Weights keep their precision: float64 ones are NumPy arrays.

    Raises
    ------
    InvalidInputError
        When arrays are missing, left over or of other shapes than expected; for bidirectional
        layers and projected LSTMs; when a step differs from the one in `check`.
    UnreadableFileError
        For a file that is missing or damaged.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> weights = {"weight_ih_l0": np.ones((96, 3)), "weight_hh_l0": np.zeros((96, 32))}
    >>> net = sx.networks.from_state_dict(weights, dt=20.0)
    >>> type(net).__name__, net.num_units, net.num_outputs
    ('GRU', 32, 32)
    """
    if layout not in LAYOUTS:
        raise InvalidInputError(f"unknown layout {layout!r}: {nearest(layout, LAYOUTS)}")
    arrays = read_arrays(source)
    recurrent = LAYOUTS[layout](arrays, prefix, layer)
    weights = _take_readout(arrays, recurrent, readout, layout)
    if clip is not None and layout != "lfads":
        raise InvalidInputError('clip belongs to layout="lfads": leave it out.')
    start = initial_state
    network = build(
        recurrent, weights, activation=activation, dt=dt, tau=tau, start=start, clip=clip
    )
    if check is not None:
        compare_step(network, check)
    return network


def _take_readout(
    arrays: NamedArrays, recurrent: RecurrentLayer, readout: str | None, layout: str
) -> Readout | None:
    """Return the weights of the one linear layer that is left, or None where nothing is."""
    matrix = "weight" if layout in _PYTORCH_LIKE else "kernel"
    if readout is None:
        if not arrays.left:
            return None
        layers = {
            name.rpartition(".")[0]
            for name, array in arrays.left.items()
            if name.rpartition(".")[2] == matrix and array.ndim == 2  # a norm's has one axis
        }
        rest = {n for n in arrays.left if n.rpartition(".")[0] not in layers}
        if rest or len(layers) != 1:
            several = f" Of several linear layers one is the readout: {listed(layers)}."
            raise InvalidInputError(
                f"the state dict has more than a recurrent layer and a linear readout: "
                f"{listed(rest or arrays.left)}. Leave out of the dictionary what is neither."
                + (several if len(layers) > 1 else "")
            )
        (readout,) = layers
    units = recurrent.num_units
    join = f"{readout}." if readout else ""
    shape = (None, units) if layout in _PYTORCH_LIKE else (units, None)
    weights = arrays.take(f"{join}{matrix}", shape)
    weights = weights if layout in _PYTORCH_LIKE else weights.T
    if layout == "lfads" and readout.rpartition(".")[2] == "fac_linear":
        weights = weights / np.linalg.norm(weights, axis=1, keepdims=True)  # as LFADS does
    bias = arrays.take_or_zeros(f"{join}bias", len(weights))
    if arrays.left:
        raise InvalidInputError(
            f"the state dict has arrays that belong neither to the recurrent layer nor to the "
            f"readout {readout!r}: {listed(arrays.left)}. Leave them out of the dictionary."
        )
    return (weights, bias) if recurrent.is_last else None


def build(
    layer: RecurrentLayer,
    readout: Readout | None,
    *,
    activation: str | None,
    dt: float | None,
    tau: float | Array | None,
    start: Array | None,
    clip: float | None = None,
) -> AbstractNetwork:
    """Return the network of a layer in PyTorch's layout."""
    units, channels = layer.num_units, layer.input_weights.shape[1]
    if readout is None:
        readout = np.eye(units, dtype=np.float32), np.zeros(units, np.float32)
    sizes = (channels, units, len(readout[0]))
    if dt is None:
        if tau is not None and layer.kind == "ctrnn":
            raise InvalidInputError(
                f"a tau, got {tau}, says nothing without the duration of a step: give dt, too."
            )
        dt = 1.0  # the step is the unit
    settings: dict[str, Any] = {"dt": dt, "trainable_initial_state": start is not None}
    fields = {
        "input_weights": layer.input_weights,
        "recurrent_weights": layer.recurrent_weights,
        "readout_weights": readout[0],
        "readout_bias": readout[1],
    }
    if layer.kind in ("rnn", "ctrnn"):
        network = _rate_network(layer.kind, sizes, settings, activation, dt, tau)
        fields["bias"] = layer.input_bias + layer.recurrent_bias
    else:
        if activation is not None or tau is not None:
            raise InvalidInputError(
                f"a {GATED[layer.kind].__name__} has neither an activation nor a tau to choose."
            )
        settings |= {} if clip is None else {"clip": clip}
        network = skeleton(GATED[layer.kind], *sizes, **settings)
        fields |= {"input_bias": layer.input_bias, "recurrent_bias": layer.recurrent_bias}
    if start is not None:
        size = network.trained_initial_state.shape[0]
        start = real_array(start, "initial_state")
        if start.shape != (size,):
            raise InvalidInputError(f"initial_state must have shape ({size},), got {start.shape}.")
        require_finite(start, "initial_state")
        fields["trained_initial_state"] = start
    # What stands in for absent biases has the precision of what is there.
    precision = np.result_type(layer.recurrent_weights, layer.input_weights)
    return fill(network, {name: np.asarray(a).astype(precision) for name, a in fields.items()})


def _rate_network(
    kind: str,
    sizes: tuple[int, int, int],
    settings: dict[str, Any],
    activation: str | None,
    dt: float,
    tau: float | Array | None,
) -> Any:
    if kind == "rnn" and tau is not None and tau != dt:
        raise InvalidInputError(
            "this layer has no leak: tau must be left out. It is the primer's CTRNN that has one."
        )
    usual, leak = ("tanh", "outside") if kind == "rnn" else ("relu", "inside")
    return skeleton(
        CTRNN,
        *sizes,
        tau=dt if tau is None else tau,
        activation=usual if activation is None else activation,
        leak=leak,
        **settings,
    )


def compare_step(network: AbstractNetwork, check: Any) -> None:
    """Raise InvalidInputError where a network does not step from one state to the next as told."""
    try:
        state, input, expected = (real_array(part, "check") for part in check)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            "check must be (state, input, next_state), three arrays of what the original computed, "
            f"got {type(check).__name__}."
        ) from error
    size = network.initial_state().shape[0]
    for part, name, width in (
        (state, "state", size),
        (input, "input", network.num_inputs),
        (expected, "next_state", size),
    ):
        if part.shape[-1:] != (width,) or part.shape[:-1] != state.shape[:-1]:
            raise InvalidInputError(
                f"the {name} in check must have shape ({width},), or (step, {width}) of as many "
                f"steps as the others, got {part.shape}."
            )
        require_finite(part, f"the {name} in check")
    with double_precision():
        rows = (jnp.asarray(part.reshape(-1, part.shape[-1]), float) for part in (state, input))
        found = np.asarray(jax.vmap(network.step)(*rows)).reshape(expected.shape)
    wrong = np.abs(found - expected)
    if not (wrong <= 1e-5 + 1e-4 * np.abs(expected)).all():
        assumed = f" It assumes {network.convention}." if network.convention else ""
        raise InvalidInputError(
            f"the network does not step as the original does: next_state differs by up to "
            f"{wrong.max():.2g}, in unit {int(np.unravel_index(wrong.argmax(), wrong.shape)[-1])}."
            f"{assumed} Names prove no equation: choose another layout= or activation=, or write "
            "the step as a JAX function for sx.DiscreteMap."
        )


def fill(network: Any, fields: dict[str, Any]) -> Any:
    """Put arrays into the fields of a network; float64 stays NumPy where JAX would lower it."""
    values = tuple(_as_weights(array) for array in fields.values())
    return eqx.tree_at(lambda n: tuple(getattr(n, name) for name in fields), network, values)


def _as_weights(array: Array) -> Array:
    array = np.ascontiguousarray(array)
    if array.dtype.kind != "f":
        array = array.astype(np.float32)
    kept = jax.dtypes.canonicalize_dtype(array.dtype) == array.dtype
    return jnp.asarray(array) if kept else array

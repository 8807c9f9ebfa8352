"""Networks from the weights of other libraries."""

import functools
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._checked import Named, Natural, checked
from ..._double import double_precision
from ..._types import Array, InvalidInputError, real_array, require_finite
from ..arrays import as_weights, skeleton
from ..gated import GRU, LSTM, ResetFirstGRU
from ..network import AbstractNetwork
from ..rate import CTRNN
from .layouts import LAYOUTS, RecurrentLayer, read_layer
from .reading import NamedArrays, read_arrays

Readout = tuple[np.ndarray, np.ndarray]

NETWORKS: dict[str, tuple[Callable[..., AbstractNetwork], tuple[str, ...]]] = {
    "rnn": (functools.partial(CTRNN, activation="tanh"), ("activation",)),
    "ctrnn": (functools.partial(CTRNN, leak="inside"), ("activation", "tau")),
    "gru": (GRU, ()),
    "lstm": (LSTM, ()),
    "reset-first-gru": (ResetFirstGRU, ("clip",)),
}
"""Network for each kind of layer, and its settings beside dt and an initial state."""


@checked
def from_state_dict(
    source: Any,
    *,
    layout: Annotated[str, Named(tuple(LAYOUTS))] = "torch",
    prefix: str | None = None,
    layer: Natural | None = None,
    readout: str | None = None,
    activation: str | None = None,
    dt: float | None = None,
    tau: float | Sequence[float] | Array | None = None,
    initial_state: Array | Sequence[float] | None = None,
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

    The primer is Yang & Wang (2020) Neuron 107:1048. The recurrent layer may be anywhere in the
    dictionary, under a prefix (`rnn.weight_ih_l0`) or in nested dictionaries. The remaining arrays
    must be one linear layer, the readout. Without a readout, the outputs are the hidden units. The
    other layers of the same PyTorch module are ignored. Any further array is an error, so leave the
    arrays of other modules out of the dictionary.

    Names and shapes do not prove which equations a layer computes. A custom layer may use PyTorch's
    names but have its gates in another order. The network's `repr` says which order is assumed, and
    the argument `check` compares a step of the network with a step of the original.

    Parameters
    ----------
    source
        A dictionary of arrays (NumPy, JAX or PyTorch), or a `.npz`, `.safetensors` or PyTorch file
        (`.pt`, `.ckpt` …). To read a PyTorch file, PyTorch must be installed; no code in the file
        is run.
    layout
        "torch", "lfads", "keras" or "flax".
    prefix
        The name of the recurrent layer in the dictionary, such as "rnn", if several would fit.
    layer
        The number of the layer to take, from 0, if a PyTorch module has several layers. Only the
        last layer has a readout. For other layers, the outputs are the hidden units.
    readout
        The name of the readout layer, such as "fc", if there are several.
    activation
        The nonlinearity of a layer without gates, which cannot be read from the weights. None means
        "relu" for the primer's CTRNN, and "tanh" for all other layers. In gated layers the
        nonlinearity is fixed.
    dt
        Duration of a time step in ms. None makes the step the unit of time: dt is 1, and every
        time constant, period and duration is a number of steps.
    tau
        Time constant of the primer's CTRNN in ms. If you give it, give dt, too. None means that it
        equals dt.
    initial_state
        The state before the first step (for an LSTM, h followed by c). The default is zero.
    clip
        For "lfads", the bound at which states are cut off after every step (LFADS's `cell_clip`):
        each unit stays between −clip and clip. It must be at least 1. None means no bound.
    check
        Three arrays `(state, input, next_state)` from the original: of one step, or of many steps
        along a first axis. The network must compute the same next states, to single precision.

    Returns
    -------
    AbstractNetwork
        The network. Weights keep their precision, but half precision becomes float32. Float64
        weights are stored as NumPy arrays, because JAX would round them to float32.

    Raises
    ------
    InvalidInputError
        If arrays are missing, are left over, have unexpected shapes, or contain NaN or infinity. If
        the layer is bidirectional or a projected LSTM. If a step of the network differs from the
        step in `check`.
    UnreadableFileError
        If the file is missing or damaged.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> weights = {"weight_ih_l0": np.ones((96, 3)), "weight_hh_l0": np.zeros((96, 32))}
    >>> net = sx.networks.from_state_dict(weights, dt=20.0)
    >>> type(net).__name__, net.num_units, net.num_outputs
    ('GRU', 32, 32)
    """
    arrays = read_arrays(source)
    recurrent = read_layer(arrays, layout, prefix, layer)
    weights = _take_readout(arrays, recurrent.num_units, readout, layout)
    settings = {"activation": activation, "tau": tau, "clip": clip}
    network = _build(recurrent, weights if recurrent.is_last else None, dt, settings, initial_state)
    if check is not None:
        compare_step(network, check)
    return network


def _take_readout(
    arrays: NamedArrays, units: int, readout: str | None, layout: str
) -> Readout | None:
    """Take the one linear layer that is left, or None where nothing is."""
    transposed = LAYOUTS[layout][0].transposed
    matrix = "kernel" if transposed else "weight"
    layers = {
        name.rpartition(".")[0]
        for name, array in arrays.left.items()
        if name.rpartition(".")[2] == matrix and array.ndim == 2  # a norm's has one axis
    }
    if readout is None and len(layers) == 1:
        (readout,) = layers
    found = None
    if readout is not None:
        join = f"{readout}." if readout else ""
        weights = arrays.take(f"{join}{matrix}", (units, None) if transposed else (None, units))
        weights = weights.T if transposed else weights
        if layout == "lfads" and readout.rpartition(".")[2] == "fac_linear":
            weights = weights / np.linalg.norm(weights, axis=1, keepdims=True)  # as LFADS does
        found = weights, arrays.take_or_zeros(f"{join}bias", len(weights))
    arrays.refuse_rest()
    return found


def _build(
    layer: RecurrentLayer,
    readout: Readout | None,
    dt: float | None,
    settings: dict[str, Any],
    initial_state: Array | Sequence[float] | None,
) -> AbstractNetwork:
    """Return the network of a layer in PyTorch's layout; settings that are None are not given."""
    make, known = NETWORKS[layer.kind]
    given = {name: value for name, value in settings.items() if value is not None}
    unknown = given.keys() - set(known)
    if unknown:
        raise InvalidInputError(
            f"a {layer.kind} layer has no {' and no '.join(sorted(unknown))} to "
            f"choose: leave it out. Apart from dt, it takes {' and '.join(known) or 'no settings'}."
        )
    if dt is None and "tau" in given:
        raise InvalidInputError(
            f"tau = {given['tau']} was given without dt, the duration of a step: give dt, too."
        )
    dt = 1.0 if dt is None else dt  # the step is the unit
    if "rnn" in layer.kind:
        given.setdefault("tau", dt)
    units, channels = layer.num_units, layer.input_weights.shape[1]
    if readout is None:
        readout = np.eye(units, dtype=np.float32), np.zeros(units, np.float32)
    network = skeleton(
        make, channels, units, len(readout[0]), dt=dt,
        trainable_initial_state=initial_state is not None, **given,
    )  # fmt: skip
    fields = {
        "input_weights": layer.input_weights,
        "recurrent_weights": layer.recurrent_weights,
        "readout_weights": readout[0],
        "readout_bias": readout[1],
    }
    if isinstance(network, CTRNN):
        fields["bias"] = layer.input_bias + layer.recurrent_bias
    else:
        fields |= {"input_bias": layer.input_bias, "recurrent_bias": layer.recurrent_bias}
    if initial_state is not None:
        size = network.trained_initial_state.shape
        fields["trained_initial_state"] = _array_of("initial_state", initial_state, size)
    # What stands in for absent biases has the precision of what is there.
    precision = np.result_type(layer.recurrent_weights, layer.input_weights)
    values = tuple(as_weights(array.astype(precision)) for array in fields.values())
    return eqx.tree_at(lambda n: tuple(getattr(n, name) for name in fields), network, values)


def _array_of(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return finite numbers of a shape; raise InvalidInputError for anything else."""
    array = real_array(value, name)
    if array.shape != shape:
        raise InvalidInputError(f"{name} must have shape {shape}, got {array.shape}.")
    require_finite(array, name)
    return array


def compare_step(network: AbstractNetwork, check: Any, tolerance: float = 1e-5) -> None:
    """Raise InvalidInputError where a network does not step from one state to the next as told.

    `check` is (state, input, next state), of one step or of many.
    """
    try:
        state, input, expected = (real_array(part, "check") for part in check)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            "check must be (state, input, next_state), three arrays of what the original computed, "
            f"got {type(check).__name__}."
        ) from error
    size, front = network.initial_state().shape, state.shape[:-1]
    state = _array_of("the state in check", state, front + size)
    input = _array_of("the input in check", input, (*front, network.num_inputs))
    expected = _array_of("the next_state in check", expected, front + size)
    with double_precision():
        rows = (jnp.asarray(part.reshape(-1, part.shape[-1]), float) for part in (state, input))
        found = np.asarray(jax.vmap(network.step)(*rows)).reshape(expected.shape)
    wrong = np.abs(found - expected)
    if not (wrong <= tolerance * (1 + 10 * np.abs(expected))).all():
        at = np.unravel_index(wrong.argmax(), wrong.shape)
        assumed = f" It assumes {network.convention}." if network.convention else ""
        raise InvalidInputError(
            f"the network does not step as the original does: next_state differs by up to "
            f"{wrong[at]:.2g}, in unit {at[-1]} (the original's {expected[at]:.4g}, here "
            f"{found[at]:.4g}).{assumed} Arrays of the same names may belong to another "
            "equation. Choose another layout= or activation=, or write the step as a JAX function "
            "for sx.DiscreteMap; sx.torch_map takes a PyTorch function."
        )

"""Networks from PyTorch modules and back; PyTorch is imported only when they are called."""

from typing import Any

import numpy as np

from ..._types import Array, InvalidInputError, is_number
from ..base import AbstractNetwork
from ..gated import GRU, LSTM
from ..rate import CTRNN
from .layouts import RecurrentLayer, read_layer
from .reading import NamedArrays, first_line, listed, read_arrays
from .state_dicts import build, compare_step


def from_torch(
    module: Any,
    readout: Any = None,
    *,
    layer: int | None = None,
    activation: str | None = None,
    dt: float | None = None,
    tau: float | None = None,
    initial_state: Array | None = None,
) -> AbstractNetwork:
    """Make a network from a PyTorch module; it computes the same, to rounding.

    A step of the module itself, from a random state and input, is compared with the network's.

    Parameters
    ----------
    module
        An `nn.RNN`, `nn.GRU` or `nn.LSTM` (with or without biases and `batch_first`, both
        nonlinearities), one of their cells, the primer's CTRNN (it has `input2h` and `h2h`), or a
        module that holds one of these and at most one `nn.Linear`, which is taken as the readout.
        What the `forward` of such a module does beside these is not seen.
    readout
        An `nn.Linear` on the hidden units. Without one the outputs are the hidden units.
    layer
        Which layer, where there are several; only the last one has a readout.
    activation
        The nonlinearity of a module with `input2h` and `h2h`, "relu" in the primer's. Unless it or
        tau is given, a step is compared with the module's own `recurrence`, if it has one.
    dt
        Duration of a time step in ms. None makes the step the unit of time: dt is 1, and every
        time constant, period and duration is a number of steps. A CTRNN of the primer's that has
        a tau says its dt itself.
    tau
        Time constant of the primer's CTRNN in ms; None means dt / module.alpha, which has to be
        module.tau where the module has one. The other modules have none.
    initial_state
        The state before the first step, for an LSTM (h, c) in a row; zeros by default, as in
        PyTorch.

    Returns
    -------
    AbstractNetwork
        A `CTRNN`, `GRU` or `LSTM`. Float64 weights stay so, as NumPy arrays.

    Raises
    ------
    InvalidInputError
        When PyTorch is not installed; for a module with other layers than these, bidirectional or
        projected ones, a layer that computes something else, a readout of another width, weights
        that are not finite, a `tau` where there is no leak.

    Notes
    -----
    Without PyTorch installed, `from_state_dict` reads its weights from a file::

        net = sx.networks.from_torch(torch.nn.GRU(3, 64), torch.nn.Linear(64, 3), dt=20.0)
    """
    torch = _pytorch()
    if not isinstance(module, torch.nn.Module):
        raise InvalidInputError(
            f"expected a PyTorch module, got {type(module).__name__}; from_state_dict takes "
            "dictionaries and files."
        )
    path, recurrent = _find_recurrent(module)
    given = readout is not None
    readout = readout if given else _find_readout(module, path, recurrent)
    arrays = _arrays_of(recurrent)
    taken = read_layer(arrays, "torch", layer=layer)
    arrays.refuse_rest()
    if given and not taken.is_last:
        raise InvalidInputError(
            f"layer {layer} is not the last one, so no readout is on it: leave the readout out."
        )
    chosen = activation is not None or tau is not None
    times: tuple[float | None, float | Array | None] = (dt, tau)
    if _is_primer(recurrent):
        times = _primer_times(recurrent, dt, tau)
    elif activation is None:
        activation = getattr(recurrent, "nonlinearity", None)
    weights = None
    if readout is not None and taken.is_last:
        arrays = NamedArrays(_linear(readout, "the readout"))
        weights = arrays.take("weight", (None, taken.num_units)), arrays.take("bias", (None,))
    settings = {"activation": activation, "tau": times[1]}
    network = build(taken, weights, times[0], settings, initial_state)
    if not _is_primer(recurrent) or (hasattr(recurrent, "recurrence") and not chosen):
        _compare(recurrent, taken, network)
    return network


def _pytorch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise InvalidInputError(
            "from_torch and to_torch need PyTorch, which is not installed here: pip install torch; "
            "from_state_dict reads weights without it."
        ) from error
    return torch


def _is_recurrent(module: Any) -> bool:
    from torch.nn import RNNBase, RNNCellBase

    return isinstance(module, (RNNBase, RNNCellBase)) or _is_primer(module)


def _is_primer(module: Any) -> bool:
    return hasattr(module, "input2h") and hasattr(module, "h2h")


def _find_recurrent(module: Any) -> tuple[str, Any]:
    """Return the one recurrent layer of a module, and its name in there."""
    found = [(name, m) for name, m in module.named_modules() if _is_recurrent(m)]
    if len(found) != 1:
        raise InvalidInputError(
            f"{type(module).__name__} holds {len(found)} recurrent layers "
            f"({listed(repr(name) for name, _ in found) or 'none'}): give one nn.RNN, nn.GRU, "
            "nn.LSTM or cell, and its readout as the second argument."
        )
    return found[0]


def _find_readout(module: Any, path: str, recurrent: Any) -> Any:
    """Return the one linear layer beside the recurrent one, or None; refuse anything else."""
    from torch import nn

    inside = set(map(id, recurrent.modules()))
    others = {
        name: m
        for name, m in module.named_modules()
        if id(m) not in inside
        and not any(m.children())
        and not isinstance(m, (nn.Dropout, nn.Identity))
    }
    if len(others) > 1 or any(type(m) is not nn.Linear for m in others.values()):
        raise InvalidInputError(
            f"{type(module).__name__} has layers beside {path!r} and a linear readout: "
            f"{listed(f'{name} ({type(m).__name__})' for name, m in others.items())}. Give the "
            f"recurrent layer alone, module.{path}, and its readout as the second argument; inputs "
            "are then what enters that layer."
        )
    return next(iter(others.values()), None)


def _arrays_of(module: Any) -> NamedArrays:
    """Return the weights of a recurrent layer by name.

    From its attributes, not from its state dict, which holds what a parametrization starts from.
    """
    from torch.nn import RNNBase

    if _is_primer(module):
        pairs = {n: _linear(getattr(module, n), n) for n in ("input2h", "h2h")}
        return read_arrays(pairs)
    cell = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    names = module._flat_weights_names if isinstance(module, RNNBase) else cell
    arrays = {name: getattr(module, name) for name in names}
    return read_arrays({name: array for name, array in arrays.items() if array is not None})


def _linear(layer: Any, name: str) -> dict[str, np.ndarray]:
    """Return the weight and the bias of a linear layer, zeros where it has none."""
    from torch.nn import Linear

    if not isinstance(layer, Linear) or type(layer).forward is not Linear.forward:
        raise InvalidInputError(
            f"{name} must be an nn.Linear, got {type(layer).__name__}: apply what comes after a "
            "readout to the network's outputs, and write any other step as a JAX function for "
            "sx.DiscreteMap, or give it to sx.torch_map."
        )
    parts = {"weight": layer.weight, "bias": layer.bias}
    arrays = read_arrays({part: array for part, array in parts.items() if array is not None}).left
    return {"bias": np.zeros(len(arrays["weight"]), np.float32)} | arrays


def _primer_times(
    module: Any, dt: float | None, tau: float | None
) -> tuple[float | None, float | Array | None]:
    """Return the time step and the time constant, of which the module's alpha is the ratio.

    One time constant for each unit, where alpha is a tensor of them.
    """
    alpha, own = getattr(module, "alpha", None), getattr(module, "tau", None)
    if alpha is None or (dt is not None and tau is not None):
        return dt, tau
    alpha = read_arrays({"alpha": alpha}).left["alpha"].astype(float)[()]
    own = float(own) if own is not None and is_number(own) and np.ndim(alpha) == 0 else None
    known = own if tau is None else tau
    if dt is None:
        dt = 1.0 if known is None else known * float(np.max(alpha))
    if known is not None and not np.allclose(dt / alpha, known):
        raise InvalidInputError(
            f"{type(module).__name__} has alpha = {alpha}, which is dt / tau, got dt = {dt:g} and "
            f"tau = {known:g}: leave dt out, or give both as you mean them."
        )
    return dt, dt / alpha


def _compare(module: Any, taken: RecurrentLayer, network: AbstractNetwork) -> None:
    """Raise InvalidInputError where a step of the module is not the network's, or cannot be taken.

    A class may keep the names of PyTorch's layers, or of the primer's, and compute something else.
    """
    torch = _pytorch()
    weight, k = next(module.parameters()), taken.number
    shape = getattr(module, "num_layers", 1), len(network.initial_state())
    channels = module.input_size if k else network.num_inputs
    rng, steps = np.random.default_rng(0), []
    training = [part for part in module.modules() if part.training]
    try:
        module.eval()
        for scale in (1.0, 10.0):  # the latter for what is cut off
            draws = scale * rng.normal(size=shape), rng.normal(size=channels)
            states, input = (torch.as_tensor(draw).to(weight) for draw in draws)
            with torch.no_grad():
                following = _own_step(module, states, input)
            below = following[k - 1, : taken.num_units] if k else input
            step = states[k], below, following[k]
            steps.append([part.cpu().double().numpy() for part in step])
    except Exception as error:
        raise InvalidInputError(
            f"{type(module).__name__} does not step as PyTorch's layers or the primer's CTRNN do "
            f"({first_line(error)}). Write its step as a JAX function for sx.DiscreteMap, or give "
            "it to sx.torch_map. (A class of the primer's names is not compared where you name its "
            "activation.)"
        ) from error
    finally:
        for part in training:
            part.training = True
    # Half precision, and what a GPU makes of single precision.
    is_rough = weight.device.type != "cpu" or weight.dtype.itemsize < 4
    check = [np.stack(parts) for parts in zip(*steps, strict=True)]
    compare_step(network, check, 0.03 if is_rough else 1e-4)


def _own_step(module: Any, states: Any, input: Any) -> Any:
    """Return the states `(layer, state)` after one step of the module itself."""
    torch = _pytorch()
    if _is_primer(module):
        after = module.recurrence(input[None], states)
    else:
        is_cell = isinstance(module, torch.nn.RNNCellBase)
        parts = states.split(module.hidden_size, -1)
        before = parts if is_cell else tuple(part[:, None] for part in parts)
        before = before if len(before) > 1 else before[0]
        after = module(input[None], before) if is_cell else module(input[None, None], before)[1]
    after = torch.cat(after if isinstance(after, tuple) else (after,), -1)
    return after.reshape(states.shape)


def to_torch(network: AbstractNetwork, *, batch_first: bool = True) -> tuple[Any, Any]:
    """Turn a network into a recurrent PyTorch layer and its linear readout.

    Parameters
    ----------
    network
        A `GRU` or `LSTM`, or a `CTRNN` with dt = tau and the activation "tanh" or "relu".
    batch_first
        Whether the layer takes inputs `(trial, time, channel)`, as here, or `(time, trial, …)`.

    Returns
    -------
    torch.nn.GRU, torch.nn.LSTM or torch.nn.RNN, and torch.nn.Linear
        In the precision of the network's weights. An initial state that was trained is no part of
        a PyTorch layer: give it to the layer with the inputs. Nor is private noise.

    Raises
    ------
    InvalidInputError
        For a network that is none of PyTorch's layers, or when PyTorch is not installed.
    """
    torch = _pytorch()
    settings: dict[str, Any] = {"batch_first": batch_first}
    if isinstance(network, (GRU, LSTM)):
        make: Any = torch.nn.GRU if isinstance(network, GRU) else torch.nn.LSTM
        biases = network.input_bias, network.recurrent_bias
    elif isinstance(network, CTRNN) and _is_plain(network):
        make, settings = torch.nn.RNN, settings | {"nonlinearity": network.activation}
        biases = network.bias, np.zeros_like(network.bias)
    else:
        raise InvalidInputError(
            f"this {type(network).__name__} is none of PyTorch's layers: expected a GRU, an LSTM, "
            'or a CTRNN with dt = tau and the activation "tanh" or "relu".'
        )
    weights = network.input_weights, network.recurrent_weights, *biases
    dtype = getattr(torch, np.asarray(network.readout_weights).dtype.name)
    layer = make(network.num_inputs, network.num_units, dtype=dtype, **settings)
    linear = torch.nn.Linear(network.num_units, network.num_outputs, dtype=dtype)
    with torch.no_grad():
        for name, array in zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"),
                               weights, strict=True):  # fmt: skip
            getattr(layer, name).copy_(torch.tensor(np.asarray(array)))
        linear.weight.copy_(torch.tensor(np.asarray(network.readout_weights)))
        linear.bias.copy_(torch.tensor(np.asarray(network.readout_bias)))
    return layer, linear


def _is_plain(network: CTRNN) -> bool:
    return bool(np.all(np.asarray(network.alpha) == 1)) and network.activation in ("tanh", "relu")

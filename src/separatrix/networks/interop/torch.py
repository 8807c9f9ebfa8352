"""Networks from PyTorch modules and back; PyTorch is imported only when they are called."""

from typing import Any

import numpy as np

from ..._types import Array, InvalidInputError, first_line, is_number, listed
from ..gated import GRU, LSTM
from ..network import AbstractNetwork
from ..rate import CTRNN
from .reading import read_arrays
from .state_dicts import compare_step, from_state_dict


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
    """Make a network that computes the same as a PyTorch module, up to rounding.

    Steps of the module from random states and inputs are compared with steps of the network. If
    they differ, the module is refused. For such a module, use `sx.torch_map`, which makes a system
    from the step of any module as it is. A CTRNN of the primer can be compared only if it has the
    method `recurrence`.

    Parameters
    ----------
    module
        An `nn.RNN`, `nn.GRU` or `nn.LSTM`, one of their cells, or the CTRNN of the primer (Yang &
        Wang 2020), which has `input2h` and `h2h`. PyTorch's layers may have biases or not,
        `batch_first` may be True or False, and an `nn.RNN` may have the nonlinearity "tanh" or
        "relu". You may also give a module that holds one of these layers and at most one
        `nn.Linear`, which is taken as the readout. Dropout, and whatever else the `forward` of such
        a module does, is ignored.
    readout
        An `nn.Linear` on the hidden units. Without a readout, the outputs are the hidden units.
    layer
        The number of the layer to take, from 0, if there are several. Only the last layer has a
        readout. For other layers, the outputs are the hidden units.
    activation
        The nonlinearity of a module with `input2h` and `h2h`. None means "relu", as in the primer.
    dt
        Duration of a time step in ms. None makes the step the unit of time: dt is 1, and every time
        constant, period and duration is a number of steps. There is one exception: for the primer's
        CTRNN with a known tau, None means tau · module.alpha.
    tau
        Time constant of the primer's CTRNN in ms. None means module.tau or, if the module has no
        tau, dt / module.alpha. If dt and tau are both known, dt / tau must equal module.alpha. The
        other modules have no time constant.
    initial_state
        The state before the first step (for an LSTM, h followed by c). The default is zero, as in
        PyTorch.

    Returns
    -------
    AbstractNetwork
        A `CTRNN`, `GRU` or `LSTM`. Weights in float64 stay in float64, as NumPy arrays.

    Raises
    ------
    InvalidInputError
        If PyTorch is not installed. If the module has other layers than those listed under
        `module`, or if its recurrent layer is bidirectional or projected, overrides `forward`, or
        computes something else than PyTorch's layer. If the readout does not have as many inputs as
        there are hidden units, if weights are not finite, or if `tau` is given for a module without
        a leak.

    Notes
    -----
    If PyTorch is not installed, `from_state_dict` reads the weights of a module from a file.

    Examples
    --------
    >>> import torch, separatrix as sx
    >>> gru, readout = torch.nn.GRU(3, 64), torch.nn.Linear(64, 3)
    >>> net = sx.networks.from_torch(gru, readout, dt=20.0)
    >>> type(net).__name__, net.num_units, net.dt
    ('GRU', 64, 20.0)
    """
    torch = _pytorch()
    if not isinstance(module, torch.nn.Module):
        raise InvalidInputError(
            f"expected a PyTorch module, got {type(module).__name__}; from_state_dict takes "
            "dictionaries and files."
        )
    recurrent = _find_recurrent(module)
    if readout is None:
        readout = _find_readout(module, recurrent)
    elif layer not in (None, getattr(recurrent, "num_layers", 1) - 1):
        raise InvalidInputError(
            f"layer {layer} is not the last one, and a readout reads the last layer: leave the "
            "readout out."
        )
    is_primer = _is_primer(recurrent)
    if is_primer:
        dt, tau = _primer_times(recurrent, dt, tau)
    else:
        _refuse_own_forward(recurrent)
        activation = activation or getattr(recurrent, "nonlinearity", None)
    weights = _weights_of(recurrent) | ({} if readout is None else _linear(readout, "readout"))
    network = from_state_dict(
        weights, layer=layer, activation=activation, dt=dt, tau=tau, initial_state=initial_state
    )
    if not is_primer or hasattr(recurrent, "recurrence"):
        _compare(recurrent, layer or 0, network)
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


def _find_recurrent(module: Any) -> Any:
    """Return the one recurrent layer of a module."""
    found = {name: m for name, m in module.named_modules() if _is_recurrent(m)}
    if len(found) != 1:
        raise InvalidInputError(
            f"{type(module).__name__} holds {len(found)} recurrent layers "
            f"({listed(map(repr, found)) or 'none'}): give one nn.RNN, nn.GRU, "
            "nn.LSTM or cell, and its readout as the second argument."
        )
    return next(iter(found.values()))


def _find_readout(module: Any, recurrent: Any) -> Any:
    """Return the one linear layer beside the recurrent one, or None; refuse anything else."""
    from torch import nn

    passive = (*recurrent.modules(), *(m for m in module.modules() if any(m.children())))
    others = {
        name: m
        for name, m in module.named_modules()
        if not any(m is p for p in passive) and not isinstance(m, (nn.Dropout, nn.Identity))
    }
    if len(others) > 1 or any(type(m) is not nn.Linear for m in others.values()):
        raise InvalidInputError(
            f"{type(module).__name__} has more than a recurrent layer and a linear readout: "
            f"{listed(f'{name} ({type(m).__name__})' for name, m in others.items())}. Give the "
            "recurrent layer alone, and its readout as the second argument; inputs are then what "
            "enters that layer."
        )
    return next(iter(others.values()), None)


def _refuse_own_forward(layer: Any) -> None:
    """Raise InvalidInputError where a layer of PyTorch's was given another `forward`."""
    base: Any = next(c for c in type(layer).__mro__ if c.__module__ == "torch.nn.modules.rnn")
    if getattr(layer.forward, "__func__", None) is not base.forward:
        raise InvalidInputError(
            f"{type(layer).__name__} overrides forward, which may compute something else. "
            "Give its step to sx.torch_map, torch_map(lambda state, input: …, size)."
        )


def _weights_of(module: Any) -> dict[str, Any]:
    """Return the weights of a recurrent layer by name.

    From its attributes, not from its state dict, which holds what a parametrization starts from.
    """
    from torch.nn import RNNBase

    if _is_primer(module):
        return _linear(module.input2h, "input2h") | _linear(module.h2h, "h2h")
    cell = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    names = module._flat_weights_names if isinstance(module, RNNBase) else cell
    return {n: a for n in names if (a := getattr(module, n)) is not None}


def _linear(layer: Any, name: str) -> dict[str, Any]:
    """Return the weight and the bias of a linear layer, by name."""
    from torch.nn import Linear

    if not isinstance(layer, Linear) or type(layer).forward is not Linear.forward:
        raise InvalidInputError(
            f"{name} must be an nn.Linear, got {type(layer).__name__}: apply what comes after a "
            "readout to the network's outputs, and give any other step to sx.torch_map."
        )
    parts = {f"{name}.weight": layer.weight, f"{name}.bias": layer.bias}
    return {part: array for part, array in parts.items() if array is not None}


def _primer_times(module: Any, dt: Any, tau: Any) -> tuple[Any, Any]:
    """Return the time step and the time constant, of which the module's alpha is the ratio.

    One time constant for each unit, where alpha is a tensor of them.
    """
    if getattr(module, "alpha", None) is None:
        return dt, tau
    alpha = read_arrays({"alpha": module.alpha}).left["alpha"].astype(float)[()]
    own: Any = getattr(module, "tau", None)
    if tau is None and is_number(own) and np.ndim(alpha) == 0:
        tau = float(own)
    if dt is None:
        dt = 1.0 if tau is None else float(np.max(tau * alpha))
    if tau is not None and not np.allclose(dt / alpha, tau):
        raise InvalidInputError(
            f"{type(module).__name__} has alpha = {alpha}, which is dt / tau, got dt = {dt:g} and "
            f"tau = {tau:g}: leave out what contradicts it."
        )
    return dt, dt / alpha


def _compare(module: Any, k: int, network: AbstractNetwork) -> None:
    """Raise InvalidInputError where steps of the module are not the network's, or are not its own.

    A class may keep the names of PyTorch's layers, or of the primer's, and compute something else.
    """
    torch = _pytorch()
    weight, was_training = next(module.parameters()), module.training
    channels = module.input_size if k else network.num_inputs
    rng, size = np.random.default_rng(0), len(network.initial_state())
    scales = np.array([[1.0], [10.0]])  # the latter for what is cut off
    draws = (
        scales * rng.normal(size=(getattr(module, "num_layers", 1), 2, size)),
        rng.normal(size=(2, channels)),
    )
    states, input = (torch.as_tensor(draw).to(weight) for draw in draws)
    try:
        module.eval()
        with torch.no_grad():
            following = _own_step(module, states, input)
        below = following[k - 1, :, : module.hidden_size] if k else input
        check = [part.cpu().double().numpy() for part in (states[k], below, following[k])]
    except Exception as error:
        raise InvalidInputError(
            f"{type(module).__name__} does not step as PyTorch's layers or the primer's CTRNN do "
            f"({first_line(error)}): give its step to sx.torch_map."
        ) from error
    finally:
        module.train(was_training)
    # Half precision, and what a GPU makes of single precision.
    is_rough = weight.device.type != "cpu" or weight.dtype.itemsize < 4
    compare_step(network, check, 0.03 if is_rough else 1e-4)


def _own_step(module: Any, states: Any, input: Any) -> Any:
    """Return the states `(layer, trial, state)` after one step of the module itself."""
    torch = _pytorch()
    if _is_primer(module):
        return module.recurrence(input, states[0])[None]
    is_cell = isinstance(module, torch.nn.RNNCellBase)
    parts = states[0] if is_cell else states
    parts = tuple(part.contiguous() for part in parts.split(module.hidden_size, -1))
    before = parts if len(parts) > 1 else parts[0]
    if is_cell:
        after = module(input, before)
    else:
        after = module(input[:, None] if module.batch_first else input[None], before)[1]
    return torch.cat(after if isinstance(after, tuple) else (after,), -1).reshape(states.shape)


def to_torch(network: AbstractNetwork, *, batch_first: bool = True) -> tuple[Any, Any]:
    """Turn a network into a recurrent PyTorch layer and its linear readout.

    Parameters
    ----------
    network
        A `GRU` or `LSTM`, or a `CTRNN` with dt = tau and the activation "tanh" or "relu".
    batch_first
        Whether the layer takes inputs `(trial, time, channel)`, as in this package, or
        `(time, trial, channel)`.

    Returns
    -------
    torch.nn.GRU, torch.nn.LSTM or torch.nn.RNN, and torch.nn.Linear
        The layer and the readout, in the precision of the network's weights. A PyTorch layer
        contains neither private noise nor a trained initial state: give a trained initial state to
        the layer together with the inputs.

    Raises
    ------
    InvalidInputError
        If the network is not equivalent to one of PyTorch's layers, or if PyTorch is not installed.

    Examples
    --------
    >>> import jax, torch, separatrix as sx
    >>> net = sx.networks.GRU(3, 64, 3, key=jax.random.key(0))
    >>> gru, readout = sx.networks.to_torch(net)
    >>> readout(gru(torch.zeros(5, 22, 3))[0]).shape
    torch.Size([5, 22, 3])
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
            f"PyTorch has no layer like this {type(network).__name__}: expected a GRU, an LSTM, "
            'or a CTRNN with dt = tau and the activation "tanh" or "relu".'
        )
    weights = network.input_weights, network.recurrent_weights, *biases
    dtype = getattr(torch, np.asarray(network.readout_weights).dtype.name)
    layer = make(network.num_inputs, network.num_units, dtype=dtype, **settings)
    linear = torch.nn.Linear(network.num_units, network.num_outputs, dtype=dtype)
    with torch.no_grad():
        parameters = *layer.parameters(), linear.weight, linear.bias
        arrays = *weights, network.readout_weights, network.readout_bias
        for parameter, array in zip(parameters, arrays, strict=True):
            parameter.copy_(torch.tensor(np.asarray(array)))
    return layer, linear


def _is_plain(network: CTRNN) -> bool:
    return bool(np.all(np.asarray(network.alpha) == 1)) and network.activation in ("tanh", "relu")

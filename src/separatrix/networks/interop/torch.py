"""Networks from PyTorch modules and back; PyTorch is imported only when they are called."""

from typing import Any

import numpy as np

from ..._types import Array, InvalidInputError, is_number
from ..base import AbstractNetwork
from ..gated import GRU, LSTM
from ..rate import CTRNN
from .layouts import RecurrentLayer, read_torch
from .reading import NamedArrays, read_arrays
from .state_dicts import Readout, build


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
        tau is given, a step is compared with the module's own (its `recurrence`, if it has one).
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
        projected ones, layers whose `forward` was replaced, a readout of another width, weights
        that are not finite, a `tau` where there is no leak, a class with the primer's names that
        computes something else.

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
    given, chosen = readout, activation is not None or tau is not None
    readout = _find_readout(module, path, recurrent) if readout is None else readout
    if activation is not None and not _is_primer(recurrent):
        raise InvalidInputError(
            f"a {type(recurrent).__name__} says itself what its activation is: leave it out."
        )
    times: tuple[float | None, float | Array | None] = (dt, tau)
    if _is_primer(recurrent):
        times = _primer_times(recurrent, dt, tau)
    taken, own = _take(recurrent, layer)
    weights = None
    if given is not None and not taken.is_last:
        raise InvalidInputError(
            f"layer {layer} is not the last one, so no readout is on it: leave the readout out."
        )
    if readout is not None and taken.is_last:
        weights = _linear(readout, taken.num_units)
    network = build(
        taken, weights, activation=activation or own, dt=times[0], tau=times[1], start=initial_state
    )
    if _is_primer(recurrent) and not chosen:
        _compare_step(recurrent, network)
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
        names = ", ".join(repr(name) for name, _ in found)
        raise InvalidInputError(
            f"{type(module).__name__} holds "
            + (f"{len(found)} recurrent layers ({names})" if found else "no recurrent layer")
            + ": give one nn.RNN, nn.GRU, nn.LSTM or cell, and its readout as the second argument."
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
    strange = [f"{n} ({type(m).__name__})" for n, m in others.items() if type(m) is not nn.Linear]
    if strange or len(others) > 1:
        what = ", ".join(strange or (f"{name} (Linear)" for name in others))
        raise InvalidInputError(
            f"{type(module).__name__} has layers beside {path!r} and a linear readout: {what}. "
            f"Give the recurrent layer alone, module.{path}, and its readout as the second "
            "argument; inputs are then what enters that layer."
        )
    return next(iter(others.values()), None)


def _take(module: Any, layer: int | None) -> tuple[RecurrentLayer, str | None]:
    """Return a layer's weights and its activation."""
    from torch import nn

    if not isinstance(module, (nn.RNNBase, nn.RNNCellBase)):
        return _primer(module, layer), None
    _refuse_unsupported(module)
    cell = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    names = module._flat_weights_names if isinstance(module, nn.RNNBase) else cell
    # From the attributes, not from the state dict, which holds what a parametrization starts from.
    arrays = {n: getattr(module, n) for n in names if getattr(module, n) is not None}
    return read_torch(read_arrays(arrays), None, layer), getattr(module, "nonlinearity", None)


def _refuse_unsupported(module: Any) -> None:
    from torch import nn

    known = (nn.RNN, nn.GRU, nn.LSTM, nn.RNNCell, nn.GRUCell, nn.LSTMCell)
    base = next((cls for cls in known if isinstance(module, cls)), None)
    if base is None or type(module).forward is not base.forward:
        raise InvalidInputError(
            f"{type(module).__name__} does not compute what one of PyTorch's own layers computes: "
            "write its step as a JAX function and give it to sx.DiscreteMap."
        )
    for what, attribute, plain in (
        ("bidirectional", "bidirectional", False),
        ("projected", "proj_size", 0),
    ):
        if getattr(module, attribute, plain):
            raise InvalidInputError(
                f"a {what} {base.__name__} is not supported: build it with {attribute}={plain}."
            )


def _compare_step(module: Any, network: AbstractNetwork) -> None:
    """Raise InvalidInputError where a module's own step is not the network's.

    Many have changed the primer's class and kept its names.
    """
    recurrence = getattr(module, "recurrence", None)
    if not callable(recurrence):
        return
    torch = _pytorch()
    rng = np.random.default_rng(0)
    state, input = rng.normal(size=network.num_units), rng.normal(size=network.num_inputs)
    weight = module.h2h.weight
    x, h = (torch.as_tensor(a[None]).to(weight) for a in (input, state))
    try:
        with torch.no_grad():
            own = recurrence(x, h).detach().cpu().double().numpy()[0]
    except Exception:  # of another signature: nothing can be said
        return
    ours = np.asarray(network.step(np.asarray(h[0].cpu()), np.asarray(x[0].cpu())), float)
    if own.shape != ours.shape or not np.allclose(own, ours, rtol=1e-4, atol=1e-5):
        raise InvalidInputError(
            f"{type(module).__name__} has the names of the primer's CTRNN, and its recurrence "
            "computes something else than relu((1 − α) h + α (W h + W_x x + b)): name its "
            'activation, such as activation="tanh", where that is the difference (or "relu", '
            "where it draws noise); otherwise write its step as a JAX function for "
            "sx.DiscreteMap, or give it to sx.torch_map."
        )


def _primer_times(
    module: Any, dt: float | None, tau: float | None
) -> tuple[float | None, float | Array | None]:
    """Return the time step and the time constant, of which the module's alpha is the ratio.

    One time constant for each unit, where alpha is a tensor of them.
    """
    alpha, own = (getattr(module, name, None) for name in ("alpha", "tau"))
    if alpha is None:
        return dt, tau
    alpha = read_arrays({"alpha": alpha}).left["alpha"]
    if alpha.ndim > 0:
        return (dt, tau) if tau is not None else (dt or 1.0, (dt or 1.0) / alpha)
    own = float(own) if own is not None and is_number(own) else None
    known = own if tau is None else tau
    if dt is None:
        dt = 1.0 if known is None else known * float(alpha)
    if tau is not None:
        return dt, tau
    tau = dt / float(alpha)
    if own is not None and not np.isclose(tau, own):
        raise InvalidInputError(
            f"{type(module).__name__} has tau = {own:g} and alpha = {float(alpha):g}, so its dt is "
            f"{own * float(alpha):g}, got dt = {dt:g}: give that one, or the tau that you mean."
        )
    return dt, tau


def _primer(module: Any, layer: int | None) -> RecurrentLayer:
    from torch import nn

    for name in ("input2h", "h2h"):
        if type(getattr(module, name)) is not nn.Linear:
            raise InvalidInputError(
                f"{type(module).__name__}.{name} is a {type(getattr(module, name)).__name__}, "
                "expected nn.Linear, as in the primer's CTRNN."
            )
    pairs = {n: _linear(getattr(module, n)) for n in ("input2h", "h2h")}
    named = {f"{n}.{part}": a for n, ab in pairs.items()
             for part, a in zip(("weight", "bias"), ab, strict=True)}  # fmt: skip
    return read_torch(NamedArrays(named), None, layer)


def _linear(layer: Any, num_units: int | None = None) -> Readout:
    """Return the weights and the bias of a linear layer."""
    from torch import nn

    if not isinstance(layer, nn.Linear):
        raise InvalidInputError(
            f"the readout must be an nn.Linear, got {type(layer).__name__}: apply what comes "
            "after it to the network's outputs."
        )
    if num_units is not None and layer.in_features != num_units:
        raise InvalidInputError(
            f"the readout takes {layer.in_features} units, the recurrent layer has {num_units}."
        )
    arrays = read_arrays({"weight": layer.weight})
    weights = arrays.take("weight", (None, None))
    if layer.bias is None:
        return weights, np.zeros(len(weights), np.float32)
    return weights, read_arrays({"bias": layer.bias}).take("bias", (len(weights),))


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

"""Systems from PyTorch functions and modules."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .._checked import Count, Milliseconds, checked
from .._double import double_precision
from .._types import InvalidInputError, first_line, require_finite
from ..systems import DiscreteMap, Translation
from .callback import in_jax
from .errors import NoRuleError
from .surroundings import in_double, kept_as_they_are, reached
from .translation import translate
from .translation_check import compare


@checked
def torch_map(
    step: Callable[..., Any],
    size: Count | Sequence[Count],
    dt: Milliseconds = 1.0,
    *,
    input: Any = None,
    residual: Callable[..., Any] | None = None,
    domain: tuple[Any, Any] | None = None,
) -> DiscreteMap:
    """Make a map $x_{t+1} = F(x_t)$, or $F(x_t, u)$, from any PyTorch function or module.

    The function is exported (`torch.export`) and translated to JAX, operation by operation. So
    proofs, exact solutions of rectified networks and everything else work as for a JAX function.
    The translation computes in float64, whatever the precision of the weights. It is compared with
    the original, in the precision of the original, at 16 random states: the values, and the
    products of the Jacobians with three random vectors. `system.translation` says how far apart the
    values are.

    If an operation has no rule for its translation, a warning names the operation. Then the
    function is called in PyTorch instead, with derivatives by `torch.func`. All analyses still run,
    but more slowly, and nothing is certified.

    Parameters
    ----------
    step
        A function that takes a state, a tensor `(size,)`, and, if `input` is given, an input
        `(channel,)`, and returns the next state. An example is `lambda h, u: cell(u, h)`, where
        `cell` is the trained module in its original precision. You may also pass a module that
        takes the state, or first the state and then the input. Dropout is ignored.
    size
        The number of units. For a state in several parts, such as `(h, c)` of an LSTM, give several
        numbers, such as `(64, 64)`. Then `step` takes a tuple of tensors and returns a tuple. In
        analyses, a state consists of the parts one after the other.
    dt
        Duration of one step in ms. Time constants are reported in ms, too. The value 1 means that
        the duration is not known, and time constants are numbers of steps.
    input
        The frozen input `(channel,)`, or None.
    residual
        A PyTorch function that takes the same arguments and has the same zeros as `step(x) − x`, if
        you know one that is easier to solve. With None, such a function is found for a GRU: the new
        state before the update gate mixes it with the state, minus the state. For other functions,
        None means `step(x) − x`.
    domain
        `(lower, upper)`: a box that holds every fixed point, or None.

    Returns
    -------
    DiscreteMap
        The map. For a second module of the same form, nothing is compiled again.

    Raises
    ------
    InvalidInputError
        If PyTorch is not installed. If `step` cannot be evaluated, or returns a shape other than
        the shape of the state. If `step` is a module that may take the input before the state, such
        as `torch.nn.GRUCell`. If `step` is not a pure function of its arguments, because of noise,
        statistics of batches, branches on numbers of the state, or `.item()`. If the translation
        differs from `step`.

    Notes
    -----
    A system is a snapshot: training the module further does not change it.

    Examples
    --------
    >>> import numpy as np, torch, separatrix as sx
    >>> cell, u = torch.nn.LSTMCell(3, 8), torch.zeros(3)
    >>> step = lambda state, u: cell(u, state)
    >>> system = sx.torch_map(step, size=(8, 8), dt=20.0, input=u)
    >>> sx.find_fixed_points(system, np.zeros((1, 16))).certified.tolist()
    [True]
    """
    sizes = tuple(size) if isinstance(size, Sequence) else (size,)
    channels = None if input is None else _numbers(input)
    if channels is not None:
        require_finite(channels, "the input to freeze in")
    _require_order(step, sizes, channels)
    with kept_as_they_are(reached(step, residual)):
        system, translation = _translated(step, residual, sizes, dt, channels, domain)
    if translation.reason is not None:
        warnings.warn(
            f"{translation.reason}: the step is called in PyTorch, and nothing is certified.",
            stacklevel=2,
        )
    return eqx.tree_at(
        lambda s: s.translation, system, translation, is_leaf=lambda leaf: leaf is None
    )


def _translated(
    step: Any, residual: Any, sizes: tuple[int, ...], dt: float, input: Any, domain: Any
) -> tuple[DiscreteMap, Translation]:
    """Return the system of a step, translated where that is possible and called otherwise."""
    total = sum(sizes)
    given = (np.zeros(total),) if input is None else (np.zeros(total), input)
    functions = {"step": _flat(step, sizes, "step")}
    if residual is not None:
        functions["residual"] = _flat(residual, sizes, "residual")

    def system_of(made: dict[str, Any]) -> DiscreteMap:
        return DiscreteMap(
            made["step"], total, dt, input=input, residual=made.get("residual"), domain=domain
        )

    try:
        read = {name: translate(name, function, given) for name, function in functions.items()}
        for name, translation in read.items():
            _require_shape(name, translation.function, given)
    except NoRuleError as reason:
        try:
            with in_double(reached(step, residual)):
                called = {name: in_jax(name, f, total, input) for name, f in functions.items()}
        except InvalidInputError as error:
            why = f" (It is called in PyTorch, because {reason}.)"
            raise InvalidInputError(f"{error}{why}") from error
        return system_of(called), Translation("float64", np.zeros(()), sizes, str(reason))
    system = system_of({name: translation.function for name, translation in read.items()})
    ours: dict[str, Any] = {"step": system.function, "residual": system.residual_function}
    apart = [
        compare(name, functions[name], ours[name], total, input, t) for name, t in read.items()
    ]
    if any(t.drops for t in read.values()):
        warnings.warn(
            "the module is in training mode: its dropout is left out, as .eval() does.",
            stacklevel=3,
        )
    return system, Translation(read["step"].precision, np.asarray(apart[0]), sizes, None)


def _numbers(input: Any) -> np.ndarray:
    """Return an input as an array, also where it is a tensor."""
    return np.asarray(input.detach().cpu() if hasattr(input, "detach") else input, float)


def _require_order(step: Any, sizes: tuple[int, ...], input: np.ndarray | None) -> None:
    """Refuse a module that takes the input first, or may do so without anyone noticing."""
    try:
        import torch
    except ImportError as error:
        raise InvalidInputError(
            "torch_map translates PyTorch, which is not installed here: pip install torch."
        ) from error
    if not isinstance(step, torch.nn.Module):
        return
    layers = (torch.nn.RNNCellBase, torch.nn.RNNBase)
    if isinstance(step, layers) or (input is not None and input.shape == (sizes[0],)):
        raise InvalidInputError(
            f"the module {type(step).__name__} may take its input before its state, and `step` is "
            "called with the state first: write the order down, torch_map(lambda state, input: "
            "module(input, state), …)."
        )


def _flat(function: Any, sizes: tuple[int, ...], name: str) -> Callable[..., Any]:
    """Return the function of a state in a row, whose parts are given to `function` as a tuple."""
    if len(sizes) == 1:
        return function

    def flat(state: Any, *input: Any) -> Any:
        import torch

        result = function(tuple(state.split(list(sizes))), *input)
        shapes = [tuple(getattr(part, "shape", ())) for part in result]
        if shapes != [(n,) for n in sizes]:
            raise InvalidInputError(
                f"`{name}` must return {len(sizes)} tensors of the shapes that it is given, "
                f"{[(n,) for n in sizes]}, got {shapes}."
            )
        return torch.cat(tuple(result))

    return flat


def _require_shape(name: str, function: Any, given: tuple[np.ndarray, ...]) -> None:
    """Trace a translation once; refuse a result of another shape than the state's."""
    with double_precision():
        try:
            result = jax.eval_shape(function, *given)
        except (NoRuleError, InvalidInputError):
            raise
        except Exception as error:  # rules are checked against few of PyTorch's conventions
            raise NoRuleError(f"the translation of `{name}` fails ({first_line(error)})") from error
    if getattr(result, "shape", None) != given[0].shape:
        got = getattr(
            result, "shape", f"{len(result)} tensors" if isinstance(result, tuple) else ""
        )
        raise InvalidInputError(
            f"`{name}` must return a tensor of the shape it is given, {given[0].shape}, got {got}. "
            "A step that returns (output, state) can be wrapped: lambda x: step(x)[1]; a state of "
            "several parts needs their sizes, size=(64, 64)."
        )

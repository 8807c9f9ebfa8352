"""A step of PyTorch beside its translation: values and slopes at random states."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .._double import double_precision
from .._types import InvalidInputError, first_line
from .translation import Translation

STATES, SCALES, PRODUCTS = 16, (0.3, 1.0, 1.0, 3.0), 3
"""Random states, their sizes in turn, and the directions in which the Jacobians are compared."""

TOLERANCES = {"float64": 1e-12, "float32": 1e-5, "float16": 1e-2, "bfloat16": 0.1}
"""Of the largest entry, by the precision in which the original computes."""

SLOPES = 1e-7
"""The least tolerance of slopes: PyTorch's of a hard sigmoid are off by 5e-9 in float64."""


def compare(
    name: str,
    original: Callable[..., Any],
    translated: Callable[..., Any],
    size: int,
    input: np.ndarray | None,
    translation: Translation,
) -> float:
    """Return how far a step of the original is from ours, relative to the largest entry.

    Jacobians are compared by their products with random vectors, where the original has a gradient
    (under `torch.no_grad` it has none).

    Raises
    ------
    InvalidInputError
        Where they differ by more than rounding does, or no state is finite.
    """
    import torch

    rng, precision = np.random.default_rng(0), translation.given
    scales = np.resize(SCALES, STATES)[:, None]
    states = _rounded(scales * rng.standard_normal((STATES, size)), precision)
    ways = rng.standard_normal((STATES, PRODUCTS, size))
    given = None if input is None else _rounded(input, precision)
    try:
        with _without_dropout(translation.drops), torch.enable_grad():
            pairs = [
                _value_and_products(original, z, given, precision, v)
                for z, v in zip(states, ways, strict=True)
            ]
    except Exception as error:  # whatever the step raises
        raise InvalidInputError(
            f"`{name}` could not be evaluated on a state of shape ({size},): {first_line(error)}"
        ) from error
    with double_precision():
        values, products = map(np.asarray, _ours(translated, states, given, ways))
    theirs = np.stack([value for value, _ in pairs])
    finite = np.isfinite(theirs).all(1) & np.isfinite(values).all(1)
    if not finite.any():
        raise InvalidInputError(
            f"`{name}` is not finite at {STATES} random states: expected a step that gives finite "
            "numbers for states of any size."
        )
    apart, at = _largest(theirs[finite], values[finite], states[finite])
    _require_close(name, "value", apart, at, translation.precision)
    for k in np.flatnonzero(finite):
        slopes = pairs[k][1]
        if slopes is not None and np.isfinite([slopes, products[k]]).all():
            _require_close(
                name, "slope", *_largest(slopes, products[k], ways[k]), translation.precision
            )
    return apart


def _rounded(array: np.ndarray, precision: str) -> np.ndarray:
    import torch

    dtype = getattr(torch, precision)
    return torch.as_tensor(array).to(dtype).double().numpy()


@eqx.filter_jit
def _ours(function: Any, states: Any, input: Any, ways: Any) -> Any:
    def one(state: Any, vectors: Any) -> Any:
        step = function if input is None else lambda x: function(x, input)
        value, back = jax.vjp(step, state)
        return value, jax.vmap(lambda v: back(v)[0])(vectors)

    return jax.vmap(one)(states, ways)


def _value_and_products(
    original: Any, state: np.ndarray, input: np.ndarray | None, precision: str, ways: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a step of the original, and products of vectors with its Jacobian if it has one."""
    import torch

    dtype = getattr(torch, precision)
    given = () if input is None else (torch.tensor(input, dtype=dtype),)
    leaf = torch.tensor(state, dtype=dtype, requires_grad=True)
    try:
        after = original(leaf.clone(), *given)  # a copy: a step may write into its state in place
        products = [
            torch.autograd.grad(after, leaf, torch.tensor(v, dtype=dtype), retain_graph=True)[0]
            for v in ways
        ]
        return after.detach().double().numpy(), torch.stack(products).double().numpy()
    except RuntimeError:  # it has no gradient, or an operation of it has none
        with torch.no_grad():
            return original(leaf.detach().clone(), *given).double().numpy(), None


def _largest(theirs: np.ndarray, ours: np.ndarray, beside: np.ndarray) -> tuple[float, str]:
    """Return the largest difference relative to the largest entry of its row, and the two."""
    size = np.maximum(np.abs(theirs).max(-1), np.abs(beside).max(-1))
    apart = np.abs(theirs - ours) / np.maximum(size, np.finfo(float).tiny)[..., None]
    at = np.unravel_index(apart.argmax(), apart.shape)
    return float(apart[at]), f"PyTorch's {theirs[at]:.6g}, here {ours[at]:.6g}"


def _require_close(name: str, what: str, apart: float, at: str, precision: str) -> None:
    tolerance = TOLERANCES[precision]
    if not apart <= (max(tolerance, SLOPES) if what == "slope" else tolerance):
        raise InvalidInputError(
            f"the {what} of the translation of `{name}` differs from the one that PyTorch "
            f"computes, by {apart:.2g} of the largest entry ({at}). `{name}` must be a pure "
            "function of its state and its input: the same at every call, without .detach(), NumPy "
            "or custom gradients."
        )


@contextmanager
def _without_dropout(is_needed: bool) -> Iterator[None]:
    """Make dropout the identity: it multiplies by draws over their mean, which are ones here."""
    if not is_needed:
        yield
        return
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Means(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func is torch.ops.aten.bernoulli_.float:
                return args[0].fill_(args[1] if len(args) > 1 else 0.5)  # which it leaves out
            if func is torch.ops.aten.native_dropout.default:
                return args[0].clone(), torch.ones_like(args[0], dtype=torch.bool)
            return func(*args, **(kwargs or {}))

    with Means():
        yield

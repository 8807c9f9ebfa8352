"""PyTorch's operations in JAX: one table, by the names of ATen, PyTorch's tensor library.

A rule takes what the operation takes, arrays in place of tensors, and returns arrays. Precisions,
devices and layouts are not its business: the translation computes in float64.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .errors import NoRuleError
from .layers import attention, batch_norm, convolution, group_norm, layer_norm

Rule = Callable[..., Any]


def _axes(dim: Any, ndim: int) -> tuple[int, ...]:
    """Return axes as JAX counts them; None and an empty list are all of them."""
    if dim is None or (isinstance(dim, Sequence) and not dim):
        return tuple(range(ndim))
    return tuple(int(d) % max(ndim, 1) for d in (dim if isinstance(dim, Sequence) else (dim,)))


def _reduction(function: Rule) -> Rule:
    def reduce(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return function(x, axis=_axes(dim, jnp.ndim(x)), keepdims=keepdim)

    return reduce


def _extremum(function: Rule, place: Rule, of_two: Rule) -> Rule:
    """Return `max` or `min`: of all, along an axis (with its place), or of two tensors."""

    def rule(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if dim is None:
            return function(x)
        if not isinstance(dim, int):
            return of_two(x, dim)
        axis = dim % max(jnp.ndim(x), 1)
        return function(x, axis=axis, keepdims=keepdim), place(x, axis=axis, keepdims=keepdim)

    return rule


def _place_of(function: Rule) -> Rule:
    def rule(x: Any, dim: int | None = None, keepdim: bool = False) -> Any:
        if dim is None:
            return function(jnp.ravel(x))
        return function(x, axis=dim, keepdims=keepdim)

    return rule


def _variance(x: Any, dim: Any = None, *, correction: float = 1, keepdim: bool = False) -> Any:
    axes = _axes(dim, jnp.ndim(x))
    count = math.prod(jnp.shape(x)[axis] for axis in axes)
    away = x - jnp.mean(x, axis=axes, keepdims=True)
    return jnp.sum(away * away, axis=axes, keepdims=keepdim) / (count - correction)


def _norm(x: Any, order: float = 2, dim: Any = None, keepdim: bool = False) -> Any:
    axes = _axes(dim, jnp.ndim(x))
    if order == 2:
        return jnp.sqrt(jnp.sum(x * x, axis=axes, keepdims=keepdim))
    if order == 1:
        return jnp.sum(jnp.abs(x), axis=axes, keepdims=keepdim)
    if order == math.inf:
        return jnp.max(jnp.abs(x), axis=axes, keepdims=keepdim)
    raise NoRuleError(f"aten.linalg_vector_norm has no rule for the order {order}")


def _logsumexp(x: Any, dim: Any, keepdim: bool = False) -> Any:
    return jax.nn.logsumexp(x, axis=_axes(dim, jnp.ndim(x)), keepdims=keepdim)


def _power(x: Any, y: Any) -> Any:
    if isinstance(y, (int, float)):
        if y == int(y):
            return jnp.asarray(x) ** int(y)
        return jnp.sqrt(x) if y == 0.5 else jnp.power(x, y)
    return jnp.exp(y * math.log(x)) if isinstance(x, (int, float)) and x > 0 else jnp.power(x, y)


def _divide(x: Any, y: Any, *, rounding_mode: str | None = None) -> Any:
    rounded = {None: lambda q: q, "floor": jnp.floor, "trunc": _truncate}
    return rounded[rounding_mode](x / y)


def _truncate(x: Any) -> Any:
    return jnp.sign(x) * jnp.floor(jnp.abs(x))


def _clamp(x: Any, lower: Any = None, upper: Any = None) -> Any:
    x = x if lower is None else jnp.maximum(x, lower)
    return x if upper is None else jnp.minimum(x, upper)


def _elu(x: Any, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Any:
    below = alpha * scale * jnp.expm1(input_scale * jnp.minimum(x, 0.0))
    return jnp.where(x > 0, scale * x, below)


def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """Return what PyTorch does: the state itself where it is large."""
    z = beta * x
    return jnp.where(z > threshold, x, jnp.log1p(jnp.exp(jnp.minimum(z, threshold))) / beta)


def _leaky_relu(x: Any, slope: float = 0.01) -> Any:
    return jnp.where(x > 0, x, slope * x)


def _gelu(x: Any, *, approximate: str = "none") -> Any:
    return jax.nn.gelu(x, approximate=approximate == "tanh")


def _slices(x: Any, dim: int, at: Any) -> tuple[Any, ...]:
    return (slice(None),) * (dim % jnp.ndim(x)) + (at,)


def _slice(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return x[_slices(x, dim, slice(start, end, step))]


def _slice_scatter(
    x: Any, source: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    return jnp.asarray(x).at[_slices(x, dim, slice(start, end, step))].set(source)


def _split(x: Any, sizes: Any, dim: int = 0) -> Any:
    return jnp.split(x, np.cumsum(sizes)[:-1], axis=dim)


def _concatenate(arrays: Any, dim: int = 0) -> Any:
    # PyTorch passes over empty vectors, whatever the others' shapes.
    return jnp.concatenate([a for a in arrays if jnp.shape(a) != (0,)], axis=dim)


def _expand(x: Any, sizes: Any, *, implicit: bool = False) -> Any:
    new = len(sizes) - jnp.ndim(x)
    own = jnp.shape(x)
    return jnp.broadcast_to(x, [own[k - new] if n == -1 else n for k, n in enumerate(sizes)])


def _squeeze(x: Any, dim: Any = None) -> Any:
    axes = _axes(dim, jnp.ndim(x))
    return jnp.squeeze(x, axis=tuple(a for a in axes if jnp.shape(x)[a : a + 1] == (1,)))


def _unsqueeze(x: Any, dim: int) -> Any:
    return jnp.expand_dims(x, dim)


def _pad(x: Any, pad: Sequence[int], value: float = 0.0) -> Any:
    if min(pad) < 0:
        raise NoRuleError("aten.constant_pad_nd has no rule for a negative width")
    pairs = list(zip(pad[::2], pad[1::2], strict=True))
    rest = jnp.ndim(x) - len(pairs)
    return jnp.pad(x, [(0, 0)] * rest + pairs[::-1], constant_values=value)


def _gather(x: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    cut = tuple(
        slice(None) if axis == dim % jnp.ndim(x) else slice(n)
        for axis, n in enumerate(jnp.shape(index))
    )
    return jnp.take_along_axis(x[cut], index, axis=dim)


def _places(x: Any, indices: Sequence[Any]) -> tuple[Any, ...]:
    if any(isinstance(i, jax.Array) and i.dtype == bool for i in indices):
        raise NoRuleError("aten.index has no rule for a mask that depends on the state")
    return tuple(slice(None) if index is None else index for index in indices)


def _index(x: Any, indices: Sequence[Any]) -> Any:
    return jnp.asarray(x)[_places(x, indices)]


def _index_put(x: Any, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Any:
    first = indices[0]
    is_choice = len(indices) == 1 and first is not None and jnp.asarray(first).dtype == bool
    if is_choice and jnp.size(values) == 1 and not accumulate:
        shape = jnp.shape(first) + (1,) * (jnp.ndim(x) - jnp.ndim(first))
        return jnp.where(jnp.reshape(first, shape), jnp.reshape(values, ()), x)
    at = jnp.asarray(x).at[_places(x, indices)]
    return at.add(values) if accumulate else at.set(values)


def _einsum(equation: str, operands: Sequence[Any], *, path: Any = None) -> Any:
    return jnp.einsum(equation, *operands)


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    result = x @ jnp.swapaxes(weight, -1, -2) if jnp.ndim(weight) > 1 else x @ weight
    return result if bias is None else result + bias


def _sum_with_product(added: Any, x: Any, y: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    return _scaled(beta, added) + _scaled(alpha, x @ y)


def _scaled(factor: float, x: Any) -> Any:
    return x if factor == 1 else factor * x


def _same(x: Any, *_: Any) -> Any:
    return x


KEPT = (
    *("linear", "matmul", "einsum", "mv", "dot", "vdot", "addmv", "silu", "softplus", "mish"),
    *("lerp", "logsumexp", "scaled_dot_product_attention"),
)
"""Operations that PyTorch would take apart: as they are, proofs see more in them."""

SKIPPED = frozenset({
    "_assert_async", "_assert_scalar", "_assert_tensor_metadata", "sym_constrain_range_for_size",
})  # fmt: skip
"""Checks, which compute nothing."""

RULES: dict[str, Rule] = {
    # numbers, one by one
    "abs": jnp.abs,
    "acos": jnp.arccos,
    "acosh": jnp.arccosh,
    "add": lambda x, y, *, alpha=1: x + _scaled(alpha, y),
    "asin": jnp.arcsin,
    "asinh": jnp.arcsinh,
    "atan": jnp.arctan,
    "atan2": jnp.arctan2,
    "atanh": jnp.arctanh,
    "ceil": jnp.ceil,
    "clamp": _clamp,
    "cos": jnp.cos,
    "cosh": jnp.cosh,
    "div": _divide,
    "elu": _elu,
    "erf": jax.lax.erf,
    "erfc": jax.lax.erfc,
    "exp": jnp.exp,
    "exp2": lambda x: jnp.exp(x * math.log(2)),
    "expm1": jnp.expm1,
    "floor": jnp.floor,
    "fmod": lambda x, y: x - y * _truncate(x / y),
    "gelu": _gelu,
    "hardtanh": lambda x, lower=-1.0, upper=1.0: _clamp(x, lower, upper),
    "leaky_relu": _leaky_relu,
    "lerp": lambda x, y, weight: (1 - weight) * x + weight * y,
    "log": jnp.log,
    "log10": lambda x: jnp.log(x) / math.log(10),
    "log1p": jnp.log1p,
    "log2": lambda x: jnp.log(x) / math.log(2),
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "mish": lambda x: x * jnp.tanh(_softplus(x)),
    "mul": lambda x, y: x * y,
    "neg": lambda x: -x,
    "pow": _power,
    "reciprocal": lambda x: 1 / x,
    "relu": jax.nn.relu,
    "remainder": lambda x, y: x - y * jnp.floor(x / y),
    "round": lambda x: jnp.round(x),
    "rsqrt": lambda x: 1 / jnp.sqrt(x),
    "sigmoid": jax.nn.sigmoid,
    "sign": jnp.sign,
    "silu": lambda x: x * jax.nn.sigmoid(x),
    "sin": jnp.sin,
    "sinh": jnp.sinh,
    "softplus": _softplus,
    "sqrt": jnp.sqrt,
    "sub": lambda x, y, *, alpha=1: x - _scaled(alpha, y),
    "tan": lambda x: jnp.sin(x) / jnp.cos(x),
    "tanh": jnp.tanh,
    "trunc": _truncate,
    # comparisons and choices
    "bitwise_and": jnp.bitwise_and,
    "bitwise_not": jnp.bitwise_not,
    "bitwise_or": jnp.bitwise_or,
    "eq": lambda x, y: x == y,
    "ge": lambda x, y: x >= y,
    "gt": lambda x, y: x > y,
    "isinf": jnp.isinf,
    "isnan": jnp.isnan,
    "le": lambda x, y: x <= y,
    "logical_and": jnp.logical_and,
    "logical_not": jnp.logical_not,
    "logical_or": jnp.logical_or,
    "logical_xor": jnp.logical_xor,
    "lt": lambda x, y: x < y,
    "ne": lambda x, y: x != y,
    "where": jnp.where,
    # over axes
    "_log_softmax": lambda x, dim, half: jax.nn.log_softmax(x, axis=dim),
    "_native_batch_norm_legit_no_training": batch_norm,
    "_softmax": lambda x, dim, half: jax.nn.softmax(x, axis=dim),
    "amax": _reduction(jnp.max),
    "amin": _reduction(jnp.min),
    "any": _reduction(jnp.any),
    "argmax": _place_of(jnp.argmax),
    "argmin": _place_of(jnp.argmin),
    "cumsum": lambda x, dim: jnp.cumsum(x, axis=dim),
    "linalg_vector_norm": _norm,
    "logsumexp": _logsumexp,
    "max": _extremum(jnp.max, jnp.argmax, jnp.maximum),
    "mean": _reduction(jnp.mean),
    "min": _extremum(jnp.min, jnp.argmin, jnp.minimum),
    "native_group_norm": group_norm,
    "native_layer_norm": layer_norm,
    "prod": _reduction(jnp.prod),
    "sum": _reduction(jnp.sum),
    "var": _variance,
    # products
    "addmm": _sum_with_product,
    "addmv": _sum_with_product,
    "bmm": jnp.matmul,
    "convolution": convolution,
    "dot": jnp.dot,
    "einsum": _einsum,
    "linear": _linear,
    "matmul": jnp.matmul,
    "mm": jnp.matmul,
    "mv": jnp.matmul,
    "scaled_dot_product_attention": attention,
    "vdot": jnp.dot,
    # places
    "_to_copy": _same,
    "alias": _same,
    "cat": _concatenate,
    "clone": _same,
    "constant_pad_nd": _pad,
    "copy": lambda x, source, non_blocking=False: jnp.broadcast_to(source, jnp.shape(x)),
    "expand": _expand,
    "flip": lambda x, dims: jnp.flip(x, tuple(dims)),
    "full_like": lambda x, value: jnp.full(jnp.shape(x), value),
    "gather": _gather,
    "index": _index,
    "index_put": _index_put,
    "index_select": lambda x, dim, index: jnp.take(x, index, axis=dim),
    "native_dropout": lambda x, p, train: (x,),
    "permute": lambda x, dims: jnp.transpose(x, tuple(dims)),
    "repeat": lambda x, times: jnp.tile(x, tuple(times)),
    "select": lambda x, dim, index: x[_slices(x, dim, index)],
    "slice": _slice,
    "slice_scatter": _slice_scatter,
    "split_with_sizes": _split,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "view": lambda x, shape: jnp.reshape(x, tuple(shape)),
}
"""The rules, by the name of the operation without its overload."""

"""PyTorch's layers in JAX that are more than a line: norms, convolution, attention."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .errors import NoRuleError


def layer_norm(x: Any, shape: Sequence[int], weight: Any, bias: Any, eps: float) -> Any:
    """Return layer norm over the last axes, alone in a tuple as PyTorch has it."""
    return (standardized(x, range(-len(shape), 0), weight, bias, eps),)


def group_norm(
    x: Any, weight: Any, bias: Any, n: int, channels: int, rest: int, groups: int, eps: float
) -> Any:
    """Return group norm `(n, channel, …)`, alone in a tuple."""
    one = standardized(jnp.reshape(x, (n, groups, -1)), [-1], None, None, eps)
    one = jnp.reshape(one, (n, channels, rest))
    one = one if weight is None else one * weight[:, None]
    one = one if bias is None else one + bias[:, None]
    return (jnp.reshape(one, jnp.shape(x)),)


def batch_norm(
    x: Any, weight: Any, bias: Any, mean: Any, variance: Any, momentum: float, eps: float
) -> Any:
    """Return batch norm by kept statistics `(n, channel, …)`, alone in a tuple."""
    shape = (1, -1) + (1,) * (jnp.ndim(x) - 2)
    scale = 1 / np.sqrt(variance + eps)
    scale = scale if weight is None else weight * scale
    shift = -mean * scale if bias is None else bias - mean * scale
    return (x * jnp.reshape(scale, shape) + jnp.reshape(shift, shape),)


def standardized(x: Any, axes: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Subtract the mean over axes, and divide by the standard deviation."""
    axes = tuple(axes)
    away = x - jnp.mean(x, axis=axes, keepdims=True)
    one = away / jnp.sqrt(jnp.mean(away * away, axis=axes, keepdims=True) + eps)
    one = one if weight is None else one * weight
    return one if bias is None else one + bias


def convolution(
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Any:
    """Return a convolution `(n, channel, …)` in any number of dimensions."""
    if transposed:
        raise NoRuleError("aten.convolution has no rule where it is transposed")
    result = jax.lax.conv_general_dilated(
        jnp.asarray(x), jnp.asarray(weight), tuple(stride), [(p, p) for p in padding],
        rhs_dilation=tuple(dilation), feature_group_count=groups,
    )  # fmt: skip
    return result if bias is None else result + jnp.reshape(bias, (1, -1) + (1,) * len(stride))


def attention(
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    dropout: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """Return softmax(q kᵀ) v, with a mask that is added or that chooses."""
    if enable_gqa:
        raise NoRuleError("aten.scaled_dot_product_attention has no rule for grouped queries")
    scale = 1 / math.sqrt(jnp.shape(query)[-1]) if scale is None else scale
    scores = scale * query @ jnp.swapaxes(key, -1, -2)
    if is_causal:
        mask = np.tril(np.ones(scores.shape[-2:], bool))
    if mask is not None:
        is_choice = jnp.asarray(mask).dtype == bool
        scores = jnp.where(mask, scores, -jnp.inf) if is_choice else scores + mask
    return jax.nn.softmax(scores, axis=-1) @ value

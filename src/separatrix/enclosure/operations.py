"""JAX's operations: one table for all that read programs, a row for each operation.

A row says how an operation acts (`kind`), which parameters are known, and what is true of it
(`traits`). If an operation is the same as some others together, such as a difference, its row says
which ones (`meaning`). Then a program is written with those, and no reader needs a rule for it.

A later JAX may add a parameter that changes what an operation computes. A rule that does not know
it would go on as before, and prove what is false. So a parameter that is not in the row is refused,
as an operation without a rule is. The parameters are those of JAX 0.10.1 to 0.12.1.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from enum import Flag, auto
from itertools import accumulate, pairwise
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .errors import NoIntervalRule

_NEWEST = (0, 12)

Kind = Literal[
    "move",  # moves values
    "same",  # leaves values as they are
    "linear",  # of numbers at one place: sums
    "product",
    "quotient",
    "function",  # of numbers at one place
    "extremum",  # of numbers at one place, or an absolute value
    "jump",  # constant between jumps
    "comparison",
    "logic",
    "choice",
    "sum",  # along axes
    "contraction",
    "weighted",  # linear in one operand, or two, if the others are known
    "largest",  # along axes
    "where",  # the place of the largest, along axes
    "call",  # which means what its body means, its derivative included
    "ruled call",  # with a rule for its derivative
    "other",
]
ELEMENTWISE: frozenset[str] = frozenset(
    ("linear", "product", "quotient", "function", "extremum", "jump", "comparison", "logic",
     "choice")
)  # fmt: skip
"""The kinds of which an entry depends on the entries at its place alone."""


class Trait(Flag):
    """Properties that an operation may have."""

    NONE = 0
    SMOOTH = auto()
    """There is a derivative wherever the operation is defined."""
    FINITE = auto()
    """The result is finite wherever the operands are."""
    ZERO = auto()
    """Zero becomes zero."""
    OPEN = auto()
    """A finite operand never reaches the ends of the range."""
    EXACT = auto()
    """Nothing is rounded."""


_REGULAR = Trait.SMOOTH | Trait.FINITE
_FINITE, _ZERO = Trait.FINITE, Trait.ZERO


class Operation(NamedTuple):
    """A row of the table.

    Attributes
    ----------
    kind
        How the operation acts.
    parameters
        The names of the parameters that are known; None if no proof may contain the operation.
    traits
        What is true of it.
    results
        The kinds of numbers that a rule may give, as NumPy abbreviates them.
    places
        The operands that are moved, or in which it is linear. The others are positions or weights.
        Without places, all are moved.
    meaning
        The function of JAX that does the same with other operations; it is given the parameters.
    """

    kind: Kind
    parameters: str | None = ""
    traits: Trait = Trait.NONE
    results: str = "f"
    places: tuple[int, ...] = ()
    meaning: Callable[..., Any] | None = None


def _move(
    parameters: str, places: tuple[int, ...] = (), meaning: Callable[..., Any] | None = None
) -> Operation:
    return Operation("move", parameters, _REGULAR | Trait.EXACT, "fbiu", places, meaning)


Axes = Any  # JAX writes axes and sizes as Python or as NumPy integers


def _squeezed(x: Any, *, dimensions: Axes) -> Any:
    return lax.reshape(x, [n for axis, n in enumerate(x.shape) if axis not in dimensions])


def _split(x: Any, *, sizes: Axes, axis: Axes) -> Any:
    stops = accumulate(sizes, initial=0)
    return [lax.slice_in_dim(x, start, stop, axis=axis) for start, stop in pairwise(stops)]


def _unstacked(x: Any, *, axis: Axes) -> Any:
    return [lax.index_in_dim(x, k, axis, keepdims=False) for k in range(x.shape[axis])]


def _stacked(*operands: Any, axis: Axes) -> Any:
    return lax.concatenate([lax.expand_dims(x, [axis]) for x in operands], axis)


def _cumulative(x: Any, *, axis: Axes, reverse: bool) -> Any:
    """Sum up along an axis, by a product with ones."""
    ones = np.triu(np.ones((x.shape[axis],) * 2, x.dtype))
    sums = jnp.tensordot(x, ones.T if reverse else ones, (axis, 0))
    return jnp.moveaxis(sums, -1, axis)


_ACCURACY = "accuracy"
_JIT = (
    "compiler_options_kvs ctx_mesh donated_invars in_layouts in_shardings inline jaxpr "
    "keep_unused name out_layouts out_shardings"
)
_REMAT = "differentiated jaxpr policy prevent_cse"
_SCATTER = (
    "dimension_numbers indices_are_sorted mode out_sharding unique_indices update_consts "
    "update_jaxpr"
)

OPERATIONS: dict[str, Operation] = {
    # values that stay as they are, or are moved
    "copy": Operation("linear", "", _REGULAR, "fbiu", meaning=lambda x: x),
    "copy_p": Operation("linear", "", _REGULAR, "fbiu", meaning=lambda x: x),
    "device_put": Operation("same", "copy_semantics devices srcs", _REGULAR),
    "name": Operation("same", "name", _REGULAR),
    "optimization_barrier": Operation("same", "", _REGULAR),
    "sharding_constraint": Operation(
        "same", "context_mesh layout sharding unconstrained_dims", _REGULAR
    ),
    "stop_gradient": Operation("same", "", _REGULAR),
    "broadcast_in_dim": _move("broadcast_dimensions shape sharding"),
    "concatenate": _move("dimension"),
    "dynamic_slice": _move("slice_sizes", (0,)),
    "dynamic_update_slice": _move("", (0, 1)),
    "gather": _move(
        "dimension_numbers fill_value indices_are_sorted mode out_sharding slice_sizes "
        "unique_indices",
        (0,),
    )._replace(traits=Trait.SMOOTH | Trait.EXACT),  # what is filled in may be NaN
    "pad": _move("padding_config", (0, 1)),
    "reshape": _move("dimensions new_sizes sharding"),
    "rev": _move("dimensions"),
    "scatter": _move(_SCATTER, (0, 2))._replace(traits=Trait.NONE),  # it may apply any function
    "slice": _move("limit_indices start_indices strides"),
    "split": _move("axis sizes", meaning=_split),
    "squeeze": _move("dimensions", meaning=_squeezed),
    "stack": _move("axis", meaning=_stacked),
    "tile": _move("reps", (0,)),
    "transpose": _move("permutation"),
    "unstack": _move("axis", meaning=_unstacked),
    # sums and products
    "add": Operation("linear", "", _REGULAR, "fiu"),
    "add_any": Operation("linear", "", _REGULAR, meaning=lax.add),
    "convert_element_type": Operation(
        "linear", "new_dtype sharding weak_type", _REGULAR | Trait.EXACT, "fbiu"
    ),
    "neg": Operation("linear", "", _REGULAR | _ZERO | Trait.EXACT),
    "sub": Operation("linear", "", _REGULAR, meaning=lambda a, b: lax.add(a, lax.neg(b))),
    "mul": Operation("product", "out_dtype", _REGULAR),
    "div": Operation("quotient", "", Trait.SMOOTH),
    "reduce_sum": Operation("sum", "axes out_sharding", _REGULAR),
    "cumsum": Operation("sum", "axis reverse", _REGULAR, meaning=_cumulative),
    "dot_general": Operation(
        "contraction",
        "dimension_numbers out_sharding precision preferred_element_type",
        _REGULAR,
    ),
    "scatter-add": Operation("weighted", _SCATTER, _FINITE, places=(2,)),
    "conv_general_dilated": Operation(
        "weighted",
        "batch_group_count dimension_numbers feature_group_count lhs_dilation out_sharding padding "
        "precision preferred_element_type rhs_dilation window_strides",
        _REGULAR,
        places=(0,),
    ),
    # functions of numbers
    "asinh": Operation("function", "", _REGULAR | _ZERO),
    "atan": Operation("function", "", _REGULAR | _ZERO),
    "atanh": Operation("function", "", _ZERO),
    "cos": Operation("function", _ACCURACY, _REGULAR),
    "cosh": Operation("function", "", _REGULAR),
    "erf": Operation("function", "", _REGULAR | _ZERO | Trait.OPEN),
    "erfc": Operation("function", _ACCURACY, _REGULAR, meaning=lambda x, **_: 1 - lax.erf(x)),
    "exp": Operation("function", _ACCURACY, _REGULAR | Trait.OPEN),
    "expm1": Operation("function", _ACCURACY, _REGULAR | _ZERO),
    "integer_pow": Operation("function", "y", Trait.SMOOTH | _ZERO),  # if y is positive
    "log": Operation("function", _ACCURACY, Trait.SMOOTH),
    "log1p": Operation("function", _ACCURACY, Trait.SMOOTH | _ZERO),
    "log2": Operation("function", _ACCURACY, Trait.SMOOTH),
    "logistic": Operation("function", _ACCURACY, _REGULAR | Trait.OPEN),
    "pow": Operation("function"),
    "rsqrt": Operation("function", _ACCURACY, meaning=lambda x, **_: 1 / lax.sqrt(x)),
    "sin": Operation("function", _ACCURACY, _REGULAR | _ZERO),
    "sinh": Operation("function", "", _REGULAR | _ZERO),
    "sqrt": Operation("function", _ACCURACY, _ZERO),
    "square": Operation("function", "", _REGULAR | _ZERO, meaning=lambda x: lax.integer_pow(x, 2)),
    "tanh": Operation("function", _ACCURACY, _REGULAR | _ZERO | Trait.OPEN),
    **dict.fromkeys(
        ("acos", "acosh", "asin", "atan2", "cbrt", "digamma", "erf_inv", "exp2", "lgamma", "rem",
         "tan"),
        Operation("function", None),
    ),
    # functions with a kink or with jumps
    "abs": Operation("extremum", "", _FINITE | _ZERO | Trait.EXACT),
    "clamp": Operation(
        "extremum", "", _FINITE | Trait.EXACT, "fiu",
        meaning=lambda least, x, most: lax.min(lax.max(x, least), most),
    ),
    "max": Operation("extremum", "", _FINITE | Trait.EXACT),
    "min": Operation(
        "extremum", "", _FINITE | Trait.EXACT,
        meaning=lambda a, b: lax.neg(lax.max(lax.neg(a), lax.neg(b))),
    ),
    "reduce_max": Operation("largest", "axes out_sharding", _FINITE),
    "reduce_min": Operation(
        "largest", "axes out_sharding", _FINITE,
        meaning=lambda x, *, axes, **_: lax.neg(lax.reduce_max(lax.neg(x), axes)),
    ),
    "ceil": Operation("jump"),
    "floor": Operation("jump"),
    "round": Operation("jump", None),
    "sign": Operation("jump", "", Trait.EXACT),
    # comparisons, and what chooses by them
    "argmax": Operation("where", "axes index_dtype", results="iu"),
    "argmin": Operation(
        "where", "axes index_dtype", results="iu",
        meaning=lambda x, *, axes, index_dtype: lax.argmax(lax.neg(x), axes[0], index_dtype),
    ),
    "eq": Operation("comparison", results="b"),
    "ge": Operation("comparison", results="b", meaning=lambda a, b: lax.le(b, a)),
    "gt": Operation("comparison", results="b", meaning=lambda a, b: lax.lt(b, a)),
    "le": Operation("comparison", results="b"),
    "lt": Operation("comparison", results="b"),
    "ne": Operation("comparison", results="b"),
    "and": Operation("logic", results="b"),
    "is_finite": Operation("logic", results="b"),
    "not": Operation("logic", results="b"),
    "or": Operation("logic", results="b"),
    "xor": Operation("logic", None),
    "select_n": Operation("choice", "", _FINITE | Trait.EXACT, "fbiu"),
    # calls and loops
    "checkpoint": Operation("call", _REMAT),
    "closed_call": Operation("call", "call_jaxpr"),
    "core_call": Operation("call", "call_jaxpr name"),
    "jit": Operation("call", _JIT),
    "pjit": Operation("call", _JIT),
    "remat": Operation("call", _REMAT),
    "remat2": Operation("call", _REMAT),
    "custom_jvp_call": Operation(
        "ruled call", "call_jaxpr jvp_jaxpr_fun num_consts symbolic_zeros"
    ),
    "custom_vjp_call": Operation(
        "ruled call", "bwd call_jaxpr fwd_jaxpr_thunk num_consts out_trees symbolic_zeros"
    ),
    "cond": Operation("other", "branches"),
    "iota": Operation("other", "dimension dtype shape sharding"),
    "reduce_prod": Operation("other", None),
    "scan": Operation("other", "ft_in ft_out jaxpr length num_carry num_consts reverse unroll"),
    # several operations that are one function
    "softmax": Operation("other", "axis"),
}  # fmt: skip
_UNKNOWN = Operation("other", None)


def operation(name: str) -> Operation:
    """Return the row of an operation; of one that has none a row of which nothing is known."""
    return OPERATIONS.get(name, _UNKNOWN)


def names_of(kind: Kind) -> list[str]:
    """Return the names of the operations of a kind that are not written with others."""
    return [n for n, row in OPERATIONS.items() if row.kind == kind and row.meaning is None]


def is_linear(name: str, varies: Sequence[bool]) -> bool:
    """Return whether an operation is linear in the operands that vary, if the others do not."""
    kind = operation(name).kind
    if kind in ("product", "contraction"):
        return sum(varies) == 1
    if kind == "quotient":
        return not varies[1]
    return kind in ("move", "linear", "sum", "weighted")


def require_known(name: str, params: Mapping[str, Any]) -> None:
    """Refuse an operation with a parameter that its rule does not know.

    Raises
    ------
    NoIntervalRule
        If there is one.
    """
    known = operation(name).parameters
    unknown = sorted(set(params) - set(known.split())) if known is not None else []
    if unknown:
        raise NoIntervalRule(f"{name} with the parameter {unknown[0]}")


def warn_of_untested(version: str) -> None:
    """Warn of a JAX that is newer than those with which proofs were tested."""
    if tuple(int(part) for part in version.split(".")[:2]) > _NEWEST:
        newest = ".".join(map(str, _NEWEST))
        warnings.warn(
            f"JAX {version} is newer than {newest}, the newest with which proofs were tested: an "
            "operation with a parameter that is new is refused, and so is one without a rule.",
            stacklevel=2,
        )


warn_of_untested(jax.__version__)  # once, when a proof is first asked for

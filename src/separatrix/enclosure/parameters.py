"""The parameters of JAX's operations that the rules of proofs know.

A later JAX may add a parameter that changes what an operation computes. A rule that does not know
it would go on as before, and prove what is false: so a parameter that stands in no table here is
refused, as an operation without a rule is. The tables are those of JAX 0.10.1 to 0.12.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import jax

from .errors import NoIntervalRule

_NEWEST = (0, 12)

_NOTHING = (
    "abs add add_any and asinh atan atanh ceil clamp copy cosh div dynamic_update_slice eq erf "
    "floor ge gt is_finite le lt max min ne neg not optimization_barrier or pow select_n sign "
    "sinh square stop_gradient sub"
)
_ACCURACY = "cos erfc exp expm1 log log1p log2 logistic rsqrt sin sqrt tanh"
_CALL = (
    "compiler_options_kvs ctx_mesh donated_invars in_layouts in_shardings inline jaxpr "
    "keep_unused name out_layouts out_shardings"
)
_REMAT = "differentiated jaxpr policy prevent_cse"
_OF_ONE: dict[str, str] = {
    "argmax": "axes index_dtype",
    "argmin": "axes index_dtype",
    "broadcast_in_dim": "broadcast_dimensions shape sharding",
    "checkpoint": _REMAT,
    "closed_call": "call_jaxpr",
    "concatenate": "dimension",
    "cond": "branches",
    "conv_general_dilated": (
        "batch_group_count dimension_numbers feature_group_count lhs_dilation out_sharding padding "
        "precision preferred_element_type rhs_dilation window_strides"
    ),
    "convert_element_type": "new_dtype sharding weak_type",
    "core_call": "call_jaxpr name",
    "custom_jvp_call": "call_jaxpr jvp_jaxpr_fun num_consts symbolic_zeros",
    "custom_vjp_call": "bwd call_jaxpr fwd_jaxpr_thunk num_consts out_trees symbolic_zeros",
    "device_put": "copy_semantics devices srcs",
    "dot_general": "dimension_numbers out_sharding precision preferred_element_type",
    "dynamic_slice": "slice_sizes",
    "gather": "dimension_numbers fill_value indices_are_sorted mode slice_sizes unique_indices",
    "integer_pow": "y",
    "iota": "dimension dtype shape sharding",
    "jit": _CALL,
    "mul": "out_dtype",
    "name": "name",
    "pad": "padding_config",
    "pjit": _CALL,
    "reduce_max": "axes out_sharding",
    "reduce_min": "axes out_sharding",
    "reduce_sum": "axes out_sharding",
    "remat": _REMAT,
    "remat2": _REMAT,
    "reshape": "dimensions new_sizes sharding",
    "rev": "dimensions",
    "scan": "ft_in ft_out jaxpr length num_carry num_consts reverse unroll",
    "scatter": (
        "dimension_numbers indices_are_sorted mode unique_indices update_consts update_jaxpr"
    ),
    "scatter-add": (
        "dimension_numbers indices_are_sorted mode unique_indices update_consts update_jaxpr"
    ),
    "sharding_constraint": "context_mesh layout sharding unconstrained_dims",
    "slice": "limit_indices start_indices strides",
    "split": "axis sizes",
    "squeeze": "dimensions",
    "stack": "axis",
    "tile": "reps",
    "transpose": "permutation",
    "unstack": "axis",
}
PARAMETERS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_NOTHING.split(), frozenset()),
    **dict.fromkeys(_ACCURACY.split(), frozenset({"accuracy"})),
    **{name: frozenset(known.split()) for name, known in _OF_ONE.items()},
}
"""Of each operation that has a rule, or whose body is read."""


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


def require_known(name: str, params: Mapping[str, Any]) -> None:
    """Refuse an operation with a parameter that its rule does not know.

    Raises
    ------
    NoIntervalRule
        If there is one.
    """
    unknown = sorted(set(params) - PARAMETERS[name]) if name in PARAMETERS else []
    if unknown:
        raise NoIntervalRule(f"{name} with the parameter {unknown[0]}")

"""Calls in a traced function: what they compute stands in a jaxpr of their own."""

from collections.abc import Mapping
from typing import Any

PLAIN_CALLS = frozenset(
    ("jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint")
)
"""Calls that mean what their body means, its derivative included."""
RULED_CALLS = frozenset(("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"))
"""Calls with a rule for their derivative, which may be another one than their body has."""
CALLS = PLAIN_CALLS | RULED_CALLS

LOOPS_AND_CHOICES = {
    "scan": ("jaxpr",),
    "while": ("cond_jaxpr", "body_jaxpr"),
    "cond": ("branches",),
}
"""What is no call, but has programs of its own, and the parameters that hold them."""


def sets_values(params: Mapping[str, Any]) -> bool:
    """Tell whether a `scatter` puts its updates in place of what was there.

    JAX gives the name to `x.at[…].apply(f)` as well, where f of what was there takes its place.
    """
    update = params.get("update_jaxpr")
    if update is None:
        return True
    update = getattr(update, "jaxpr", update)
    return not update.eqns and update.outvars[0] is update.invars[1]


_PARAMETERS = ("jaxpr", "call_jaxpr", "fun_jaxpr")


def body_of(equation: Any) -> tuple[Any, Any]:
    """Return the jaxpr of a call, to be read in place, and its constants."""
    body = next(equation.params[name] for name in _PARAMETERS if name in equation.params)
    return getattr(body, "jaxpr", body), getattr(body, "consts", ())

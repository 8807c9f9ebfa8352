"""Systems that compute in single precision only what does not depend on the state."""

from collections.abc import Callable
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

import equinox as eqx
import numpy as np

from ...solvers.constants import settle_constants
from ...systems import AbstractSystem, StateFunction

_KNOWN: "WeakKeyDictionary[Any, dict[Any, StateFunction]]" = WeakKeyDictionary()


def with_settled_constants(system: AbstractSystem) -> AbstractSystem:
    """Return a system that computes once, and for good, what does not depend on the state.

    What a closure holds in single precision is rounded in that; the arithmetic on the state need
    not be.
    """
    residual = system.residual_function
    return eqx.tree_at(
        lambda s: (s.function, s.residual_function, s.residual_jacobian_function, s.input),
        system,
        (
            _settled(system, system.function, system.evaluate),
            residual and _settled(system, residual, system.residual),
            None,
            None,
        ),
        is_leaf=lambda leaf: leaf is None,
    )


def _settled(
    system: AbstractSystem, function: StateFunction, at_input: Callable[[Any], Any]
) -> StateFunction:
    """Settle a function; the same one for the same closure, for which programs are compiled."""
    if not isinstance(function, FunctionType):  # it may hold arrays, which may be others next time
        return settle_constants(at_input, system.size)
    known = _KNOWN.setdefault(function, {})
    key = (system.size, None if system.input is None else np.asarray(system.input).tobytes())
    if key not in known:
        known[key] = settle_constants(at_input, system.size)
    return known[key]

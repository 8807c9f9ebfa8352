"""Systems: what every analysis is given. A map or a flow, from any JAX function, and its motion."""

from .abstract import AbstractSystem, StateFunction, Translation
from .functions import in_float64
from .states import inputs_of, require_array_of_states, require_width
from .system import DiscreteMap, Flow, System, require_system

__all__ = [
    "AbstractSystem",
    "DiscreteMap",
    "Flow",
    "StateFunction",
    "System",
    "Translation",
    "in_float64",
    "inputs_of",
    "require_array_of_states",
    "require_system",
    "require_width",
]

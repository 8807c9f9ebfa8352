"""Systems: what every analysis is given. A map or a flow, from any JAX function, and its motion."""

from .functions import in_float64
from .states import require_array_of_states, require_width
from .system import (
    AbstractSystem,
    DiscreteMap,
    Flow,
    StateFunction,
    System,
    Translation,
    require_system,
)

__all__ = [
    "AbstractSystem",
    "DiscreteMap",
    "Flow",
    "StateFunction",
    "System",
    "Translation",
    "in_float64",
    "require_array_of_states",
    "require_system",
    "require_width",
]

"""Rigorous bounds of JAX functions over boxes, and of all their slopes there.

``enclose`` and ``enclose_jacobian`` take any JAX function; :class:`Enclosed` traces one once and
encloses it over many boxes. The arithmetic rounds outward (see ``arithmetic`` and ``products`` for
the bounds), so what is enclosed is proved.
"""

from separatrix.solvers.interval.arithmetic import Interval, ball, point
from separatrix.solvers.interval.errors import (
    ComputesInFloat32,
    EnclosureError,
    NoIntervalRule,
    NotContinuous,
)
from separatrix.solvers.interval.interpreter import Enclosed, Enclosures, enclose, enclose_jacobian

__all__ = [
    "ComputesInFloat32",
    "Enclosed",
    "EnclosureError",
    "Enclosures",
    "Interval",
    "NoIntervalRule",
    "NotContinuous",
    "ball",
    "enclose",
    "enclose_jacobian",
    "point",
]

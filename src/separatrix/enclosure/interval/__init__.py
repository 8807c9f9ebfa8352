"""Rigorous bounds of JAX functions over boxes, and of all their slopes there.

``enclose`` and ``enclose_jacobian`` take any JAX function; :class:`Enclosed` traces one once and
encloses it over many boxes. The arithmetic rounds outward (see ``arithmetic`` and ``products`` for
the bounds), so what is enclosed is proved.
"""

from ..errors import (
    ComputesInFloat32,
    EnclosureError,
    NoIntervalRule,
    NotContinuous,
)
from .arithmetic import Interval, ball, point
from .interpreter import Enclosed, EnclosedFunction, Enclosures, enclose, enclose_jacobian

__all__ = [
    "ComputesInFloat32",
    "Enclosed",
    "EnclosedFunction",
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

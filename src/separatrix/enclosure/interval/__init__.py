"""Rigorous bounds of JAX functions, and of their slopes, over boxes.

:class:`Enclosed` traces any JAX function once and encloses it over many boxes. The arithmetic
rounds outward (see ``arithmetic`` and ``products`` for the bounds), so what is enclosed is proved.
"""

from ..errors import (
    ComputesInFloat32,
    EnclosureError,
    NoIntervalRule,
)
from .arithmetic import Interval, ball, point
from .interpreter import Enclosed, EnclosedFunction, Enclosures

__all__ = [
    "ComputesInFloat32",
    "Enclosed",
    "EnclosedFunction",
    "EnclosureError",
    "Enclosures",
    "Interval",
    "NoIntervalRule",
    "ball",
    "point",
]

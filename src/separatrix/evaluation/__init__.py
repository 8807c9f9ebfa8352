"""How well a network does its task, condition by condition, beside the ideal observer."""

from .performance import (
    Performance,
    performance,
)
from .psychometric import (
    Psychometric,
    psychometric,
)

__all__ = [
    "Performance",
    "Psychometric",
    "performance",
    "psychometric",
]

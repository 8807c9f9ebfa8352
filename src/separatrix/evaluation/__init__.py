"""How well a network does its task, condition by condition, compared with the ideal observer."""

from .performance import (
    Performance,
    performance,
)
from .periods_record import TrialPeriods
from .psychometric import (
    Psychometric,
    psychometric,
)
from .trial_periods import trial_periods

__all__ = [
    "Performance",
    "Psychometric",
    "TrialPeriods",
    "performance",
    "psychometric",
    "trial_periods",
]

"""Cognitive tasks, drawn on the device."""

from .base import AbstractTask, Trials, accuracy, choice_of
from .decision import PerceptualDecisionMaking, signed_coherence

__all__ = [
    "AbstractTask",
    "PerceptualDecisionMaking",
    "Trials",
    "accuracy",
    "choice_of",
    "signed_coherence",
]

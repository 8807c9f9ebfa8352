"""Counting and weighing of separate pieces of evidence."""

from .cues import EvidenceAccumulation
from .pulses import PulseDecisionMaking
from .shapes import ProbabilisticReasoning

__all__ = ["EvidenceAccumulation", "ProbabilisticReasoning", "PulseDecisionMaking"]

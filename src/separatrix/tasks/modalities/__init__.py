"""Decisions between noisy alternatives that two modalities speak of."""

from .context import ContextDecisionMaking, SingleContextDecisionMaking
from .multisensory import MultiSensoryIntegration

__all__ = ["ContextDecisionMaking", "MultiSensoryIntegration", "SingleContextDecisionMaking"]

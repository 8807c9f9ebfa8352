"""Measuring and producing intervals of time."""

from .comparison import IntervalDiscrimination
from .hierarchical import HierarchicalReasoning
from .production import ReadySetGo

__all__ = ["HierarchicalReasoning", "IntervalDiscrimination", "ReadySetGo"]

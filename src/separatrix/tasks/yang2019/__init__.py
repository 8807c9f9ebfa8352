"""The 20 tasks of Yang et al. (2019)."""

from .rules import RULES
from .task import Yang2019

__all__ = ["RULES", "Yang2019"]

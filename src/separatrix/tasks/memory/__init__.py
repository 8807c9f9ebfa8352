"""Two stimuli with a delay between them: compare the second with the memory of the first."""

from .comparison import DelayComparison
from .matching import DelayMatchCategory, DelayMatchSample

__all__ = ["DelayComparison", "DelayMatchCategory", "DelayMatchSample"]

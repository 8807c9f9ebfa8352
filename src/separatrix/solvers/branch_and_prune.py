"""The exhaustive search of a box, for those who hand it to an analysis as its method."""

from ..enclosure.branch_and_prune import BranchAndPrune

__all__ = ["BranchAndPrune"]

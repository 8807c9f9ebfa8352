"""What is known about fixed points that a search has missed."""

from .assess import assess
from .coverage import Richness, chao1, good_turing_coverage
from .domain import Domain, Enclosure, find_domain
from .exhaustive import MAY_BE_ONE, MOST_VARIABLES, Proof, prove_complete
from .further import FurtherSearch
from .index import IndexSum, Indices, index_sum, point_indices, some_may_be_one
from .known import Completeness, PointSet, describe

__all__ = [
    "MAY_BE_ONE",
    "MOST_VARIABLES",
    "Completeness",
    "Domain",
    "Enclosure",
    "FurtherSearch",
    "IndexSum",
    "Indices",
    "PointSet",
    "Proof",
    "Richness",
    "assess",
    "chao1",
    "describe",
    "find_domain",
    "good_turing_coverage",
    "index_sum",
    "point_indices",
    "prove_complete",
    "some_may_be_one",
]

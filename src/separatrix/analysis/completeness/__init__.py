"""Evidence about fixed points that a search has missed."""

from .assess import assess
from .coverage import chao1, good_turing_coverage
from .domain import Domain, find_domain
from .exhaustive import MOST_VARIABLES, Proof, prove_complete_in_latent
from .index import index_sum, latent_indices, point_indices
from .known import Completeness

__all__ = [
    "MOST_VARIABLES",
    "Completeness",
    "Domain",
    "Proof",
    "assess",
    "chao1",
    "find_domain",
    "good_turing_coverage",
    "index_sum",
    "latent_indices",
    "point_indices",
    "prove_complete_in_latent",
]

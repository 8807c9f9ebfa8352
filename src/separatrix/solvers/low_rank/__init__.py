"""All zeros of residuals that depend on their argument through few latent variables."""

from .exhaust import exhaust, exhaust_enclosure
from .factors import UnboundedRemainderError
from .latent import LatentSystem
from .recognition import MOST_LATENT, latent_system, low_rank_enclosure
from .spectrum import latent_spectra

__all__ = [
    "MOST_LATENT",
    "LatentSystem",
    "UnboundedRemainderError",
    "exhaust",
    "exhaust_enclosure",
    "latent_spectra",
    "latent_system",
    "low_rank_enclosure",
]

"""Many networks of one form, trained together."""

from .result import Ensemble, EnsembleHistory
from .train import train_ensemble

__all__ = ["Ensemble", "EnsembleHistory", "train_ensemble"]

"""Many networks of one form, trained together."""

from .mapped import Mapped
from .method import AbstractEnsembleMethod
from .result import Ensemble, EnsembleHistory
from .train import train_ensemble
from .workers import Workers

__all__ = [
    "AbstractEnsembleMethod",
    "Ensemble",
    "EnsembleHistory",
    "Mapped",
    "Workers",
    "train_ensemble",
]

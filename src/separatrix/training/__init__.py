"""Training of a network on a task: losses, and the classes that `sx.train` takes or returns."""

from .._names import show_public_names
from . import (
    regularizers,
)
from .batches import (
    AbstractBatches,
    WholeTrials,
    Windows,
)
from .checkpoint import (
    Checkpoint,
)
from .ensemble import (
    Ensemble,
    EnsembleHistory,
    train_ensemble,
)
from .history import (
    Ending,
    History,
    Training,
    TrainingDivergedError,
    TrainingInterruptedError,
)
from .loss import (
    cross_entropy,
    default_loss,
    mean_squared_error,
    rate_error,
)
from .regularizers import (
    AbstractRegularizer,
)
from .threshold import (
    Threshold,
)
from .train import (
    train,
)

__all__ = [
    "AbstractBatches",
    "AbstractRegularizer",
    "Checkpoint",
    "Ending",
    "Ensemble",
    "EnsembleHistory",
    "History",
    "Threshold",
    "Training",
    "TrainingDivergedError",
    "TrainingInterruptedError",
    "WholeTrials",
    "Windows",
    "cross_entropy",
    "default_loss",
    "mean_squared_error",
    "rate_error",
    "regularizers",
    "train",
    "train_ensemble",
]

show_public_names(__name__)

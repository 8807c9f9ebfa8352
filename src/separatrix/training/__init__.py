"""Training: where a task teaches a network."""

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
from .history import (
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
from .train import (
    train,
)

__all__ = [
    "AbstractBatches",
    "AbstractRegularizer",
    "Checkpoint",
    "History",
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
]

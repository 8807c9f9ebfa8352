"""One experiment: settings in, a run directory out."""

from .optimizers import OPTIMIZERS, SCHEDULES
from .run import NETWORKS, TASKS, Setup, analyze, reanalyze, run_experiment
from .settings import Experiment, experiment_names, read_toml

__all__ = [
    "NETWORKS",
    "OPTIMIZERS",
    "SCHEDULES",
    "TASKS",
    "Experiment",
    "Setup",
    "analyze",
    "experiment_names",
    "read_toml",
    "reanalyze",
    "run_experiment",
]

"""One experiment: settings in, a run directory out."""

from .run import NETWORKS, OPTIMIZERS, TASKS, Setup, analyze, reanalyze, run_experiment
from .settings import Experiment, experiment_names, read_toml

__all__ = [
    "NETWORKS",
    "OPTIMIZERS",
    "TASKS",
    "Experiment",
    "Setup",
    "analyze",
    "experiment_names",
    "read_toml",
    "reanalyze",
    "run_experiment",
]

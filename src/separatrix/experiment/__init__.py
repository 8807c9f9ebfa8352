"""One experiment: settings in, a run directory out."""

from .analysis import analyze
from .optimizers import OPTIMIZERS, SCHEDULES
from .run import reanalyze, run_experiment
from .settings import Experiment, experiment_names, read_toml
from .setup import NETWORKS, TASK_MAKERS, TASKS, Setup
from .studies import STUDIES
from .variants import run_variants

__all__ = [
    "NETWORKS",
    "OPTIMIZERS",
    "SCHEDULES",
    "STUDIES",
    "TASKS",
    "TASK_MAKERS",
    "Experiment",
    "Setup",
    "analyze",
    "experiment_names",
    "read_toml",
    "reanalyze",
    "run_experiment",
    "run_variants",
]

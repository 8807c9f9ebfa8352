"""One experiment: settings in, a run directory out."""

from ..networks.registry import NETWORKS
from ..tasks.registry import TASK_MAKERS, TASKS
from .analysis import analyze
from .optimizers import OPTIMIZERS, SCHEDULES
from .questions import all_questions
from .run import reanalyze, run_experiment
from .settings import Experiment, experiment_names, read_toml
from .setup import Setup

__all__ = [
    "NETWORKS",
    "OPTIMIZERS",
    "SCHEDULES",
    "TASKS",
    "TASK_MAKERS",
    "Experiment",
    "Setup",
    "all_questions",
    "analyze",
    "experiment_names",
    "read_toml",
    "reanalyze",
    "run_experiment",
]

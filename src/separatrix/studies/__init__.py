"""Studies: many networks of one experiment, run on any machine, and read as one table."""

from .results import StudyResults, load_study, study_status
from .settings import Study
from .slurm import slurm_script
from .states import State, Status
from .sweep import sweep

__all__ = [
    "State",
    "Status",
    "Study",
    "StudyResults",
    "load_study",
    "slurm_script",
    "study_status",
    "sweep",
]

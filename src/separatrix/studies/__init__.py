"""Studies: many networks of one experiment, run on any machine, and read as one table."""

from .directory import is_study
from .results import StudyResults, load_study
from .run import sweep
from .settings import Study
from .slurm import slurm_script
from .states import State, Status
from .variant_comparison import compare

__all__ = [
    "State",
    "Status",
    "Study",
    "StudyResults",
    "compare",
    "is_study",
    "load_study",
    "slurm_script",
    "sweep",
]

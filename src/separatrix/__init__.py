"""Separatrix: train recurrent networks on cognitive tasks, then take them apart.

The public names, in the order of the pipeline::

    task ──trials──▶ network ──train──▶ Training ──simulate──▶ Activity
                                  ──find_fixed_points──▶ FixedPoints ──linearize──▶ Linearization
"""

__version__ = "0.1.0.dev0"

from ._interrupts import end_shortly_on_ctrl_c

end_shortly_on_ctrl_c()  # before the imports that take long

from . import (
    networks,
    solvers,
    tasks,
    training,
)
from ._records import (
    Record,
)
from ._types import (
    InvalidInputError,
    SeparatrixError,
    UnreadableFileError,
)
from .activity import (
    Activity,
    Dimensionality,
    PrincipalComponents,
    project,
    simulate,
)
from .analysis import (
    Basins,
    Branches,
    Commitment,
    ContinuousAttractor,
    CycleBranch,
    Cycles,
    EmergingCycle,
    FixedPointGraph,
    FixedPoints,
    FixedPointTopology,
    GradedMemory,
    InputGating,
    Linearization,
    LyapunovSpectrum,
    NonNormality,
    SelectionVectors,
    SelectiveConnections,
    Selectivity,
    Separatrix,
    Settling,
    SlowCurve,
    TargetedAverages,
    TaskVariance,
    ToleranceCurve,
    Undecided,
    Verdict,
    Watching,
    basins,
    coding_axis,
    commitment,
    condition_variance,
    continue_cycles,
    continue_fixed_points,
    continuous_attractor,
    find_cycles,
    find_fixed_points,
    fixed_point_graph,
    fixed_point_topology,
    graded_memory,
    input_gating,
    linearize,
    lyapunov_exponents,
    selective_connections,
    selectivity,
    separatrix,
    slow_curve,
    targeted_averages,
    task_variance,
    verdict,
)
from .evaluation import (
    Performance,
    Psychometric,
    performance,
    psychometric,
)
from .multitask import (
    RulePerformance,
    rule_performance,
    rule_variance,
)
from .systems import (
    AbstractSystem,
    DiscreteMap,
    Flow,
)
from .tasks import (
    Trials,
)
from .torch_systems import (
    torch_map,
)
from .training import (
    Checkpoint,
    History,
    Training,
    TrainingDivergedError,
    TrainingInterruptedError,
    WholeTrials,
    Windows,
    regularizers,
    train,
)

__all__ = [
    "AbstractSystem",
    "Activity",
    "Basins",
    "Branches",
    "Checkpoint",
    "Commitment",
    "ContinuousAttractor",
    "CycleBranch",
    "Cycles",
    "Dimensionality",
    "DiscreteMap",
    "EmergingCycle",
    "FixedPointGraph",
    "FixedPointTopology",
    "FixedPoints",
    "Flow",
    "GradedMemory",
    "History",
    "InputGating",
    "InvalidInputError",
    "Linearization",
    "LyapunovSpectrum",
    "NonNormality",
    "Performance",
    "PrincipalComponents",
    "Psychometric",
    "Record",
    "RulePerformance",
    "SelectionVectors",
    "SelectiveConnections",
    "Selectivity",
    "Separatrix",
    "SeparatrixError",
    "Settling",
    "SlowCurve",
    "TargetedAverages",
    "TaskVariance",
    "ToleranceCurve",
    "Training",
    "TrainingDivergedError",
    "TrainingInterruptedError",
    "Trials",
    "Undecided",
    "UnreadableFileError",
    "Verdict",
    "Watching",
    "WholeTrials",
    "Windows",
    "basins",
    "coding_axis",
    "commitment",
    "condition_variance",
    "continue_cycles",
    "continue_fixed_points",
    "continuous_attractor",
    "find_cycles",
    "find_fixed_points",
    "fixed_point_graph",
    "fixed_point_topology",
    "graded_memory",
    "input_gating",
    "linearize",
    "lyapunov_exponents",
    "networks",
    "performance",
    "project",
    "psychometric",
    "regularizers",
    "rule_performance",
    "rule_variance",
    "selective_connections",
    "selectivity",
    "separatrix",
    "simulate",
    "slow_curve",
    "solvers",
    "targeted_averages",
    "task_variance",
    "tasks",
    "torch_map",
    "train",
    "training",
    "verdict",
]

_LAZY = {
    "Experiment": "experiment",
    "run_experiment": "experiment",
    "run_variants": "experiment",
    "reanalyze": "experiment",
    "Run": "store",
    "load_run": "store",
    "load_runs": "store",
    "load_network": "store",
    "save_network": "store",
    "load_records": "store",
    "save_records": "store",
    "write_report": "report",
    "figures": "",
    "enable_compilation_cache": "_cache",
}


def __getattr__(name: str) -> object:
    """Import what needs files or pictures only when it is asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module 'separatrix' has no attribute {name!r}")
    import importlib

    home = _LAZY[name]
    module = importlib.import_module(f".{home or name}", __name__)
    return getattr(module, name) if home else module


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])

"""Analyses of any map or flow; nothing here knows a network, a task or a file."""

from .attractors import (
    ContinuousAttractor,
    Watching,
    continuous_attractor,
)
from .boundaries import (
    Basins,
    Commitment,
    FixedPointGraph,
    Separatrix,
    Settling,
    basins,
    commitment,
    fixed_point_graph,
    separatrix,
)
from .branches import (
    Branches,
    EmergingCycle,
    continue_fixed_points,
)
from .cycle_branches import (
    CycleBranch,
    continue_cycles,
)
from .cycles import (
    Cycles,
    find_cycles,
)
from .fixed_points import (
    FixedPoints,
    ToleranceCurve,
    find_fixed_points,
)
from .linearization import (
    InputGating,
    Linearization,
    NonNormality,
    SelectionVectors,
    input_gating,
    linearize,
)
from .lyapunov import (
    LyapunovSpectrum,
    lyapunov_exponents,
)
from .memory import (
    GradedMemory,
    coding_axis,
    graded_memory,
)
from .outcomes import (
    Analyses,
    FrozenInputs,
)
from .projections import (
    TargetedAverages,
    targeted_averages,
)
from .selectivity import (
    SelectiveConnections,
    Selectivity,
    selective_connections,
    selectivity,
)
from .slow_curves import (
    SlowCurve,
    slow_curve,
)
from .task_variance import (
    TaskVariance,
    condition_variance,
    task_variance,
)
from .topology import (
    FixedPointTopology,
    Undecided,
    fixed_point_topology,
)
from .verdicts import (
    Verdict,
    verdict,
)

__all__ = [
    "Analyses",
    "Basins",
    "Branches",
    "Commitment",
    "ContinuousAttractor",
    "CycleBranch",
    "Cycles",
    "EmergingCycle",
    "FixedPointGraph",
    "FixedPointTopology",
    "FixedPoints",
    "FrozenInputs",
    "GradedMemory",
    "InputGating",
    "Linearization",
    "LyapunovSpectrum",
    "NonNormality",
    "SelectionVectors",
    "SelectiveConnections",
    "Selectivity",
    "Separatrix",
    "Settling",
    "SlowCurve",
    "TargetedAverages",
    "TaskVariance",
    "ToleranceCurve",
    "Undecided",
    "Verdict",
    "Watching",
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
    "selective_connections",
    "selectivity",
    "separatrix",
    "slow_curve",
    "targeted_averages",
    "task_variance",
    "verdict",
]

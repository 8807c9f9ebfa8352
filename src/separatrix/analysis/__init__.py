"""Analyses of any map or flow; nothing here knows a network, a task or a file."""

from .attractors import (
    ContinuousAttractor,
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
    continue_fixed_points,
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
)
from .projections import (
    TargetedAverages,
    targeted_averages,
)
from .slow_curves import (
    SlowCurve,
    slow_curve,
)

__all__ = [
    "Analyses",
    "Basins",
    "Branches",
    "Commitment",
    "ContinuousAttractor",
    "Cycles",
    "FixedPointGraph",
    "FixedPoints",
    "GradedMemory",
    "InputGating",
    "Linearization",
    "LyapunovSpectrum",
    "NonNormality",
    "SelectionVectors",
    "Separatrix",
    "Settling",
    "SlowCurve",
    "TargetedAverages",
    "ToleranceCurve",
    "basins",
    "coding_axis",
    "commitment",
    "continue_fixed_points",
    "continuous_attractor",
    "find_cycles",
    "find_fixed_points",
    "fixed_point_graph",
    "graded_memory",
    "input_gating",
    "linearize",
    "lyapunov_exponents",
    "separatrix",
    "slow_curve",
    "targeted_averages",
]

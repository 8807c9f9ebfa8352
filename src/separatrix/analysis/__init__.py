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
    Linearization,
    NonNormality,
    SelectionVectors,
    linearize,
)
from .lyapunov import (
    LyapunovSpectrum,
    lyapunov_exponents,
)
from .outcomes import (
    Analyses,
)
from .slow_curves import (
    SlowCurve,
    slow_curve,
)
from .topology import (
    FixedPointTopology,
    fixed_point_topology,
)

__all__ = [
    "Analyses",
    "Basins",
    "Branches",
    "Commitment",
    "ContinuousAttractor",
    "Cycles",
    "FixedPointGraph",
    "FixedPointTopology",
    "FixedPoints",
    "Linearization",
    "LyapunovSpectrum",
    "NonNormality",
    "SelectionVectors",
    "Separatrix",
    "Settling",
    "SlowCurve",
    "ToleranceCurve",
    "basins",
    "commitment",
    "continue_fixed_points",
    "continuous_attractor",
    "find_cycles",
    "find_fixed_points",
    "fixed_point_graph",
    "fixed_point_topology",
    "linearize",
    "lyapunov_exponents",
    "separatrix",
    "slow_curve",
]

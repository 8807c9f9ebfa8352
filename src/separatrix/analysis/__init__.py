"""Analyses of any map or flow; nothing here knows a network, a task or a file.

What several packages use is imported from here.
"""

from . import measures
from .boundaries import (
    Basins,
    Commitment,
    FixedPointGraph,
    Separatrix,
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
    FrozenInputs,
)
from .slow_curves import (
    SlowCurve,
    slow_curve,
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
    "CycleBranch",
    "Cycles",
    "EmergingCycle",
    "FixedPointGraph",
    "FixedPointTopology",
    "FixedPoints",
    "FrozenInputs",
    "Linearization",
    "LyapunovSpectrum",
    "NonNormality",
    "SelectionVectors",
    "Separatrix",
    "SlowCurve",
    "ToleranceCurve",
    "Undecided",
    "Verdict",
    "basins",
    "commitment",
    "continue_cycles",
    "continue_fixed_points",
    "find_cycles",
    "find_fixed_points",
    "fixed_point_graph",
    "fixed_point_topology",
    "linearize",
    "lyapunov_exponents",
    "measures",
    "separatrix",
    "slow_curve",
    "verdict",
]

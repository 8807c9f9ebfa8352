"""Figures: each function takes records and returns a matplotlib Figure; nothing is computed here.

No function touches pyplot or changes matplotlib's settings, so figures can be made in any program
and in any order. `save` writes them.
"""

from .behaviour import (
    psychometric,
)
from .bifurcation import (
    bifurcation_diagram,
)
from .boundaries import (
    basins,
    commitment,
    fixed_point_graph,
)
from .curves import (
    slow_curve,
)
from .files import (
    save,
)
from .learning import (
    training,
)
from .lyapunov import (
    lyapunov,
)
from .modes import (
    line_attractor,
    spectrum,
)
from .points import (
    fixed_points,
    speeds,
    tolerance,
)
from .state_space import (
    activity,
    condition_averages,
)
from .task_trials import (
    trials,
)
from .topology import (
    fixed_point_topology,
)

__all__ = [
    "activity",
    "basins",
    "bifurcation_diagram",
    "commitment",
    "condition_averages",
    "fixed_point_graph",
    "fixed_point_topology",
    "fixed_points",
    "line_attractor",
    "lyapunov",
    "psychometric",
    "save",
    "slow_curve",
    "spectrum",
    "speeds",
    "tolerance",
    "training",
    "trials",
]

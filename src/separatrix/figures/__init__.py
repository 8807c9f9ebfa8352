"""Figures: each function takes records and returns a matplotlib Figure; nothing is computed here.

No function touches pyplot or changes matplotlib's settings, so figures can be made in any program
and in any order. `save` writes them. Matplotlib is imported when the first figure is asked for.
"""

import importlib
from typing import Any

DPI = 150
"""Dots per inch of the PNG files."""

_HOMES = {
    "activity": "state_space",
    "basins": "boundaries",
    "bifurcation_diagram": "bifurcation",
    "commitment": "boundaries",
    "condition_averages": "state_space",
    "fixed_point_graph": "boundaries",
    "fixed_points": "points",
    "line_attractor": "modes",
    "lyapunov": "exponents",
    "psychometric": "behaviour",
    "save": "files",
    "slow_curve": "curves",
    "spectrum": "modes",
    "speeds": "points",
    "tolerance": "points",
    "training": "learning",
    "trials": "task_trials",
}
"""The functions, and the files that they are in, which bear other names (a file would hide one)."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'separatrix.figures' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
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
from .rule_performance import (
    rule_performance,
)
from .selectivity import (
    selective_connections,
)
from .state_space import (
    activity,
    condition_averages,
)
from .task_trials import (
    trials,
)
from .task_variance import (
    task_variance,
)

__all__ = [
    "activity",
    "basins",
    "bifurcation_diagram",
    "commitment",
    "condition_averages",
    "fixed_point_graph",
    "fixed_points",
    "line_attractor",
    "lyapunov",
    "psychometric",
    "rule_performance",
    "save",
    "selective_connections",
    "slow_curve",
    "spectrum",
    "speeds",
    "task_variance",
    "tolerance",
    "training",
    "trials",
]

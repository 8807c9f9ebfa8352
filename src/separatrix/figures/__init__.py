"""Figures: functions from records or plain arrays to matplotlib; nothing is computed here.

What is one panel is drawn in given axes, `ax=`, what is several in a figure or a part of one,
`figure=`, or in a new figure of a `width`. No function imports pyplot or changes matplotlib's
settings, so figures can be made in any program and in any order; where pyplot was imported and can
show figures, it is told of new ones. `save` writes them. Matplotlib is imported when the first
figure is asked for.
"""

import importlib
from typing import Any

DPI = 150
"""Dots per inch of the PNG files."""

MOST_LINES = 8
"""With more channels than this a picture of them is easier to read than lines."""

_HOMES = {
    "activity": "state_space",
    "basins": "boundaries",
    "bifurcation_diagram": "bifurcation",
    "commitment": "boundaries",
    "compare_fixed_points": "points",
    "compare_topologies": "topology",
    "condition_averages": "state_space",
    "context_gating": "gating",
    "fixed_point_graph": "boundaries",
    "fixed_point_topology": "topology",
    "fixed_points": "points",
    "graded_memory": "graded",
    "line_attractor": "modes",
    "lyapunov": "exponents",
    "performance": "scores",
    "psychometric": "behavior",
    "rule_performance": "rules",
    "save": "files",
    "selective_connections": "selectivity",
    "slow_curve": "curves",
    "spectrum": "modes",
    "speeds": "points",
    "task_variance": "variance",
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

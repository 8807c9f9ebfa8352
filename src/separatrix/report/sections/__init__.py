"""The sections of a report: each is a module and a template of the same name."""

import importlib
import pkgutil
from collections.abc import Iterator

from ...store import Run
from ..section import Section

ORDER = (
    "held",
    "trial_periods",
    "trials",
    "training",
    "psychometric",
    "performance",
    "activity",
    "condition_averages",
    "fixed_points",
    "speeds",
    "tolerance",
    "spectrum",
    "line_attractor",
    "slow_curve",
    "branches",
    "fixed_point_graph",
    "fixed_point_topology",
    "lyapunov",
    "rule_performance",
    "task_variance",
    "selective_connections",
    "context_gating",
    "graded_memory",
)
"""The order of the report; a section that is not named here comes after these."""

_others = sorted({module.name for module in pkgutil.iter_modules(__path__)} - set(ORDER))
SECTIONS: tuple[Section, ...] = tuple(
    importlib.import_module(f".{name}", __name__).SECTION for name in (*ORDER, *_others)
)


def shown_sections(run: Run) -> Iterator[Section]:
    """Yield the sections for which the run has what they need."""
    return (section for section in SECTIONS if section.is_shown_in(run))

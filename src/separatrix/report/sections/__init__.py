"""The sections of a report: each is a module and a template of the same name.

Those of single papers are in `classics.sections`.
"""

import functools
from collections.abc import Iterator

from ..._names import modules_of
from ...store import Run
from ..section import Section

ORDER = (
    "held",
    "recovery",
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
)
"""The order of the report; a section that is not named here comes after these."""


@functools.cache
def all_sections() -> tuple[Section, ...]:
    """Return the sections in their order; they are looked for when they are first asked for."""
    modules = modules_of("report.sections", "classics.sections")
    found: dict[str, Section] = {module.SECTION.name: module.SECTION for module in modules}
    return tuple({name: found[name] for name in (*ORDER, *found)}.values())


def shown_sections(run: Run) -> Iterator[Section]:
    """Yield the sections for which the run has what they need."""
    return (section for section in all_sections() if section.is_shown_in(run))

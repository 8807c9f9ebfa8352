"""The sections of a report: each is a module and a template of its name."""

from collections.abc import Iterator
from importlib import import_module

from ..section import Section
from ..story import Story

SECTIONS: tuple[Section, ...] = tuple(
    import_module(f".{name}", __name__).SECTION
    for name in (
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
)
"""In the order of the report."""


def told_sections(story: Story) -> Iterator[Section]:
    """Yield the sections for which the run has what they need."""
    return (section for section in SECTIONS if section.is_told_by(story))

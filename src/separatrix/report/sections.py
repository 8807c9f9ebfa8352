"""The figures of a run, in the order of its story; which there are is decided only here."""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import figures
from .._files import cannot_write
from .._records import Record
from ..activity import Activity
from ..analysis import (
    Branches,
    FixedPointGraph,
    FixedPoints,
    FixedPointTopology,
    GradedMemory,
    InputGating,
    Linearization,
    LyapunovSpectrum,
    SelectiveConnections,
    SlowCurve,
    TargetedAverages,
    TaskVariance,
)
from ..evaluation import Performance, Psychometric
from ..multitask import RulePerformance
from ..store import Run
from ..store.directory import FIGURES
from ..training import History
from . import captions, drawing, geometry, integration, populations, topology
from .story import Story

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Section:
    """One figure: what it is called, what it needs, how it is drawn and what is said of it."""

    name: str
    title: str
    needs: tuple[type[Record], ...]
    draw: "Callable[[Story], Figure]"
    caption: Callable[[Story], str]
    missing: Callable[[Story], str]
    """What is said where the run lacks what the figure needs; nothing: it is left out."""
    applies: Callable[[Story], bool] = lambda story: True
    compare: "Callable[[Mapping[str, Story]], Figure] | None" = None
    """Draws several runs in one picture; none: each has its own picture beside the others."""

    def is_told_by(self, story: Story) -> bool:
        """Tell whether the run has what the figure needs."""
        return story.has(*self.needs) and self.applies(story)


SECTIONS = (
    Section(
        "trials",
        "The task, trial by trial",
        (Activity,),
        drawing.trials,
        captions.trials,
        captions.no_activity,
    ),
    Section(
        "training",
        "Learning",
        (History,),
        drawing.training,
        captions.training,
        captions.no_history,
    ),
    Section(
        "psychometric",
        "Behavior: choices and the ideal observer",
        (Psychometric,),
        drawing.psychometric,
        captions.psychometric,
        captions.no_psychometric,
    ),
    Section(
        "performance",
        "Performance in the task",
        (Performance,),
        drawing.performance,
        integration.performance,
        integration.asked_in_vain("performance"),
    ),
    Section(
        "activity",
        "Activity in the plane of its principal components",
        (Activity,),
        drawing.activity,
        captions.activity,
        captions.no_activity,
        drawing.has_plane,
    ),
    Section(
        "condition_averages",
        "Average trajectories by signed coherence",
        (Activity,),
        drawing.condition_averages,
        captions.condition_averages,
        captions.no_signed_coherence,
        drawing.has_signed_coherence,
    ),
    Section(
        "fixed_points",
        "Fixed and slow points",
        (FixedPoints, Activity),
        drawing.fixed_points,
        captions.fixed_points,
        captions.no_points,
        drawing.has_plane,
        drawing.compare_fixed_points,
    ),
    Section(
        "speeds",
        "How still the points are",
        (FixedPoints,),
        drawing.speeds,
        captions.speeds,
        captions.no_points,
    ),
    Section(
        "tolerance",
        "What a tolerance would have made of them",
        (FixedPoints,),
        drawing.tolerance,
        captions.tolerance,
        captions.no_points,
    ),
    Section(
        "spectrum",
        "Linearization: the eigenvalues at one point",
        (Linearization,),
        drawing.spectrum,
        lambda story: captions.spectrum(story) + geometry.modes(story),
        captions.no_linearization,
    ),
    Section(
        "line_attractor",
        "A line attractor? The integrating mode in state space",
        (Linearization, FixedPoints, Activity),
        drawing.line_attractor,
        captions.line_attractor,
        captions.no_line,
        drawing.has_plane,
    ),
    Section(
        "slow_curve",
        "The slow curve along the readout",
        (SlowCurve,),
        drawing.slow_curve,
        geometry.slow_curve,
        geometry.no_slow_curve,
    ),
    Section(
        "branches",
        "Fixed points against the coherence",
        (Branches,),
        drawing.branches,
        geometry.branches,
        geometry.no_branches,
    ),
    Section(
        "fixed_point_graph",
        "Where the saddles lead",
        (FixedPointGraph, Activity),
        drawing.fixed_point_graph,
        geometry.fixed_point_graph,
        geometry.no_graph,
        drawing.has_plane,
    ),
    Section(
        "fixed_point_topology",
        "How the fixed points hang together",
        (FixedPointTopology, Activity),
        drawing.fixed_point_topology,
        topology.fixed_point_topology,
        topology.no_topology,
        drawing.has_plane,
        drawing.compare_topologies,
    ),
    Section(
        "lyapunov",
        "Lyapunov exponents: does it come to rest?",
        (LyapunovSpectrum,),
        drawing.lyapunov,
        geometry.lyapunov,
        geometry.no_lyapunov,
    ),
    Section(
        "rule_performance",
        "Performance in each rule",
        (RulePerformance,),
        lambda story: figures.rule_performance(story.get(RulePerformance)),
        populations.rule_performance,
        populations.no_rule_performance,
    ),
    Section(
        "task_variance",
        "Task variance: which units take part in which rules",
        (TaskVariance,),
        lambda story: figures.task_variance(story.get(TaskVariance)),
        populations.task_variance,
        populations.no_task_variance,
    ),
    Section(
        "selective_connections",
        "Excitation and inhibition between the units that prefer each choice",
        (SelectiveConnections,),
        lambda story: figures.selective_connections(story.get(SelectiveConnections)),
        populations.selective_connections,
        populations.no_selective_connections,
    ),
    Section(
        "context_gating",
        "What the context selects",
        (InputGating, TargetedAverages),
        drawing.context_gating,
        integration.context_gating,
        integration.asked_in_vain("input_gating", "context_averages"),
        compare=drawing.compare_gating,
    ),
    Section(
        "graded_memory",
        "A value held along the slow curve",
        (GradedMemory,),
        drawing.graded_memory,
        integration.graded_memory,
        integration.asked_in_vain("frequency_memory"),
    ),
)


def write_figures(
    run: Run,
    directory: str | Path,
    *,
    formats: Collection[str] = ("png", "svg"),
) -> list[Path]:
    """Write every figure that a run has the records for, as PNG and SVG; return the paths.

    They go to the folder `figures` of `directory`, as in a run directory. `formats` may be others,
    such as "pdf". Raises InvalidInputError when the folder cannot be made or written, or for an
    unknown format.
    """
    from ..figures.canvas import hidden
    from ..figures.files import require_formats

    require_formats(formats)
    folder = Path(directory) / FIGURES
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    story = Story(run)
    paths: list[Path] = []
    for section in told_sections(story):
        with hidden():
            figure = section.draw(story)
        paths += figures.save(figure, folder, section.name, formats)
    return paths


def told_sections(story: Story) -> Iterator[Section]:
    """Yield the sections for which the run has what they need."""
    return (section for section in SECTIONS if section.is_told_by(story))

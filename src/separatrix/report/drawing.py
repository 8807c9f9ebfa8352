"""Each section's figure, drawn from a run; matplotlib is imported when the first one is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .. import figures
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
    SlowCurve,
    TargetedAverages,
)
from ..evaluation import Performance, Psychometric
from ..tasks import signed_coherence
from ..training import History
from .story import Story

if TYPE_CHECKING:
    from matplotlib.figure import Figure

READOUT = "readout, choice 1 − choice 2"


def trials(story: Story) -> "Figure":
    """Draw a few trials."""
    return figures.trials(story.get(Activity), story.task, softmax=story.answers_in_classes)


def training(story: Story) -> "Figure":
    """Draw loss and accuracy."""
    ideal = story.find(Psychometric)
    best = None if ideal is None else ideal.ideal_mean_accuracy
    return figures.training(story.get(History), ideal_accuracy=best)


def psychometric(story: Story) -> "Figure":
    """Draw choices beside the ideal observer's."""
    return figures.psychometric(story.get(Psychometric))


def activity(story: Story) -> "Figure":
    """Draw the activity in its principal plane."""
    return figures.activity(story.get(Activity), story.plane, by_choice=story.answers_in_classes)


def condition_averages(story: Story) -> "Figure":
    """Draw average trajectories by signed coherence."""
    record = story.get(Activity)
    return figures.condition_averages(record, story.plane, signed_coherence(record.conditions))


def has_plane(story: Story) -> bool:
    """Tell whether there are two principal components to draw in."""
    return story.has_plane


def has_signed_coherence(story: Story) -> bool:
    """Tell whether a plane can show decisions between two choices, with a coherence each."""
    record = story.get(Activity)
    if not story.has_plane or not {"choice", "coherence"} <= set(record.conditions):
        return False
    return int(np.max(np.asarray(record.conditions["choice"]))) <= 1


def fixed_points(story: Story) -> "Figure":
    """Draw the points over the activity."""
    return figures.fixed_points(story.get(FixedPoints), story.get(Activity), story.plane)


def compare_fixed_points(stories: Mapping[str, Story]) -> "Figure":
    """Draw the points of several runs over their activities."""
    return figures.compare_fixed_points(
        {
            name: (story.get(FixedPoints), story.get(Activity), story.plane)
            for name, story in stories.items()
        }
    )


def speeds(story: Story) -> "Figure":
    """Draw the speeds of the points."""
    return figures.speeds(story.get(FixedPoints))


def tolerance(story: Story) -> "Figure":
    """Draw the number of points against a tolerance."""
    return figures.tolerance(story.get(FixedPoints))


def spectrum(story: Story) -> "Figure":
    """Draw the eigenvalues at the point that the story shows."""
    return figures.spectrum(story.get(Linearization), story.index)


def line_attractor(story: Story) -> "Figure":
    """Draw the integrating mode through the point that the story shows."""
    points, linearization = story.get(FixedPoints), story.get(Linearization)
    return figures.line_attractor(
        points, linearization, story.index, story.get(Activity), story.plane
    )


def slow_curve(story: Story) -> "Figure":
    """Draw the drift along the readout of the choice, or along the axis that the curve names."""
    curve = story.get(SlowCurve)
    return figures.slow_curve(curve, axis_name=curve.axis_name or READOUT)


def branches(story: Story) -> "Figure":
    """Draw the fixed points against the coherence, along the readout where that is known."""
    record, axis = story.get(Branches), story.branch_axis
    if axis is None:
        return figures.bifurcation_diagram(record)
    return figures.bifurcation_diagram(record, axis, label=READOUT)


def fixed_point_graph(story: Story) -> "Figure":
    """Draw where the arms of the saddles end."""
    return figures.fixed_point_graph(story.get(FixedPointGraph), story.get(Activity), story.plane)


def fixed_point_topology(story: Story) -> "Figure":
    """Draw what the saddles link."""
    return figures.fixed_point_topology(story.get(FixedPointTopology), story.space)


def compare_topologies(stories: Mapping[str, Story]) -> "Figure":
    """Draw what the saddles of several runs link."""
    return figures.compare_topologies(
        {name: (story.get(FixedPointTopology), story.space) for name, story in stories.items()}
    )


def lyapunov(story: Story) -> "Figure":
    """Draw the Lyapunov exponents."""
    return figures.lyapunov(story.get(LyapunovSpectrum))


def context_gating(story: Story) -> "Figure":
    """Draw what the frozen context selects."""
    gating = story.get(InputGating)
    return compare_gating({f"{gating.sources[gating.relevant]} counts": story})


def compare_gating(stories: Mapping[str, Story]) -> "Figure":
    """Draw what each of several contexts selects, a row for each."""
    rows = {
        name: (story.get(InputGating), story.get(TargetedAverages))
        for name, story in stories.items()
    }
    return figures.context_gating(rows, evidence_units="%")


def graded_memory(story: Story) -> "Figure":
    """Draw where values are held."""
    return figures.graded_memory(
        story.get(GradedMemory), value_name="first frequency", value_units="Hz"
    )


def performance(story: Story) -> "Figure":
    """Draw the scores by condition."""
    units = story.task.condition_units if story.task is not None else {}
    return figures.performance(story.get(Performance), units)

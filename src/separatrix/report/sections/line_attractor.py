"""The direction of the integrating mode, through the point that the report shows."""

import numpy as np

from ... import figures
from ...activity import Activity
from ...analysis import FixedPoints, Linearization, Verdict
from ...figures.mode_choice import describe_number, integrating_mode
from ..section import Figure, Section, Values
from ..story import Story


def draw(story: Story) -> Figure:
    """Draw the integrating mode through the point that the story shows."""
    points, linearization = story.get(FixedPoints), story.get(Linearization)
    return figures.line_attractor(
        points, linearization, story.index, story.get(Activity), story.plane
    )


def values(story: Story) -> Values:
    """Return the mode's eigenvalue, and how far the point is from the activity, if it is far."""
    linearization, index = story.get(Linearization), story.index
    mode = integrating_mode(linearization, index)
    value = complex(np.asarray(linearization.eigenvalues)[index, mode])
    far = story.outside_view(np.asarray(linearization.states, float)[[index]])
    verdict = story.find(Verdict)
    return {
        "answer": "unknown" if verdict is None else verdict.is_held_by("line"),
        "is_map": linearization.system == "map",
        "eigenvalue": describe_number(value),
        "oscillates": bool(value.imag),
        "far": far.get(0, ""),
    }


def _is_asked(story: Story) -> bool:
    """Whether the experiment asks for a line attractor."""
    question = story.run.experiment.get("analysis", {}).get("question", {})
    return story.has_plane and question.get("claim") == "line"


SECTION = Section(
    "line_attractor",
    "A line attractor? The integrating mode in state space",
    (Linearization, FixedPoints, Activity),
    draw,
    values,
    applies=_is_asked,
)

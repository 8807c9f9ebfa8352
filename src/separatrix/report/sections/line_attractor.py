"""The direction of the integrating mode, through the point that the report shows."""

import numpy as np

from ... import figures
from ...figures.mode_choice import describe_number, integrating_mode
from ...store import Run
from ..section import Figure, Section, Values
from ..view import has_plane, outside_view, plane, shown_entry, shown_point_name


def draw(run: Run) -> Figure:
    """Draw the integrating mode through the point that the run shows."""
    points, linearization = run.fixed_points, run.linearization
    return figures.line_attractor(points, linearization, shown_entry(run), run.activity, plane(run))


def values(run: Run) -> Values:
    """Return the mode's eigenvalue, and how far the point is from the activity, if it is far."""
    linearization, index = run.linearization, shown_entry(run)
    mode = integrating_mode(linearization, index)
    value = complex(np.asarray(linearization.eigenvalues)[index, mode])
    far = outside_view(run, np.asarray(linearization.states, float)[[index]])
    verdict = run.find("verdict")
    return {
        "answer": "unknown" if verdict is None else verdict.is_held_by("line"),
        "point": shown_point_name(run),
        "is_map": linearization.system == "map",
        "eigenvalue": describe_number(value),
        "oscillates": bool(value.imag),
        "far": far.get(0, ""),
    }


def _is_asked(run: Run) -> bool:
    """Whether the experiment asks for a line attractor."""
    question = run.experiment.get("analysis", {}).get("question", {})
    return has_plane(run) and question.get("claim") == "line"


SECTION = Section(
    "line_attractor",
    "A line attractor? The integrating mode in state space",
    ("linearization", "fixed_points", "activity"),
    draw,
    values,
    applies=_is_asked,
    folded=True,
)

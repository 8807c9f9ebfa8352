"""Example trials: what the network is given, and what it answers."""

from ... import figures
from ...activity import Activity
from ..section import Figure, Section, Values
from ..story import Story


def draw(story: Story) -> Figure:
    """Draw a few trials."""
    return figures.trials(story.get(Activity), story.task, softmax=story.answers_in_classes)


def values(story: Story) -> Values:
    """Return the activity, and how its channels are drawn."""
    task = story.task
    drawn = ""
    if task is not None:
        drawn = "rows" if task.num_inputs > figures.MOST_LINES else "lines"
    return {"activity": story.get(Activity), "drawn_as": drawn}


SECTION = Section("trials", "The task, trial by trial", (Activity,), draw, values)

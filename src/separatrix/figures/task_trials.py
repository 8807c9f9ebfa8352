"""What a task shows and asks: a few of its trials, before any network has seen it."""

from collections.abc import Mapping

import jax
import numpy as np
from matplotlib.figure import Figure, FigureBase

from .._types import GivenKey
from ..activity import Activity
from ..tasks import AbstractTask, Trials
from . import MOST_LINES, behavior
from .canvas import Width, new_figure, whole
from .scores import NUMBERED
from .style import styled

__all__ = ["trials"]


@styled
def trials(
    what: Activity | AbstractTask,
    task: AbstractTask | None = None,
    *,
    num_trials: int | None = None,
    softmax: bool = True,
    key: GivenKey | None = None,
    figure: FigureBase | None = None,
    width: Width = None,
) -> Figure:
    """Draw a few trials: of a network's activity in a task, or of a task by itself.

    Of an `Activity` the inputs and outputs are drawn, from the least to the most coherent trial;
    `task` names channels and outputs and lends its periods for the shading; with `softmax` the
    outputs are drawn as probabilities, otherwise as they are. Of a task the inputs and the targets
    are drawn, with the periods of each trial, up to its end; above, what distinguishes it from the
    others, as far as there is room. Without `num_trials` they are three, or fewer where the figure
    is narrow. `key` draws other trials than the usual ones.
    """
    if isinstance(what, AbstractTask):
        usual = behavior.USUAL_TRIALS if num_trials is None else num_trials
        made = new_figure(2.6 + 2.0 * usual, 4.4, figure, width)
        num_trials = behavior.room_for_trials(made) if num_trials is None else num_trials
        return _of_task(what, num_trials, jax.random.key(0) if key is None else key, made)
    return behavior.trials(
        what, task, num_trials=num_trials, softmax=softmax, figure=figure, width=width
    )


def _of_task(task: AbstractTask, num_trials: int, key: GivenKey, figure: FigureBase) -> Figure:
    """Draw the inputs and the targets of trials; many channels are drawn as an image."""
    drawn = task.trials(num_trials, key=key)
    panels = figure.subplots(2, num_trials, sharex=True, sharey="row", squeeze=False)
    inputs = np.asarray(drawn.inputs, float)
    targets = _as_outputs(drawn, task.num_outputs)
    asked = np.asarray(drawn.mask).reshape(num_trials, drawn.num_steps, -1).max(-1) > 0
    # Where trials vary in length most end long before the longest that there can be.
    inside = np.asarray(drawn.inside)
    longest = int(inside.sum(1).max())
    for trial, (top, bottom) in enumerate(panels.T):
        top.set_title(describe(task, drawn.conditions, trial))
        last = int(inside[trial].sum())
        behavior.draw_channels(top, inputs[trial, :last], task.channels, task.dt)
        wanted = np.where(asked[trial][:, None], targets[trial], np.nan)[:last]
        behavior.draw_channels(bottom, wanted, task.responses, task.dt)
        for axes in (top, bottom):
            axes.set_xlim(0, longest * task.dt)
            if not axes.images:
                behavior.shade_periods(axes, task, drawn.conditions, trial)
        bottom.set_xlabel("time (ms)")
    panels[0, 0].set_ylabel("input")
    panels[1, 0].set_ylabel("target")
    rows = zip(panels, (task.channels, task.responses), strict=True)
    lines = [row[-1] for row, names in rows if len(names) <= MOST_LINES]
    behavior.legends_of_trials(figure, lines, list(task.periods))
    figure.align_ylabels()
    return whole(figure)


def describe(
    task: AbstractTask, conditions: Mapping[str, object], trial: int, most: int = 4
) -> str:
    """Say the conditions of a trial, one in a line: those that have names, then the stimuli.

    Times come last: the shading shows them.
    """
    units, words = task.condition_units, task.condition_words
    lines = []
    for name in sorted(conditions, key=lambda c: (units.get(c) == "ms", c not in words)):
        value = np.asarray(conditions[name])[trial]
        shown = f"{value:.4g}" if value.dtype.kind == "f" else f"{value}"
        if name in NUMBERED:
            shown = f"{value + 1}"
        elif name in words and 0 <= value < len(words[name]):
            shown = words[name][int(value)]
        elif name in units:
            shown += f" {units[name]}"
        lines.append(f"{name.replace('_', ' ')}: {shown}")
    return "\n".join(lines[:most])


def _as_outputs(trials: Trials, num_outputs: int) -> np.ndarray:
    """Return the targets as values of the outputs: a class is 1 on its output."""
    targets = np.asarray(trials.targets)
    if targets.dtype.kind == "f":
        return targets.astype(float)
    return np.eye(num_outputs)[targets]

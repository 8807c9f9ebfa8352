"""Trials one by one: what a task shows and asks, and what a network answers."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import scipy
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.patches import Patch

from .._checked import Count
from .._types import GivenKey
from ..activity import Activity
from ..tasks import AbstractTask, Trials
from . import MOST_LINES
from .canvas import NARROWEST, WIDE, Width, inches_across, new_figure, whole
from .drawing import styled
from .legends import Place, labeled, legend_below, legend_each
from .scores import NUMBERED
from .style import GRAY, choice_color, choice_name, ink, paper, sequential, tint

MOST_LABELS = 3

__all__ = ["trials"]

YELLOW = "#FFD24D"

USUAL_TRIALS = 3


@dataclasses.dataclass(frozen=True)
class _Shown:
    """Trials to draw: a title for each, and rows `(step, channel)` of inputs and outputs."""

    titles: list[str]
    inputs: list[np.ndarray]
    outputs: list[np.ndarray]
    channels: Sequence[str]
    responses: Sequence[str]
    outputs_are: str
    dt: float
    time_units: str
    periods: list[Mapping[str, float]]
    """The durations in ms of the periods of each trial; none where no task tells them."""


@styled
def trials(
    what: Activity | AbstractTask,
    task: AbstractTask | None = None,
    *,
    num_trials: Count | None = None,
    softmax: bool = True,
    key: GivenKey | None = None,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    r"""Draw a few trials, either of a network's activity in a task or of a task alone.

    For an `Activity`, inputs and outputs are drawn. If its trials have a condition "coherence", the
    columns go from the least to the most coherent trial. Otherwise the first trials are drawn. For
    a task, inputs and targets are drawn, with the periods of each trial, up to the end of the
    trial. The text above a column says what was shown in the trial, as far as there is room.

    Parameters
    ----------
    what
        An `Activity`, or a task.
    task
        If `what` is an activity, the task in which it was simulated. The task gives the names of
        channels and outputs, and the periods for the shading. Without a task, channels and
        outputs are numbered, and nothing is shaded.
    num_trials
        How many trials to draw. None means three, or fewer if the figure is narrow.
    softmax
        Whether to draw the outputs of an activity as probabilities (their softmax). If False, they
        are drawn as they are.
    key
        If `what` is a task, the JAX random key from which its trials are drawn. None means a fixed
        key, which always gives the same trials.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        One column for each trial: inputs at the top, outputs or targets at the bottom. Times are in
        ms, or in steps if a step of the map is the unit of time.

    Examples
    --------
    >>> import separatrix as sx
    >>> figure = sx.figures.trials(sx.tasks.PerceptualDecisionMaking())
    >>> figure.axes[0].get_title()
    'choice: 1\ncoherence: 6.4 %'
    """
    usual = USUAL_TRIALS if num_trials is None else num_trials
    if isinstance(what, Activity):
        usual = min(usual, len(what))
    figure = new_figure(2.6 + 2.0 * usual, 4.4, figure, width)
    if num_trials is None:  # as many as there is room for
        num_trials = max(1, min(USUAL_TRIALS, int(inches_across(figure) / NARROWEST)))
    if isinstance(what, AbstractTask):
        _draw(figure, _of_task(what, num_trials, jax.random.key(0) if key is None else key), legend)
        return whole(figure)
    shown = _of_activity(what, task, num_trials, softmax)
    bottom = _draw(figure, shown, legend)
    if softmax and not bottom.images:
        bottom.set_ylim(-0.03, 1.03)
    return whole(figure)


def _draw(figure: FigureBase, shown: _Shown, legend: Place) -> Axes:
    """Draw the trials side by side, inputs above outputs; return the first panel of outputs."""
    panels = figure.subplots(2, len(shown.titles), sharex=True, sharey="row", squeeze=False)
    longest = max(len(values) for values in shown.inputs)
    for trial, (top, bottom) in enumerate(panels.T):
        top.set_title(shown.titles[trial])
        _draw_channels(top, shown.inputs[trial], shown.channels, shown.dt)
        _draw_channels(bottom, shown.outputs[trial], shown.responses, shown.dt)
        for axes in (top, bottom):
            axes.set_xlim(0, longest * shown.dt)
            if not axes.images:
                _shade_periods(axes, shown.periods[trial])
        bottom.set_xlabel(f"time ({shown.time_units})")
    panels[0, 0].set_ylabel("input")
    panels[1, 0].set_ylabel(shown.outputs_are)
    lasts = [row[-1] for row in panels]
    for axes in lasts:
        if axes.images:
            figure.colorbar(axes.images[0], ax=axes, label="value")
    lines = [axes for axes in lasts if not axes.images]
    shades = _named_shades(shown.periods) if lines else {}
    if legend == "inside":
        for axes in lines:
            legend_below(figure, axes, legend=legend, handles=labeled(axes) | shades)
    elif inches_across(figure) < WIDE:
        legend_below(figure, columns=6, legend=legend, handles=shades | labeled(*lines))
    else:
        legend_each(*lines, legend=legend, loc="center left", bbox_to_anchor=(1.0, 0.5))
        legend_below(figure, columns=6, legend=legend, handles=shades)
    figure.align_ylabels()
    first: Axes = panels[1, 0]
    return first


def _named_shades(periods: list[Mapping[str, float]]) -> dict[str, Any]:
    """Return patches of the shades of those periods that are in any trial."""
    return {
        name: Patch(facecolor=shade, edgecolor=GRAY, linewidth=0.6)
        for name, shade in zip(periods[0], _shades() * 9, strict=False)
        if any(trial[name] > 0 for trial in periods)
    }


def _draw_channels(axes: Axes, values: np.ndarray, names: Sequence[str], dt: float) -> None:
    """Draw channels `(step, channel)` against time: lines, or an image where they are many."""
    edges = np.arange(len(values) + 1) * dt
    if len(names) > MOST_LINES:
        extent = (float(edges[0]), float(edges[-1]), len(names) - 0.5, -0.5)
        axes.imshow(
            values.T, aspect="auto", extent=extent, cmap=sequential(), interpolation="nearest"
        )
        return
    for k, name in enumerate(names):
        axes.stairs(values[:, k], edges, baseline=None, color=choice_color(k), label=name)


def _shades() -> tuple[str, ...]:
    """Return the shades of periods, which come in turn: three of gray, and a yellow one."""
    return tint(ink(), 0.12), paper(), tint(ink(), 0.07), tint(YELLOW, 0.3)


def _shade_periods(axes: Axes, periods: Mapping[str, float]) -> None:
    start = 0.0
    for length, shade in zip(periods.values(), _shades() * 9, strict=False):
        if length > 0:
            axes.axvspan(start, start + length, facecolor=shade, linewidth=0, zorder=0)
        start += length


def _periods(
    task: AbstractTask | None, conditions: Mapping[str, Any], trial: int
) -> dict[str, float]:
    """Return how long each period of a trial lasts in ms; 0 where it is left out."""
    if task is None:
        return {}
    return {
        name: float(np.asarray(conditions[name])[trial])
        if name in conditions
        else (stop - first) * task.dt
        for name, (first, stop) in task.period_steps().items()
    }


def _of_task(task: AbstractTask, num_trials: int, key: GivenKey) -> _Shown:
    """Return trials of a task, with the targets on the steps that are asked for."""
    drawn = task.trials(num_trials, key=key)
    # Where trials vary in length most end long before the longest that there can be.
    lengths = np.asarray(drawn.inside).sum(1)
    asked = np.asarray(drawn.mask).reshape(num_trials, drawn.num_steps, -1).max(-1) > 0
    targets = np.where(asked[..., None], _as_outputs(drawn, task.num_outputs), np.nan)
    inputs, each = np.asarray(drawn.inputs, float), range(num_trials)
    return _Shown(
        [describe(task, drawn.conditions, trial) for trial in each],
        [inputs[trial, : lengths[trial]] for trial in each],
        [targets[trial, : lengths[trial]] for trial in each],
        task.channels,
        task.responses,
        "target",
        task.dt,
        "ms",
        [_periods(task, drawn.conditions, trial) for trial in each],
    )


def _of_activity(
    activity: Activity, task: AbstractTask | None, num_trials: int, softmax: bool
) -> _Shown:
    """Return trials of a network, as long as each lasts."""
    inputs, outputs = np.asarray(activity.inputs, float), np.asarray(activity.outputs, float)
    outputs = scipy.special.softmax(outputs, axis=-1) if softmax else outputs
    lengths = np.full(len(activity), activity.states.shape[1])
    if activity.inside is not None:
        lengths = np.asarray(activity.inside).sum(1)
    chosen = _spread_trials(activity, num_trials, in_order=task is not None)
    named = task.responses if task else ()
    return _Shown(
        [_describe_answer(activity, trial, named, softmax) for trial in chosen],
        [inputs[trial, : lengths[trial]] for trial in chosen],
        [outputs[trial, : lengths[trial]] for trial in chosen],
        task.channels if task else [f"input {k + 1}" for k in range(inputs.shape[-1])],
        named or [f"output {k + 1}" for k in range(outputs.shape[-1])],
        "output (probability)" if softmax else "output",
        activity.dt,
        activity.time_units,
        [_periods(task, activity.conditions, trial) for trial in chosen],
    )


def _spread_trials(activity: Activity, count: int, in_order: bool) -> list[int]:
    """Pick trials from the least to the most coherent one, of tasks that are; or the first ones."""
    n = len(activity)
    strength = np.asarray(activity.conditions.get("coherence", ()))
    in_order |= bool((np.asarray(activity.choice) >= 0).all())
    if not in_order or strength.dtype.kind not in "iuf" or not strength.size:
        return list(range(min(count, n)))
    order = np.argsort(strength, kind="stable")
    return [int(order[int(p)]) for p in np.linspace(0, n - 1, min(count, n))]


def _describe_answer(
    activity: Activity, trial: int, responses: Sequence[str], answers: bool
) -> str:
    """Describe in a few lines what was shown and, where outputs compete, what was answered."""
    said = {name: np.asarray(values)[trial] for name, values in activity.conditions.items()}

    def name(choice: int) -> str:
        return responses[choice] if 0 < choice < len(responses) else choice_name(choice)

    if np.asarray(activity.choice)[trial] < 0:  # of a user's own trials, with labels of any name
        return "\n".join(f"{name}: {value}" for name, value in list(said.items())[:MOST_LABELS])
    lines = []
    if "coherence" in said:
        lines.append(f"coherence {said['coherence']:g} %")
    if answers:
        if "choice" in said:
            lines.append(f"correct: {name(int(said['choice']) + 1)}")
        lines.append(f"answer: {name(int(np.asarray(activity.choice)[trial]))}")
    return "\n".join(lines)


def describe(
    task: AbstractTask, conditions: Mapping[str, object], trial: int, most: int = 4
) -> str:
    """Describe the conditions of a trial, one in a line: those that have names come first.

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

"""What a network does in the task: single trials, and choices against the evidence."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.patches import Patch

from ..activity import Activity
from ..analysis.boundaries.fractions import wilson
from ..evaluation import Psychometric
from ..tasks import AbstractTask
from . import MOST_LINES
from .canvas import Width, in_a_row, inches_across, new_figure, whole
from .legends import BESIDE, labeled, legend_below, legend_beside, legend_of
from .style import GRAY, choice_color, choice_name, cycle, ink, paper, sequential, styled, tint

__all__ = ["psychometric"]

YELLOW = "#FFD24D"

USUAL_TRIALS = 3


def period_shades() -> tuple[str, ...]:
    """Return the shades of periods, which come in turn: three of gray, and a yellow one."""
    return tint(ink(), 0.12), paper(), tint(ink(), 0.07), tint(YELLOW, 0.3)


def trials(
    activity: Activity,
    task: AbstractTask | None = None,
    *,
    num_trials: int | None = None,
    softmax: bool = True,
    figure: FigureBase | None = None,
    width: Width = None,
) -> Figure:
    """Draw the inputs and outputs of a few trials, from the least to the most coherent one.

    Without `num_trials` these are three, or fewer where the figure is narrow. `task` names channels
    and outputs and lends its periods for the shading; with `softmax` the outputs are drawn as
    probabilities, otherwise as they are, and no answer is read from them. What follows the end of a
    trial that is shorter than others is not drawn.
    """
    usual = USUAL_TRIALS if num_trials is None else num_trials
    figure = new_figure(2.6 + 2.0 * min(usual, len(activity)), 4.4, figure, width)
    num_trials = room_for_trials(figure) if num_trials is None else num_trials
    chosen = _spread_trials(activity, num_trials)
    panels = figure.subplots(2, len(chosen), sharex=True, sharey="row", squeeze=False)
    inputs, outputs = np.asarray(activity.inputs, float), np.asarray(activity.outputs, float)
    outputs = _softmax(outputs) if softmax else outputs
    channels = task.channels if task else [f"input {k + 1}" for k in range(inputs.shape[-1])]
    responses = task.responses if task else [f"output {k + 1}" for k in range(outputs.shape[-1])]
    longest = max(_num_steps(activity, trial) for trial in chosen)
    for (top, bottom), trial in zip(panels.T, chosen, strict=True):
        top.set_title(_describe(activity, trial, responses if task else (), softmax))
        last = _num_steps(activity, trial)
        for axes, values, names in ((top, inputs, channels), (bottom, outputs, responses)):
            draw_channels(axes, values[trial, :last], names, activity.dt)
            axes.set_xlim(0, longest * activity.dt)
            if task and not axes.images:
                shade_periods(axes, task, activity.conditions, trial)
        bottom.set_xlabel("time (ms)")
    if softmax and not panels[1, 0].images:
        panels[1, 0].set_ylim(-0.03, 1.03)
    panels[0, 0].set_ylabel("input")
    panels[1, 0].set_ylabel("output (probability)" if softmax else "output")
    lines = [row[-1] for row in panels if not row[-1].images]
    for row in panels:
        if row[-1].images:
            figure.colorbar(row[-1].images[0], ax=row[-1], label="value")
    shown = [name for name, (a, b) in task.period_steps().items() if b > a] if task else []
    if panels[0, 0].images:
        shown = []
    legends_of_trials(figure, lines, shown)
    figure.align_ylabels()
    return whole(figure)


def room_for_trials(figure: FigureBase) -> int:
    """Return how many trials to draw: as many as there is room for, up to three."""
    return max(1, min(USUAL_TRIALS, int(inches_across(figure) / 1.6)))


def legends_of_trials(figure: FigureBase, panels: Sequence[Axes], periods: Sequence[str]) -> None:
    """Name the lines beside their panels, and the shades of the periods below."""
    if not periods or inches_across(figure) >= BESIDE:
        legend_beside(figure, *panels)
    if not periods:
        return
    shades = dict(zip(periods, period_shades() * 9, strict=False))
    handles: dict[str, Any] = {
        name: Patch(facecolor=shade, edgecolor=GRAY, linewidth=0.6)
        for name, shade in shades.items()
    }
    if inches_across(figure) < BESIDE:
        handles |= labeled(*panels)
    legend_of(figure, handles, columns=6)


@styled
def psychometric(
    psychometric: Psychometric,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
) -> Figure:
    """Draw choices and accuracy against coherence beside the ideal observer.

    Bars are 95 % confidence intervals of a binomial fraction (Wilson 1927).
    """
    figure = new_figure(7.4, 3.7, figure, width)
    left, right = in_a_row(figure, 2)
    signed = np.asarray(psychometric.signed_coherence)
    count = np.asarray(psychometric.num_trials)
    fine = np.linspace(signed.min(), signed.max(), 301)
    left.plot(
        fine,
        _probit_interpolation(fine, signed, np.asarray(psychometric.ideal_p_first)),
        color=GRAY,
        linestyle="--",
        label="ideal observer",
    )
    _fractions(left, signed, np.asarray(psychometric.p_first), count, cycle(0))
    stronger = " stronger" if inches_across(figure) >= BESIDE else ""
    sides = f"← stimulus 2{stronger}   stimulus 1{stronger} →"
    left.set_xlabel(f"signed coherence (%)\n{sides}")
    left.set_ylabel("fraction of choice 1")

    levels, right_trials, total, ideal = _by_strength(psychometric)
    fine = np.linspace(levels.min(), levels.max(), 301)
    curve = _probit_interpolation(fine, levels, ideal)
    right.plot(fine, curve, color=GRAY, linestyle="--", label="ideal observer")
    _fractions(right, levels, right_trials / total, total, cycle(0))
    right.set_xlabel("coherence (%)")
    right.set_ylabel("fraction correct")
    left.set_title("choices")
    right.set_title(
        f"accuracy {psychometric.mean_accuracy:.3f} "
        f"(ideal observer {psychometric.ideal_mean_accuracy:.3f})"
    )
    for axes in (left, right):
        axes.set_ylim(-0.03, 1.03)
        axes.axhline(0.5, color=GRAY, linewidth=0.6, linestyle=":")
    legend_below(figure, left)
    return whole(figure)


def _fractions(axes: Axes, x: np.ndarray, fraction: np.ndarray, n: np.ndarray, c: str) -> None:
    low, high = wilson(fraction, n)
    bars = np.maximum([fraction - low, high - fraction], 0)
    label = "network (95 % interval)"
    axes.errorbar(x, fraction, bars, color=c, marker="o", linewidth=0.9, capsize=2, label=label)


def _by_strength(record: Psychometric) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pool the two signs: levels, right trials, trials, ideal accuracy."""
    strength = np.abs(np.asarray(record.signed_coherence))
    count = np.asarray(record.num_trials, float)
    levels = np.unique(np.round(strength, 6))
    groups = [np.isclose(strength, level, atol=1e-5) for level in levels]
    right_trials = np.asarray(record.accuracy) * count
    return (
        levels,
        np.array([right_trials[g].sum() for g in groups]),
        np.array([count[g].sum() for g in groups]),
        np.array([np.asarray(record.ideal_accuracy)[g][0] for g in groups]),
    )


def _probit_interpolation(fine: np.ndarray, x: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Join fractions by straight lines in probits, exact for an observer in Gauss noise."""
    normal = NormalDist()
    probits = [normal.inv_cdf(float(v)) for v in np.clip(p, 1e-9, 1 - 1e-9)]
    return np.array([normal.cdf(float(v)) for v in np.interp(fine, x, probits)])


def _spread_trials(activity: Activity, count: int) -> list[int]:
    """Pick trials from the least to the most coherent one, or the first ones."""
    n = len(activity)
    strength = activity.conditions.get("coherence")
    order = np.arange(n) if strength is None else np.argsort(np.asarray(strength), kind="stable")
    places = np.arange(min(count, n)) if strength is None else np.linspace(0, n - 1, min(count, n))
    return [int(order[int(p)]) for p in places]


def _describe(activity: Activity, trial: int, responses: Sequence[str], answers: bool) -> str:
    """Say in a few lines what was shown and, where outputs compete, what was answered."""
    said = {name: np.asarray(values)[trial] for name, values in activity.conditions.items()}

    def name(choice: int) -> str:
        return responses[choice] if 0 < choice < len(responses) else choice_name(choice)

    lines = []
    if "coherence" in said:
        lines.append(f"coherence {said['coherence']:g} %")
    if answers:
        if "choice" in said:
            lines.append(f"correct: {name(int(said['choice']) + 1)}")
        lines.append(f"answer: {name(int(np.asarray(activity.choice)[trial]))}")
    return "\n".join(lines)


def draw_channels(axes: Axes, values: np.ndarray, names: Sequence[str], dt: float) -> None:
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


def shade_periods(
    axes: Axes, task: AbstractTask, conditions: Mapping[str, object], trial: int
) -> None:
    """Shade the periods of a trial, whose durations are among its conditions where they vary."""
    start = 0.0
    lengths = _durations(task, conditions, trial)
    for length, shade in zip(lengths, period_shades() * 9, strict=False):
        axes.axvspan(start, start + length, facecolor=shade, linewidth=0, zorder=0)
        start += length


def _durations(task: AbstractTask, conditions: Mapping[str, object], trial: int) -> list[float]:
    """Return how long each period of a trial lasts, in ms."""
    return [
        float(np.asarray(conditions[name])[trial])
        if name in conditions
        else (stop - first) * task.dt
        for name, (first, stop) in task.period_steps().items()
    ]


def _num_steps(activity: Activity, trial: int) -> int:
    """Return the number of steps of a trial, which may be shorter than others."""
    if activity.inside is None:
        return activity.states.shape[1]
    return int(np.asarray(activity.inside)[trial].sum())


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)

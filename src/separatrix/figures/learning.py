"""How a network learned."""

import numpy as np
from matplotlib.figure import Figure

from ..training import History
from .style import BLUE, GREEN, GREY, VERMILLION, new_figure, powers_of_ten, styled


@styled
def training(history: History, *, ideal_accuracy: float | None = None) -> Figure:
    """Draw loss and accuracy of every training step (light) and of every epoch (strong).

    The loss is the task's; what regularizers added to it is drawn beside it, where there were any.
    `ideal_accuracy`, a fraction, adds the ideal observer's accuracy as a line.
    """
    figure = new_figure(6.4, 4.2)
    top, bottom = figure.subplots(2, 1, sharex=True)
    steps = np.arange(1, len(history) + 1)
    starts = np.arange(0, len(history), history.epoch_steps)
    middles = (starts + 1 + np.append(starts[1:], len(history))) / 2
    epochs = history.epochs()
    panels = (
        (top, history.loss, epochs["loss"], "loss", BLUE),
        (bottom, history.accuracy, epochs["accuracy"], "accuracy", VERMILLION),
    )
    for axes, each, mean, name, colour in panels:
        axes.plot(steps, each, color=colour, alpha=0.3, linewidth=0.6, label="each batch")
        axes.plot(middles, mean, color=colour, marker=".", label="mean of an epoch")
        axes.set_ylabel(name)
    if "penalty" in epochs:
        label = "penalty of regularizers"
        top.plot(middles, epochs["penalty"], color=GREEN, marker=".", label=label)
    top.set_yscale("log")
    powers_of_ten(top.yaxis)
    bottom.set_ylim(-0.03, 1.03)
    bottom.set_xlabel(f"training step (an epoch is {history.epoch_steps} steps)")
    if ideal_accuracy is not None:
        label = f"ideal observer ({ideal_accuracy:.3f})"
        bottom.axhline(ideal_accuracy, color=GREY, linestyle="--", linewidth=1.2, label=label)
    for axes in (top, bottom):
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.align_ylabels()
    return figure

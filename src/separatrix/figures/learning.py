"""How a network learned."""

import dataclasses
import math

import numpy as np
from matplotlib.figure import Figure, FigureBase

from .._checked import Finite
from ..training import History
from .canvas import Width, new_figure, whole
from .drawing import styled
from .legends import Place, legend_below
from .style import GRAY, cycle, powers_of_ten

__all__ = ["training"]

MOST_MEANS = 100  # of as many epochs together that the means are a line and not a smear of dots


@styled
def training(
    history: History,
    *,
    ideal_accuracy: Finite | None = None,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw loss and accuracy of every training step (light) and of every epoch (dark).

    If there are more than 100 epochs, each point of the line is the mean of several epochs, and a
    light band contains 90 % of the batches of these epochs. The loss is the loss of the task alone.
    If there were regularizers, their penalty is a further line in the same panel.

    Parameters
    ----------
    history
        The training history: `.history` of what `sx.train` returned.
    ideal_accuracy
        The ideal observer's accuracy, a fraction such as `task.ideal_mean_accuracy`, drawn as a
        line.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        Two panels: the loss at the top, the accuracy at the bottom.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 16, 3, dt=task.dt, key=jax.random.key(0))
    >>> fit = sx.train(net, task, steps=4, epoch_steps=2, key=jax.random.key(1), progress=False)
    >>> figure = sx.figures.training(fit.history, ideal_accuracy=task.ideal_mean_accuracy)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'accuracy']
    """
    figure = new_figure(6.4, 4.2, figure, width)
    top, bottom = figure.subplots(2, 1, sharex=True)
    together = epochs_together(history)
    stretches = dataclasses.replace(history, epoch_steps=together * history.epoch_steps)
    starts = np.arange(0, len(history), stretches.epoch_steps)
    ends = np.append(starts[1:], len(history))
    middles = (starts + 1 + ends) / 2
    means = stretches.epochs()
    panels = (
        (top, history.loss, means["loss"], "loss", cycle(0)),
        (bottom, history.accuracy, means["accuracy"], "accuracy", cycle(1)),
    )
    for axes, each, mean, name, color in panels:
        values = np.asarray(each)
        if together == 1:
            steps = np.arange(1, len(history) + 1)
            axes.plot(steps, values, color=color, alpha=0.3, linewidth=0.6, label="each batch")
            axes.plot(middles, mean, color=color, marker=".", label="mean of an epoch")
        else:
            band = np.array([np.percentile(part, (5, 95)) for part in np.split(values, starts[1:])])
            axes.fill_between(
                middles, *band.T, color=color, alpha=0.25, linewidth=0, label="90 % of the batches"
            )
            axes.plot(middles, mean, color=color, label=f"mean of {together} epochs")
        axes.set_ylabel(name)
    if "penalty" in means:
        label = "penalty of regularizers"
        top.plot(
            middles,
            means["penalty"],
            color=cycle(2),
            marker="." if together == 1 else "",
            label=label,
        )
    top.set_yscale("log")
    powers_of_ten(top.yaxis)
    bottom.set_ylim(-0.03, 1.03)
    bottom.set_xlabel(f"training step (an epoch is {history.epoch_steps} steps)")
    if ideal_accuracy is not None:
        label = f"ideal observer ({ideal_accuracy:.3f})"
        bottom.axhline(ideal_accuracy, color=GRAY, linestyle="--", linewidth=1.2, label=label)
    legend_below(figure, top, bottom, columns=3, legend=legend)
    figure.align_ylabels()
    return whole(figure)


def epochs_together(history: History) -> int:
    """Return of how many epochs the drawn means are: 1 where there are not too many of them."""
    return math.ceil(math.ceil(len(history) / history.epoch_steps) / MOST_MEANS)

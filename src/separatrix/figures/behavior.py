"""Choices of a network against the evidence."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from scipy.special import ndtr, ndtri

from ..analysis.boundaries.fractions import wilson
from ..evaluation import Psychometric
from .canvas import WIDE, Width, inches_across, new_figure, panels, whole
from .drawing import error_bars, styled
from .legends import Place, legend_below
from .style import GRAY, cycle

__all__ = ["psychometric"]


@styled
def psychometric(
    psychometric: Psychometric,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw choices and accuracy against coherence, for a network and for the ideal observer.

    Error bars are 95 % confidence intervals of a binomial fraction (Wilson 1927).

    Parameters
    ----------
    psychometric
        What `sx.psychometric` returned.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        Two panels: choices on the left, accuracy on the right. The coherence is in percent.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 16, 3, dt=task.dt, key=jax.random.key(0))
    >>> behavior = sx.psychometric(net, task, num_trials=256, key=jax.random.key(1))
    >>> figure = sx.figures.psychometric(behavior)
    >>> figure.axes[0].get_ylabel()
    'fraction of choice 1'
    """
    figure = new_figure(7.4, 3.7, figure, width)
    left, right = panels(figure, 2)
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
    stronger = " stronger" if inches_across(figure) >= WIDE else ""
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
    legend_below(figure, left, legend=legend)
    return whole(figure)


def _fractions(axes: Axes, x: np.ndarray, fraction: np.ndarray, n: np.ndarray, c: str) -> None:
    bars = error_bars(fraction, *wilson(fraction, n))
    label = "network (95 % interval)"
    axes.errorbar(x, fraction, bars, color=c, marker="o", linewidth=0.9, capsize=2, label=label)


def _by_strength(record: Psychometric) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pool the two signs: levels, right trials, trials, ideal accuracy."""
    strength = np.round(np.abs(np.asarray(record.signed_coherence)), 5)
    levels, first, place = np.unique(strength, return_index=True, return_inverse=True)
    count = np.asarray(record.num_trials, float)
    right_trials = np.bincount(place, np.asarray(record.accuracy) * count)
    ideal = np.asarray(record.ideal_accuracy)[first]
    return levels, right_trials, np.bincount(place, count), ideal


def _probit_interpolation(fine: np.ndarray, x: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Join fractions by straight lines in probits, exact for an observer in Gauss noise."""
    return ndtr(np.interp(fine, x, ndtri(np.clip(p, 1e-9, 1 - 1e-9))))

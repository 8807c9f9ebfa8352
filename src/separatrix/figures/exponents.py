"""Lyapunov exponents: how they converge, and their spectrum."""

import numpy as np
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import MaxNLocator

from ..analysis import LyapunovSpectrum
from .canvas import Width, new_figure, panels, whole
from .drawing import styled
from .legends import Place, legend_below
from .style import GRAY, cycle

__all__ = ["lyapunov"]

LINES = ("-", "--", "-.", ":")
BESIDE = 0.08
"""Trajectories of one attractor have the same exponents: their lines are broken in different ways,
and their points stand this part of an exponent's place beside one another."""


@styled
def lyapunov(
    spectrum: LyapunovSpectrum,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
    legend: Place = None,
) -> Figure:
    """Draw the largest exponent against the averaging time, and all exponents, largest first.

    Parameters
    ----------
    spectrum
        What `sx.lyapunov_exponents` returned.
    figure, width, legend
        As in `sx.figures`.

    Returns
    -------
    Figure
        Two panels: the largest exponent against the averaging time on the left, all exponents on
        the right. Exponents are per step or per time constant.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> logistic = sx.DiscreteMap(lambda x: 4 * x * (1 - x), size=1)
    >>> method = sx.solvers.TangentQR(steps=200, transient=20)
    >>> spectrum = sx.lyapunov_exponents(logistic, np.array([[0.2]]), method=method)
    >>> figure = sx.figures.lyapunov(spectrum)
    >>> figure.axes[0].get_ylabel()
    'largest exponent (per step)'
    """
    figure = new_figure(7.0, 3.4, figure, width)
    left, right = panels(figure, 2)
    per = "step" if spectrum.system == "map" else "time constant"
    place = 1 + np.arange(spectrum.exponents.shape[1])
    for k in range(len(spectrum)):
        look = {"color": cycle(k), "label": f"trajectory {k}", "linestyle": LINES[k % len(LINES)]}
        left.plot(spectrum.checkpoints, np.asarray(spectrum.history)[k, :, 0], **look)
        # −∞ has no place on the axis
        values = np.where(np.isfinite(spectrum.exponents[k]), spectrum.exponents[k], np.nan)
        error = np.nan_to_num(np.asarray(spectrum.standard_error)[k])
        beside = BESIDE * (k - (len(spectrum) - 1) / 2)
        right.errorbar(
            place + beside, values, yerr=error, marker="o", markersize=4, linewidth=0.8, **look
        )
    for axes in (left, right):
        axes.axhline(0, color=GRAY, linewidth=0.8)
    left.set_xlabel("steps averaged over")
    left.set_ylabel(f"largest exponent (per {per})")
    right.set_xlabel("exponent, in order")
    right.set_ylabel(f"exponent (per {per})")
    right.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend_below(figure, right, legend=legend)
    return whole(figure)

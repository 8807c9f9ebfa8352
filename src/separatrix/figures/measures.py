"""Measures of many networks, beside one another."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure, FigureBase

from .._checked import SOME
from .canvas import Width, new_figure, panels, whole
from .drawing import styled
from .style import BLUE, GRAY

__all__ = ["populations"]

COLUMNS = 3
SPREAD = 0.5
"""How wide the networks of a group lie beside one another, of the room between two groups."""


@styled
def populations(
    measures: Annotated[Mapping[str, Mapping[str, Float[np.ndarray, " network"]]], SOME],
    *,
    figure: FigureBase | None = None,
    width: Width = None,
) -> Figure:
    """Draw one panel for each measure, with a dot for each network and a column for each group.

    A line marks the median of each group.

    Parameters
    ----------
    measures
        For each measure and each group, the values of the networks `(network,)`, such as `{"score":
        {"16 units": …, "32 units": …}}`. Values that are not finite are left out.
    figure, width
        As in `sx.figures`.

    Returns
    -------
    Figure
        A panel for each measure.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> small, large = np.array([0.71, 0.74, 0.69]), np.array([0.81, 0.83, 0.8])
    >>> figure = sx.figures.populations({"score": {"16 units": small, "32 units": large}})
    >>> [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    ['16 units', '32 units']
    """
    groups = max((len(groups) for groups in measures.values()), default=1)
    across = min(COLUMNS, len(measures), max(1, 12 // groups))
    figure = new_figure(2.4 * max(across, 2), 2.4, figure, width)
    drawn = panels(figure, len(measures), across)
    for axes, (name, values) in zip(drawn, measures.items(), strict=True):
        for place, each in enumerate(values.values()):
            finite = np.sort(np.asarray(each, float)[np.isfinite(np.asarray(each, float))])
            if not len(finite):
                continue
            beside = SPREAD * (((np.arange(len(finite)) * 0.618) % 1) - 0.5)
            axes.plot(place + beside, finite, ".", color=BLUE, alpha=0.7, ms=5, mew=0)
            middle = np.median(finite)
            axes.plot([place - SPREAD / 2, place + SPREAD / 2], [middle] * 2, color=GRAY, lw=1.6)
        long = sum(len(group) for group in values) > 8 * max(1, len(values))
        turned = {"rotation": 30, "ha": "right"} if long and len(values) > 2 else {}
        axes.set_xticks(range(len(values)), list(values), **turned)
        axes.set_xlim(-0.6, len(values) - 0.4)
        axes.set_ylabel(name)
    return whole(figure)

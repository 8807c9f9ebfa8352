"""Mechanism recovery: planted mechanisms against what is said of the fits, and their closures."""

from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.patches import Rectangle

from ..recovery import MechanismRecovery
from ..recovery.data import picture
from .canvas import NARROWEST, Width, grow, inches_across, new_figure, whole
from .drawing import styled
from .style import BLUE, GRAY, VERMILLION, ink, letters

__all__ = ["mechanism_recovery"]

PICTURE = 0.9
"""Inches that the picture of a recording is wide and high."""
SPREAD = 0.5
"""How wide the controls of a mechanism lie beside one another, of the room between two of them."""


@styled
def mechanism_recovery(
    recovery: MechanismRecovery,
    *,
    figure: FigureBase | None = None,
    width: Width = None,
) -> Figure:
    """Draw which words the fits of planted mechanisms have, and the closures of these controls.

    Above are a few trials of the recording along its first two principal components, and those of
    the first control of each mechanism that is like the recording. On the left, each row is a
    planted mechanism, and each number counts the controls whose fit has the word of the column. The
    words that are right for a mechanism have a frame. Mechanisms that are not like the recording
    have empty rows. On the right, each dot is the closure of a control, and the line is that of the
    recording.

    Parameters
    ----------
    recovery
        What `sx.mechanism_recovery` returned.
    figure, width
        As in `sx.figures`.

    Returns
    -------
    Figure
        Two panels, below small pictures.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> activity = np.random.default_rng(0).normal(size=(4, 60, 6)).cumsum(1)
    >>> recovery = sx.mechanism_recovery(
    ...     sx.fits.least_squares(), activity, fraction=0.5, mechanisms=["line"], seeds=1)
    >>> figure = sx.figures.mechanism_recovery(recovery)
    >>> figure.axes[-1].get_xlabel()
    'closure (%)'
    """
    height = 0.8 + 0.32 * max(5, len(recovery.mechanisms))
    figure = new_figure(7.4, height, figure, width)
    alike = [str(name) for name in recovery.mechanisms if len(recovery.counted_rows(name))]
    across = min(1 + len(alike), int(inches_across(figure) / PICTURE))
    rows = -(-(1 + len(alike)) // across)
    beside = 2 if inches_across(figure) >= 2 * NARROWEST else 1
    grow(figure, PICTURE * rows + height * (2 - beside))
    above, below = cast(Any, figure).add_gridspec(2, 1, height_ratios=(PICTURE * rows, height))
    small = above.subgridspec(rows, across).subplots(squeeze=False)
    _pictures(small.ravel(), recovery, alike)
    counts, closures = below.subgridspec(2 // beside, beside).subplots().ravel()
    _counts(counts, recovery)
    _closures(closures, recovery)
    return whole(figure)


def _pictures(panels: np.ndarray, recovery: MechanismRecovery, alike: list[str]) -> None:
    shown = [recovery.pictures[recovery.counted_rows(name)[0]] for name in alike]
    for axes in panels:
        axes.set_axis_off()
    titles = ["your recording", *alike]
    for axes, title, trials in zip(
        panels, titles, [picture(recovery.activity), *shown], strict=False
    ):
        color = VERMILLION if title is titles[0] else BLUE
        for trial in trials:
            axes.plot(trial[:, 0], trial[:, 1], color=color, lw=0.6, alpha=0.8)
        axes.set_title(title, fontsize=letters(8.0))
        axes.set_aspect("equal", adjustable="datalim")


def _counts(axes: Axes, recovery: MechanismRecovery) -> None:
    found = recovery.confusion
    most = int(found.counts.max(initial=1))
    for row, column in np.ndindex(found.counts.shape):
        count, corner = int(found.counts[row, column]), (column - 0.5, row - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, color=BLUE, alpha=0.5 * count / most, lw=0))
        if count:
            axes.text(column, row, str(count), ha="center", va="center")
        if found.is_right[row, column]:
            axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=ink(), lw=0.8))
    axes.set_xlim(-0.55, len(found.word) - 0.45)
    axes.set_ylim(len(found.mechanism) - 0.45, -0.55)
    axes.set_yticks(range(len(found.mechanism)), found.mechanism.tolist())
    axes.set_xticks(range(len(found.word)), found.word.tolist(), rotation=30, ha="right")
    axes.set_ylabel("planted")
    axes.set_xlabel("said of the fit")


def _closures(axes: Axes, recovery: MechanismRecovery) -> None:
    for place, name in enumerate(recovery.mechanisms):
        values = 100 * recovery.closure[recovery.counted_rows(name)]
        beside = SPREAD * (((np.arange(len(values)) * 0.618) % 1) - 0.5)
        axes.plot(values, place + beside, ".", color=BLUE, alpha=0.7, ms=5, mew=0)
    if np.isfinite(recovery.recorded_closure):
        axes.axvline(100 * recovery.recorded_closure, color=VERMILLION, lw=1.2)
    axes.axvline(0, color=GRAY, lw=0.6)
    axes.set_ylim(len(recovery.mechanisms) - 0.4, -0.6)
    axes.set_yticks(range(len(recovery.mechanisms)), recovery.mechanisms.tolist())
    axes.set_xlabel("closure (%)")

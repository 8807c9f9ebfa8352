"""Labels beside what they name."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from .style import letters, paper


def label_outward(
    axes: Axes, places: Float[np.ndarray, "label 2"], names: Sequence[str], *, size: float
) -> None:
    """Write names beside points of `size`, on the side away from the middle of all of them."""
    sides = np.sign(np.round(places - places.sum(0) / max(len(places), 1), 9)).astype(int)
    for place, (across, up), name in zip(places, sides, names, strict=True):
        axes.annotate(
            name,
            tuple(place),
            xytext=(0.7 * size * across, 0.7 * size * up),
            textcoords="offset points",
            horizontalalignment=("center", "left", "right")[across],
            verticalalignment=("center", "bottom", "top")[up],
            fontsize=letters(8.0),
            path_effects=[withStroke(linewidth=2.0, foreground=paper())],
            zorder=5,
            annotation_clip=False,
        )

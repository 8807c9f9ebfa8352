"""Draw the README's picture of the flip-flop: `python docs/assets/flipflop_cube.py RUN`.

RUN is a run directory of `separatrix run sussillo2013 --variant gru`.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import separatrix as sx

LOOKS = (
    ("#222222", 60, "stable: a memory"),
    ("#0072B2", 34, "saddle, 1 unstable direction"),
    ("#E69F00", 34, "2"),
    ("#D55E00", 34, "3"),
)


def draw(run: sx.records.Run) -> Figure:
    """Draw fixed points and the arms of saddles along three principal components."""
    activity, points, graph = run.activity, run.fixed_points.fixed, run.fixed_point_graph
    components = activity.pca(3)
    axes_of = np.asarray(components.components)
    place = lambda states: (np.asarray(states) - np.asarray(components.mean)) @ axes_of.T  # noqa: E731
    figure = Figure(figsize=(5.6, 4.0), dpi=130)
    axes = figure.add_axes((0.0, 0.07, 1.0, 0.93), projection="3d")
    for trial in place(activity.states)[:12]:
        axes.plot(*trial.T, color="#AAAAAA", linewidth=0.4, alpha=0.6)
    where, index = place(points.states), np.asarray(points.n_unstable)
    arms = np.isin(graph.source, graph.saddles)
    for path in place(np.asarray(graph.paths)[arms]):
        axes.plot(*path.T, color="#0072B2", linewidth=1.4)
    for number, (color, size, name) in enumerate(LOOKS):
        axes.scatter(
            *where[index == number].T, color=color, s=size, depthshade=False, label=name,
            edgecolor="white", linewidth=0.5,
        )  # fmt: skip
    axes.set_axis_off()
    axes.set_box_aspect(np.ptp(where, axis=0), zoom=1.0)
    axes.set(**{f"{name}lim": (w.min(), w.max()) for name, w in zip("xyz", where.T, strict=True)})
    axes.view_init(elev=20, azim=-34)
    figure.legend(*axes.get_legend_handles_labels(), loc="lower center", ncols=4, frameon=False,
                  fontsize=8)  # fmt: skip
    return figure


if __name__ == "__main__":
    draw(sx.load_run(sys.argv[1])).savefig(Path(__file__).with_name("flipflop-cube.png"))

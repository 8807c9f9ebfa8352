"""What is said below the figures of the state space's geometry."""

from collections import Counter

import numpy as np

from ..activity import Activity
from ..analysis import (
    Analyses,
    Branches,
    FixedPointGraph,
    FixedPoints,
    LyapunovSpectrum,
    NonNormality,
    SelectionVectors,
    SlowCurve,
)
from .captions import no_activity
from .story import Story, count, describe_size

MOST_SPECIAL = 4
"""Kinds of special points, or points outside a view, that a caption lists."""


def slow_curve(story: Story) -> str:
    """Explain the drift along the readout."""
    curve = story.get(SlowCurve)
    per = "step" if curve.system == "map" else "time constant"
    drift = np.abs(np.asarray(curve.drift))
    axis = "readout (the weights of choice 1 minus those of choice 2"
    if curve.axis_name:
        axis = f"{curve.axis_name} (along which states change with it"
    text = (
        "The slowest state on each of "
        f"{len(curve)} slices of the state space across the {axis}; the axis covers 98 % of the "
        "activity), at the input held constant. Above: how far along the "
        f"axis that state moves in one {per}; where it crosses zero lies a fixed point, "
        "where it stays near zero a line attractor. Below: how long the drift would take to travel "
        "the whole range, and the slowest time constant with which states return to the curve. A "
        "line attractor keeps them far apart. "
    )
    if np.isfinite(drift).any():
        text += (
            f"The drift lies between {np.nanmin(drift):.2g} and {np.nanmax(drift):.2g} in size: "
            f"the range takes {_time(np.nanmin(curve.times))} to {_time(np.nanmax(curve.times))} "
            "to travel. "
        )
    crossings = len(curve.crossing_values)
    text += f"{count(crossings, 'isolated fixed point').capitalize()} on the curve"
    if crossings:
        text += f", proved to exist: {int(np.sum(curve.crossing_certified))}"
    text += "."
    repelling = int(np.sum(np.asarray(curve.transverse_time) < 0))
    if repelling:
        text += (
            f" At {repelling} of {len(curve)} slices some direction across the curve grows, so no "
            "time of return is drawn there: it is a slow path, not an attractor."
        )
    jumps = int(np.sum(~np.asarray(curve.joined)[1:]))
    if jumps:
        text += f" The curve jumps {count(jumps, 'time')}, where the slowest state lies elsewhere."
    return text


def branches(story: Story) -> str:
    """Explain the bifurcation diagram."""
    record = story.get(Branches)
    along = "the readout of choice 1 minus that of choice 2"
    height = "the mean over the units" if story.branch_axis is None else along
    text = (
        f"The fixed points, followed while the {record.name} of the stimulus held constant goes "
        f"from {_number(record.parameter_from)} to {_number(record.parameter_to)} (positive: the "
        f"first stimulus is the stronger). Height: {height}. "
        f"{count(record.n_branches, 'branch').replace('branchs', 'branches').capitalize()} of "
        f"{count(len(record), 'point')}; the lines tell the stability (marked where all "
        "pieces of a kind are too short to be seen). "
    )
    points = story.find(FixedPoints)
    if points is not None and not len(points.fixed):
        text += (
            "At the frozen input no fixed point was found: these were found at the strongest "
            "stimulus, and followed from there. "
        )
    kinds = Counter(record.special_names)
    listed = [f"{n} × {kind}" for kind, n in kinds.most_common(MOST_SPECIAL)]
    text += (
        f"Stability changes, or branches meet, at {count(record.n_special, 'special point')}"
        + (f" ({', '.join(listed)})" if listed else "")
        + "."
    )
    if kinds["border collision"]:
        text += (
            " At a border collision a unit begins or ceases to be active, so that the linear "
            "system changes at once, from one piece of the rectified network to the next."
        )
    ends = Counter(
        str(end) for end in np.asarray(record.endings).ravel() if "parameter range" not in str(end)
    )
    if ends:
        text += f" Branches that end early: {'; '.join(f'{n} × {e}' for e, n in ends.items())}."
    if record.remarks:
        text += f" Bounds that were hit: {'; '.join(record.remarks)}."
    return text


def fixed_point_graph(story: Story) -> str:
    """Explain the graph."""
    graph = story.get(FixedPointGraph)
    saddles, rays = len(graph.saddles), len(graph) - 2 * len(graph.saddles)
    text = ""
    if saddles:
        text += (
            "From each saddle with one unstable direction the two arms of its unstable manifold, "
            "followed to where they end, over the activity. Such a saddle stands on the boundary "
            "between the basins of the attractors that its arms lead to. There "
            f"{'is' if saddles == 1 else 'are'} {count(saddles, 'saddle')} of this kind here. "
        )
    if rays:
        text += (
            f"{'Other' if saddles else 'The'} fixed points with several unstable directions "
            "(all that leaves them is no single curve) are left on both sides along "
            f"{rays_each(graph)} of these directions, as a sample: {rays} paths"
            f"{'' if saddles else ', drawn over the activity'}. "
        )
    if saddles and rays:
        text += "Paths have the color of the point that they leave. "
    text += _how_paths_end(graph) + _outside(story, graph)
    if not np.isin(np.asarray(graph.stability), ("stable", "kink")).any():
        text += (
            " None of the fixed points that were found is stable: as far as is known, the network "
            "has no state to rest in at this input."
        )
    return text


def _how_paths_end(graph: FixedPointGraph) -> str:
    """Tell where the paths end; what to call for more, which a reason says, is left out."""
    ends, total = int(np.sum(np.asarray(graph.target) >= 0)), len(graph)
    if ends == total:
        return f"All {total} end at stable fixed points."
    others = Counter(str(r).partition(":")[0] for r in graph.reasons if str(r) != "settled")
    told = "; ".join(f"{n} × {reason}" for reason, n in others.most_common(3))
    return f"{ends or 'None'} of the {total} ends at a stable fixed point ({told})."


def _outside(story: Story, graph: FixedPointGraph) -> str:
    """Tell which points the view leaves out."""
    far = story.outside_view(np.asarray(graph.states, float))
    if not far:
        return ""
    places = np.asarray(graph.places)
    told = "; ".join(f"point {places[k]}: {away}" for k, away in list(far.items())[:MOST_SPECIAL])
    more = f"; and {len(far) - MOST_SPECIAL} more" if len(far) > MOST_SPECIAL else ""
    return (
        f" The view keeps to the activity and leaves out {count(len(far), 'fixed point')} ({told}"
        f"{more}); arrows at the border point there, and paths are cut off."
    )


def rays_each(graph: FixedPointGraph) -> int:
    """Return the largest number of directions along which one saddle was left."""
    several = ~np.isin(np.asarray(graph.source), np.asarray(graph.saddles))
    return int(np.abs(np.asarray(graph.arm)[several]).max(initial=0))


def lyapunov(story: Story) -> str:
    """Explain the exponents."""
    spectrum = story.get(LyapunovSpectrum)
    is_map = spectrum.system == "map"
    text = (
        "How fast neighboring trajectories part or close in at the input held constant, along "
        f"{count(len(spectrum), 'trajectory').replace('trajectorys', 'trajectories')} that "
        "start from the last state of a trial of each answer, over "
        f"{int(spectrum.checkpoints[-1])} steps. Left: how the estimate of the largest exponent "
        "converges; right: the largest ones, with their standard errors. Positive: chaos; zero: "
        f"{'a torus, a line attractor' if is_map else 'a cycle, a line attractor'} or a slow "
        "decay; all negative: the trajectory comes to rest, or to a stable "
        f"{'cycle of whole steps' if is_map else 'state'}. "
    )
    told = [_one(spectrum, k) for k in range(len(spectrum))]
    return text + " ".join(told)


def _one(spectrum: LyapunovSpectrum, k: int) -> str:
    value, error = float(spectrum.exponents[k, 0]), float(spectrum.standard_error[k, 0])
    outcome = str(spectrum.outcome[k])
    if np.isnan(value) or "without bound" in outcome or "may be 0" in outcome:
        return f"Trajectory {k}: {outcome}.".replace("-", "−")
    time = float(spectrum.time_constants[k, 0])
    way = "neighbors part" if value > 0 else "neighbors close in"
    return (
        f"Trajectory {k}: {value:.3g} ± {error:.1g} per "
        f"{'step' if spectrum.system == 'map' else 'time constant'}"
        f" ({way} with a time constant of {_time(abs(time))})."
    ).replace("-", "−")


def modes(story: Story) -> str:
    """Tell of the shown point how far from normal it is, and what its integrating mode selects."""
    normal, selection = story.find(NonNormality), story.find(SelectionVectors)
    text = ""
    if normal is not None and story.index < len(normal):
        index = story.index
        text += (
            f" The modes are not orthogonal: Henrici's departure from normality is "
            f"{float(normal.relative_departure[index]):.2f} of the Jacobian's size (0: normal)"
        )
        gain, rate = float(normal.largest_gain[index]), float(normal.numerical_abscissa[index])
        text += (
            f", and one step amplifies at most {gain:.3g}-fold."
            if normal.system == "map"
            else f", and displacements grow at most at a rate of {rate:.3g} per time constant."
        )
    if selection is None or story.index >= len(selection):
        return text
    inputs = _alignments(story, selection.input_alignment, "channels", "input")
    outputs = _alignments(story, selection.readout_alignment, "responses", "output")
    if inputs:
        text += (
            " Selection vector of the integrating mode (what drives it): |cos| of its angle with "
            f"the input {inputs}"
        )
        text += f"; of the mode itself with the readout {outputs}" if outputs else ""
        text += f". Random directions would have {selection.chance_alignment:.2f}."
    return text


def _alignments(story: Story, values: object, names: str, noun: str) -> str:
    """List the alignments of the shown point's first mode by channel or by output."""
    if values is None:
        return ""
    row = np.asarray(values, float)[story.index, 0]
    told = getattr(story.task, names, None)
    if told is None or len(told) != len(row):
        told = [f"{noun} {k}" for k in range(len(row))]
    return ", ".join(f"{name} {value:.2f}" for name, value in zip(told, row, strict=True))


def no_slow_curve(story: Story) -> str:
    """Say why there is no slow curve."""
    return _why(story, "slow_curve", "slow curve")


def no_branches(story: Story) -> str:
    """Say why nothing was continued."""
    return _why(story, "branches", "branches of fixed points")


def no_lyapunov(story: Story) -> str:
    """Say why there are no exponents."""
    return _why(story, "lyapunov_spectrum", "Lyapunov exponents")


def no_graph(story: Story) -> str:
    """Say why there is no graph, or none to draw."""
    graph = story.find(FixedPointGraph)
    if graph is None:
        return _why(story, "fixed_point_graph", "graph of fixed points")
    if len(graph) and story.has(Activity):
        return no_activity(story)
    points = zip(graph.places, graph.stability, graph.roles, strict=True)
    told = "; ".join(f"point {place} ({kind}): {role}" for place, kind, role in points)
    return f"No fixed point is a saddle with one unstable direction, so none is followed: {told}."


def _why(story: Story, analysis: str, what: str) -> str:
    outcomes = story.find(Analyses)
    reason = outcomes.why_not(analysis) if outcomes is not None else ""
    return f"The run holds no {what}" + (f": {reason}" if reason else ".")


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _time(time: float) -> str:
    if not np.isfinite(time):
        return "an infinite time"
    return describe_size(time)

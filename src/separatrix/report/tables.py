"""The numbers of a run: its summary in one sentence, its key numbers, its points, its origin."""

import numpy as np

from ..analysis import FixedPoints, Linearization
from ..evaluation import Psychometric
from ..figures.modes import slowest_mode
from ..store import Run
from ..training import History
from .captions import which_point
from .story import Story, count, percent

Rows = list[tuple[str, str]]
MAX_POINTS = 40
POINT_COLUMNS = (
    "point",
    "kind",
    "stability",
    "unstable directions",
    "speed",
    "certified",
    "only one within",
    "slowest time constant",
    "hits",
)


def summary(story: Story) -> str:
    """Tell the run in one sentence."""
    network, history = story.run.network, story.find(History)
    parts = ["The run holds no network"]
    if network is not None:
        parts = [f"A {type(network).__name__} of {network.num_units} units"]
    if history is not None:
        parts[0] += f", trained for {count(len(history), 'step')},"
    record = story.find(Psychometric)
    if record is not None:
        parts.append(
            f" answers {percent(record.mean_accuracy)} of trials correctly, where the ideal "
            f"observer answers {percent(record.ideal_mean_accuracy)}"
        )
    if story.find(FixedPoints) is not None:
        kinds = story.kind_counts()
        found = f"{count(kinds['fixed'], 'fixed point')} and {count(kinds['slow'], 'slow point')}"
        parts.append(
            f"{', and ' if record else ' '}has {found} at the input that was held constant"
        )
    if len(parts) == 1:
        parts.append(" was not analysed further")
    return "".join(parts) + "."


def key_numbers(run: Run) -> Rows:
    """Return what one wants to know first of a run, as (what, value)."""
    story = Story(run)
    rows: Rows = []
    record, history = story.find(Psychometric), story.find(History)
    if record is not None:
        trials = int(np.sum(record.num_trials))
        rows.append(("accuracy", f"{percent(record.mean_accuracy)} of {trials} new trials"))
        rows.append(("accuracy of the ideal observer", percent(record.ideal_mean_accuracy)))
    if history is not None and len(history):
        last = {name: values[-1] for name, values in history.epochs().items()}
        rows.append(("training", count(len(history), "step")))
        rows.append(("loss in the last epoch", f"{last['loss']:.4g}"))
        if np.isfinite(last["accuracy"]):
            rows.append(("accuracy in the last epoch", percent(last["accuracy"])))
    if story.find(FixedPoints) is not None:
        rows += _points_numbers(story)
    if story.has(Linearization):
        rows += _mode_numbers(story)
    return rows


def _points_numbers(story: Story) -> Rows:
    points = story.get(FixedPoints)
    rows: Rows = []
    for kind, number in story.kind_counts().items():
        stability = story.stability_counts(kind)
        rows.append((f"{kind} points", f"{number} ({stability})" if number else "none"))
    rows.append(("proved to exist", count(int(np.sum(points.certified)), "point")))
    if points.index_sum is not None:
        rows.append(("index sum (1 when none is missing)", str(points.index_sum)))
    if points.coverage is not None:
        rows.append(("estimated part found", percent(points.coverage)))
    if points.completeness or points.complete:
        proved = "proved complete. " if points.complete else ""
        rows.append(("completeness", proved + points.completeness))
    rejections = story.rejections()
    number = sum(n for _, n in rejections)
    rows.append(("candidates", f"{len(points.outcomes)}, of which {number or 'none'} rejected"))
    rows += [("rejected", f"{n} × {reason}") for reason, n in rejections]
    return rows


def _mode_numbers(story: Story) -> Rows:
    linearization, index = story.get(Linearization), story.index
    mode = slowest_mode(linearization, index)
    time = float(np.asarray(linearization.time_constants)[index, mode])
    return [(f"slowest time constant at {which_point(story)}", format_time(time))]


def point_rows(story: Story) -> list[tuple[str, ...]]:
    """Return a row of `POINT_COLUMNS` for each of the first points, fixed ones first."""
    points = story.find(FixedPoints)
    if points is None:
        return []
    kinds = np.asarray(points.kind)
    order = np.lexsort((np.asarray(points.speed), kinds != "fixed"))[:MAX_POINTS]
    times = _slowest_times(story, points)
    return [
        (
            str(int(points.label[i])),
            str(points.kind[i]),
            str(points.stability[i]),
            str(int(points.n_unstable[i])),
            f"{float(points.speed[i]):.2g}",
            "yes" if points.certified[i] else "no",
            f"{float(points.radius[i]):.2g}" if points.certified[i] else "–",
            times[i],
            str(int(points.hits[i])),
        )
        for i in order
    ]


def _slowest_times(story: Story, points: FixedPoints) -> list[str]:
    """Return the slowest time constant at every point that was linearized."""
    times = ["–"] * len(points)
    for i, place in story.linearized_points.items():
        linearization = story.get(Linearization)
        mode = slowest_mode(linearization, i)
        times[place] = format_time(float(np.asarray(linearization.time_constants)[i, mode]))
    return times


def format_time(time: float) -> str:
    """Write a time constant in ms or s; growth is said in words."""
    if np.isnan(time):
        return "–"
    if np.isinf(time):
        return "infinite"
    size = f"{abs(time):.3g} ms" if abs(time) < 999.5 else f"{abs(time) / 1000:.3g} s"
    return size if time > 0 else f"{size} (growth)"


def origin(story: Story) -> Rows:
    """Return where the run comes from: seed, date, machine, versions."""
    rows = [] if story.seed is None else [("seed", str(story.seed))]
    names = {"created": "date (UTC)"}
    return rows + [(names.get(k, k), text) for k, text in story.run.provenance.items()]

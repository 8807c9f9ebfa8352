"""The numbers of a run: its summary in one sentence, its key numbers, its points, its origin."""

import re

import numpy as np

from ..analysis import (
    Analyses,
    Branches,
    ContinuousAttractor,
    FixedPoints,
    GradedMemory,
    InputGating,
    Linearization,
    LyapunovSpectrum,
)
from ..evaluation import Performance, Psychometric
from ..figures.mode_choice import describe_number, describe_time, integrating_mode, slowest_mode
from ..store import Run
from ..training import History
from .captions import which_point
from .inputs import input_numbers
from .populations import population_numbers
from .story import Story, count, describe_size, percent
from .topology import topology_numbers

Rows = list[tuple[str, str]]
MAX_POINTS = 30
MAX_LETTERS = 60
"""How long a value among the key numbers may be; the whole text is elsewhere in the report."""

POINT_COLUMNS = (
    "point",
    "kind",
    "stability",
    "unstable directions",
    "speed",
    "proved",
    "no other within",
    "slowest time constant",
    "hits",
)


def key_numbers(run: Run) -> Rows:
    """Return what one wants to know first of a run, as (what, value)."""
    story = Story(run)
    rows: Rows = []
    record, history = story.find(Psychometric), story.find(History)
    if record is not None:
        trials = int(np.sum(record.num_trials))
        rows.append(("accuracy", f"{percent(record.mean_accuracy)} of {trials} new trials"))
        rows.append(("accuracy of the ideal observer", percent(record.ideal_mean_accuracy)))
    rows += _integration_numbers(story) + population_numbers(story)
    if history is not None and len(history):
        last = {name: values[-1] for name, values in history.epochs().items()}
        text = f"{count(len(history), 'step')}; last epoch: loss {last['loss']:.3g}"
        if np.isfinite(last["accuracy"]):
            text += f", accuracy {percent(last['accuracy'])}"
        rows.append(("training", text))
    rows += input_numbers(story)
    if story.find(FixedPoints) is not None:
        rows += _points_numbers(story)
    if story.has(Linearization):
        rows += _mode_numbers(story)
    return rows + _geometry_numbers(story) + topology_numbers(story) + _in_vain(story)


def _in_vain(story: Story) -> Rows:
    """Return the analyses that failed, and the studies that were asked for and do not apply."""
    outcomes = story.find(Analyses)
    if outcomes is None:
        return []
    asked = story.run.experiment.get("analysis", {}).get("studies", ())
    told = zip(
        *map(np.asarray, (outcomes.analysis, outcomes.outcome, outcomes.reason)), strict=True
    )
    return [
        (f"{name.replace('_', ' ')} ({outcome})", brief(str(reason)))
        for name, outcome, reason in told
        if outcome == "failed" or (outcome == "skipped" and name in asked)
    ]


def _integration_numbers(story: Story) -> Rows:
    """Return what the studies of behavior, of gating and of memories found."""
    rows: Rows = []
    scored, verdict = story.find(Performance), story.find(ContinuousAttractor)
    gating, memory = story.find(InputGating), story.find(GradedMemory)
    if scored is not None:
        rows.append(("score", f"{percent(scored.mean_score)} of {scored.total_trials} new trials"))
        if np.isfinite(scored.ideal_mean_score):
            rows.append(("score of the ideal observer", percent(scored.ideal_mean_score)))
        if np.isfinite(scored.chance):
            rows.append(("score without the stimuli", percent(scored.chance)))
        if np.isfinite(scored.mean_variance_explained):
            rows.append(("variance explained", percent(scored.mean_variance_explained)))
    if verdict is not None:
        text = f"{verdict.verdict}, over {verdict.duration:.4g} ms"
        rows.append(("states along the line, left alone", text))
    if gating is not None:
        relevant, ratio = gating.sources[gating.relevant], gating.median_ratio
        rows.append(("selection vector", f"{ratio:.3g} times nearer to {relevant}, which counts"))
    if memory is not None:
        order, told = (float(np.asarray(row)[-1]) for row in (memory.order, memory.decoded))
        text = f"Kendall's τ {order:+.2f}, {percent(told)} told apart"
        text += f" (guessing: {percent(memory.chance)})"
        rows.append(("order of the values held", text.replace("-", "−")))
    return rows


def _points_numbers(story: Story) -> Rows:
    points = story.get(FixedPoints)
    rows: Rows = []
    for kind, number in story.kind_counts().items():
        stability = story.stability_counts(kind)
        rows.append((f"{kind} points", f"{number} ({stability})" if number else "none"))
        unstable = story.unstable_counts(kind)
        if kind == "fixed" and max(unstable, default=0) > 1:
            told = ", ".join(f"{n} × {k if k >= 0 else 'unknown'}" for k, n in unstable.items())
            rows.append(("unstable directions of fixed points", told))
    rows.append(("fixed points proved to exist", str(story.proved("fixed"))))
    rows.append(("slow points proved not to be fixed", str(story.proved("slow"))))
    rows.append(("are fixed points missing?", completeness(points)))
    rejections = story.rejections()
    number = sum(n for _, n in rejections)
    rows.append(("candidates", f"{len(points.outcomes)}, of which {number or 'none'} rejected"))
    rows += [("rejected", brief(f"{n} × {reason}")) for reason, n in rejections]
    return rows


def completeness(points: FixedPoints) -> str:
    """Say on one line what is known of fixed points that were not found."""
    if points.complete:
        return "complete (proved)"
    known = []
    if points.index_sum is not None:
        known.append(f"index sum {points.index_sum}")
    if points.coverage is not None:
        known.append(f"coverage {points.coverage:.2f}")
    if points.index_sum not in (None, 1):
        return f"yes: {', '.join(known)}"
    if points.index_sum == 1:
        known[0] += " (consistent with a complete set, no proof)"
    if known:
        return f"not known: {', '.join(known)}"
    return brief(f"not known: {points.completeness or 'not examined'}")


def _mode_numbers(story: Story) -> Rows:
    linearization, index = story.get(Linearization), story.index
    mode = slowest_mode(linearization, index)
    time = float(np.asarray(linearization.time_constants)[index, mode])
    is_map = linearization.system == "map"
    nearest = "|μ| nearest 1" if is_map else "Re λ nearest 0"
    kept = integrating_mode(linearization, index)
    value = describe_number(complex(np.asarray(linearization.eigenvalues)[index, kept]))
    its_time = describe_time(float(np.asarray(linearization.time_constants)[index, kept]))
    return [
        ("point of the linearization", which_point(story).removeprefix("point ")),
        (f"slowest time constant ({nearest})", format_time(time)),
        (f"integrating mode (nearest {1 if is_map else 0})", f"{value}, {its_time}"),
    ]


def _geometry_numbers(story: Story) -> Rows:
    branches, spectrum = story.find(Branches), story.find(LyapunovSpectrum)
    rows: Rows = []
    if branches is not None:
        number = f"{branches.n_branches} {'branch' if branches.n_branches == 1 else 'branches'}"
        special = count(branches.n_special, "special point")
        rows.append((f"branches in {branches.name}", brief(f"{number}, {special}")))
    if spectrum is not None and len(spectrum):
        rows.append(("largest Lyapunov exponent", _largest_exponent(spectrum)))
    return rows


def _largest_exponent(spectrum: LyapunovSpectrum) -> str:
    """Tell the largest exponent of all trajectories, and no time constant where it may be 0."""
    largest = np.nan_to_num(np.asarray(spectrum.exponents)[:, 0], nan=-np.inf)
    k = int(largest.argmax())
    if np.isnan(np.asarray(spectrum.exponents)[k, 0]):
        return brief(str(spectrum.outcome[k]))
    error = float(np.asarray(spectrum.standard_error)[k, 0])
    per = "step" if spectrum.system == "map" else "time constant"
    text = f"{largest[k]:.3g} ± {error:.1g} per {per}".replace("-", "−")
    if "may be 0" in str(spectrum.outcome[k]):
        return f"{text}, may be 0"
    return f"{text}, {format_time(float(np.asarray(spectrum.time_constants)[k, 0]))}"


def brief(text: str) -> str:
    """Cut a text that is too long for one line after its first clause, or else after a word."""
    if len(text) <= MAX_LETTERS:
        return text
    clause = re.split(r"[;:.](?:\s|$)", text, maxsplit=1)[0]
    if len(clause) <= MAX_LETTERS:
        return clause
    return text[: MAX_LETTERS - 2].rsplit(" ", 1)[0] + " …"


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
            _unstable(points, int(i)),
            f"{float(points.speed[i]):.2g}",
            "yes" if points.certified[i] else "no",
            f"{float(points.radius[i]):.2g}" if points.certified[i] else "–",
            times[i],
            str(int(points.hits[i])),
        )
        for i in order
    ]


def _unstable(points: FixedPoints, i: int) -> str:
    number = int(points.n_unstable[i])
    if number < 0:
        return "unknown"
    return f"{number} (proved)" if points.n_unstable_certified[i] else str(number)


def _slowest_times(story: Story, points: FixedPoints) -> list[str]:
    """Return the slowest time constant at every point that was linearized."""
    times = ["–"] * len(points)
    for i, place in story.linearized_points.items():
        linearization = story.get(Linearization)
        mode = slowest_mode(linearization, i)
        times[place] = format_time(float(np.asarray(linearization.time_constants)[i, mode]))
    return times


def format_time(time: float) -> str:
    """Write a time constant in ms or s, and whether it is of decay or of growth."""
    if np.isnan(time):
        return "–"
    if np.isinf(time):
        return "infinite"
    return f"{describe_size(abs(time))} ({'growth' if time < 0 else 'decay'})"


def origin(story: Story) -> Rows:
    """Return where the run comes from: seed, date, machine, versions."""
    rows = [] if story.seed is None else [("seed", str(story.seed))]
    names = {"created": "date (UTC)"}
    return rows + [(names.get(k, k), text) for k, text in story.run.provenance.items()]

"""Points, ends and basins in each period of a trial, at its input."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.random as jr
import numpy as np
import scipy
from jaxtyping import Bool, Float, Int, Shaped

from .._checked import Count, checked
from .._types import GivenKey, InvalidInputError
from .._watch import Report, quiet, report_progress, watching
from ..activity import simulate
from ..analysis import FixedPoints, Verdict, find_fixed_points, verdict
from ..analysis.following.end import What
from ..analysis.projections import widest
from ..analysis.verdicts.decoding import decoded
from ..analysis.verdicts.ending import are
from ..analysis.verdicts.sentences import in_a_period
from ..networks import AbstractNetwork
from ..systems import AbstractSystem
from ..tasks import AbstractTask, FlipFlop, Trials
from ..tasks.task import during, without_noise
from .periods_record import TrialPeriods
from .pulses import Pulses, no_pulses, pulses_of
from .readout import largest_of, last_of, outputs_of, signs_of

CANDIDATES = 256
"""States of a period, at most, from which its points are looked for."""
MOST_GROUPS = 8
"""Of more groups of trials the most frequent are averaged."""
_DURING = "moved", "slowed", "order"
"""What a row says of the states during a period, beside the labels."""
LEAST_EXPLAINED = 0.3
"""Part of the variance of the states that the averages have to explain to tell anything."""
SAME = 1e-6
"""Inputs of trials, or points, that differ by less are one."""
_FIXATION = ("fixate", "fixation")
"""Names of outputs that are no choice: of the tasks here, and of NeuroGym."""


@dataclasses.dataclass(frozen=True, eq=False)
class Period:
    """A period of trials that are known: when it is, and the input that is held constant."""

    name: str
    within: Bool[np.ndarray, "trial time"]
    input: Float[np.ndarray, " channel"]
    words: str
    differs: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Watched:
    """Trials without noise: the states after each step, and what was chosen."""

    states: Float[np.ndarray, "trial time unit"]
    dt: float
    conditions: Mapping[str, Shaped[np.ndarray, " trial"]]
    group: Shaped[np.ndarray, " trial"]
    choice: Int[np.ndarray, " trial"]
    responses: tuple[str, ...]
    choose: Callable[[np.ndarray], Int[np.ndarray, " state"]] | None = None
    """The choice that is read out of states `(state, unit)`; −1 where outputs tie."""


@checked
def trial_periods(
    network: AbstractNetwork,
    task: AbstractTask,
    *,
    num_trials: Count = 100,
    key: GivenKey | None = None,
    points: Mapping[str, FixedPoints] | None = None,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> TrialPeriods:
    r"""Analyze a network period by period, with the input of each period held constant.

    For each period, the input is held at its mean over the period (`task.period_input`), and the
    fixed and slow points of the resulting system are found. Then `verdict` lets the system run on
    at this input, from the state of each trial at the end of the period. It says what holds the
    states for as long as the period lasts, and where each state ends. This shows in which basin
    each trial is.

    If the outputs compete for one answer, the stable point where a trial ends tells a choice: the
    largest output at this point, apart from fixation. This choice is compared with the choice that
    the network makes in the trial. If the two largest of these outputs differ by at most 1e−9 (or
    by 1e−9 of the largest |output|, if that is above 1), there is no choice.

    The memories of a `FlipFlop` are its stable points. From each of them, a pulse of each sign on
    each channel is given, and the state is followed to the memory where it ends.

    Parameters
    ----------
    network, task
        A trained network and its task. The trials are drawn without noise.
    num_trials
        How many trials are drawn.
    key
        A JAX random key for the trials. None means `jax.random.key(0)`.
    points
        Points that are already known, by the name of the period whose input was frozen. For these
        periods no search is made.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`.

    Returns
    -------
    TrialPeriods
        A row for each period.

    Raises
    ------
    InvalidInputError
        If `network` is not a network, if `task` is not a task, or if they differ in their numbers
        of input channels or of outputs, or in the time step. If `points` names a period that the
        task does not have.

    References
    ----------
    Sussillo & Barak (2013) Neural Comput. 25:626; Yang & Wang (2020) Neuron 107:1048.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> net = sx.networks.CTRNN(3, 16, 3, dt=task.dt, key=jax.random.key(0))
    >>> periods = sx.trial_periods(net, task, num_trials=20)
    >>> periods.input_words.tolist()
    ['fixation 1, both stimuli 0', 'fixation 1, both stimuli 0.5', 'all inputs 0']
    """
    known = {} if points is None else points
    drawn = without_noise(task.varied())
    trials = drawn.trials(num_trials, key=jr.key(0) if key is None else key)
    watched, periods = _watched(network, task, trials), _periods(drawn, trials)
    names = [period.name for period in periods]
    if others := [name for name in known if name not in names]:
        raise InvalidInputError(
            f"points has {others[0]!r:.60}; the periods of the task are {', '.join(names)}."
        )
    with watching("trial periods", max_seconds, progress):
        rows = found_in(network.at_input, watched, periods, known=known)
        pulses = no_pulses()
        if isinstance(task, FlipFlop):
            pulses = pulses_of(network, task, rows[0].points)
    return record(watched, periods, rows, pulses)


def found_in(
    at_input: Callable[[np.ndarray], AbstractSystem],
    watched: Watched,
    periods: Sequence[Period],
    *,
    known: Mapping[str, FixedPoints],
) -> list["Found"]:
    """Return what is found in each period of trials that were watched."""
    rows = []
    for number, period in enumerate(periods, start=1):
        rows.append(_one(at_input(period.input), watched, period, known.get(period.name)))
        report_progress(f"period {period.name}", number, len(periods))
    return rows


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """Points, verdict and ends of one period."""

    system: AbstractSystem
    points: FixedPoints
    held: Verdict
    trials: Int[np.ndarray, " shown"]
    ended: Int[np.ndarray, " shown"]
    """The row of the verdict's end of each of these trials; −1: it was not followed."""
    begin: float
    duration: float
    moved: float
    slowed: float
    order: float
    labels: tuple[dict[str, Any], ...]


def _one(
    system: AbstractSystem, watched: Watched, period: Period, known: FixedPoints | None
) -> Found:
    """Find points, and follow the states with which trials close the period."""
    shown = period.within.any(1)
    first = period.within.argmax(1)
    last = period.within.shape[1] - 1 - period.within[:, ::-1].argmax(1)
    rows = np.flatnonzero(shown)
    closing, lasts = watched.states[rows, last[rows]], float(np.median((last - first + 1)[shown]))
    together = bool((np.ptp(closing, axis=0) == 0).all())  # one state tells of all
    with quiet():
        points = known
        if points is None:
            points = find_fixed_points(system, _candidates(watched, period))
        states = closing[:3] if together else closing
        held = verdict(
            system,
            states,
            duration=watched.dt * lasts,
            axis=None if together else widest(closing),
            axis_name="their first principal component",
            points=points,
        )
        if len(further := _unlisted(held, points)):
            known_states = np.concatenate([np.asarray(points.states, float), further])
            points = find_fixed_points(system, known_states)
    ended = np.full(len(rows), -1)
    ended[np.asarray(held.followed)] = np.asarray(held.ended)
    if together:
        ended[:] = ended[0]
        held = dataclasses.replace(held, low=held.shares, high=held.shares)
    return Found(
        system,
        points,
        dataclasses.replace(held, input=""),  # which the row says in words
        rows,
        ended,
        watched.dt * float(first[shown].mean()),
        watched.dt * lasts,
        *_during(watched, rows, np.maximum(first[rows] - 1, 0), last[rows]),
    )


def _during(
    watched: Watched, rows: Int[np.ndarray, " shown"], before: np.ndarray, last: np.ndarray
) -> tuple[float, float, float, tuple[dict[str, Any], ...]]:
    """Return how far states move in a period, how slow they are then, their order, and labels."""
    opening, closing = watched.states[rows, before], watched.states[rows, last]
    known = np.isfinite(watched.states).all(2)
    extent = _extent(watched.states[known])
    moved = float(np.median(np.linalg.norm(closing - opening, axis=1))) / max(extent, 1e-300)
    axis = widest(closing)
    ends = opening @ axis, closing @ axis
    tells = min(map(np.ptp, ends)) > SAME * extent
    order = float(scipy.stats.spearmanr(*ends).statistic) if tells else float("nan")
    conditions = {name: np.asarray(of)[rows] for name, of in watched.conditions.items()}
    made = {"choice made": watched.choice[rows].astype(str)} if (watched.choice >= 0).any() else {}
    told = []
    for name, of in (conditions | made).items():
        labels = {**conditions, name: of}  # what was chosen is no condition of the trial
        kind, first, _ = decoded(opening, closing, labels, name)
        _, value, chance = decoded(closing, closing, labels, name)
        if np.isfinite([first, value]).all():
            told.append(
                {"label": name, "as": kind, "first": first, "value": value, "chance": chance}
            )
    return moved, _slowed(watched.states[rows], last), order, tuple(told)


def _slowed(states: Float[np.ndarray, "shown time unit"], last: Int[np.ndarray, " shown"]) -> float:
    """Return how many times as long as the last steps those were when they were the longest.

    Each is the median over the trials: of single trials, the longest would be one of their noise.
    """
    steps = np.linalg.norm(np.diff(states, axis=1, prepend=states[:, :1]), axis=2)
    steps[np.arange(steps.shape[1]) > last[:, None]] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        at_end = np.median(steps[np.arange(len(steps)), last])
        return float(np.median(steps, axis=0).max() / at_end)


def _unlisted(held: Verdict, points: FixedPoints) -> Float[np.ndarray, "state unit"]:
    """Return stable points at which states end and that the search has not found."""
    ends = np.asarray(held.end_states, float)[are(held, What.POINT)]
    if not len(points) or not len(ends):
        return ends
    away = scipy.spatial.distance.cdist(ends, np.asarray(points.states, float)).min(1)
    return ends[away > SAME * np.maximum(1.0, np.linalg.norm(ends, axis=1))]


def _candidates(watched: Watched, period: Period) -> Float[np.ndarray, "state unit"]:
    """Return states of the period, and as many of the whole trials, evenly chosen."""
    here, every = watched.states[period.within], watched.states.reshape(-1, watched.states.shape[2])
    return np.concatenate([_evenly(here, CANDIDATES // 2), _evenly(every, CANDIDATES // 2)])


def _extent(states: Float[np.ndarray, "state unit"]) -> float:
    """Return the largest distance that is found by going from one far state to the next."""
    here, extent = states.mean(0), -1.0
    while (away := np.linalg.norm(states - here, axis=1)).max() > extent:
        here, extent = states[away.argmax()], float(away.max())
    return extent


def _evenly(states: np.ndarray, most: int) -> np.ndarray:
    return states[np.linspace(0, len(states) - 1, min(most, len(states))).round().astype(int)]


def _predicted(row: Found, watched: Watched) -> Int[np.ndarray, " shown"]:
    """Return the choice that is read out at the end of each trial, −1 where there is none."""
    ends = np.asarray(row.held.end_states, float)
    chosen = np.full(len(ends), -1)
    there = are(row.held, What.POINT) & np.isfinite(ends).all(1)
    if watched.choose is not None and there.any():
        chosen[there] = watched.choose(ends[there])
    return np.where(row.ended >= 0, chosen[row.ended], -1)


def record(
    watched: Watched, periods: Sequence[Period], rows: Sequence[Found], pulses: Pulses
) -> TrialPeriods:
    """Lay the rows of all periods one after the other."""
    trials, units = watched.states.shape[0], watched.states.shape[2]
    ended, predicted = (np.full((len(rows), trials), -1) for _ in range(2))
    starts = np.cumsum([0, *(len(row.held.ends) for row in rows)])
    for k, row in enumerate(rows):
        ended[k, row.trials] = np.where(row.ended >= 0, starts[k] + row.ended, -1)
        predicted[k, row.trials] = _predicted(row, watched)
    averages, names, of_period = _averages(watched, periods)

    def joined(values: list[np.ndarray], *shape: int) -> np.ndarray:
        return np.concatenate([np.zeros((0, *shape)), *values]) if shape else np.concatenate(values)

    return TrialPeriods(
        period=np.array([period.name for period in periods]),
        input=np.stack([period.input for period in periods]),
        input_words=np.array([period.words for period in periods]),
        input_differs=np.array([period.differs for period in periods]),
        begin=np.array([row.begin for row in rows]),
        duration=np.array([row.duration for row in rows]),
        num_trials=np.array([len(row.trials) for row in rows]),
        held=np.array([row.held.held for row in rows]),
        sentences=np.array(
            [in_a_period(row.held, row.moved, row.slowed, row.order, row.labels) for row in rows]
        ),
        **{name: np.array([getattr(row, name) for row in rows]) for name in _DURING},
        decoded=np.array([json.dumps(row.labels) for row in rows]),
        missing=np.array([row.points.known_of_missing for row in rows]),
        agrees=np.array(
            [
                -1 if watched.choose is None else int((p == watched.choice)[p >= 0].sum())
                for p in predicted
            ]
        ),
        predicts=(predicted >= 0).sum(1),
        point_period=np.repeat(np.arange(len(rows)), [len(row.points) for row in rows]),
        point_states=joined([np.asarray(row.points.states, float) for row in rows], units),
        point_kind=joined([np.asarray(row.points.kind, str) for row in rows]),
        point_stability=joined([np.asarray(row.points.stability, str) for row in rows]),
        point_n_unstable=joined([np.asarray(row.points.n_unstable, int) for row in rows]),
        point_certified=joined([np.asarray(row.points.certified, bool) for row in rows]),
        end_period=np.repeat(np.arange(len(rows)), np.diff(starts)),
        end_name=joined([np.asarray(row.held.ends, str) for row in rows]),
        end_states=joined([np.asarray(row.held.end_states, float) for row in rows], units),
        end_share=joined([np.asarray(row.held.shares, float) for row in rows]),
        end_low=joined([np.asarray(row.held.low, float) for row in rows]),
        end_high=joined([np.asarray(row.held.high, float) for row in rows]),
        end_known=joined([np.asarray(row.held.known, str) for row in rows]),
        ended=ended,
        predicted=predicted,
        choice=watched.choice,
        group=watched.group,
        conditions=dict(watched.conditions),
        responses=np.array(watched.responses, dtype=str),
        averages=averages,
        average_names=names,
        average_period=of_period,
        system=rows[0].system.kind,
        time_unit=rows[0].system.time_unit,
        **pulses,
    )


def _averages(
    watched: Watched, periods: Sequence[Period]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean states of the groups, their names, and the period of each step.

    A step of a group is in the period that most of its trials are in. There are none where they
    say little of single trials, as of pulses at random times.
    """
    names, numbers = np.unique(watched.group, return_counts=True)
    names = np.sort(names[np.argsort(-numbers, kind="stable")][:MOST_GROUPS])
    means, of_period = [], []
    inside = np.stack([period.within for period in periods])
    for name in names:
        here = watched.group == name
        means.append(watched.states[here].mean(0))
        share = inside[:, here].mean(1)
        of_period.append(np.where(share.max(0) > 0, share.argmax(0), -1))
    middle = np.nanmean(watched.states, axis=(0, 1))
    around = np.stack(means) - middle
    explained = np.nanmean(np.square(around)) / np.nanmean(np.square(watched.states - middle))
    if not explained >= LEAST_EXPLAINED:
        return np.stack(means)[:0], names[:0], np.stack(of_period)[:0]
    return np.stack(means), names, np.stack(of_period)


def _periods(task: AbstractTask, trials: Trials) -> list[Period]:
    """Return the periods that some trial has, with their mean inputs."""
    inputs = np.asarray(trials.inputs, float)
    periods = []
    for name in task.periods:
        within = during(task, trials, name)
        if within.any():
            value = task.period_input(name)
            differs = bool(np.ptp(inputs[within], axis=0).max() > SAME)
            periods.append(Period(name, within, value, task.describe_input(value), differs))
    return periods


def _watched(network: AbstractNetwork, task: AbstractTask, trials: Trials) -> Watched:
    """Simulate trials, and tell what the network chose in each."""
    activity = simulate(network, trials)
    if activity.outputs.shape[-1] != task.num_outputs:
        raise InvalidInputError(
            f"the network has {activity.outputs.shape[-1]} outputs, the task {task.num_outputs}."
        )
    states = np.asarray(activity.states, float)
    in_classes, responses = task.answers_in_classes, task.responses
    choice = np.asarray(activity.choice, int) if in_classes else np.full(len(states), -1)
    outputs = last_of(np.asarray(activity.outputs), np.asarray(trials.inside))
    group = np.array([responses[k] for k in choice]) if in_classes else signs_of(outputs)
    answers = np.array([name not in _FIXATION for name in responses])
    if answers.sum() < 2:  # to go or to fixate: fixating is an answer, too
        answers[:] = True
    return Watched(
        states=states,
        dt=float(task.dt),
        conditions={name: np.asarray(value) for name, value in trials.conditions.items()},
        group=group,
        choice=choice,
        responses=responses,
        choose=_chooser(network, answers) if in_classes and len(answers) > 1 else None,
    )


def _chooser(
    network: AbstractNetwork, answers: Bool[np.ndarray, " output"]
) -> Callable[[np.ndarray], Int[np.ndarray, " state"]]:
    """Return what reads the choice out of states: the largest output that is an answer.

    Outputs that tie read out no choice, −1.
    """

    def choose(states: np.ndarray) -> Int[np.ndarray, " state"]:
        return largest_of(np.where(answers, outputs_of(network, states), -np.inf))

    return choose

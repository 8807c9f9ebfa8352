"""The page of a network or a system of a user's own, by one call."""

import functools
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from .._checked import Positive, checked
from .._files import as_path
from .._records import Record
from .._types import Array, InvalidInputError, counted
from .._watch import Report, quiet, report_progress, watching
from ..analysis import (
    FixedPoints,
    FrozenInputs,
    find_fixed_points,
    fixed_point_graph,
    fixed_point_topology,
)
from ..evaluation.pulses import no_pulses
from ..evaluation.trial_periods import found_in, record
from ..networks import AbstractNetwork
from ..plan import Plan, SkippedError, Stage, check_linked
from ..recovery import MechanismRecovery
from ..store import Run, provenance, save_records
from ..systems import AbstractSystem
from .given import Given, as_given
from .page import write_report

CANDIDATES = 512
"""States, evenly chosen, from which points are looked for."""
MOST_LINEARIZED = 64
MOST_LINKED = 64
"""Fixed points of which the links are followed."""
MOST_OUTPUTS = 8
"""Of more outputs the signs do not name stable points: of a layer without a readout, say."""


@checked
def make_report(
    system_or_network: AbstractSystem | AbstractNetwork,
    states: Float[Array, "..."],
    path: str | Path = "report.html",
    *,
    inputs: Float[Array, "..."] | None = None,
    outputs: Float[Array, "..."] | None = None,
    readout: Float[Array, "output unit"] | Callable[[np.ndarray], Array] | None = None,
    labels: Array | Mapping[str, Array] | None = None,
    periods: Mapping[str, Any] | None = None,
    duration: Positive | None = None,
    dt: Positive | None = None,
    question: str | Mapping[str, str] | None = None,
    recovery: MechanismRecovery | None = None,
    title: str | None = None,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> Run:
    """Analyze a network or a system of your own, and write the results to one HTML page.

    A system and states are enough. Each further argument adds sections to the page. The page begins
    with the verdict: what holds the states, and where they end. A table lists every statement of
    the page and how it is known. A file beside the page, with the ending `.nc`, holds the records
    from which the pictures are drawn.

    Parameters
    ----------
    system_or_network
        A network, or a system with a frozen input: a `DiscreteMap` (such as `torch_map` returns) or
        a `Flow`.
    states
        States that the system passes through: `(trial, time, unit)` with NaN after the end of a
        trial, or `(state, unit)` without time.
    path
        The path of the page. Existing files are replaced.
    inputs, outputs
        The input and the output at each state: `(trial, time, channel)` and
        `(trial, time, output)`, or `(state, …)` if states have no time.
    readout
        Weights `(output, unit)`, or a function that takes states `(state, unit)` and returns
        outputs. With None, a network is read out by its own readout. For a system, None means that
        no readout is known. Then the page does not name stable points by their outputs, and tells
        no choices.
    labels
        What distinguishes the trials: a number or a text for each trial, or a dictionary from names
        to such columns. Suppose that the largest output at the end of a trial tells its label, in
        at least 90 % of the trials. Then the labels are taken as the choices of the network.
    periods
        A dictionary from the name of each period to its steps: `(start, stop)` or a slice. For each
        period, the input is held constant at the mean of `inputs` over its steps. To choose the
        input, give a pair of steps and input, such as `((0, 50), [1.0, 0.0])`.
    duration
        How long states must be held (in ms, if dt or tau is in ms). None means the length of the
        period that `question` names. If it names none, None means the length of the longest period,
        or of a trial if there are no periods. If states have no time axis, None means that the page
        says only where the states end.
    dt
        The time between two states of a trial, if the system is a flow. For a map, leave it out:
        the time between two states is one step.
    question
        What you or a paper claim to hold the states, such as "line", "ring" or "points"; the page
        compares it with the verdict. You may also give a dictionary with the keys `claim` (such a
        word), `paper` and `period`. The network is analyzed at the input of `period`; without it,
        at the input of the longest period. Without periods, a system keeps its frozen input, and a
        network gets the mean of `inputs`, or 0.
    recovery
        What `sx.mechanism_recovery` returned for the recording to which the system was fitted. The
        page then says whether what it finds is supported of the circuit. `states` must be those of
        the same trials and times.
    title
        The title of the page.
    max_seconds, progress
        The time limit, and whether progress is shown, as in `find_fixed_points`.

    Returns
    -------
    Run
        The records, as attributes: `.fixed_points`, `.verdict`, `.trial_periods` …. Its `.path` is
        the path of the page.

    Raises
    ------
    InvalidInputError
        If the shapes of the arguments do not fit together, if `path` is not an .html file in an
        existing folder, or if a file cannot be written.

    Examples
    --------
    >>> import jax, numpy as np, tempfile, separatrix as sx
    >>> W = np.array([[0.0, -2.0], [-2.0, 0.0]])
    >>> pair = sx.Flow(lambda r: -r + jax.nn.sigmoid(W @ r + 1), size=2, tau=10.0)
    >>> states = np.random.default_rng(0).uniform(0, 1, (60, 2))
    >>> page = tempfile.mkdtemp() + "/report.html"
    >>> run = sx.make_report(pair, states, page, duration=200.0)
    >>> run.verdict.held
    'point'
    """
    path = as_path(path)
    if path.suffix not in (".html", ".htm") or path.is_dir() or not path.parent.is_dir():
        raise InvalidInputError(
            f"path must name an .html file in an existing folder, got {str(path)!r}."
        )
    given = as_given(
        system_or_network,
        states,
        inputs=inputs,
        outputs=outputs,
        readout=readout,
        labels=labels,
        periods=periods,
        duration=duration,
        dt=dt,
        question=question,
    )
    with watching("report", max_seconds, progress), quiet():
        records = _records(given)
        if recovery is not None:
            judgment = recovery.judge(given.system, np.asarray(given.activity.states))
            records |= {"mechanism_recovery": recovery, "judgment": judgment}
    name = title or _title(given)
    about: dict[str, Any] = {"name": name, "analysis": {"question": dict(given.question)}}
    if given.compared is not None:
        about["compared"] = given.compared
    origin = provenance()
    run = Run(path, about, given.network, records, origin)
    save_records(records, path.with_suffix(".nc"), origin=origin)
    write_report(run, path)
    return run


def _title(given: Given) -> str:
    if given.network is not None:
        return f"{type(given.network).__name__} of {counted(given.network.num_units, 'unit')}"
    return f"A {given.system.kind} of {counted(given.system.size, 'unit')}"


def _records(given: Given) -> dict[str, Record]:
    """Return every result, by name; what fails or has nothing to work on says so in a line."""
    flat, system = given.activity.flat_states, given.system
    inputs = FrozenInputs(
        names=np.array(["input" if given.main is None else given.main.name]),
        values=np.zeros((1, 0)) if system.input is None else np.reshape(system.input, (1, -1)),
        words=np.array([given.words]),
    )
    chosen = np.linspace(0, len(flat) - 1, min(CANDIDATES, len(flat))).round().astype(int)
    search = functools.partial(find_fixed_points, candidates=flat[np.unique(chosen)])
    plan = Plan(system, inputs, given.activity, search, given.slopes, MOST_LINEARIZED)
    stages, done = functools.partial(_stages, given, plan), itertools.count()
    return plan.records(stages, lambda stage: report_progress(stage, next(done), 6))


def _stages(given: Given, plan: Plan, points: FixedPoints) -> dict[str, Stage | None]:
    """Return what is asked beyond the points, by name."""

    def graph() -> Record:
        check_linked(points, MOST_LINKED)
        return fixed_point_graph(given.system, points)

    def topology() -> Record:
        check_linked(points, MOST_LINKED)
        outputs = None if given.readout is None else given.readout(np.asarray(points.states))
        if outputs is not None and outputs.shape[1] > MOST_OUTPUTS:
            outputs = None
        return fixed_point_topology(given.system, points, outputs)

    def periods() -> Record:
        if not given.periods:
            raise SkippedError("no periods were given (periods=).")
        known = {} if given.main is None else {given.main.name: points}
        rows = found_in(given.at_input, given.watched, given.periods, known=known)
        return record(given.watched, given.periods, rows, no_pulses())

    def held() -> Record:
        states, main = given.closing, given.main
        labels = given.activity.conditions if len(states) == len(given.activity) else None
        return plan.held(
            points,
            states,
            _axis(given, states),
            None if main is None else main.name,
            duration=given.duration,
            labels=labels,
        )

    return {
        "fixed_point_graph": graph,
        "topology": topology,
        "trial_periods": periods,
        "verdict": held,
    }


def _axis(given: Given, states: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Return the axis of one output, or of the difference of two, where there is one."""
    if given.slopes is None:
        return None
    weights = given.slopes(states[:64]).mean(0)
    axis = weights[0] if len(weights) == 1 else weights[0] - weights[-1]
    if len(weights) not in (1, 2) or not axis.any():
        return None
    return axis, "the output" if len(weights) == 1 else "output 1 − output 2"

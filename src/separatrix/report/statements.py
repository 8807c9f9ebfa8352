"""The statements of a page, each with how it is known and the call that repeats it."""

import dataclasses
from collections import Counter
from collections.abc import Iterator

import numpy as np

from .._types import counted
from ..analysis.boundaries.fractions import wilson
from ..analysis.verdicts import Verdict
from ..analysis.verdicts.claims import Held, Kind, Known
from ..analysis.verdicts.sentences import parts, span
from ..evaluation import TrialPeriods
from ..store import Run
from .points import ends_not_found, known_of_missing, relative, usual_speed
from .text_filters import duration, percent

BEHAVIOR, POINTS, DYNAMICS = "Behavior", "Points", "Dynamics"
GROUPS = (BEHAVIOR, POINTS, DYNAMICS)
MADE = "sx.make_report(…, periods=…)"


@dataclasses.dataclass(frozen=True)
class Statement:
    """One thing that the page says.

    Attributes
    ----------
    group
        Under which of `GROUPS` it stands.
    text
        The statement, a sentence.
    known
        How it is known: proved, solved or watched, of how many; or why it is not.
    call
        The call that repeats it, with `run` and `system` as the page defines them.
    """

    group: str
    text: str
    known: str
    call: str


def statements(run: Run) -> list[Statement]:
    """Return all statements of a run, by group."""
    every = [*_behavior(run), *_points(run), *_verdict(run), *_periods(run), *_exponents(run)]
    return sorted(every, key=lambda one: GROUPS.index(one.group))


def _behavior(run: Run) -> Iterator[Statement]:
    """Yield how well the network does its task, and whether the states given are its own."""
    if (compared := run.experiment.get("compared")) is not None:
        yield Statement(
            BEHAVIOR,
            compared.sentence,
            f"watched: {counted(compared.steps, 'step')}",
            "sx.make_report(system, states, inputs=inputs)",
        )
    curve, scored = run.find("psychometric"), run.find("performance")
    if curve is not None:
        trials = int(np.sum(curve.num_trials))
        yield Statement(
            BEHAVIOR,
            f"The network answers {percent(curve.mean_accuracy)} of new trials correctly "
            f"({_interval(curve.mean_accuracy, trials)}); the ideal observer "
            f"{percent(curve.ideal_mean_accuracy)}.",
            f"watched: {trials} trials",
            f"sx.psychometric(run.network, run.task, num_trials={trials}, key=key)",
        )
    if scored is not None:
        trials, ideal = scored.total_trials, scored.ideal_mean_score
        beside = f"; the ideal observer {percent(ideal)}" if np.isfinite(ideal) else ""
        yield Statement(
            BEHAVIOR,
            f"The network scores {percent(scored.mean_score)} on new trials "
            f"({_interval(scored.mean_score, trials)}){beside}.",
            f"watched: {trials} trials",
            f"sx.performance(run.network, run.task, num_trials={trials}, key=key)",
        )


def _interval(share: float, trials: int) -> str:
    """Write the 95 % interval of a share (Wilson 1927); a mean of parts has no wider one."""
    low, high = wilson(np.array([round(share * trials)]) / trials, np.array([trials]))
    return f"95 % interval {100 * low[0]:.1f} to {100 * high[0]:.1f} %"


def _points(run: Run) -> Iterator[Statement]:
    """Yield what fixed and slow points there are, and whether any is missing."""
    points = run.find("fixed_points")
    if points is None:
        return
    call = "sx.find_fixed_points(system, run.activity.flat_states)"
    fixed, slow = points.fixed, points.slow
    found, others = ("", ".") if points.complete else (" found", "; others may be missing.")
    kinds = Counter(zip(map(str, fixed.stability), map(int, fixed.n_unstable), strict=True))
    for (stability, directions), number in sorted(kinds.items(), key=lambda kv: kv[0][1]):
        here = (fixed.stability == stability) & (fixed.n_unstable == directions)
        exist = int(np.sum(fixed.certified[here]))
        counted_too = int(np.sum((fixed.certified & fixed.n_unstable_certified)[here]))
        yield Statement(
            POINTS,
            f"{_capital(_kind(stability, number))}{found}"
            f"{_directions(stability, directions, number)}{others}",
            _how_proved(number, exist, counted_too),
            call,
        )
    if not len(fixed):
        yield Statement(
            POINTS,
            f"No fixed point was found from {counted(len(points.outcomes), 'candidate')}.",
            "watched; the last statement on points says whether it is proved that there is none",
            call,
        )
    if len(slow):
        proved = int(np.sum(slow.certified))
        yield Statement(
            POINTS,
            f"{_capital(counted(len(slow), 'slow point'))} found: the speed has a local minimum "
            "there and is not zero.",
            f"solved; {proved} of {len(slow)} proved not to be fixed",
            call,
        )
    topology = run.find("topology")
    if topology is not None and topology.is_cube is True:
        yield Statement(
            POINTS,
            f"The fixed points form a {topology.shape}: {' + '.join(map(str, topology.counts))}.",
            f"watched: {int(np.sum(topology.departures))} departures from the saddles",
            "sx.fixed_point_topology(system, run.fixed_points, outputs)",
        )
    known = "proved" if points.complete else "not proved: the evidence is in the sentence"
    if points.index_sum not in (None, 1):
        known = "proved: the indices of the points do not add up to 1"
    if Known.PROVED in ends_not_found(run):
        known = "proved: a fixed point exists that is not among the points found"
    said = f"Is a fixed point missing? {_capital(known_of_missing(run))}."
    yield Statement(POINTS, said, known, call)


def _how_proved(number: int, exist: int, counted_too: int) -> str:
    """Return for how many points it is proved that they exist, and what is unstable there."""
    if not exist:
        return "solved to rounding, not proved"
    of = "proved" if exist == number else f"solved to rounding; proved for {exist}"
    if counted_too == exist:
        return f"{of}: existence and number of unstable directions"
    return f"{of}: existence; for {counted_too} also the number of unstable directions"


def _kind(stability: str, number: int) -> str:
    names = {"saddle": "saddle", "kink": "fixed point on a kink", "unknown": "fixed point"}
    return counted(number, names.get(stability, f"{stability} fixed point"))


def _directions(stability: str, directions: int, number: int) -> str:
    if stability == "stable":
        return ""
    each = ", each" if number > 1 else ""
    if directions < 0:
        return f"{each} with an unknown number of unstable directions"
    return f"{each} with {counted(directions, 'unstable direction')}"


def _verdict(run: Run) -> Iterator[Statement]:
    """Yield the sentences of the verdict."""
    verdict = run.find("verdict")
    if verdict is None:
        return
    over = f", duration={verdict.duration:g}" if np.isfinite(verdict.duration) else ""
    over += ", axis=run.verdict.axis" if np.isfinite(verdict.axis).all() else ""
    call = f"sx.verdict(system, run.verdict.states{over}, points=run.fixed_points)"
    for text, kind in parts(verdict):
        yield Statement(DYNAMICS, text, _known(verdict, kind), call)
    if text := pace(run):
        yield Statement(DYNAMICS, text, _watched(verdict), f"{call}.speed")


def pace(run: Run) -> str:
    """Write how fast the states that are followed still move beside the activity, "" if unknown."""
    verdict = run.verdict
    usual, slow = usual_speed(run), (Held.STILL, Held.SLOW_PATH, Held.MOVING)
    if verdict.held not in slow or not (usual > 0 and verdict.speed >= 0):
        return ""
    begin, end = (span(verdict, k * verdict.duration) for k in (1, 2))
    part = relative(verdict.speed, usual)
    return f"From {begin} to {end}, their median speed is {part} of the activity's."


def _known(verdict: Verdict, kind: Kind) -> str:
    """Return how the claims of a kind are known."""
    claims = [claim for claim in verdict.claims if claim.kind == kind]
    words = list(dict.fromkeys(str(claim.known) for claim in claims))
    seen = _watched(verdict)
    if kind == Kind.END:
        told = [w for w in words if w in (Known.PROVED, Known.SOLVED)]
        ends = f"; which ends are {' or '.join(told)}, and" if told else ";"
        return f"{seen}{ends} intervals: below the picture"
    return seen if words == [Known.WATCHED] else f"{', '.join(words)}; {seen}"


def _watched(verdict: Verdict) -> str:
    """Write how many states were followed."""
    return f"watched: {counted(len(verdict.followed), 'state')}, without noise"


def _periods(run: Run) -> Iterator[Statement]:
    """Yield what each period does, and where pulses lead."""
    periods = run.find("trial_periods")
    if periods is None:
        return
    has_task = "task" in run.experiment
    call = "sx.trial_periods(run.network, run.task)" if has_task else MADE
    watched = "without noise" if has_task else "as given"
    for row, name in enumerate(periods.period):
        of = counted(int(periods.num_trials[row]), "trial")
        yield Statement(
            DYNAMICS,
            f"Period {name}: {periods.sentences[row]}",
            f"watched: {of} {watched}",
            call,
        )
        if periods.predicts[row]:
            yield Statement(
                DYNAMICS,
                f"Period {name}: in {periods.agrees[row]} of {of}, the choice that is read out "
                "where the trial would end is the choice that was made "
                f"({_agreement(periods, row)})."
                if periods.tells_choices(row)
                else f"Period {name}: at every end where a choice is read out, it is the same.",
                f"watched: {of} {watched}",
                call,
            )
    if len(periods.pulse):
        number = counted(len(periods.pulse), "pulse")
        yield Statement(
            DYNAMICS,
            f"{periods.led_right} of {number} lead from memory to memory as the task asks.",
            f"watched: all {number} (each memory, each channel, either sign)",
            call,
        )


def _agreement(periods: TrialPeriods, row: int) -> str:
    trials = int(periods.num_trials[row])
    return _interval(int(periods.agrees[row]) / trials, trials)


def _exponents(run: Run) -> Iterator[Statement]:
    """Yield the largest Lyapunov exponent of each trajectory."""
    spectrum = run.find("lyapunov_spectrum")
    if spectrum is None:
        return
    for value, error, time in zip(
        spectrum.exponents[:, 0], spectrum.standard_error[:, 0], spectrum.time_constants[:, 0],
        strict=True,
    ):  # fmt: skip
        if np.isfinite(value) and abs(value) > 2 * error:
            does = "shrinks" if value < 0 else "grows"
            lasts = duration(abs(time), spectrum.time_units)
            yield Statement(
                DYNAMICS,
                f"Along a trajectory, a small difference {does} e-fold in {lasts}.",
                f"watched: {int(spectrum.checkpoints[-1])} steps; standard error of the "
                f"exponent: {100 * error / abs(value):.0f} %",
                "sx.lyapunov_exponents(system, run.lyapunov_spectrum.start)",
            )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

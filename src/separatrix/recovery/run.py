"""Mechanism recovery: which mechanisms, planted in circuits, a way of fitting tells apart."""

import hashlib
import json
import pickle
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np
from jaxtyping import Float

from .._checked import Bounds, Count, Milliseconds, Natural, Positive, checked
from .._files import as_path, written_in_one_piece
from .._processes import Job, in_processes
from .._types import InvalidInputError, UnreadableFileError, first_line, nearest, real_array
from .._watch import Report, Stage, is_over, report_progress, watching
from ..models.circuits import MECHANISMS
from .controls import Own, Planting, Setting, quick_error, tuned
from .data import Recording, Statistic, departures, recording_of, statistics
from .fitted import Fit
from .recovery import HOPELESS, MAKEABLE, MechanismRecovery, collected
from .rows import RECORDING, Key, Row, Rows, control, empty_row, folder_of, row_in, row_of

MOST_UNITS = 1000
"""Units of a planted circuit, at most."""
SETTINGS = "recovery.json"

FIRST = 6
"""Controls that are made first; if none of them counts, no more are made."""

Seen = Annotated[float, Bounds(above=0, most=1)]


@checked
def mechanism_recovery(
    fit: Callable[..., Any] | None,
    activity: Float[np.ndarray, "trial time unit"],
    *,
    inputs: Float[np.ndarray, "trial time channel"] | None = None,
    fraction: Seen = 0.05,
    dt: Milliseconds = 10.0,
    tau: Milliseconds = 100.0,
    duration: Milliseconds = 500.0,
    mechanisms: Sequence[str] | Mapping[str, Any] | None = None,
    rank: Count | None = None,
    kicks: tuple[Any, Any] | None = None,
    seeds: Count = 20,
    key: Any = None,
    workers: Natural = 0,
    directory: str | Path | None = None,
    max_seconds: Positive | None = None,
    progress: bool | Report | None = None,
) -> MechanismRecovery:
    r"""Find which mechanisms in a circuit a way of fitting tells apart, with planted circuits.

    A model that is fitted to some units of a circuit can have a line attractor where the circuit
    has none, and the other way around. This function plants mechanisms in circuits, records them
    like the given recording, fits each in the same way, and asks the same verdict of each fit.
    `judge` compares the user's own fit with them.

    Controls are made like the recording: the size of inputs, the noise, and the modes beside the
    mechanism are set so that five statistics agree. These are the autocorrelation time, the
    participation ratio, the variance across trials, the one-step error of the fit, and the white
    noise. Controls that do not agree are not counted.

    Parameters
    ----------
    fit
        A function of activity `(trial, time, unit)` and inputs `(trial, time, channel)`, or None if
        there are none. It returns a system, a PyTorch function, or arrays A and b of the map
        A x + b, whose state are the recorded units; or a pair of one of these and its states
        `(trial, time, unit)`. `sx.fits` has two. With None, the planted recordings are written to
        `directory`, and `recovery.read` takes the fits back.
    activity
        The recording `(trial, time, unit)`: rates, counts of spikes, or z-scored rates.
    inputs
        The inputs `(trial, time, channel)` of the recording. `inputs[:, t]` acts in the step that
        ends at time t.
    fraction
        The share of the circuit's units that was recorded. The planted circuits have as many units
        as that means, but at most 1,000.
    dt, tau
        The time between two samples, and the time constant of the units of planted circuits, in ms.
    duration
        The duration T in ms of the verdicts.
    mechanisms
        Names of mechanisms that `sx.models.circuit` has; None means all. A dictionary from names to
        None, or to functions of a number of units and a seed, adds other mechanisms. Such a
        function returns a `DiscreteMap`, and the word that most of these circuits have is right.
    rank
        The rank in which mechanisms are planted, as in `sx.models.circuit`.
    kicks
        States `(kick, unit)` of the recorded units just after they were kicked, and the activity
        `(kick, time, unit)` in the time steps after that.
    seeds
        Controls of each mechanism. With fewer than 12, nothing can be supported.
    key
        A key of JAX; the same key gives the same controls. None means `jax.random.key(0)`.
    workers
        Processes of this machine that work; 0 means this one alone. With others, `fit` must be a
        function of a module.
    directory
        A directory in which each control is kept. If the call is repeated, what is there is not
        made again.
    max_seconds, progress
        The time limit, and whether progress is shown, as in `find_fixed_points`. What was not made
        in time is `.missing`.

    Returns
    -------
    MechanismRecovery
        `.confusion` counts the words by planted mechanism, and `.judge()` judges the fit.

    Raises
    ------
    InvalidInputError
        If the recording has gaps, one trial, trials that are too short, or units that never change.
        If `fit` fails on the recording, or returns something else. If the directory holds other
        controls.

    References
    ----------
    Qian, Zavatone-Veth, Ruben & Pehlevan (2024) NeurIPS; Wilson & Collins (2019) eLife 8:e49547.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> circuit = sx.models.circuit("leak", 40, channels=0)
    >>> rng, states = np.random.default_rng(0), [np.zeros((8, 40))]
    >>> for _ in range(120):
    ...     noise = 0.1 * rng.normal(size=(8, 40))
    ...     states.append(circuit.step(states[-1], np.zeros((8, 0))) + noise)
    >>> activity = np.stack(states, 1)[:, 20:, :10]
    >>> recovery = sx.mechanism_recovery(
    ...     sx.fits.least_squares(), activity, fraction=0.25, mechanisms=["leak"], seeds=2)
    >>> recovery.units, recovery.judge().outcome
    (40, 'not known')
    """
    recording = recording_of(activity, inputs, dt=dt, tau=tau, duration=duration)
    kicks = _checked_kicks(kicks, recording)
    names = _mechanisms(mechanisms)
    folder = None if directory is None else as_path(directory)
    if fit is None and folder is None:
        raise InvalidInputError(
            "without a fit, the planted recordings are written to a directory: give directory, too."
        )
    if workers:
        _check_pickles(fit, names)
    recorded = recording.activity.shape[-1]
    units = max(recorded, min(MOST_UNITS, round(recorded / fraction)))
    first = int(jax.random.bits(jax.random.key(0) if key is None else key)) >> 1
    plantings = [Planting(name, own, units, rank, recording, kicks) for name, own in names.items()]
    with watching("mechanism recovery", max_seconds, progress):
        row = empty_row() if fit is None else _of_the_recording(fit, recording, kicks)
        kept = _Kept(folder, _digest(plantings, first, row))
        plantings, nearest_found = _alike(plantings, first, kept, seeds)
        making = _Making(fit, seeds, first, workers, folder, [])
        rows = _rows(plantings, nearest_found, np.array(row["statistics"], float), making)
    missing = len(set(making.planned) - set(rows))
    return collected(plantings, rows, row, nearest_found, fraction, seeds, missing)


def _checked_kicks(kicks: Any, recording: Recording) -> tuple[np.ndarray, np.ndarray] | None:
    if kicks is None:
        return None
    states, responses = (real_array(k, f"kicks[{i}]") for i, k in enumerate(kicks))
    units = recording.activity.shape[-1]
    fits = states.ndim == 2 and responses.ndim == 3 and len(states) == len(responses) > 0
    fits = fits and states.shape[1] == responses.shape[2] == units and responses.shape[1] > 0
    if not fits or not (np.isfinite(states).all() and np.isfinite(responses).all()):
        raise InvalidInputError(
            f"kicks must be finite states (kick, {units}) just after kicks, and the activity "
            f"(kick, time, {units}) after them, got {states.shape} and {responses.shape}."
        )
    return states, responses


def _mechanisms(given: Any) -> dict[str, Own | None]:
    """Return what is planted, by name: a function of the user's, or None for one of the list."""
    given = MECHANISMS if given is None else [given] if isinstance(given, str) else given
    own = isinstance(given, Mapping) and given is not MECHANISMS
    found: dict[str, Own | None] = dict(given) if own else dict.fromkeys(given)
    for name, function in found.items():
        if (name in MECHANISMS) == callable(function) or (function and not callable(function)):
            raise InvalidInputError(
                f"mechanisms: {name!r:.60} must be a name of the list, with None, or a new name "
                f"with a function of a number of units and a seed: {nearest(name, MECHANISMS)}"
            )
    if not found:
        raise InvalidInputError("mechanisms must have at least one name, got none.")
    return found


def _check_pickles(fit: Any, names: Mapping[str, Any]) -> None:
    try:
        pickle.dumps((fit, dict(names)))
    except Exception as error:
        raise InvalidInputError(
            f"with workers, fit is sent to other processes, and this fit cannot be sent "
            f"({first_line(error)}): define it at the top of a module, or leave workers out."
        ) from None


def _of_the_recording(fit: Fit, recording: Recording, kicks: Any) -> dict[str, Any]:
    try:
        result = fit(recording.activity, recording.inputs)
    except Exception as error:
        raise InvalidInputError(
            f"fit failed on the recording: {type(error).__name__}: {first_line(error)}"
        ) from error
    return row_of(result, recording, kicks)


@dataclass(frozen=True)
class _Kept:
    """The settings of mechanisms that a directory keeps, for a recording and a fit."""

    folder: Path | None
    digest: str

    def settings(self) -> dict[str, Any]:
        """Read the settings, by mechanism; none if there is no file yet."""
        if self.folder is None or not self.folder.exists():
            return {}
        file = self.folder / SETTINGS
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            digest, settings = kept["digest"], dict(kept["settings"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnreadableFileError(
                f"{file} does not hold the settings of controls ({first_line(error)}): give the "
                "name of a new directory."
            ) from None
        if digest != self.digest:
            raise InvalidInputError(
                f"{self.folder} holds controls of another recording, fit, or key, or of other "
                "settings: give another directory."
            )
        return settings

    def write(self, settings: dict[str, Any], recording: Recording) -> None:
        """Write the settings, and the recording for whoever fits by hand."""
        if self.folder is None:
            return
        place = self.folder / RECORDING
        place.mkdir(parents=True, exist_ok=True)
        np.save(place / "activity.npy", recording.activity)
        if recording.inputs is not None:
            np.save(place / "inputs.npy", recording.inputs)
        with written_in_one_piece(self.folder / SETTINGS) as temporary:
            text = json.dumps({"digest": self.digest, "settings": settings}, indent=1)
            temporary.write_text(text, encoding="utf-8")


def _digest(plantings: list[Planting], first: int, row: Row) -> str:
    like, told = plantings[0].like, hashlib.sha256()
    for values in (like.activity, like.inputs, *(plantings[0].kicks or ())):
        told.update(b"" if values is None else np.ascontiguousarray(values).tobytes())
    numbers = (like.activity.shape, like.dt, like.tau, like.duration, first)
    fitted = (row["word"], round(row["closure"], 6))
    told.update(repr((numbers, plantings[0].units, plantings[0].rank, fitted)).encode())
    return told.hexdigest()[:16]


def _alike(
    plantings: list[Planting], first: int, kept: _Kept, seeds: int
) -> tuple[list[Planting], np.ndarray]:
    """Return mechanisms with the settings at which they are most like the recording."""
    settings, recording = kept.settings(), plantings[0].like
    wanted = statistics(recording, quick_error(recording))
    found, away = [], []
    for k, planting in enumerate(plantings):
        report_progress(Stage.CONTROLS, 0, seeds * len(plantings))
        differs = np.full(len(Statistic), np.inf)
        if planting.mechanism in settings:
            setting, numbers = settings[planting.mechanism]
            planting, differs = replace(planting, setting=Setting(**setting)), np.array(numbers)
        elif not is_over():
            planting, differs = tuned(planting, wanted, first + k)
            settings[planting.mechanism] = asdict(planting.setting), differs.tolist()
            kept.write(settings, recording)
        found.append(planting)
        away.append(differs)
    return found, np.array(away)


def _rows(
    plantings: list[Planting], away: np.ndarray, wanted: np.ndarray, making: "_Making"
) -> Rows:
    """Return the rows of all controls that were made in time.

    Mechanisms that cannot be made like the recording have none, or few. Of those that can, further
    controls take the place of such as do not count, but at most as many again.
    """
    rows: Rows = {}
    hopeful = [p for p, each in zip(plantings, away, strict=True) if each.max() <= HOPELESS]
    first = making.seeds if making.fit is None else min(FIRST, making.seeds)
    making.make([(p, k) for k in range(first) for p in hopeful], rows)
    hopeful = [p for p in hopeful if _counted(p, rows, wanted)]
    making.make([(p, k) for k in range(first, making.seeds) for p in hopeful], rows)
    counts = {p.mechanism: _counted(p, rows, wanted) for p in hopeful}
    hopeful = [p for p in hopeful if counts[p.mechanism] >= MAKEABLE * making.seeds]
    more = [
        (p, making.seeds + k) for p in hopeful for k in range(making.seeds - counts[p.mechanism])
    ]
    making.make(more, rows)
    return rows


def _counted(planting: Planting, rows: Rows, wanted: np.ndarray) -> int:
    mine = [row for (name, _), row in rows.items() if name == planting.mechanism]
    return sum(_counts(planting, row, wanted) for row in mine)


def _counts(planting: Planting, row: Row, wanted: np.ndarray) -> bool:
    right = planting.own is not None or row["own"] in MECHANISMS[planting.mechanism].right
    alike = np.abs(departures(np.array(row["statistics"], float), wanted)).max() <= 1
    return bool(row["word"] and right and alike)


@dataclass(frozen=True)
class _Making:
    """How the controls of a call are made."""

    fit: Fit | None
    seeds: int
    first: int
    workers: int
    folder: Path | None
    planned: list[Key]

    def make(self, keys: list[tuple[Planting, int]], rows: Rows) -> None:
        """Make controls until the time is over; a row that is kept is not made again."""
        jobs = []
        for planting, k in keys:
            key = planting.mechanism, k
            self.planned.append(key)
            place = None if self.folder is None else self.folder / folder_of(*key)
            kept = None if place is None else row_in(place)
            if kept is None:
                jobs.append((key, control, (planting, self.first + k, self.fit, place)))
            else:
                rows[key] = kept
        total = len(rows) + len(jobs)
        run = partial(in_processes, workers=self.workers) if self.workers else _here
        with closing(run(jobs)) as ended:
            for key, future in ended:
                rows[key] = future.result()
                report_progress(Stage.CONTROLS, len(rows), total)
                if is_over():
                    return


def _here(jobs: Sequence[Job[Key]]) -> Generator[tuple[Key, Future[Any]], None, None]:
    for key, function, arguments in jobs:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        yield key, future

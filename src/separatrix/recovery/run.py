"""Mechanism recovery: which mechanisms, planted in circuits, a way of fitting tells apart."""

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np
from jaxtyping import Float

from .._checked import Bounds, Count, Milliseconds, Natural, Positive, checked
from .._files import as_path, written_in_one_piece
from .._processes import in_processes
from .._types import (
    InvalidInputError,
    UnreadableFileError,
    first_line,
    nearest,
    real_array,
    require_text,
)
from .._watch import Report, Stage, is_over, report_progress, watching
from ..models.circuits import MECHANISMS
from .controls import Own, Planting, Setting, quick_error, tuned
from .data import Recording, Statistic, differences, recording_of, statistics
from .fitted import Fit
from .recovery import MAKEABLE, MechanismRecovery
from .rows import control, empty_row, folder_of, recording_in, row_in, row_of, tried

MOST_UNITS = 1000
"""Units of a planted circuit, at most."""
SETTINGS = "recovery.json"
RECORDING = "recording"
HOPELESS = 1.5
"""A mechanism that differs by more tolerances at its best settings cannot be like the recording."""

Seen = Annotated[float, Bounds(above=0, most=1)]
Key = tuple[str, int]
"""A mechanism and the number of a control."""


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

    Controls are made like the recording: the size of inputs, process noise, observation noise and
    the modes beside the mechanism are set so that the autocorrelation time, the participation
    ratio, the variance across trials, the one-step error of the fit and the white noise agree.
    Controls that do not agree are not counted.

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
        None, or to functions of a number of units and a seed, adds mechanisms of your own: such a
        function returns a `DiscreteMap`, and the words of its own verdict are right for it.
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
        plantings, nearest_found = _alike(plantings, first, folder, seeds)
        wanted = np.array(row["statistics"], float)
        rows = _rows(plantings, nearest_found, wanted, _Making(fit, seeds, first, workers, folder))
    return _record(plantings, rows, row, nearest_found, fraction, seeds)


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
    if isinstance(given, str):
        given = [given]
    if given is None:
        given = MECHANISMS
    found = dict(given) if isinstance(given, Mapping) and given is not MECHANISMS else {}
    found = found or dict.fromkeys(given)
    for name, own in found.items():
        if own is None and name not in MECHANISMS:
            raise InvalidInputError(
                f"mechanisms: {name!r:.60} is not one of the list: {nearest(name, MECHANISMS)} A "
                "mechanism of your own is a function: {name: function}."
            )
        if own is not None and (not callable(own) or name in MECHANISMS):
            raise InvalidInputError(
                f"mechanisms[{name!r:.60}] must be None or a function of a number of units and a "
                f"seed, with a name that the list does not have, got {own!r:.60}."
            )
        require_text(name, "a name in mechanisms")
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


def _alike(
    plantings: list[Planting], first: int, folder: Path | None, seeds: int
) -> tuple[list[Planting], np.ndarray]:
    """Return mechanisms with the settings at which they are most like the recording.

    They are kept in the directory, and read from it if the call is repeated.
    """
    digest = _digest(plantings, first)
    kept = _kept(folder, digest)
    found, away = [], []
    recording = plantings[0].like
    wanted = statistics(recording, quick_error(recording))
    for k, planting in enumerate(plantings):
        report_progress(Stage.CONTROLS, 0, seeds * len(plantings))
        if planting.mechanism in kept:
            setting, differs = kept[planting.mechanism]
            found.append(replace(planting, setting=Setting(**setting)))
            away.append(np.array(differs, float))
            continue
        if is_over():
            found.append(planting)
            away.append(np.full(len(Statistic), np.inf))
            continue
        one, differs = tuned(planting, wanted, first + k)
        found.append(one)
        away.append(differs)
        kept[planting.mechanism] = (asdict(one.setting), differs.tolist())
        _keep(folder, {"digest": digest, "settings": kept})
    if folder is not None and not (folder / RECORDING).is_dir():
        (folder / RECORDING).mkdir(parents=True)
        np.save(folder / RECORDING / "activity.npy", recording.activity)
        if recording.inputs is not None:
            np.save(folder / RECORDING / "inputs.npy", recording.inputs)
    return found, np.array(away)


def _digest(plantings: list[Planting], first: int) -> str:
    like, told = plantings[0].like, hashlib.sha256()
    for values in (like.activity, like.inputs, *(plantings[0].kicks or ())):
        told.update(b"" if values is None else np.ascontiguousarray(values).tobytes())
    numbers = (like.activity.shape, like.dt, like.tau, like.duration, first)
    told.update(repr((numbers, plantings[0].units, plantings[0].rank)).encode())
    return told.hexdigest()[:16]


def _kept(folder: Path | None, digest: str) -> dict[str, Any]:
    if folder is None:
        return {}
    file = folder / SETTINGS
    if not file.exists():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InvalidInputError(
                f"{folder} holds something else: give the name of a new directory."
            )
        return {}
    kept = _settings_in(file)
    if kept["digest"] != digest:
        raise InvalidInputError(
            f"{folder} holds controls of another recording, of other settings or of another key: "
            "give another directory."
        )
    return dict(kept["settings"])


def _settings_in(file: Path) -> dict[str, Any]:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {"digest": kept["digest"], "settings": dict(kept["settings"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(
            f"{file} does not hold the settings of controls ({first_line(error)}): delete it to "
            "begin again."
        ) from None


def _keep(folder: Path | None, settings: dict[str, Any]) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with written_in_one_piece(folder / SETTINGS) as temporary:
        temporary.write_text(json.dumps(settings, indent=1), encoding="utf-8")


def _rows(
    plantings: list[Planting],
    away: np.ndarray,
    wanted: np.ndarray,
    making: "_Making",
) -> dict[Key, dict[str, Any]]:
    """Return the rows of all controls that were made in time.

    Mechanisms that cannot be made like the recording have none. Of those that can, further controls
    take the place of such as do not count, but at most as many again.
    """
    hopeful = [p for p, each in zip(plantings, away, strict=True) if each.max() <= HOPELESS]
    rows: dict[Key, dict[str, Any]] = {}
    keys = [(p, k) for k in range(making.seeds) for p in hopeful]
    making.make(keys, rows)
    if making.fit is not None:
        more = []
        for planting in hopeful:
            mine = [row for (name, _), row in rows.items() if name == planting.mechanism]
            short = making.seeds - sum(_counts(planting, row, wanted) for row in mine)
            if MAKEABLE * making.seeds <= making.seeds - short:
                more += [(planting, making.seeds + k) for k in range(min(short, making.seeds))]
        making.make(more, rows)
    return rows


def _counts(planting: Planting, row: dict[str, Any], wanted: np.ndarray) -> bool:
    right = planting.own is not None or row["own"] in MECHANISMS[planting.mechanism].right
    alike = differences(np.array(row["statistics"], float), wanted).max() <= 1
    return bool(row["word"] and right and alike)


@dataclass(frozen=True)
class _Making:
    """How the controls of a call are made."""

    fit: Fit | None
    seeds: int
    first: int
    workers: int
    folder: Path | None

    def make(self, keys: list[tuple[Planting, int]], rows: dict[Key, dict[str, Any]]) -> None:
        """Make controls until the time is over; a row that is kept is not made again."""
        jobs = []
        for planting, k in keys:
            key = planting.mechanism, k
            place = None if self.folder is None else self.folder / folder_of(*key)
            kept = None if place is None else row_in(place)
            if kept is not None and (self.fit is None or kept["word"] or kept["failure"]):
                rows[key] = kept
            else:
                jobs.append((key, control, (planting, self.first + k, self.fit, place)))
        total = len(rows) + len(jobs)
        if self.workers and jobs:
            with closing(in_processes(jobs, self.workers)) as ended:
                for key, future in ended:
                    error = future.exception()
                    rows[key] = _failed(error) if error is not None else future.result()
                    report_progress(Stage.CONTROLS, len(rows), total)
                    if is_over():
                        return
            return
        for key, function, arguments in jobs:
            if is_over():
                return
            rows[key] = function(*arguments)
            report_progress(Stage.CONTROLS, len(rows), total)


def _failed(error: BaseException) -> dict[str, Any]:
    if isinstance(error, InvalidInputError):
        raise error
    return empty_row(f"its process failed: {first_line(error)}") | {"own": "", "right": []}


def _record(
    plantings: list[Planting],
    rows: dict[Key, dict[str, Any]],
    row: dict[str, Any],
    nearest_found: np.ndarray,
    fraction: float,
    seeds: int,
) -> MechanismRecovery:
    like, kicks = plantings[0].like, plantings[0].kicks
    trials, times, units = like.activity.shape
    no_kicks = np.zeros((0, units)), np.zeros((0, 1, units))
    kicked, responses = no_kicks if kicks is None else kicks
    right = {p.mechanism: list(_right(p, rows)) for p in plantings}
    return MechanismRecovery(
        **_columns(rows, row),
        recorded=np.array(row["statistics"], float),
        statistic=np.array([str(name) for name in Statistic]),
        activity=like.activity,
        inputs=np.zeros((trials, times, 0)) if like.inputs is None else like.inputs,
        kicked=kicked,
        responses=responses,
        mechanisms=np.array([p.mechanism for p in plantings]),
        nearest=nearest_found,
        right_text=json.dumps(right),
        recorded_word=row["word"],
        recorded_closure=row["closure"],
        recorded_response=row["response"],
        kind=str(like.kind),
        units=plantings[0].units,
        fraction=fraction,
        seeds=seeds,
        dt=like.dt,
        tau=like.tau,
        duration=like.duration,
        missing=_missing(plantings, nearest_found, rows, seeds),
    )


def _missing(
    plantings: list[Planting], away: np.ndarray, rows: dict[Key, dict[str, Any]], seeds: int
) -> int:
    """Return how many of the first controls are not made or not fitted."""
    hopeful = [p.mechanism for p, each in zip(plantings, away, strict=True) if each.max() <= HOPELESS]
    done = {key for key, row in rows.items() if row["word"] or row["failure"]}
    return sum((name, k) not in done for name in hopeful for k in range(seeds))


def _right(planting: Planting, rows: dict[Key, dict[str, Any]]) -> Sequence[str]:
    """Return the words that are right: of a mechanism of the user's, the most frequent own one."""
    if planting.own is None:
        return MECHANISMS[planting.mechanism].right
    own = [row["own"] for (name, _), row in rows.items() if name == planting.mechanism]
    return [max(set(own), key=own.count)] if own else []


def _columns(rows: dict[Key, dict[str, Any]], row: dict[str, Any]) -> dict[str, Any]:
    keys, wanted = sorted(rows), np.array(row["statistics"], float)
    found = [rows[key] for key in keys]
    told = np.array([r["statistics"] for r in found], float).reshape(len(keys), len(Statistic))
    away = np.array([differences(one, wanted) for one in told]).reshape(told.shape)
    return {
        "mechanism": np.array([key[0] for key in keys], str),
        "seed": np.array([key[1] for key in keys], int),
        "word": np.array([r["word"] for r in found], str),
        "own": np.array([r["own"] for r in found], str),
        "closure": np.array([r["closure"] for r in found], float),
        "response": np.array([r["response"] for r in found], float),
        "statistics": told,
        "differences": away,
        "failure": np.array([r["failure"] for r in found], str),
    }


def read_back(
    folder: Path, asked: MechanismRecovery, load: Callable[[Path], Any]
) -> MechanismRecovery:
    """Return a recovery with the fits that `load` finds in the folders of a directory."""
    names = _settings_in(folder / SETTINGS)["settings"]
    missing_names = [name for name in asked.mechanisms if name not in names]
    if missing_names:
        raise UnreadableFileError(
            f"{folder} holds no controls of {missing_names[0]}: give the directory that "
            "sx.mechanism_recovery has written for this recording."
        )
    like, kicks = asked.recording, asked.kicks
    try:
        row = row_of(load(folder / RECORDING), like, kicks)
    except FileNotFoundError:
        row = empty_row()
    rows: dict[Key, dict[str, Any]] = {}
    for key in [(str(name), k) for k in range(asked.seeds) for name in asked.mechanisms]:
        place = folder / folder_of(*key)
        kept = row_in(place)
        if kept is None:
            continue
        try:
            recording, given = recording_in(place, like)
            rows[key] = kept | tried(lambda: load(place), recording, given)  # noqa: B023
        except FileNotFoundError:
            rows[key] = kept
    plantings = [
        Planting(str(n), None if n in MECHANISMS else _not_made, asked.units, None, like, kicks)
        for n in asked.mechanisms
    ]
    return _record(plantings, rows, row, asked.nearest, asked.fraction, asked.seeds)


def _not_made(units: int, seed: int) -> Any:
    raise NotImplementedError  # controls that are read are not planted again

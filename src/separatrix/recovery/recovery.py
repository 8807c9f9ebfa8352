"""The result of mechanism recovery: controls beside the recording, and what they say of a fit."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._checked import checked
from .._files import as_path
from .._records import Record, array, setting
from .._tables import Columns
from .._types import InvalidInputError, UnreadableFileError
from ..models.circuits import MECHANISMS
from .controls import Planting
from .data import Recording, Statistic, departures, picture, recording_of
from .judgment import Controls, Judgment, judge
from .rows import (
    RECORDING,
    Key,
    Row,
    Rows,
    empty_row,
    folder_of,
    recording_in,
    row_in,
    row_of,
    tried,
)

HOPELESS = 1.5
"""A mechanism that differs by more tolerances at its best settings cannot be like the recording."""
MAKEABLE = 1 / 3
"""A mechanism of whose controls fewer than this part count cannot be made like the recording."""


class Confusion(Record):
    """How often the fits of circuits with a planted mechanism have which word of a verdict."""

    counts: Int[np.ndarray, "mechanism word"] = array("controls that are like the recording")
    mechanism: Shaped[np.ndarray, " mechanism"] = array("planted mechanisms, by name")
    word: Shaped[np.ndarray, " word"] = array("words of the verdict on the fit")
    is_right: Bool[np.ndarray, "mechanism word"] = array("whether the word is right: the diagonal")
    unlike: Int[np.ndarray, " mechanism"] = array("controls that are not like the recording")
    failed: Int[np.ndarray, " mechanism"] = array("controls that failed")

    def summary(self) -> str:
        right = int((self.counts * self.is_right).sum())
        return (
            f"Confusion: the fit has a right word for {right} of {int(self.counts.sum())} controls"
        )

    def _table(self) -> Columns:
        columns: dict[str, Any] = {"planted": self.mechanism}
        columns |= {str(word): self.counts[:, k] for k, word in enumerate(self.word)}
        return columns | {"not like the recording": self.unlike, "failed": self.failed}

    def _closing(self) -> str:
        return ""


class MechanismRecovery(Record):
    """What a way of fitting says of circuits with planted mechanisms, seen in part.

    Each control is a recording of a circuit that was made like the user's. It counts if the own
    verdict of the circuit is right for what was planted, and if its statistics are like those of
    the recording.
    """

    mechanism: Shaped[np.ndarray, " control"] = array("planted mechanism")
    seed: Int[np.ndarray, " control"] = array("seed of the circuit")
    word: Shaped[np.ndarray, " control"] = array("word of the verdict on the fit; empty if none")
    own: Shaped[np.ndarray, " control"] = array("word of the verdict on the circuit itself")
    closure: Float[np.ndarray, " control"] = array("closure of the recorded units")
    response: Float[np.ndarray, " control"] = array("R² of the response to kicks of these units")
    statistics: Float[np.ndarray, "control statistic"] = array("statistics of the control")
    differences: Float[np.ndarray, "control statistic"] = array(
        "differences from the recording, in tolerances: up to 1 is alike"
    )
    pictures: Float[np.ndarray, "control shown sample component"] = array(
        "a few trials of the control along its first two principal components"
    )
    failure: Shaped[np.ndarray, " control"] = array("why the control failed; empty if it did not")
    statistic: Shaped[np.ndarray, " statistic"] = array("names of the statistics")
    recorded: Float[np.ndarray, " statistic"] = array("statistics of the recording")
    activity: Float[np.ndarray, "trial time unit"] = array("activity of the recording")
    inputs: Float[np.ndarray, "trial time channel"] = array("inputs of the recording")
    kicked: Float[np.ndarray, "kick unit"] = array("states of the recorded units after kicks")
    responses: Float[np.ndarray, "kick later unit"] = array("activity after the kicks")
    mechanisms: Shaped[np.ndarray, " mechanism"] = array("mechanisms that were planted, by name")
    nearest: Float[np.ndarray, "mechanism statistic"] = array(
        "differences of the settings at which the mechanism was most like the recording"
    )
    right_text: str = setting("right words by mechanism, as JSON")
    recorded_word: str = setting("word of the verdict on the fit to the recording")
    recorded_closure: float = setting("closure of the recording")
    recorded_response: float = setting("R² of the response to the given kicks; NaN without kicks")
    kind: str = setting("what the numbers of the recording are")
    units: int = setting("units of the planted circuits")
    fraction: float = setting("share of the circuit's units that was recorded, as given")
    seeds: int = setting("controls of each mechanism that were asked for")
    dt: float = setting("time step", units="ms")
    tau: float = setting("time constant of the units", units="ms")
    duration: float = setting("duration T", units="ms")
    missing: int = setting("controls that were not made or not fitted yet", default=0)

    @property
    def right(self) -> dict[str, tuple[str, ...]]:
        """The words that are right for each mechanism."""
        return {name: tuple(words) for name, words in json.loads(self.right_text).items()}

    @property
    def seen(self) -> float:
        """The share of the units of the planted circuits that is recorded."""
        return self.activity.shape[-1] / self.units

    @property
    def is_alike(self) -> Bool[np.ndarray, " control"]:
        """Whether each control is like the recording, statistic by statistic."""
        return np.all(self.differences <= 1, axis=1)

    @property
    def is_counted(self) -> Bool[np.ndarray, " control"]:
        """Whether each control counts: fitted, as planted, and like the recording."""
        right = [
            own in self.right[name] for own, name in zip(self.own, self.mechanism, strict=True)
        ]
        return np.array(right, bool) & self.is_alike & (self.word != "")

    def counted_rows(self, mechanism: str) -> Int[np.ndarray, " row"]:
        """Return the rows of the controls of a mechanism that count.

        There are none if fewer than a third of its controls count: such a mechanism cannot be made
        like the recording.
        """
        mine = self.mechanism == mechanism
        rows = np.flatnonzero(mine & self.is_counted)
        return rows if len(rows) >= MAKEABLE * mine.sum() else rows[:0]

    @property
    def confusion(self) -> Confusion:
        """The planted mechanisms against the words of the verdicts on the fits, as counts."""
        counts = self.is_counted
        right = self.right
        words = sorted({*self.word[counts], *(w for name in right for w in right[name][:1])})
        of = self.mechanisms[:, None] == self.mechanism
        failed = of & (self.failure != "")
        return Confusion(
            counts=np.array([[(m & counts & (self.word == w)).sum() for w in words] for m in of]),
            mechanism=self.mechanisms,
            word=np.array(words, str),
            is_right=np.array([[w in right[name] for w in words] for name in self.mechanisms]),
            unlike=(of & ~failed & ~counts).sum(1),
            failed=failed.sum(1),
        )

    @checked
    def judge(self, model: Any = None, states: Float[np.ndarray, "..."] | None = None) -> Judgment:
        """Judge what the verdict says of a fit to the recording.

        Parameters
        ----------
        model
            The user's own fit, as `fit` of `sx.mechanism_recovery` returns it. None means the fit
            to the recording that was made with the controls.
        states
            The states `(trial, time, unit)` through which the model passes in the recording. None
            means the recorded activity.

        Returns
        -------
        Judgment
            `.outcome` is "supported", "not supported" or "not known"; `.sentences` say why.

        Raises
        ------
        InvalidInputError
            If the model and the states do not fit together, or no fit was made yet.
        """
        if model is None and states is None:
            row: Row = {"word": self.recorded_word, "closure": self.recorded_closure}
            row["response"] = self.recorded_response
        else:
            given = model if states is None else (model, states)
            row = row_of(given, self.recording, self.kicks)
        if not row["word"]:
            raise InvalidInputError(
                "there is no fit of the recording yet: give judge(model, states)."
            )
        controls = {
            str(name): Controls(
                self.right[name], self.word[rows], self.closure[rows], self.response[rows]
            )
            for name in self.mechanisms
            for rows in (self.counted_rows(name),)
        }
        return judge(
            controls,
            row["word"],
            {"closure": row["closure"], "response": row["response"]},
            seen=self.seen,
            duration=self.duration,
            time_unit=self.dt,
        )

    @property
    def recording(self) -> Recording:
        """The recording that was given."""
        inputs = self.inputs if self.inputs.shape[-1] else None
        of = {"dt": self.dt, "tau": self.tau, "duration": self.duration}
        return recording_of(self.activity, inputs, **of)

    @property
    def kicks(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The kicks that were given, and the responses to them."""
        return (self.kicked, self.responses) if len(self.kicked) else None

    @checked
    def read(self, directory: str | Path, load: Callable[[Path], Any]) -> "MechanismRecovery":
        """Take back the fits of controls that were written with `fit=None`.

        Parameters
        ----------
        directory
            The directory that `sx.mechanism_recovery` has written.
        load
            A function that takes the folder of a control, or of the recording, and returns its fit,
            as `fit` of `sx.mechanism_recovery` does. It raises FileNotFoundError if there is no fit
            yet.

        Returns
        -------
        MechanismRecovery
            The recovery with the fits. `.missing` is the number of controls without one.

        Raises
        ------
        UnreadableFileError
            If the directory holds no controls of this recording.
        """
        folder, like, kicks = as_path(directory), self.recording, self.kicks
        known = folder / RECORDING / "activity.npy"
        if not known.is_file() or not np.array_equal(np.load(known), like.activity):
            raise UnreadableFileError(
                f"{folder} holds no controls of this recording: give the directory that "
                "sx.mechanism_recovery has written for it."
            )

        def fitted_in(place: Path, recording: Recording, kicks: Any) -> Row:
            try:
                return tried(lambda: load(place), recording, kicks)
            except FileNotFoundError:
                return empty_row()

        row, rows = fitted_in(folder / RECORDING, like, kicks), dict[Key, Row]()
        for key in ((str(name), k) for name in self.mechanisms for k in range(self.seeds)):
            place = folder / folder_of(*key)
            if (kept := row_in(place)) is not None:
                rows[key] = kept | fitted_in(place, *recording_in(place, like))
        plantings = [
            Planting(str(name), None, self.units, None, like, kicks) for name in self.mechanisms
        ]
        return collected(plantings, rows, row, self.nearest, self.fraction, self.seeds)

    def summary(self) -> str:
        counts = int(self.is_counted.sum())
        return (
            f"MechanismRecovery: {counts} of {len(self.mechanism)} controls count, circuits of "
            f"{self.units} units, {100 * self.seen:.3g} % seen"
            + (f"; {self.missing} missing" if self.missing else "")
        )

    def _table(self) -> Columns:
        """Return the recording beside the controls that count, statistic by statistic."""
        columns: dict[str, Any] = {"": ["the recording", *self.mechanisms]}
        of = [self.counted_rows(name) for name in self.mechanisms]
        columns["count"] = ["", *map(len, of)]
        for k, name in enumerate(self.statistic):
            medians = [np.median(self.statistics[r, k]) if len(r) else np.nan for r in of]
            columns[str(name)] = [float(self.recorded[k]), *map(float, medians)]
        medians = [np.median(self.closure[r]) if len(r) else np.nan for r in of]
        return columns | {"closure": [float(self.recorded_closure), *map(float, medians)]}

    def _closing(self) -> str:
        if not (self.word != "").any():
            return "no control has a fit yet"
        unlike = [str(n) for n in self.mechanisms if not len(self.counted_rows(n))]
        return f"not like the recording: {', '.join(unlike)}" if unlike else ""


def collected(
    plantings: Sequence[Planting],
    rows: Rows,
    row: Row,
    nearest: Float[np.ndarray, "mechanism statistic"],
    fraction: float,
    seeds: int,
    missing: int = 0,
) -> MechanismRecovery:
    """Return the recovery of these rows of controls, and the row of the recording.

    `missing` controls were not made.
    """
    like, kicks = plantings[0].like, plantings[0].kicks
    trials, times, units = like.activity.shape
    kicked, responses = kicks or (np.zeros((0, units)), np.zeros((0, 1, units)))
    recorded = np.array(row["statistics"], float)
    keys = sorted(rows)
    found = [rows[key] for key in keys]
    told = np.array([r["statistics"] for r in found], float).reshape(len(keys), len(recorded))
    away = [np.abs(departures(one, recorded)) for one in told]
    return MechanismRecovery(
        mechanism=np.array([name for name, _ in keys], str),
        seed=np.array([k for _, k in keys], int),
        **{name: np.array([r[name] for r in found], str) for name in ("word", "own", "failure")},
        **{name: np.array([r[name] for r in found], float) for name in ("closure", "response")},
        statistics=told,
        differences=np.array(away).reshape(told.shape),
        pictures=np.array([r["picture"] for r in found], float).reshape(
            len(keys), *picture(like.activity).shape
        ),
        recorded=recorded,
        statistic=np.array([str(name) for name in Statistic]),
        activity=like.activity,
        inputs=np.zeros((trials, times, 0)) if like.inputs is None else like.inputs,
        kicked=kicked,
        responses=responses,
        mechanisms=np.array([p.mechanism for p in plantings]),
        nearest=nearest,
        right_text=json.dumps({p.mechanism: _right(p, rows) for p in plantings}),
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
        missing=missing + sum(not (r["word"] or r["failure"]) for r in found),
    )


def _right(planting: Planting, rows: Rows) -> list[str]:
    """Return the words that are right: of a mechanism of the user's, the most frequent own one."""
    if planting.mechanism in MECHANISMS:
        return list(MECHANISMS[planting.mechanism].right)
    own = [row["own"] for (name, _), row in rows.items() if name == planting.mechanism]
    return [max(set(own), key=own.count)] if own else []

"""Arguments of `make_report`, checked: a network or a system, states, and what else is known."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from .._checked import Named
from .._types import (
    InvalidInputError,
    first_line,
    nearest,
    real_array,
)
from ..activity import Activity
from ..analysis.checks import labels_of
from ..analysis.verdicts.claims import Held
from ..evaluation.readout import last_of, outputs_of, slopes_of
from ..evaluation.trial_periods import Period, Watched
from ..networks import AbstractNetwork
from ..plan import Slopes
from ..systems import AbstractSystem
from .agreement import Compared, agreement
from .choices import choices_of
from .named_periods import in_words, main_period, named_periods

QUESTION = ("claim", "paper", "period")


@dataclasses.dataclass(frozen=True, eq=False)
class Given:
    """Checked arguments of `make_report`.

    Attributes
    ----------
    network
        Where one was given, else None.
    system
        At the main input.
    activity
        The states as trials; states without time are trials of one step.
    periods
        Of the trials; none where nobody named any.
    main
        The period whose input is the main one; None: no period.
    words
        The main input in words.
    compared
        How the states given agree with the steps of the network; None: not compared.
    duration
        Over which states are asked to be held; None: only where they end.
    readout
        The outputs of states `(state, unit)`; None: not known.
    slopes
        Their derivative.
    question
        "claim", "paper", "period", where they were given.
    """

    network: AbstractNetwork | None
    system: AbstractSystem
    activity: Activity
    periods: tuple[Period, ...]
    main: Period | None
    words: str
    compared: Compared | None
    duration: float | None
    readout: Callable[[np.ndarray], Float[np.ndarray, "state output"]] | None
    slopes: Slopes | None
    question: dict[str, str]

    def at_input(self, input: np.ndarray) -> AbstractSystem:
        """Return the system at another input."""
        return (self.network or self.system).at_input(input)

    @property
    def closing(self) -> Float[np.ndarray, "state unit"]:
        """The states at the end of the main period, or of trials; all of them without time."""
        within = np.asarray(self.activity.inside) if self.main is None else self.main.within
        return last_of(np.asarray(self.activity.states, float), within)

    @property
    def watched(self) -> Watched:
        """The trials, as `found_in` takes them."""
        activity = self.activity
        trials = len(activity)
        labels = next(iter(activity.conditions.values()), np.full(trials, "all trials"))
        ends = last_of(np.asarray(activity.outputs, float), np.asarray(activity.inside))
        choice, responses, choose = choices_of(activity.conditions, ends, self.readout)
        return Watched(
            states=np.asarray(activity.states, float),
            dt=activity.dt,
            conditions={name: np.asarray(of) for name, of in activity.conditions.items()},
            group=np.asarray(labels).astype(str),
            choice=choice,
            responses=responses,
            choose=choose,
        )


def as_given(
    system_or_network: AbstractSystem | AbstractNetwork,
    states: Any,
    *,
    inputs: Any,
    outputs: Any,
    readout: Any,
    labels: Any,
    periods: Mapping[str, Any] | None,
    duration: float | None,
    dt: float | None,
    question: str | Mapping[str, str] | None,
) -> Given:
    """Return the arguments of `make_report`, checked; raise InvalidInputError for unusable ones."""
    network = system_or_network if isinstance(system_or_network, AbstractNetwork) else None
    trials, inside, is_timed = _trials(states)
    shown = None if inputs is None else _per_step(inputs, "inputs", trials.shape[:2], is_timed)
    channels = _channels(system_or_network)
    if shown is not None and channels is not None and shown.shape[2] != channels:
        raise InvalidInputError(
            f"inputs have {shown.shape[2]} channels, but the network takes {channels}."
        )
    asked = _question(question)
    spans = named_periods(periods, shown, inside)
    main = main_period(spans, asked)
    system, words = _frozen(system_or_network, main, shown)
    if trials.shape[2] != system.size:
        raise InvalidInputError(
            f"states must have {system.size} units in their last axis, got {np.shape(states)}."
        )
    read = _readout(readout, network, trials.shape[2])
    if outputs is None:
        answers = _read_out(read, trials)
    else:
        answers = _per_step(outputs, "outputs", trials.shape[:2], is_timed)
    dt = _step(system, dt, is_timed)
    if duration is None and is_timed:
        steps = trials.shape[1] if main is None else float(np.median(main.within.sum(1)))
        duration = steps * dt
    activity = Activity(
        states=trials,
        outputs=answers,
        inputs=np.zeros((*trials.shape[:2], 0)) if shown is None else shown,
        choice=np.full(len(trials), -1),
        conditions=dict(labels_of(labels, len(trials))),
        dt=dt,
        inside=inside,
        system=system.kind,
    )
    return Given(
        network=network,
        system=system,
        activity=activity,
        periods=spans,
        main=main,
        words=words,
        compared=None if shown is None else _compared(system_or_network, trials, shown),
        duration=duration,
        readout=read,
        slopes=_slopes(read, network if readout is None else None),
        question=asked,
    )


def _trials(
    states: Any,
) -> tuple[Float[np.ndarray, "trial time unit"], Bool[np.ndarray, "trial time"], bool]:
    """Return states as trials, which of their steps belong to them, and whether they have time."""
    values = real_array(states, "states")
    if values.ndim not in (2, 3) or not values.size:
        raise InvalidInputError(
            f"states must be (state, unit) or (trial, time, unit), got shape {values.shape}."
        )
    is_timed = values.ndim == 3
    trials = values if is_timed else values[:, None]
    inside = np.isfinite(trials).all(-1)  # NaN after the end of a trial that is shorter
    whole = inside[:, 0] & (inside[:, 1:] <= inside[:, :-1]).all(1)
    if not whole.all():
        row = int(whole.argmin())
        if not is_timed:
            raise InvalidInputError(f"state {row} holds NaN or infinity: leave out such states.")
        raise InvalidInputError(
            f"states of trial {row} hold NaN or infinity in the first step or "
            "between finite states. States may be NaN only after the end of a trial."
        )
    return trials, inside, is_timed


def _channels(given: AbstractSystem | AbstractNetwork) -> int | None:
    """Return the number of input channels; None: the system has no input."""
    if isinstance(given, AbstractNetwork):
        return given.num_inputs
    return None if given.input is None else int(np.size(given.input))


def _step(system: AbstractSystem, dt: float | None, is_timed: bool) -> float:
    """Return the time between two states: a step of a map; of a flow it has to be given."""
    if system.kind == "flow" and is_timed and dt is None:
        raise InvalidInputError(
            "states of a flow with a time axis need dt=, the time between two states (in the unit "
            "of tau)."
        )
    if system.kind == "map" and dt is not None and dt != system.time_unit:
        raise InvalidInputError(
            f"a step of the map is {system.time_unit:g}, got dt={dt:g}: make the system with "
            "this dt, or leave dt out."
        )
    return float(system.time_unit if dt is None else dt)


def _compared(
    given: AbstractSystem | AbstractNetwork,
    states: Float[np.ndarray, "trial time unit"],
    inputs: Float[np.ndarray, "trial time channel"],
) -> Compared | None:
    """Compare the states given with steps of a map, at the inputs given."""
    if isinstance(given, AbstractSystem) and (given.kind == "flow" or given.input is None):
        return None
    function = given.step if isinstance(given, AbstractNetwork) else given.evaluate
    return agreement(function, states, inputs)


def _read_out(
    readout: Callable[[np.ndarray], np.ndarray] | None,
    trials: Float[np.ndarray, "trial time unit"],
) -> Float[np.ndarray, "trial time output"]:
    """Return the outputs of all states; none where nothing reads them out."""
    flat = trials.reshape(-1, trials.shape[2])
    outputs = np.zeros((len(flat), 0)) if readout is None else readout(flat)
    return outputs.reshape(*trials.shape[:2], -1)


def _question(question: str | Mapping[str, str] | None) -> dict[str, str]:
    """Return the question as a table; raise InvalidInputError for another."""
    asked = {"claim": question} if isinstance(question, str) else dict(question or {})
    if unknown := sorted(set(asked) - set(QUESTION)):
        raise InvalidInputError(
            f"question has no entry {unknown[0]!r}: {nearest(unknown[0], QUESTION)}"
        )
    claims = [str(held) for held in Held if held != Held.UNKNOWN]
    Named(tuple(claims))(asked.get("claim", "line"), "question: a claim")
    return asked


def _slopes(
    read: Callable[[np.ndarray], np.ndarray] | None, network: AbstractNetwork | None
) -> Slopes | None:
    """Return the derivative of what reads outputs out, which may be the network itself."""
    return None if read is None else functools.partial(slopes_of, network or read)


def _per_step(
    given: Any, name: str, shape: tuple[int, int], is_timed: bool
) -> Float[np.ndarray, "trial time column"]:
    """Return inputs or outputs, of which there is a row for each state."""
    values = real_array(given, name)
    values = values if is_timed else values[:, None]
    if values.ndim != 3 or values.shape[:2] != shape:
        axes = "(trial, time, column)" if is_timed else "(state, column)"
        raise InvalidInputError(
            f"{name} must be {axes} with a row for each state, {shape if is_timed else shape[:1]}, "
            f"got shape {np.shape(given)}."
        )
    return values


def _frozen(
    given: AbstractSystem | AbstractNetwork,
    main: Period | None,
    inputs: Float[np.ndarray, "trial time channel"] | None,
) -> tuple[AbstractSystem, str]:
    """Return the system at the main input, and that input in words."""
    if isinstance(given, AbstractSystem):
        if main is not None and given.input is not None:
            return given.at_input(main.input), main.words
        if main is not None:
            raise InvalidInputError(
                "a period holds an input constant, and the system has no input: make it with "
                "input=…, or give a network."
            )
        known = given.input is not None
        return given, in_words(np.asarray(given.input, float).ravel()) if known else "not given"
    if main is not None:
        return given.at_input(main.input), main.words
    if inputs is not None:
        value = inputs.mean((0, 1))
        return given.at_input(value), f"{in_words(value)} (the mean of the inputs given)"
    zeros = np.zeros(given.num_inputs)
    return given.at_input(zeros), "all channels 0 (none was given)"


def _readout(
    readout: Any, network: AbstractNetwork | None, size: int
) -> Callable[[np.ndarray], Float[np.ndarray, "state output"]] | None:
    """Return a function that reads outputs out of states `(state, unit)`."""
    if readout is None:
        return None if network is None else lambda states: outputs_of(network, states)
    if callable(readout):
        try:
            tried = np.shape(readout(np.zeros((2, size))))
        except Exception as error:
            raise InvalidInputError(
                "readout must be weights (output, unit), or a function of arrays of states (state, "
                f"unit); it raised {first_line(error)}."
            ) from error
        if len(tried) != 2 or tried[0] != 2:
            raise InvalidInputError(
                f"readout must give outputs (state, output) of states (state, unit), got {tried} "
                f"of (2, {size})."
            )
        return lambda states: np.asarray(readout(states), float)
    weights = np.atleast_2d(real_array(readout, "readout"))
    if weights.shape[1:] != (size,):
        raise InvalidInputError(
            f"readout must have shape (output, {size}), got {np.shape(readout)}"
            f"{': give its transpose' if np.shape(readout)[0] == size else ''}."
        )
    return lambda states: np.asarray(states, float) @ weights.T

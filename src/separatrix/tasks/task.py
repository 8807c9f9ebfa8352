"""The contract of a task: a frozen object that draws batches of trials on the device."""

import abc
import dataclasses
import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Bool, Float, Int, PRNGKeyArray, Shaped

from .._checked import Count, checked
from .._records import Record, array, setting
from .._types import (
    Array,
    GivenKey,
    InvalidInputError,
    require_room,
)
from . import inputs
from .durations import count_steps


class Trials(Record):
    """A batch of trials: the inputs to a network, and the outputs that it should give.

    `mask` holds the weights in the loss, one for each step, or one for each output at each step. If
    a trial is shorter than the longest trial, the weights after its end are 0. `scored` marks the
    steps on which the answer counts, such as the decision period. Integer targets are classes.
    Floating-point targets are values that the outputs have to follow. If `output_function` is
    "sigmoid", the sigmoid of the outputs has to follow these values.
    """

    inputs: Float[Array, "trial time channel"] = array("input to the network")
    targets: Shaped[Array, "trial time *output"] = array(
        "target class of each step, or target outputs"
    )
    mask: Float[Array, "trial time *weighed"] = array("weight of each step in the loss")
    scored: Bool[Array, "trial time"] = array(
        "whether the answer at this step counts for the score"
    )
    conditions: dict[str, Shaped[Array, "trial"]] = array("properties in which the trials differ")
    dt: float = setting("duration of a time step", units="ms")
    output_function: str = setting(
        'what is compared with target values: the outputs ("identity") or their "sigmoid"',
        default="identity",
    )

    @property
    def num_trials(self) -> int:
        """The number of trials."""
        return self.inputs.shape[0]

    @property
    def num_steps(self) -> int:
        """The number of time steps of every trial, including padding."""
        return self.inputs.shape[1]

    @property
    def inside(self) -> Bool[Array, "trial time"]:
        """Which steps belong to a trial: all up to the last one with a loss weight above 0.

        The later steps are padding. If no step of a trial has such a weight, all steps belong to
        it.
        """
        return _inside(self.mask, self.inputs.shape[:2])

    def until(self, stop: int) -> "Trials":
        """Return the trials with only their first `stop` time steps."""
        per_step = ("inputs", "targets", "mask", "scored")
        return dataclasses.replace(self, **{n: getattr(self, n)[:, :stop] for n in per_step})


@functools.partial(jax.jit, static_argnums=1)
def _inside(mask: Array, shape: tuple[int, int]) -> Bool[Array, "trial time"]:
    asked = (jnp.asarray(mask) > 0).reshape(*shape, -1).any(-1)
    steps_from_here = jnp.cumsum(asked[:, ::-1], axis=1)[:, ::-1]
    return (steps_from_here > 0) | ~asked.any(1, keepdims=True)


class AbstractTask(eqx.Module):
    """The base class of cognitive tasks.

    All fields of a task are settings, which are hashable, so a compiled program can close over a
    task. A subclass implements `draw`; users call `trials`.
    """

    reference: ClassVar[str]
    units: ClassVar[Mapping[str, str]] = MappingProxyType({})
    varying: ClassVar[tuple[str, ...]] = ()
    """Periods whose duration is drawn for each trial; the conditions hold the durations in ms."""
    dt: eqx.AbstractVar[float]

    @property
    @abc.abstractmethod
    def periods(self) -> dict[str, tuple[float, float]]:
        """The start and end in ms of each period, in order, if each has its longest duration."""

    @property
    @abc.abstractmethod
    def channels(self) -> tuple[str, ...]:
        """Names of the input channels."""

    @property
    @abc.abstractmethod
    def responses(self) -> tuple[str, ...]:
        """Names of the outputs."""

    @abc.abstractmethod
    def draw(self, key: PRNGKeyArray, n: int) -> Trials:
        """Draw `n` random trials. This is a pure function, which JAX can compile."""

    @property
    def answers_in_classes(self) -> bool:
        """True if the answer is the largest output; False if outputs follow target values."""
        drawn = jax.eval_shape(lambda key: self.draw(key, 1), jr.key(0))
        return bool(jnp.issubdtype(drawn.targets.dtype, jnp.integer))

    @property
    def is_solved(self) -> bool:
        """Whether the task has a `solve`: an ideal observer with which to compare a network."""
        return False

    @property
    def condition_units(self) -> dict[str, str]:
        """The unit of each condition that has one: ms for durations, others as given in `units`."""
        return dict.fromkeys(self.periods, "ms") | dict(self.units)

    @property
    def condition_words(self) -> dict[str, tuple[str, ...]]:
        """For each condition whose values are codes, its words: code k stands for word k."""
        return {}

    @property
    def num_inputs(self) -> int:
        """Number of input channels."""
        return len(self.channels)

    @property
    def num_outputs(self) -> int:
        """Number of outputs."""
        return len(self.responses)

    @property
    def num_steps(self) -> int:
        """Number of time steps in a trial."""
        return max(stop for _, stop in self.period_steps().values())

    def period_steps(self) -> dict[str, tuple[int, int]]:
        """Return the first step of each period of `periods`, and the first step after it."""
        steps, start = {}, 0
        for name, (begin, end) in self.periods.items():
            stop = start + count_steps(end - begin, self.dt)
            steps[name] = (start, stop)
            start = stop
        return steps

    @checked
    def trials(self, n: Count, *, key: GivenKey) -> Trials:
        """Return `n` random trials, which are the same for the same `key`.

        Raises InvalidInputError if `n` is not a positive integer, or `key` is not a random key.
        """
        require_room(n * self.num_steps * self.num_inputs, f"{n:,} trials")
        return _draw_compiled(self, key, n)

    def varied(self) -> "AbstractTask":
        """Return the task with independent trials, with which a network's score is measured.

        In `Yang2019` with `shared=True`, all trials of a batch have the same rule, times and
        modality. For such a task, the same task without the sharing is returned. Any other task
        returns itself.
        """
        return self

    def period_input(self, name: str) -> Float[np.ndarray, " channel"]:
        """Return the mean input of a period without noise, at which a network can be frozen.

        The mean is taken over the steps of the period in up to 2048 trials. Channels whose means
        differ only by chance get the same value, so that evidence for one side cancels evidence for
        the other. Each value is rounded to the digits that this number of trials determines.
        Raises InvalidInputError if the task has no period of this name, or if the period has no
        step in any trial.

        Examples
        --------
        >>> import separatrix as sx
        >>> sx.tasks.ContextDecisionMaking(delay=300.0).period_input("delay")
        array([1. , 0. , 0. , 0. , 0. , 0.5, 0.5])
        """
        return inputs.period_input(self, name)

    def input_at(
        self, period: str | None = None, /, **channels: Any
    ) -> Float[np.ndarray, " channel"]:
        """Return an input to freeze: the input of a period, with other values on some channels.

        In the file of an experiment, the setting `input` of the table `[analysis]` does the same.

        Parameters
        ----------
        period
            The period whose `period_input` gives the channels that are not named. None sets these
            channels to 0.
        channels
            The values of channels, as keyword arguments. In a keyword, "_" stands for every
            character other than a letter or digit: for the channel "stimulus 1" write
            `stimulus_1=0.7`, or `**{"stimulus 1": 0.7}`.

        Returns
        -------
        array
            One value for each channel `(channel,)`, for `network.at_input`.

        Raises
        ------
        InvalidInputError
            If a name is not a period or channel of the task, or a value is not a finite number.

        Examples
        --------
        >>> import separatrix as sx
        >>> task = sx.tasks.PerceptualDecisionMaking()
        >>> task.input_at("stimulus", stimulus_1=0.7)
        array([1. , 0.7, 0.5])
        >>> task.input_at(fixation=1)
        array([1., 0., 0.])
        """
        return inputs.input_at(self, period, channels)

    @property
    def period_before_answer(self) -> str:
        """The last period before scoring begins, or the first period if the first one is scored."""
        return inputs.period_before_answer(self)

    def describe_input(self, values: Any) -> str:
        """Describe an input `(channel,)` in words and numbers, by the names of the channels.

        Examples
        --------
        >>> import separatrix as sx
        >>> sx.tasks.PerceptualDecisionMaking().describe_input([1.0, 0.5, 0.5])
        'fixation 1, both stimuli 0.5'
        """
        return inputs.describe_input(self.channels, values)

    def score(self, outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
        """Return the fraction of correct answers; NaN if the task does not say what is correct."""
        return accuracy(outputs, trials)

    def score_each(
        self, outputs: Float[Array, "trial time output"], trials: Trials
    ) -> Float[Array, " trial"]:
        """Return the `score` of each single trial."""

        def one(out: Array, trial: Trials) -> Array:
            return self.score(out[None], jax.tree.map(lambda a: a[None], trial))

        return jax.vmap(one)(outputs, trials)


class SolvableTask(AbstractTask):
    """A task with an ideal observer or an exact solution, which shows that the task can be done.

    Like a network, `solve` sees the inputs step by step: its answer at a step does not depend on
    later inputs. In addition to the inputs, `solve` may use the settings of the task, which a
    network learns in training.
    """

    ideal_trials: ClassVar[int] = 4096

    @property
    def is_solved(self) -> bool:
        return True

    @abc.abstractmethod
    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Return the outputs of an ideal observer, or of an exact solution, for these inputs."""

    @property
    @abc.abstractmethod
    def chance(self) -> float:
        """The best `score` that is possible without using the stimuli."""

    @property
    def ideal_mean_accuracy(self) -> float:
        """The `score` of `solve` on `ideal_trials` trials from a fixed key; NaN without `solve`."""
        return measured_accuracy(self)


def measured_accuracy(task: SolvableTask) -> float:
    """Return the `score` of `solve` on trials of a fixed key, NaN where there is none."""
    if not task.is_solved:
        return float("nan")
    return float(_score_compiled(task, jr.key(0x69646561), task.ideal_trials))


def draw_checked(task: AbstractTask, key: PRNGKeyArray, n: int) -> Trials:
    """Draw trials as the task does, and see to it that they have the shapes that it says.

    Costs nothing in a compiled program. Raises InvalidInputError where they have others.
    """
    trials = task.draw(key, n)
    steps, outputs = (n, task.num_steps), (n, task.num_steps, task.num_outputs)
    of_classes = jnp.issubdtype(trials.targets.dtype, jnp.integer)
    expected: dict[str, list[tuple[int, ...]]] = {
        "inputs": [(*steps, task.num_inputs)],
        "targets": [steps if of_classes else outputs],
        "mask": [steps] if of_classes else [steps, (*steps, 1), outputs],
        "scored": [steps],
    }
    found = {name: getattr(trials, name) for name in expected}
    for name, values in trials.conditions.items():
        expected[f"conditions[{name!r}]"], found[f"conditions[{name!r}]"] = [(n,)], values
    for name, shapes in expected.items():
        shape = found[name].shape
        if shape not in shapes:
            raise InvalidInputError(
                f"{type(task).__name__}.draw gives {name} of shape {shape} for {n} trials of "
                f"{task.num_steps} steps, {task.num_inputs} channels and {task.num_outputs} "
                f"outputs: expected {' or '.join(map(str, shapes))}."
            )
    return trials


@eqx.filter_jit
def _score_compiled(task: SolvableTask, key: PRNGKeyArray, n: int) -> Float[Array, ""]:
    trials = draw_checked(task, key, n)
    return task.score(task.solve(trials.inputs), trials)


@eqx.filter_jit
def _draw_compiled(task: AbstractTask, key: PRNGKeyArray, n: int) -> Trials:
    return draw_checked(task, key, n)


def consecutive(durations: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Lay periods one after the other: name -> (start, end) in ms."""
    ends = np.cumsum(list(durations.values()))
    return {
        name: (float(end - length), float(end))
        for (name, length), end in zip(durations.items(), ends, strict=True)
    }


def period_mask(task: AbstractTask, *names: str) -> Float[np.ndarray, " time"]:
    """Return 1 on the steps of the named periods and 0 elsewhere.

    By the clock: right for periods that begin and end at the same step of every trial.
    """
    mask = np.zeros(task.num_steps, np.float32)
    steps = task.period_steps()
    for name in names:
        mask[slice(*steps[name])] = 1.0
    return mask


@checked
def check_outputs(outputs: Any, trials: Trials) -> None:
    """Raise InvalidInputError unless outputs are `(trial, time, output)`; free when compiled."""
    steps, shape = jnp.shape(trials.scored), getattr(outputs, "shape", ())
    kind = getattr(outputs, "dtype", np.dtype(object))
    if shape[:2] != steps or len(shape) != 3 or not jnp.issubdtype(kind, jnp.floating):
        raise InvalidInputError(
            f"outputs must be real numbers {(*steps, 'output')}, got shape {shape} of {kind}."
        )


def choice_of(outputs: Float[Array, "trial time output"], trials: Trials) -> Int[Array, " trial"]:
    """Return the class with the largest mean output over the scored steps of each trial.

    Parameters
    ----------
    outputs
        A network's outputs `(trial, time, output)`.
    trials
        The trials that the outputs belong to; their `scored` says which steps count.

    Returns
    -------
    array (trial,)
        The class of each trial, a whole number from 0.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> trials = sx.tasks.GoNoGo().trials(8, key=jax.random.key(0))
    >>> choice = sx.tasks.choice_of(jax.nn.one_hot(trials.targets, 2), trials)
    >>> bool((choice == trials.targets[:, -1]).all())
    True
    """
    check_outputs(outputs, trials)
    weights = trials.scored.astype(outputs.dtype)
    return jnp.argmax(jnp.einsum("nto,nt->no", outputs, weights), axis=-1)


def accuracy(outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
    """Return the fraction of scored steps on which the largest output is the target class.

    Parameters
    ----------
    outputs
        A network's outputs `(trial, time, output)`.
    trials
        The trials that the outputs belong to.

    Returns
    -------
    scalar
        The fraction; NaN if the targets are values, not classes.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> trials = sx.tasks.GoNoGo().trials(8, key=jax.random.key(0))
    >>> float(sx.tasks.accuracy(jax.nn.one_hot(trials.targets, 2), trials))
    1.0
    """
    check_outputs(outputs, trials)
    if not jnp.issubdtype(trials.targets.dtype, jnp.integer):
        return jnp.float32(jnp.nan)
    right = (jnp.argmax(outputs, -1) == trials.targets) & trials.scored
    return right.sum() / jnp.maximum(trials.scored.sum(), 1)

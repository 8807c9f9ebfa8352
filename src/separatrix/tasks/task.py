"""The contract of a task: a frozen object that draws batches of trials on the device."""

import abc
import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Bool, Float, PRNGKeyArray

from .._checked import Count, Finite, Named, checked, taken
from .._types import Array, GivenKey, InvalidInputError, is_traced, require_room
from . import inputs
from .durations import count_steps
from .trials import Trials, accuracy

AVERAGED, ENTRIES = 2048, 2**25
"""How many trials are averaged for an input, and the most numbers that they may have."""
_KEY = 0x696E7075
_NOISE = ("noise", "sigma_x")
"""Names that tasks give to the strength of their input noise."""


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
        Named(tuple(self.period_steps()))(name, "period")
        trials = _averaged(self)
        within = during(self, trials, name)
        shown = within.any(1)
        if not shown.any():
            raise InvalidInputError(
                f"the {name} period has no step in any trial of this task, so it has no input."
            )
        drawn, within = np.asarray(trials.inputs)[shown], within[shown]
        sums = np.einsum("ntc,nt->nc", drawn, within.astype(np.float32)).astype(float)
        return inputs.mean_over(sums / within.sum(1, keepdims=True))

    def input_at(self, period: str | None = None, /, **channels: Any) -> Float[Array, " channel"]:
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
        value = list(np.zeros(self.num_inputs) if period is None else self.period_input(period))
        for name, number in channels.items():
            given = number if is_traced(number) else taken(number, Finite, name)
            value[inputs.place(self.channels, name)] = given
        return jnp.asarray(value) if is_traced(value) else np.array(value)

    @property
    def period_before_answer(self) -> str:
        """The last period before scoring begins, or the first period if the first one is scored."""
        trials = _averaged(self)
        first = np.asarray(trials.scored).argmax(1)
        shown = {name: during(self, trials, name) for name in self.periods}
        here = [name for name, steps in shown.items() if steps.any()]
        answers = [shown[name][np.arange(len(first)), first].mean() for name in here]
        return here[max(int(np.argmax(answers)) - 1, 0)]

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


def without_noise(task: AbstractTask) -> AbstractTask:
    """Return the task without noise on its inputs, where it has a setting for that."""
    names = [f.name for f in dataclasses.fields(task) if f.name in _NOISE]
    return dataclasses.replace(task, **dict.fromkeys(names, 0.0)) if names else task


def during(task: AbstractTask, trials: Trials, name: str) -> Bool[np.ndarray, "trial time"]:
    """Mask the steps of each trial in a period, also where periods vary in duration."""
    count, steps = trials.num_trials, np.arange(trials.num_steps)
    stop = np.zeros(count, int)
    for period, (first, last) in task.period_steps().items():
        drawn = np.full(count, (last - first) * task.dt)
        if period in task.varying:
            drawn = np.asarray(trials.conditions[period])
        start, stop = stop, stop + np.rint(drawn / task.dt).astype(int)
        if period == name:
            break
    within = (steps >= start[:, None]) & (steps < stop[:, None])
    inside = within & np.asarray(trials.inside)
    return inside if inside.any() else within


def _averaged(task: AbstractTask) -> Trials:
    fit = max(ENTRIES // (task.num_steps * task.num_inputs), 1)
    return without_noise(task.varied()).trials(min(AVERAGED, fit), key=jr.key(_KEY))


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

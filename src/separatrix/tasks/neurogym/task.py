"""A task whose trials NeuroGym draws, on the host."""

import functools
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from ..._types import InvalidInputError, nearest
from ..task import AbstractTask, consecutive
from ..trials import Trials
from .environment import Make, RawTrial, draw_trials, maker

_SURVEYED = 1000  # trials that tell what trials are like
_ENTROPY = (0x73757276,)


def from_neurogym(
    env_or_name: Any, *, scored: str | None = None, reference: str | None = None, **settings: Any
) -> "NeuroGymTask":
    """Make a task from a NeuroGym environment.

    The inputs of a trial are what the environment shows (`env.ob` after `env.new_trial()`). The
    targets are the correct actions (`env.gt`), as in `neurogym.Dataset`. The conditions are the
    numbers and texts in `env.trial` and, under the names of the periods, the durations in ms of the
    periods that vary. (An entry of `env.trial` that has the name of a period is called
    "<name>_value".) If periods overlap or leave a gap, the whole trial is one period, "trial".

    Trials are always whole, and are padded to the same length. To find this length, 1,000 trials
    are drawn first, and the longest durations of the periods in these trials are added up. If a
    later trial is longer, it is discarded, and another trial is drawn in its place. After its end a
    trial has no input, is not scored and has no weight in the loss.

    The trials of a batch follow one another in an environment that is made for this batch and
    seeded from the key. So the same key gives the same trials. If the environment has blocks of
    trials, they start again with each batch. Trials are always drawn on the host, even from within
    compiled programs such as `sx.train` (`jax.pure_callback`). A batch takes a few ms to begin, and
    each trial takes 0.1 to 0.5 ms. Native tasks take less than 0.001 ms per trial. `sx.Windows`
    asks for trials one by one, so it is slow with a NeuroGym task.

    Parameters
    ----------
    env_or_name
        The name of an environment, such as "PerceptualDecisionMaking-v0", or an environment itself,
        such as one that you wrote (a `neurogym.TrialEnv`, wrapped or not). An environment that you
        pass is used for all batches, and only its random numbers and its schedule start again with
        each batch. If it remembers anything else, such as earlier trials, the same key may give
        different trials.
    scored
        The period in which answers are scored. By default it is "decision", or the last period if
        there is no "decision".
    reference
        The paper to cite; by default the paper that the environment names.
    settings
        Arguments of the environment, such as `dt=20` or `timing={"stimulus": 800}`. They can be
        given only with the name of an environment.

    Returns
    -------
    NeuroGymTask
        The task. A condition whose values are texts is stored as numbers; `.condition_words` lists
        the texts in the order of these numbers.

    Raises
    ------
    InvalidInputError
        If NeuroGym is not installed, if the name is unknown, or if the environment does not accept
        the settings. Also if no trial has the period `scored`, if actions are continuous, or if the
        inputs and targets of a trial are not fixed before the trial begins.

    References
    ----------
    Molano-Mazón et al. (2022) NeuroGym, PsyArXiv aqc9n.

    Notes
    -----
    Install NeuroGym in a clone of the repository, in a separate environment, with
    `pip install --constraint constraints-interop.txt '.[neurogym]'`.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.from_neurogym("PerceptualDecisionMaking-v0", dt=100)
    >>> task.trials(16, key=jax.random.key(0)).inputs.shape
    (16, 22, 3)
    """
    make = maker(env_or_name, settings)
    trials = list(itertools.islice(draw_trials(make, _ENTROPY), _SURVEYED))
    environment = make()
    inner = environment.unwrapped
    _check_periods(inner, trials, scored)
    periods = _periods(trials)
    each = [_lengths(t, periods) for t in trials]
    return NeuroGymTask(
        dt=float(inner.dt),
        name=str(env_or_name) if isinstance(env_or_name, str) else type(inner).__name__,
        reference=reference or getattr(inner, "metadata", {}).get("paper_name") or "",
        make=make,
        lengths=tuple((p, max(one[p] for one in each)) for p in periods),
        varying=tuple(p for p in periods if len({one[p] for one in each}) > 1),
        columns=tuple(_columns(trials)),
        channel_names=_named(environment.observation_space, trials[0].inputs.shape[1], "input"),
        response_names=_named(environment.action_space, int(environment.action_space.n), "action"),
        scored=scored,
    )


def _check_periods(inner: Any, trials: list[RawTrial], scored: str | None) -> None:
    """Raise InvalidInputError for a period that no trial has, or that has no step in any.

    NeuroGym rounds durations down to whole steps, and says nothing where none is left.
    """
    longest: dict[str, int] = {}
    for period, (start, stop) in (item for t in trials for item in t.periods.items()):
        longest[period] = max(longest.get(period, 0), stop - start)
    if scored is not None and scored not in longest:
        raise InvalidInputError(f"no period {scored!r} to score: {nearest(str(scored), longest)}")
    for period, asked in getattr(inner, "timing", {}).items():
        is_zero = isinstance(asked, (int, float)) and asked <= 0
        if not is_zero and longest.get(period) == 0:
            raise InvalidInputError(
                f"{type(inner).__name__}: the {period} period (timing {asked!r}) is shorter than "
                f"one step (dt = {inner.dt:g} ms). Use a smaller dt, or a timing of 0 to leave the "
                "period out."
            )


def _periods(trials: list[RawTrial]) -> list[str]:
    """Return the periods in order, "trial" alone where they do not fill every trial in that order.

    A trial may lack some of the fullest one's.
    """
    order = max((list(t.periods) for t in trials), key=len)
    alike = all(t.is_filled and [p for p in order if p in t.periods] == list(t.periods)
                for t in trials)  # fmt: skip
    return order if alike else ["trial"]


def _lengths(trial: RawTrial, periods: Iterable[str]) -> dict[str, int]:
    """Return the steps of each of these periods in a trial."""
    ends = {"trial": (0, trial.num_steps)} | trial.periods
    return {p: stop - start for p in periods for start, stop in [ends.get(p, (0, 0))]}


class Column(NamedTuple):
    """A condition: its name, and what its values are; a text is stored as its place in `words`."""

    name: str
    dtype: str
    words: tuple[str, ...] = ()

    def code(self, trial: RawTrial) -> Any:
        """Return the value of a trial: NaN, or −1 for a text, where it has none."""
        value = trial.conditions.get(self.name, np.nan)
        if self.words:
            return self.words.index(str(value)) if str(value) in self.words else -1
        return value


def _columns(trials: list[RawTrial]) -> Iterator[Column]:
    """Yield the conditions of trials."""
    for name in dict.fromkeys(name for t in trials for name in t.conditions):
        values = np.array([t.conditions.get(name, np.nan) for t in trials])
        if values.dtype.kind == "U":
            words = {str(t.conditions[name]) for t in trials if name in t.conditions}
            yield Column(name, "int32", tuple(sorted(words)))
        else:
            yield Column(name, {"b": "bool", "f": "float32"}.get(values.dtype.kind, "int32"))


def _named(space: Any, count: int, what: str) -> tuple[str, ...]:
    """Return the names of channels or actions that a space of NeuroGym gives, or numbered ones."""
    found = [f"{what} {k}" for k in range(count)]
    for name, places in (getattr(space, "name", None) or {}).items():
        members = np.atleast_1d(np.asarray(list(places) if np.ndim(places) else places, int))
        for k, place in enumerate(members):
            if 0 <= place < count:
                found[place] = name if len(members) == 1 else f"{name} {k + 1}"
    return tuple(found)


def named_environment(
    environment: str, *, scored: str | None = None, reference: str | None = None, **settings: Any
) -> "NeuroGymTask":
    """Make a task of the environment of a name: `from_neurogym` for the table of an experiment.

    There is no environment but one by name in a file, so another value is refused.
    """
    return from_neurogym(environment, scored=scored, reference=reference, **settings)


class NeuroGymTask(AbstractTask):
    """A NeuroGym environment as a task. Make one with `from_neurogym`.

    Examples
    --------
    >>> import separatrix as sx
    >>> task = sx.tasks.from_neurogym("GoNogo-v0", dt=100)
    >>> task.num_inputs, task.num_outputs, list(task.period_steps())
    (3, 2, ['fixation', 'stimulus', 'delay', 'decision'])
    """

    dt: float = eqx.field(static=True)
    name: str = eqx.field(static=True)
    reference: str = eqx.field(static=True)  # type: ignore[misc]  # each environment has its own
    make: Make = eqx.field(static=True, repr=False)
    lengths: tuple[tuple[str, int], ...] = eqx.field(static=True)
    varying: tuple[str, ...] = eqx.field(static=True)  # type: ignore[misc]  # of each its own
    columns: tuple[Column, ...] = eqx.field(static=True)
    channel_names: tuple[str, ...] = eqx.field(static=True)
    response_names: tuple[str, ...] = eqx.field(static=True)
    scored: str | None = eqx.field(static=True)

    @property
    def periods(self) -> dict[str, tuple[float, float]]:
        return consecutive({name: steps * self.dt for name, steps in self.lengths})

    @property
    def channels(self) -> tuple[str, ...]:
        return self.channel_names

    @property
    def responses(self) -> tuple[str, ...]:
        return self.response_names

    @property
    def condition_words(self) -> dict[str, tuple[str, ...]]:
        return {column.name: column.words for column in self.columns if column.words}

    def draw(self, key: PRNGKeyArray, n: int) -> Trials:
        steps, channels = self.num_steps, self.num_inputs
        kinds = {column.name: column.dtype for column in self.columns}
        kinds |= dict.fromkeys(self.varying, "float32")
        shapes = (
            jax.ShapeDtypeStruct((n, steps, channels), jnp.float32),
            jax.ShapeDtypeStruct((n, steps), jnp.int32),
            jax.ShapeDtypeStruct((n, steps), jnp.float32),
            jax.ShapeDtypeStruct((n, steps), jnp.bool_),
            {name: jax.ShapeDtypeStruct((n,), kind) for name, kind in kinds.items()},
        )
        inputs, targets, mask, scored, conditions = jax.pure_callback(
            functools.partial(self._batches, n=n),
            shapes,
            jr.key_data(key),
            vmap_method="broadcast_all",
        )
        return Trials(inputs, targets, mask, scored, conditions, self.dt)

    def _batches(self, keys: Any, n: int) -> Any:
        """Draw a batch for each key `(…, words)` of a batch of keys."""
        keys = np.asarray(keys)
        drawn = [self._batch(tuple(map(int, key)), n) for key in keys.reshape(-1, keys.shape[-1])]
        front = keys.shape[:-1]
        return jax.tree.map(lambda *rows: np.stack(rows).reshape(*front, *rows[0].shape), *drawn)

    def _batch(self, entropy: tuple[int, ...], n: int) -> Any:
        trials, steps = self._fitting(entropy, n), self.num_steps
        inputs = np.zeros((n, steps, self.num_inputs), np.float32)
        targets = np.zeros((n, steps), np.int32)
        mask, scored = np.zeros((n, steps), np.float32), np.zeros((n, steps), bool)
        for row, trial in enumerate(trials):
            inputs[row, : trial.num_steps] = trial.inputs
            targets[row, : trial.num_steps] = trial.targets
            mask[row, : trial.num_steps] = 1.0
            scored[row, self._scored_steps(trial)] = True
        conditions = {c.name: np.array([c.code(t) for t in trials], c.dtype) for c in self.columns}
        each = [_lengths(t, self.varying) for t in trials]
        for period in self.varying:
            conditions[period] = np.array([one[period] * self.dt for one in each], np.float32)
        return inputs, targets, mask, scored, conditions

    def _fitting(self, entropy: tuple[int, ...], n: int) -> list[RawTrial]:
        """Draw trials, but for those that are longer than any that was seen at first."""
        drawn = itertools.islice(draw_trials(self.make, entropy), 10 * n + _SURVEYED)
        trials = list(itertools.islice((t for t in drawn if t.num_steps <= self.num_steps), n))
        if len(trials) < n:
            raise InvalidInputError(
                f"{self.name}: most trials are longer than the {self.num_steps} steps of the "
                "trials that were drawn first, so the trials become longer with time. Make the "
                "environment with a fixed timing."
            )
        return trials

    def _scored_steps(self, trial: RawTrial) -> slice:
        """Return the steps of the scored period, by default of the decision or the last one."""
        if self.scored is not None:
            return slice(*trial.periods.get(self.scored, (0, 0)))
        last = max(trial.periods.values(), key=lambda ends: ends[::-1], default=(0, None))
        return slice(*trial.periods.get("decision", last))

"""A task whose trials NeuroGym draws, on the host."""

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from ..._types import InvalidInputError, nearest
from ..base import AbstractTask, Trials, consecutive
from .environment import Make, RawTrial, draw_trials, maker
from .survey import (
    DTYPES,
    Column,
    check_rounding,
    columns,
    common_periods,
    durations,
    named,
    scored_steps,
    varying,
)

_SURVEYED = 1000  # trials that tell what trials are like
_ENTROPY = (0x73757276,)
_PATIENCE = 1000  # trials in a row that may be longer than any of those


def from_neurogym(
    env_or_name: Any, *, scored: str | None = None, reference: str | None = None, **settings: Any
) -> "NeuroGymTask":
    r"""Make a task of a NeuroGym environment.

    The inputs of a trial are what the environment shows (`env.ob` after `env.new_trial()`), the
    targets the right actions (`env.gt`), as in `neurogym.Dataset`; the conditions are `env.trial`,
    and the durations in ms of the periods that vary, by their names (what `env.trial` has under the
    name of a period is called "<name>_value"). Trials are whole, and padded to one length,
    which 1,000 trials drawn at first tell; a trial that is longer still is drawn again. After its
    end a trial has no input, is not scored and has no weight in the loss.

    The trials of a batch follow one another, in an environment that is made anew and seeded from
    the key: the same key gives the same trials, and blocks of trials begin with the batch. They are
    drawn on the host, also from within compiled programs such as `sx.train` (`jax.pure_callback`),
    every time fresh ones: a batch takes some ms to begin and each trial 0.1 to 0.5, where native
    tasks take less than 0.001. (`sx.Windows`, which asks for trials one by one, is slow with it.)

    Parameters
    ----------
    env_or_name
        A name, such as "PerceptualDecisionMaking-v0", or an environment, such as one of your own
        (a `neurogym.TrialEnv`, wrapped or not). The latter is used as it is: what it remembers from
        trial to trial, other than its random numbers and schedule, goes on from batch to batch, and
        then the same key may give other trials.
    scored
        The period in which answers are scored; by default "decision", or the last one.
    reference
        The paper; by default what the environment says.
    settings
        What the environment takes, such as `dt=20` or `timing={"stimulus": 800}`.

    Returns
    -------
    NeuroGymTask
        `.condition_words` holds the texts of conditions that are texts, which are coded by their
        place in it.

    Raises
    ------
    InvalidInputError
        When NeuroGym is not installed; for an unknown name or settings that the environment does
        not take; for continuous actions, and environments whose trials have no given inputs and
        targets; for a period that no trial has.

    References
    ----------
    Molano-Mazón et al. (2022) NeuroGym, PsyArXiv aqc9n.

    Notes
    -----
    NeuroGym is installed in a clone, in an environment of its own, by
    `pip install --constraint constraints-interop.txt '.[neurogym]'`::

        task = sx.tasks.from_neurogym("PerceptualDecisionMaking-v0", dt=100)
        task.trials(16, key=jax.random.key(0)).conditions["coh"]
    """
    make = maker(env_or_name, settings)
    trials = list(itertools.islice(draw_trials(make, _ENTROPY), _SURVEYED))
    environment = make()
    inner = environment.unwrapped
    if scored is not None and not any(scored in t.periods for t in trials):
        known = dict.fromkeys(p for t in trials for p in t.periods)
        raise InvalidInputError(f"no period {scored!r} to score: {nearest(str(scored), known)}")
    check_rounding(type(inner).__name__, float(inner.dt), getattr(inner, "timing", {}), trials)
    periods = common_periods(trials)
    metadata = getattr(inner, "metadata", {})
    return NeuroGymTask(
        dt=float(inner.dt),
        name=str(env_or_name) if isinstance(env_or_name, str) else type(inner).__name__,
        reference=reference or metadata.get("paper_name") or "",
        make=make,
        lengths=tuple(periods.items()),
        varying=varying(trials, periods),
        columns=tuple(columns(trials, periods).items()),
        channel_names=named(environment.observation_space, trials[0].inputs.shape[1], "input"),
        response_names=named(environment.action_space, int(environment.action_space.n), "action"),
        scored=scored,
    )


def named_environment(
    environment: str, *, scored: str | None = None, reference: str | None = None, **settings: Any
) -> "NeuroGymTask":
    """Make a task of the environment of a name: `from_neurogym` for the table of an experiment.

    There is no environment but one by name in a file, so another value is refused.
    """
    return from_neurogym(environment, scored=scored, reference=reference, **settings)


class NeuroGymTask(AbstractTask):
    """A NeuroGym environment as a task; `from_neurogym` makes it."""

    dt: float = eqx.field(static=True)
    name: str = eqx.field(static=True)
    reference: str = eqx.field(static=True)  # type: ignore[misc]  # each environment has its own
    make: Make = eqx.field(static=True, repr=False)
    lengths: tuple[tuple[str, int], ...] = eqx.field(static=True)
    varying: tuple[str, ...] = eqx.field(static=True)  # type: ignore[misc]  # of each its own
    columns: tuple[tuple[str, Column], ...] = eqx.field(static=True)
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
        return {name: c.words for name, c in self.columns if c.kind == "text"}

    def draw(self, key: PRNGKeyArray, n: int) -> Trials:
        data = jr.key_data(key)
        steps, channels = self.num_steps, self.num_inputs
        kinds = {name: DTYPES[column.kind] for name, column in self.columns}
        kinds |= dict.fromkeys(self.varying, np.float32)
        shapes = (
            jax.ShapeDtypeStruct((n, steps, channels), jnp.float32),
            jax.ShapeDtypeStruct((n, steps), jnp.int32),
            jax.ShapeDtypeStruct((n, steps), jnp.float32),
            jax.ShapeDtypeStruct((n, steps), jnp.bool_),
            {name: jax.ShapeDtypeStruct((n,), kind) for name, kind in kinds.items()},
        )
        batches = functools.partial(self._batches, n=n)
        inputs, targets, mask, scored, conditions = jax.pure_callback(
            batches, shapes, data, vmap_method="broadcast_all"
        )
        return Trials(inputs, targets, mask, scored, conditions, self.dt)

    def _batches(self, keys: Any, n: int) -> Any:
        """Draw a batch for each key `(…, words)` of a batch of keys."""
        keys = np.asarray(keys)
        drawn = [self._batch(tuple(map(int, key)), n) for key in keys.reshape(-1, keys.shape[-1])]
        front = keys.shape[:-1]
        return jax.tree.map(lambda *rows: np.stack(rows).reshape(*front, *rows[0].shape), *drawn)

    def _batch(self, entropy: tuple[int, ...], n: int) -> Any:
        trials = list(itertools.islice(self._fitting(entropy), n))
        steps = self.num_steps
        inputs = np.zeros((n, steps, self.num_inputs), np.float32)
        targets = np.zeros((n, steps), np.int32)
        mask, scored = np.zeros((n, steps), np.float32), np.zeros((n, steps), bool)
        for row, trial in enumerate(trials):
            inputs[row, : trial.num_steps] = trial.inputs
            targets[row, : trial.num_steps] = trial.targets
            mask[row, : trial.num_steps] = 1.0
            scored[row, scored_steps(trial, self.scored)] = True
        conditions: dict[str, np.ndarray] = {
            name: np.array([column.code(t) for t in trials], DTYPES[column.kind])
            for name, column in self.columns
        }
        each = [durations(t, dict(self.lengths)) for t in trials]
        for period in self.varying:
            conditions[period] = np.array([one[period] * self.dt for one in each], np.float32)
        return inputs, targets, mask, scored, conditions

    def _fitting(self, entropy: tuple[int, ...]) -> Iterator[RawTrial]:
        """Yield trials, but for those that are longer than any that was seen at first."""
        longer = 0
        for trial in draw_trials(self.make, entropy):
            longer = longer + 1 if trial.num_steps > self.num_steps else 0
            if not longer:
                yield trial
            elif longer == _PATIENCE:
                raise InvalidInputError(
                    f"{self.name}: {longer} trials in a row are longer than the {self.num_steps} "
                    "steps of those drawn at first: its trials grow. Make it with a fixed timing."
                )

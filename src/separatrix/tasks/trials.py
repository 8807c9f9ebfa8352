"""A batch of trials, and what is read from the outputs of a network on them."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._checked import checked
from .._records import Record, array, setting
from .._types import Array, InvalidInputError


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

"""Comparing a value with the memory of an earlier one."""

from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..._checked import SOME, Finite, taken
from ..._types import Array, InvalidInputError
from .. import fields
from ..cue_detection import cue_off, first_and_second, summed
from ..durations import Length
from ..ideal_observer import respond, two_sided
from ..staged import (
    NoisyTask,
    Scene,
    answer_in,
    noisy_during,
    pick,
    side_by_side,
)
from ..timeline import Timeline


def _pairs(given: Any) -> tuple[tuple[float, float], ...]:
    pairs = taken(given, Annotated[tuple[tuple[Finite, Finite], ...], SOME], "pairs")
    if not all(high > low for high, low in pairs):
        raise InvalidInputError(
            f"pairs must be pairs of numbers, the larger one first; got {given!r:.60}."
        )
    return pairs


class DelayComparison(NoisyTask):
    r"""Parametric working memory: was the first stimulus larger than the second?

    A stimulus of frequency $f$ is the input
    $\frac12 + \frac12\frac{f - f_{min}}{f_{max} - f_{min}}$ on one channel. In every trial, one of
    several pairs of frequencies is drawn, and shown in either order. The fixation cue goes off when
    the decision is due.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus1, delay, stimulus2, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    pairs
        The pairs of frequencies, the larger one first.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Romo, Brody, Hernández & Lemus (1999) Nature 399:470; as a task for networks: Barak, Sussillo,
    Romo, Tsodyks & Abbott (2013) Prog. Neurobiol. 103:214.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.DelayComparison(delay=[200, 400, 800, 1600, 3200])
    >>> trials = task.trials(4, key=jax.random.key(0))
    >>> trials.inputs.shape
    (4, 48, 2)
    >>> sorted(trials.conditions)
    ['choice', 'delay', 'f1', 'f2']
    """

    reference: ClassVar[str] = "Romo, Brody, Hernández & Lemus (1999) Nature 399:470"
    units = MappingProxyType({"f1": "Hz", "f2": "Hz"})
    needed: ClassVar[tuple[str, ...]] = ("stimulus1", "stimulus2", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 500.0)
    stimulus1: Length = fields.period("stimulus1", 500.0)
    delay: Length = fields.period("delay", 1000.0)
    stimulus2: Length = fields.period("stimulus2", 500.0)
    decision: Length = fields.period("decision", 100.0)
    pairs: tuple[tuple[float, float], ...] = eqx.field(
        static=True,
        default=((18.0, 10.0), (22.0, 14.0), (26.0, 18.0), (30.0, 22.0), (34.0, 26.0)),
        converter=_pairs,
    )

    channels = ("fixation", "stimulus")
    responses = ("fixate", "first larger", "second larger")
    chance = 0.5

    def represent(self, frequency: Float[Array, "..."]) -> Float[Array, "..."]:
        """Return the input for a frequency: 1/2 for the lowest of `pairs`, 1 for the highest."""
        low, high = np.min(self.pairs), np.max(self.pairs)
        return 0.5 + 0.5 * (frequency - low) / (high - low)

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        key_pair, key_order = jr.split(key)
        pair = jnp.asarray(self.pairs, jnp.float32)[
            pick(key_pair, when.num_trials, len(self.pairs))
        ]
        choice = pick(key_order, when.num_trials, 2)
        f1, f2 = (jnp.where(choice == k, pair[:, 0], pair[:, 1]) for k in (0, 1))
        first, second = when.during("stimulus1"), when.during("stimulus2")
        stimulus = first * self.represent(f1)[:, None] + second * self.represent(f2)[:, None]
        deciding = when.during("decision")
        return Scene(
            signal=side_by_side((when.inside & ~deciding)[..., None] * 1.0, stimulus[..., None]),
            noisy=noisy_during(first | second, False, True),
            targets=answer_in(deciding, choice),
            scored=deciding,
            conditions={"choice": choice, "f1": f1, "f2": f2},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Compare the mean of the first stimulus with the mean of the second stimulus.

        If the duration of the first stimulus varies, the observer takes the first stimulus to end
        at the first step on which it sees no stimulus. So the task then needs a delay: without it,
        the observer would take both stimuli for one.
        """
        when = first_and_second(self, inputs[..., 1:], "stimulus1", "stimulus2")
        first, second = (
            summed(inputs[..., 1], on) / jnp.maximum(jnp.cumsum(on, axis=1), 1) for on in when
        )
        deciding = cue_off(self, inputs[..., 0], "decision")
        return respond(deciding, two_sided(first - second))

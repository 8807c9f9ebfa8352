"""Matching a stimulus with the memory of an earlier one, or of its category."""

from types import MappingProxyType
from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array
from .. import fields
from ..cue_detection import cue_off, first_and_second, summed
from ..durations import Length
from ..ideal_observer import respond, two_sided
from ..rings import cosines, ring_angles
from ..staged import (
    NoisyTask,
    Scene,
    answer_in,
    cue,
    names,
    noisy_during,
    pick,
    shown,
    side_by_side,
)
from ..timeline import Timeline


class DelayMatchSample(NoisyTask):
    r"""Is the test stimulus the same as the sample?

    Sample and test are directions, shown on a ring of K channels as
    $\frac12 + \frac12\cos(\theta_k - \theta)$. A test that does not match is opposite to the
    sample. The answer is due when the fixation cue goes off.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, sample, delay, test, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    ring
        The number of channels and of directions.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Miller, Erickson & Desimone (1996) J. Neurosci. 16:5154.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.DelayMatchSample()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 32, 3)
    """

    reference: ClassVar[str] = "Miller, Erickson & Desimone (1996) J. Neurosci. 16:5154"
    units = MappingProxyType({"sample": "rad", "test": "rad"})
    needed: ClassVar[tuple[str, ...]] = ("sample", "test", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 300.0)
    sample: Length = fields.period("sample", 500.0)
    delay: Length = fields.period("delay", 1000.0)
    test: Length = fields.period("test", 500.0)
    decision: Length = fields.period("decision", 900.0)
    ring: int = fields.count("ring", 2, least=2)

    @property
    def channels(self) -> tuple[str, ...]:
        return ("fixation", *names("stimulus", self.ring))

    responses = ("fixate", "match", "non-match")
    chance = 0.5

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        key_sample, key_choice = jr.split(key)
        sample = 2 * jnp.pi * pick(key_sample, when.num_trials, self.ring) / self.ring
        choice = pick(key_choice, when.num_trials, 2)
        test = (sample + jnp.pi * choice) % (2 * jnp.pi)
        stimuli, on = sample_and_test(when, sample, test, self.ring)
        deciding = when.during("decision")
        return Scene(
            signal=side_by_side((when.inside & ~deciding)[..., None] * 1.0, stimuli),
            noisy=noisy_during(on, False, *[True] * self.ring),
            targets=answer_in(deciding, choice),
            scored=deciding,
            conditions={"choice": choice, "sample": sample, "test": test},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Answer "match" if the summed sample and the summed test point the same way."""
        centered = inputs[..., 1:] - inputs[..., 1:].mean(-1, keepdims=True)
        when = first_and_second(self, inputs[..., 1:], "sample", "test")
        sample, test = (summed(centered, on) for on in when)
        deciding = cue_off(self, inputs[..., 0], "decision")
        return respond(deciding, two_sided((sample * test).sum(-1)))


def sample_and_test(
    when: Timeline, sample: Float[Array, " trial"], test: Float[Array, " trial"], ring: int
) -> tuple[Float[Array, "trial time unit"], Array]:
    """Return the ring of channels that shows two directions, and when it shows one."""
    first, second = when.during("sample"), when.during("test")
    stimuli = [shown(d, 0.5 + 0.5 * cosines(a, ring)) for d, a in ((first, sample), (second, test))]
    return stimuli[0] + stimuli[1], first | second


class DelayMatchCategory(NoisyTask):
    r"""Does the test stimulus belong to the same category as the sample?

    Directions below π are one category, and directions above π are the other. The directions of the
    sample and of the test are drawn uniformly. The answer is due while the test is shown, when the
    fixation cue is off. A direction θ is shown on a ring of channels as
    $\frac12 + \frac12\cos(\theta_k - \theta)$. NeuroGym and brainpy_datasets use only two channels,
    at 0 and π. On these channels θ and 2π − θ look the same although they belong to different
    categories, so the inputs would not contain the category at all.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, sample, delay, test
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    ring
        The number of channels, at least 3.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Freedman & Assad (2006) Nature 443:85.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.DelayMatchCategory()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 27, 5)
    """

    reference: ClassVar[str] = "Freedman & Assad (2006) Nature 443:85"
    units = MappingProxyType({"sample": "rad", "test": "rad"})
    needed: ClassVar[tuple[str, ...]] = ("sample", "test")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 500.0)
    sample: Length = fields.period("sample", 650.0)
    delay: Length = fields.period("delay", 1000.0)
    test: Length = fields.period("test", 650.0)
    ring: int = fields.count("ring", 4, least=3)

    @property
    def channels(self) -> tuple[str, ...]:
        return ("fixation", *names("stimulus", self.ring))

    responses = ("fixate", "match", "non-match")
    chance = 0.5

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        n = when.num_trials
        key_choice, key_category, key_sample, key_test = jr.split(key, 4)
        choice, category = pick(key_choice, n, 2), pick(key_category, n, 2)
        sample = (category + jr.uniform(key_sample, (n,))) * jnp.pi
        test = (category ^ choice) * jnp.pi + jr.uniform(key_test, (n,)) * jnp.pi
        stimuli, on = sample_and_test(when, sample, test, self.ring)
        answering = when.during("test")
        return Scene(
            signal=side_by_side(cue(when, "fixation", "sample", "delay"), stimuli),
            noisy=noisy_during(on, False, *[True] * self.ring),
            targets=answer_in(answering, choice),
            scored=answering,
            conditions={"choice": choice, "category": category, "sample": sample, "test": test},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Answer "match" if the summed sample and the summed test point to the same half-circle."""
        upward = inputs[..., 1:] @ np.sin(ring_angles(self.ring))
        when = first_and_second(self, inputs[..., 1:], "sample", "test")
        sample, test = (summed(upward, on) for on in when)
        return respond(cue_off(self, inputs[..., 0], "test"), two_sided(sample * test))

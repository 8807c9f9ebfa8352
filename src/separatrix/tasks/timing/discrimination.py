"""Comparing two intervals of time."""

from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array
from .. import fields
from ..cue_detection import cue_off, shown_during
from ..durations import Length, Uniform
from ..ideal_observer import respond, two_sided
from ..staged import NoisyTask, Scene, answer_in, noisy_during, side_by_side
from ..timeline import Timeline


class IntervalDiscrimination(NoisyTask):
    """Which of two stimuli lasted longer?

    Each stimulus has a separate channel. Durations are compared in whole steps. If they are equal,
    the correct answer is the second stimulus. The answer is due when the fixation cue goes off.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus1, delay1, stimulus2, delay2, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Genovesio, Tsujimoto & Wise (2009) Neuron 63:254.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.IntervalDiscrimination()
    >>> sorted(task.trials(4, key=jax.random.key(0)).conditions)
    ['choice', 'delay1', 'stimulus1', 'stimulus2']
    """

    reference: ClassVar[str] = "Genovesio, Tsujimoto & Wise (2009) Neuron 63:254"
    needed: ClassVar[tuple[str, ...]] = ("stimulus1", "stimulus2", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 300.0)
    stimulus1: Length = fields.period("stimulus1", Uniform(300.0, 600.0))
    delay1: Length = fields.period("delay1", Uniform(800.0, 1500.0))
    stimulus2: Length = fields.period("stimulus2", Uniform(300.0, 600.0))
    delay2: Length = fields.period("delay2", 500.0)
    decision: Length = fields.period("decision", 300.0)
    noise: float = fields.noise(0.0)

    channels = ("fixation", "stimulus 1", "stimulus 2")
    responses = ("fixate", "first longer", "second longer")

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        choice = (when.length("stimulus1") <= when.length("stimulus2")).astype(int)
        on = [when.during(s) for s in ("stimulus1", "stimulus2")]
        deciding = when.during("decision")
        before = (when.inside & ~deciding)[..., None] * 1.0
        return Scene(
            signal=side_by_side(before, *(d[..., None] * 1.0 for d in on)),
            noisy=noisy_during(on[0], False, True, False) | noisy_during(on[1], False, False, True),
            targets=answer_in(deciding, choice),
            scored=deciding,
            conditions={"choice": choice},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Compare the numbers of steps on which the two stimuli were seen."""
        first, second = (
            shown_during(self, inputs[..., k : k + 1], f"stimulus{k}", level=1.0) for k in (1, 2)
        )
        longer = jnp.cumsum(first.astype(jnp.float32) - second, axis=1) - 0.5
        deciding = cue_off(self, inputs[..., 0], "decision")
        return respond(deciding, two_sided(jnp.broadcast_to(longer, inputs.shape[:2])))

    @property
    def chance(self) -> float:
        """The fraction of trials in which the more frequent answer is correct (20,000 draws)."""
        return _never_longer(self.stimulus1, self.stimulus2, self.dt)


def _never_longer(first: Length, second: Length, dt: float) -> float:
    """Return the probability that the first duration has no more steps than the second."""
    draws = [
        np.asarray(length.draw(key, 20_000)) if not isinstance(length, float) else np.array(length)
        for length, key in zip((first, second), jr.split(jr.key(0)), strict=True)
    ]
    a, b = (np.floor(d / dt + 1e-5) for d in draws)
    share = float(np.mean(a <= b))
    return max(share, 1 - share)

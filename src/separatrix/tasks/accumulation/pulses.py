"""Counting pulses that come on either side."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array, InvalidInputError
from .. import fields
from ..cue_detection import (
    by_the_clock,
    cue_off,
    onsets,
    seen,
    shown_during,
    starts_of_each,
    summed,
    tally,
)
from ..durations import Length
from ..ideal_observer import respond, two_sided
from ..staged import NoisyTask, Scene, answer_in, in_each, pick, side_by_side
from ..timeline import Timeline


class PulseDecisionMaking(NoisyTask):
    r"""On which side were there more pulses?

    At the beginning of each bin, each side may have a pulse of height 1, independently of the other
    side. So a bin holds no pulse, one, or two. By default a pulse comes with probability 0.7 on one
    side and 0.3 on the other. The correct answer is the side with more pulses. If both sides have
    the same number of pulses, the correct answer is drawn at random, so no network can be correct
    on all trials.

    Parameters
    ----------
    dt
        Time step in ms. It must not be longer than `cue`, because a pulse needs at least one step.
    fixation, cue, gap, decision
        Durations in ms of the fixation, of a pulse, of the rest of a bin, and of the decision.
    num_bins
        The number of bins.
    probabilities
        Two probabilities, with which a pulse comes in a bin. Every trial draws which side has the
        first and which the second.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the two channels of the pulses during the bins.
        If it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Scott, Constantinople, Akrami, Hanks, Brody & Tank (2017) Neuron 95:385.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PulseDecisionMaking()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 250, 3)
    >>> task.ideal_mean_accuracy > 0.95
    True
    """

    reference: ClassVar[str] = (
        "Scott, Constantinople, Akrami, Hanks, Brody & Tank (2017) Neuron 95:385"
    )
    needed: ClassVar[tuple[str, ...]] = ("cue 1", "decision")

    dt: float = fields.step(10.0)
    fixation: Length = fields.period("fixation", 500.0)
    cue: Length = fields.period("cue", 10.0)
    gap: Length = fields.period("gap", 240.0)
    decision: Length = fields.period("decision", 500.0)
    num_bins: int = fields.count("num_bins", 6)
    probabilities: tuple[float, ...] = fields.levels("probabilities", (0.3, 0.7), 0, 1)
    noise: float = fields.noise(0.0)

    def __check_init__(self) -> None:
        if len(self.probabilities) != 2:
            raise InvalidInputError(
                f"probabilities must be two numbers, got {self.probabilities!r:.60}."
            )

    @property
    def durations(self) -> dict[str, Length]:
        bins: dict[str, Length] = {}
        for k in range(1, self.num_bins + 1):
            bins |= {f"cue {k}": self.cue, f"gap {k}": self.gap}
        return {"fixation": self.fixation, **bins, "decision": self.decision}

    channels = ("fixation", "pulses 1", "pulses 2")
    responses = ("fixate", "choice 1", "choice 2")
    chance = 0.5

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        n = when.num_trials
        key_side, key_pulse, key_tie = jr.split(key, 3)
        swapped = pick(key_side, n, 2)
        chances = jnp.asarray(self.probabilities, jnp.float32)
        each = jnp.stack([chances[swapped], chances[1 - swapped]], -1)
        pulses = jr.bernoulli(key_pulse, each[:, None], (n, self.num_bins, 2)).astype(jnp.float32)
        difference = pulses.sum(1) @ jnp.array([1.0, -1.0])
        either = jr.bernoulli(key_tie, 0.5, (n,))
        choice = jnp.where(difference == 0, either, difference < 0).astype(int)
        deciding = when.during("decision")
        before = when.inside & ~deciding
        during = before & ~when.during("fixation")
        return Scene(
            signal=side_by_side(before[..., None] * 1.0, in_each(when, "cue", pulses)),
            noisy=during[..., None] & jnp.array([False, True, True]),
            targets=answer_in(deciding, choice),
            scored=deciding,
            conditions={"choice": choice, "difference": difference.astype(int)},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """When the fixation cue is off, answer with the side on which more pulses were seen.

        If the periods before the decision have fixed durations, the observer knows when a pulse may
        come. It then sums, for each side, the probabilities that the bins hold a pulse, given the
        noisy inputs. Otherwise it counts the pulses that it notices.
        """
        count = self._expected(inputs) if by_the_clock(self, "gap 1") else self._noticed(inputs)
        deciding = cue_off(self, inputs[..., 0], "decision")
        return respond(deciding, two_sided(count[..., 0] - count[..., 1]))

    def _expected(self, inputs: Array) -> Float[Array, "trial time side"]:
        bins = shown_during(self, inputs[..., 1:], *(f"cue {k + 1}" for k in range(self.num_bins)))
        ratios = (inputs[..., 1:] - 0.5) * (self.dt / max(self.noise, 1e-3) ** 2)
        odds = jax.scipy.special.logit(min(max(float(np.mean(self.probabilities)), 1e-6), 1 - 1e-6))
        starts = starts_of_each(self, bins, "cue 1")
        return tally(summed(ratios, bins), starts, lambda ratio: jax.nn.sigmoid(ratio + odds))

    def _noticed(self, inputs: Array) -> Float[Array, "trial time side"]:
        sides = [seen(inputs[..., k : k + 1], 1.0, self.noise, self.dt) for k in (1, 2)]
        if self.noise == 0:
            starts = [starts_of_each(self, shown, "cue 1") for shown in sides]
        else:
            starts = [onsets(shown) for shown in sides]
        return jnp.cumsum(jnp.stack(starts, -1), axis=1, dtype=jnp.float32)

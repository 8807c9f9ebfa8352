"""Movements to a direction."""

from types import MappingProxyType
from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Float, PRNGKeyArray

from .._types import Array, InvalidInputError
from . import fields
from .cue_detection import by_the_clock, cue_off, summed
from .durations import Length
from .ideal_observer import respond
from .rings import circular_distance, cosines, population_vector
from .staged import (
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
from .task import period_mask
from .timeline import Timeline
from .trials import Trials


class AntiReach(NoisyTask):
    r"""Reach in the direction opposite to the stimulus.

    The stimulus is one of K directions, shown on a ring of channels as $\cos(\theta_k - \theta)$.
    The correct answer is class $1 + k$, where k is the opposite direction (or, with `anti=False`,
    the direction of the stimulus). The answer is due when the fixation cue goes off, so the network
    must remember the direction from the stimulus period.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus, delay, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    ring
        The number of directions. It must be even, so that each direction has an opposite.
    anti
        Whether to reach in the opposite direction.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Munoz & Everling (2004) Nat. Rev. Neurosci. 5:218.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.AntiReach()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 15, 33)
    """

    reference: ClassVar[str] = "Munoz & Everling (2004) Nat. Rev. Neurosci. 5:218"
    needed: ClassVar[tuple[str, ...]] = ("stimulus", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 500.0)
    stimulus: Length = fields.period("stimulus", 500.0)
    delay: Length = fields.period("delay", 0.0)
    decision: Length = fields.period("decision", 500.0)
    ring: int = fields.count("ring", 32, least=2)
    anti: bool = fields.flag("anti", True)
    noise: float = fields.noise(0.0)

    def __check_init__(self) -> None:
        if self.ring % 2:
            raise InvalidInputError(f"ring must be even, got {self.ring!r:.60}.")

    @property
    def channels(self) -> tuple[str, ...]:
        return ("fixation", *names("direction", self.ring))

    @property
    def responses(self) -> tuple[str, ...]:
        return ("fixate", *names("reach", self.ring))

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        direction = pick(key, when.num_trials, self.ring)
        choice = (direction + self.anti * (self.ring // 2)) % self.ring
        during, deciding = when.during("stimulus"), when.during("decision")
        stimulus = shown(during, cosines(2 * jnp.pi * direction / self.ring, self.ring))
        return Scene(
            signal=side_by_side(cue(when, "fixation", "stimulus", "delay"), stimulus),
            noisy=noisy_during(during, False, *[True] * self.ring),
            targets=answer_in(deciding, choice),
            scored=deciding,
            conditions={"choice": choice, "direction": direction},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Answer opposite to the summed stimulus; if `anti` is False, answer in its direction."""
        directions = cosines(2 * jnp.pi * jnp.arange(self.ring) / self.ring, self.ring)
        likeness = jnp.cumsum(inputs[..., 1:], axis=1) @ directions
        deciding = cue_off(self, inputs[..., 0], "decision")
        return respond(deciding, -likeness if self.anti else likeness)

    @property
    def chance(self) -> float:
        return 1 / self.ring


class Reaching1D(NoisyTask):
    r"""Move the hand on a circle, from its initial direction to the direction of the target.

    One ring of channels shows the initial direction of the hand throughout the trial. A second ring
    shows the direction of the target from the beginning of the reach. Both directions are shown as
    $\cos(\theta_k - \theta)$. The two outputs must be the cosine and the sine of a direction: the
    direction of the hand before the reach, and the direction of the target during the reach.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, reach
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    ring
        The number of channels of each ring, at least 3.
    tolerance
        The largest error in degrees at which a direction still counts as correct in `score`.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms.
        Both rings are stimuli, so `noise_on` "stimulus" and "all" mean the same.

    References
    ----------
    Georgopoulos, Schwartz & Kettner (1986) Science 233:1416.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.Reaching1D()
    >>> trials = task.trials(4, key=jax.random.key(0))
    >>> trials.inputs.shape, trials.targets.shape
    ((4, 10, 32), (4, 10, 2))
    """

    reference: ClassVar[str] = "Georgopoulos, Schwartz & Kettner (1986) Science 233:1416"
    units = MappingProxyType({"start": "rad", "target": "rad"})
    needed: ClassVar[tuple[str, ...]] = ("reach",)

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 500.0)
    reach: Length = fields.period("reach", 500.0)
    ring: int = fields.count("ring", 16, least=3)
    tolerance: float = fields.value("tolerance", 36.0, 0, 180)
    noise: float = fields.noise(0.0)

    @property
    def channels(self) -> tuple[str, ...]:
        return (*names("target", self.ring), *names("hand", self.ring))

    responses = ("cosine", "sine")

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        start, target = 2 * jnp.pi * jr.uniform(key, (2, when.num_trials))
        reaching = when.during("reach")
        rings = [
            shown(reaching, cosines(target, self.ring)),
            shown(when.inside, cosines(start, self.ring)),
        ]
        direction = jnp.where(reaching, target[:, None], start[:, None])
        return Scene(
            signal=side_by_side(*rings),
            noisy=noisy_during(when.inside, *[True] * (2 * self.ring)),
            targets=jnp.stack([jnp.cos(direction), jnp.sin(direction)], -1),
            scored=reaching,
            conditions={"start": start, "target": target},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Return the direction of the hand and, once the target is shown, that of the target.

        If the duration of `fixation` or `reach` varies, the observer has to notice the target. The
        target counts as shown on steps on which the mean square of the inputs to its ring exceeds
        the mean square of the noise by more than 0.25.
        """
        target, hand = inputs[..., : self.ring], inputs[..., self.ring :]
        if by_the_clock(self, "reach"):
            there = jnp.asarray(period_mask(self, "reach")[None] > 0)
        else:
            there = jnp.square(target).mean(-1) > 0.25 + self.noise**2 / self.dt
        targets, hands = summed(target, there), jnp.cumsum(hand, axis=1)
        direction = jnp.where(there, population_vector(targets), population_vector(hands))
        return jnp.stack([jnp.cos(direction), jnp.sin(direction)], -1)

    @property
    def chance(self) -> float:
        return self.tolerance / 180

    def score(self, outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
        """Return the fraction of scored steps with outputs within `tolerance` of the target."""
        pointed, asked = (jnp.arctan2(v[..., 1], v[..., 0]) for v in (outputs, trials.targets))
        right = circular_distance(pointed, asked) <= jnp.deg2rad(self.tolerance)
        return (right & trials.scored).sum() / jnp.maximum(trials.scored.sum(), 1)

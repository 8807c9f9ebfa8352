"""Weighing shapes that speak for either side."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array
from .. import fields
from ..cue_detection import cue_off, shown_during, summed
from ..durations import Length, Uniform
from ..ideal_observer import respond, two_sided
from ..staged import NoisyTask, Scene, answer_in, names, side_by_side
from ..timeline import Timeline


class ProbabilisticReasoning(NoisyTask):
    r"""Combine the evidence that four shapes give, and choose between two answers.

    In each stimulus period one more shape appears, at one of the locations. All shapes stay until
    the last stimulus period ends. The correct answer is drawn at random. It is choice 1 with the
    probability $1/(1 + 10^{-\sum w})$, where the w are the weights of the shapes that were shown.
    The best that a network can do is to give the more probable answer.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus, delay, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`. Each stimulus period has the duration `stimulus`.
    weights
        The weight of each shape: the decimal logarithm of the odds that it gives to choice 1. A
        weight of ±10 makes the answer practically certain.
    num_locations
        The number of locations, and of stimulus periods.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Yang & Shadlen (2007) Nature 447:1075.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.ProbabilisticReasoning()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 37, 41)
    """

    reference: ClassVar[str] = "Yang & Shadlen (2007) Nature 447:1075"
    needed: ClassVar[tuple[str, ...]] = ("stimulus 1", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 500.0)
    stimulus: Length = fields.period("stimulus", 500.0)
    delay: Length = fields.period("delay", Uniform(450.0, 550.0))
    decision: Length = fields.period("decision", 700.0)
    weights: tuple[float, ...] = fields.levels(
        "weights", (-10.0, -0.9, -0.7, -0.5, -0.3, 0.3, 0.5, 0.7, 0.9, 10.0)
    )
    num_locations: int = fields.count("num_locations", 4)
    noise: float = fields.noise(0.0)

    @property
    def durations(self) -> dict[str, Length]:
        stimuli = {f"stimulus {k + 1}": self.stimulus for k in range(self.num_locations)}
        return {
            "fixation": self.fixation,
            **stimuli,
            "delay": self.delay,
            "decision": self.decision,
        }

    @property
    def channels(self) -> tuple[str, ...]:
        shapes = names("shape", len(self.weights))
        places = names("location", self.num_locations)
        return ("fixation", *(f"{place}, {shape}" for place in places for shape in shapes))

    responses = ("fixate", "choice 1", "choice 2")

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        n, places, kinds = when.num_trials, self.num_locations, len(self.weights)
        key_place, key_shape, key_choice = jr.split(key, 3)
        order = jnp.argsort(jr.uniform(key_place, (n, places)), axis=1)  # stimulus at each place
        shape = jr.randint(key_shape, (n, places), 0, kinds)  # of each place
        log_odds = jnp.asarray(self.weights, jnp.float32)[shape].sum(1)
        likely = jax.nn.sigmoid(log_odds * np.log(10))
        choice = 1 - jr.bernoulli(key_choice, likely).astype(int)

        starts = jnp.stack([when.starts[f"stimulus {k + 1}"] for k in range(places)], 1)
        place_starts = jnp.take_along_axis(starts, order, axis=1)
        gone = when.starts["delay"][:, None, None]
        steps = when.steps[None, :, None]
        on = (steps >= place_starts[:, None]) & (steps < gone)
        shapes = on[..., None] * jax.nn.one_hot(shape, kinds)[:, None]
        deciding = when.during("decision")
        before = when.inside & ~deciding
        stimuli = shapes.reshape(n, when.num_steps, places * kinds)
        noisy = jnp.repeat(on, kinds, axis=-1)
        return Scene(
            signal=side_by_side(before[..., None] * 1.0, stimuli),
            noisy=jnp.concatenate([jnp.zeros((n, when.num_steps, 1), bool), noisy], -1),
            targets=answer_in(deciding, choice),
            scored=deciding,
            conditions={"choice": choice, "log_odds": log_odds},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Take the shape with the largest summed input at each location, and add the weights."""
        n, steps = inputs.shape[:2]
        stimuli = (f"stimulus {k + 1}" for k in range(self.num_locations))
        least = 1 / (self.num_locations * len(self.weights))  # while only the first one is shown
        shown = shown_during(self, inputs[..., 1:], *stimuli, level=least)
        seen = summed(inputs[..., 1:], shown)
        seen = seen.reshape(n, steps, self.num_locations, len(self.weights))
        weights = jnp.asarray(self.weights, jnp.float32)[jnp.argmax(seen, -1)]
        total = jnp.where(seen.max(-1) > 0.5, weights, 0).sum(-1)
        return respond(cue_off(self, inputs[..., 0], "decision"), two_sided(total))

    @property
    def chance(self) -> float:
        """The best score of a constant choice; it exceeds ½ if the weights favor one choice."""
        sums: np.ndarray = np.zeros(1)
        shares: np.ndarray = np.ones(1)
        for _ in range(self.num_locations):
            each = np.round(sums[:, None] + np.asarray(self.weights), 9).ravel()
            sums, member = np.unique(each, return_inverse=True)
            each_share = np.repeat(shares / len(self.weights), len(self.weights))
            shares = np.bincount(member, each_share).astype(float)
        likely = float(shares @ (1 / (1 + 10.0**-sums)))
        return max(likely, 1 - likely)

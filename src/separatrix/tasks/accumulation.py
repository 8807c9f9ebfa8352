"""Counting and weighing of separate pieces of evidence."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from .._random import integers
from .._types import Array, InvalidInputError
from . import fields
from .durations import Length, Uniform
from .solving import one_hot, respond, two_sided
from .staged import Scene, StagedTask, answer_in, cue, names, pick, side_by_side
from .timeline import Timeline


def in_each(when: Timeline, label: str, values: Float[Array, "trial k *more"]) -> Array:
    """Return what is shown when value k is on during the period `label k`."""
    total = jnp.zeros((), jnp.float32)
    for k in range(values.shape[1]):
        during = when.during(f"{label} {k + 1}")
        rest = values[:, None, k]
        total = total + during.reshape(*during.shape, *[1] * (rest.ndim - 2)) * rest
    return total


class PulseDecisionMaking(StagedTask):
    r"""On which side were there more pulses?

    At the beginning of each bin a pulse of height 1 may come on either side, with probability 0.7
    on one side and 0.3 on the other. The right answer is the side with more pulses; where they are
    equal it is either, by chance, so nobody can be right on all trials.

    Parameters
    ----------
    dt
        Time step in ms, at most `cue`.
    fixation, cue, gap, decision
        Durations in ms of the fixation, of a pulse, of the rest of a bin, of the decision.
    num_bins
        The number of bins.
    probabilities
        Of a pulse on the two sides; which side has which is drawn for every trial.
    noise, noise_on
        σ in units of the input times √ms; on the "stimulus" during the bins, or on "all".

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
    needed: ClassVar[tuple[str, ...]] = ("decision",)

    dt: float = fields.step(10.0)
    fixation: Length = fields.period("fixation", 500.0)
    cue: Length = fields.period("cue", 10.0)
    gap: Length = fields.period("gap", 240.0)
    decision: Length = fields.period("decision", 500.0)
    num_bins: int = fields.count("num_bins", 6)
    probabilities: tuple[float, ...] = fields.levels("probabilities", (0.3, 0.7), 0, 1)
    noise: float = fields.noise(0.0)
    noise_on: str = fields.noise_on()

    def __check_init__(self) -> None:
        if len(self.probabilities) != 2:
            raise InvalidInputError(
                f"probabilities must be two numbers, got {self.probabilities!r}."
            )

    @property
    def durations(self) -> dict[str, Length]:
        bins: dict[str, Length] = {}
        for k in range(1, self.num_bins + 1):
            bins |= {f"cue {k}": self.cue, f"gap {k}": self.gap}
        return {"fixation": self.fixation, **bins, "decision": self.decision}

    @property
    def channels(self) -> tuple[str, ...]:
        return ("fixation", "pulses 1", "pulses 2")

    @property
    def responses(self) -> tuple[str, ...]:
        return ("fixate", "choice 1", "choice 2")

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
        """Answer by the difference of the sums when the fixation cue is off."""
        difference = jnp.cumsum(inputs[..., 1] - inputs[..., 2], axis=1)
        return respond(inputs[..., 0] < 0.5, two_sided(difference))

    @property
    def chance(self) -> float:
        return 0.5


class EvidenceAccumulation(StagedTask):
    r"""On which side were there more cues?

    Cues come one after the other, each on the left with probability p or 1 − p (drawn for every
    trial), else on the right; their number is odd. After a long delay the recall channel asks for
    the side with more of them. Only the recall counts in the loss. The fourth channel carries a
    constant background.

    Parameters
    ----------
    dt
        Time step in ms.
    interval, cue, delay, recall
        Durations in ms of the pause before each cue, of a cue, of the delay and of the recall.
    num_cues
        An odd number of cues.
    probability
        Of a cue on the side that is the rarer one.
    noise, noise_on
        σ in units of the input times √ms; on the "stimulus" during the cues, or on "all".

    References
    ----------
    Morcos & Harvey (2016) Nat. Neurosci. 19:1672; as a task for networks: Bellec, Scherr,
    Subramoney, Hajek, Salaj, Legenstein & Maass (2020) Nat. Commun. 11:3625.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.EvidenceAccumulation(dt=10.0)
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 220, 4)
    """

    reference: ClassVar[str] = "Morcos & Harvey (2016) Nat. Neurosci. 19:1672"
    needed: ClassVar[tuple[str, ...]] = ("recall",)

    dt: float = fields.step(1.0)
    interval: Length = fields.period("interval", 50.0)
    cue: Length = fields.period("cue", 100.0)
    delay: Length = fields.period("delay", 1000.0)
    recall: Length = fields.period("recall", 150.0)
    num_cues: int = fields.count("num_cues", 7)
    probability: float = fields.value("probability", 0.3, 0, 1)
    background: float = fields.value("background", 0.25)
    noise: float = fields.noise()
    noise_on: str = fields.noise_on()

    def __check_init__(self) -> None:
        if self.num_cues % 2 == 0:
            raise InvalidInputError(
                f"EvidenceAccumulation: num_cues must be odd, for else the sides can be equal; "
                f"got {self.num_cues}."
            )

    @property
    def durations(self) -> dict[str, Length]:
        cues: dict[str, Length] = {}
        for k in range(1, self.num_cues + 1):
            cues |= {f"interval {k}": self.interval, f"cue {k}": self.cue}
        return {**cues, "delay": self.delay, "recall": self.recall}

    @property
    def channels(self) -> tuple[str, ...]:
        return ("left", "right", "recall", "background")

    @property
    def responses(self) -> tuple[str, ...]:
        return ("left", "right")

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        n = when.num_trials
        key_side, key_cue = jr.split(key)
        rare_left = jr.bernoulli(key_side, 0.5, (n, 1))
        left_chance = jnp.where(rare_left, self.probability, 1 - self.probability)
        left = jr.bernoulli(key_cue, left_chance, (n, self.num_cues)).astype(jnp.float32)
        sides = in_each(when, "cue", jnp.stack([left, 1 - left], -1))
        choice = (left.sum(1) < self.num_cues / 2).astype(int)
        recalling = when.during("recall")
        background = when.inside[..., None] * self.background
        during = when.during(*(f"cue {k + 1}" for k in range(self.num_cues)))
        return Scene(
            signal=side_by_side(sides, cue(when, "recall"), background),
            noisy=during[..., None] & jnp.array([True, True, False, False]),
            targets=jnp.where(recalling, choice[:, None], 0),
            scored=recalling,
            conditions={"choice": choice, "left_cues": left.sum(1).astype(int)},
            mask=recalling.astype(jnp.float32),
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Tell the side of each cue by its summed difference; answer with the majority so far."""
        total = jnp.cumsum(inputs[..., 0] - inputs[..., 1], axis=1)
        votes = jnp.zeros_like(total)
        for name, (start, stop) in self.period_steps().items():
            if name.startswith("cue"):
                before = total[:, start - 1] if start else jnp.zeros(len(total))
                vote = jnp.sign(total[:, stop - 1] - before)
                votes += vote[:, None] * (jnp.arange(total.shape[1]) >= stop - 1)
        return one_hot((votes < 0).astype(int), 2)

    @property
    def chance(self) -> float:
        return 0.5


class ProbabilisticReasoning(StagedTask):
    r"""Weigh the evidence of four shapes for one of two answers.

    Shape j appears at one of the locations, one more in each stimulus period, and stays until the
    last one ends. The right answer is drawn: choice 1 with the probability
    $1/(1 + 10^{-\sum w})$, where w are the weights of the shapes that were shown. The best that can
    be done is the more probable answer.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus, delay, decision
        Durations in ms of the periods (of each stimulus), or distributions of them.
    weights
        The weight of each shape, in decimal logarithms of the odds; ±10 is as good as certain.
    num_locations
        How many locations, and stimuli.
    noise, noise_on
        σ in units of the input times √ms; on the "stimulus" while it is shown, or on "all".

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
    needed: ClassVar[tuple[str, ...]] = ("decision",)

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
    noise_on: str = fields.noise_on()

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

    @property
    def responses(self) -> tuple[str, ...]:
        return ("fixate", "choice 1", "choice 2")

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        n, places, kinds = when.num_trials, self.num_locations, len(self.weights)
        key_place, key_shape, key_choice = jr.split(key, 3)
        order = jnp.argsort(jr.uniform(key_place, (n, places)), axis=1)  # stimulus at each place
        shape = integers(key_shape, (n, places), kinds)  # of each place
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
        """Sum the weights of the shapes: at each location the one with the largest sum so far."""
        n, steps = inputs.shape[:2]
        seen = jnp.cumsum(inputs[..., 1:], axis=1)
        seen = seen.reshape(n, steps, self.num_locations, len(self.weights))
        weights = jnp.asarray(self.weights, jnp.float32)[jnp.argmax(seen, -1)]
        total = jnp.where(seen.max(-1) > 0.5, weights, 0).sum(-1)
        return respond(inputs[..., 0] < 0.5, two_sided(total))

    @property
    def chance(self) -> float:
        return 0.5

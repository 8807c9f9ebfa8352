"""Counting cues that pass on either side, to be answered after a delay."""

from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array, InvalidInputError
from .. import fields
from ..cue_detection import shown_during, starts_of_each, summed, tally
from ..durations import Length
from ..ideal_observer import one_hot
from ..staged import NoisyTask, Scene, cue, in_each, side_by_side
from ..timeline import Timeline


class EvidenceAccumulation(NoisyTask):
    r"""On which side were there more cues?

    Cues come one after the other, each on the left or on the right. In each trial, a cue is on the
    left with probability p or with probability 1 − p: one of the two is drawn for the whole trial.
    The number of cues is odd, so one side always has more cues. After a long delay the channel
    "recall" is on, and the network must answer which side this is. Only this period counts in the
    loss. The channel "background" carries a constant input, `background`.

    Parameters
    ----------
    dt
        Time step in ms. No period may be shorter than a step. Only `interval` and `delay` may be 0,
        which leaves them out.
    interval, cue, delay, recall
        Durations in ms of the pause before each cue, of a cue, of the delay and of the recall.
    num_cues
        The number of cues, which must be odd.
    probability
        The probability p in the text above. If it is 0.3, about 70 % of the cues are on one side.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels "left" and "right" during the cues.
        If it is "all", noise is added to all channels throughout the trial.

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
    needed: ClassVar[tuple[str, ...]] = ("cue 1", "recall")

    dt: float = fields.step(1.0)
    interval: Length = fields.period("interval", 50.0)
    cue: Length = fields.period("cue", 100.0)
    delay: Length = fields.period("delay", 1000.0)
    recall: Length = fields.period("recall", 150.0)
    num_cues: int = fields.count("num_cues", 7)
    probability: float = fields.value("probability", 0.3, 0, 1)
    background: float = fields.value("background", 0.25)

    def __check_init__(self) -> None:
        if self.num_cues % 2 == 0:
            raise InvalidInputError(
                "EvidenceAccumulation: num_cues must be odd, because otherwise the sides can be "
                f"equal; got {self.num_cues!r:.60}."
            )

    @property
    def durations(self) -> dict[str, Length]:
        cues: dict[str, Length] = {}
        for k in range(1, self.num_cues + 1):
            cues |= {f"interval {k}": self.interval, f"cue {k}": self.cue}
        return {**cues, "delay": self.delay, "recall": self.recall}

    channels = ("left", "right", "recall", "background")
    responses = ("left", "right")
    chance = 0.5

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
        """Assign each cue to the side with the larger summed input; answer by the count."""
        cues = [name for name in self.durations if name.startswith("cue")]
        shown = shown_during(self, inputs[..., :2], *cues)
        difference = summed(inputs[..., 0] - inputs[..., 1], shown)
        votes = tally(difference, starts_of_each(self, shown, cues[0]), jnp.sign)
        return one_hot((votes < 0).astype(int), 2)

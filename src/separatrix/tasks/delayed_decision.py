"""Noisy decisions that are reported after a delay, or not at all."""

from types import MappingProxyType
from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from .._types import Array
from . import fields
from .cue_detection import cue_off, shown_during, summed
from .durations import Length, TruncatedExponential, Uniform
from .ideal_observer import one_hot, respond, two_sided
from .modalities.evidence import evidence
from .staged import (
    NoisyTask,
    Scene,
    answer_in,
    cue,
    noisy_during,
    pick,
    pick_level,
    shown,
    side_by_side,
)
from .timeline import Timeline


class PerceptualDecisionMakingDelayResponse(NoisyTask):
    r"""Decide between two noisy stimuli, and hold the answer until the fixation cue goes off.

    During the stimulus, the channel of the correct choice carries $(1 + c/100)/2$, and the other
    channel carries $(1 - c/100)/2$. The duration of the delay varies, so that only the fixation cue
    tells when to answer.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus, delay, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    coherences
        The coherences $c$ in percent.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Inagaki, Fontolan, Romani & Svoboda (2019) Nature 566:212.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMakingDelayResponse(delay=500.0)
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 315, 3)
    """

    reference: ClassVar[str] = "Inagaki, Fontolan, Romani & Svoboda (2019) Nature 566:212"
    units = MappingProxyType({"coherence": "%"})
    needed: ClassVar[tuple[str, ...]] = ("stimulus", "decision")

    dt: float = fields.step(10.0)
    fixation: Length = fields.period("fixation", 0.0)
    stimulus: Length = fields.period("stimulus", 1150.0)
    delay: Length = fields.period("delay", TruncatedExponential(600.0, 300.0, 4000.0))
    decision: Length = fields.period("decision", 1500.0)
    coherences: tuple[float, ...] = fields.levels(
        "coherences", (0.0, 6.4, 12.8, 25.6, 51.2), 0, 100
    )

    channels = ("fixation", "stimulus 1", "stimulus 2")
    responses = ("fixate", "choice 1", "choice 2")
    chance = 0.5

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        key_choice, key_coherence = jr.split(key)
        choice = pick(key_choice, when.num_trials, 2)
        coherence = pick_level(key_coherence, when.num_trials, self.coherences)
        during, deciding = when.during("stimulus"), when.during("decision")
        stimuli = shown(during, evidence(choice, coherence, 2))
        return Scene(
            signal=side_by_side(cue(when, "fixation", "stimulus", "delay"), stimuli),
            noisy=noisy_during(during, False, True, True),
            targets=answer_in(deciding, choice),
            scored=deciding,
            conditions={"choice": choice, "coherence": coherence},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """When the fixation cue is off, answer by the sign of the summed difference of stimuli."""
        shown = shown_during(self, inputs[..., 1:], "stimulus")
        difference = summed(inputs[..., 1] - inputs[..., 2], shown)
        return respond(cue_off(self, inputs[..., 0], "decision"), two_sided(difference))

    def evidence_input(self, coherence: float, choice: int = 0) -> Float[np.ndarray, " channel"]:
        """Return the input `(channel,)` while evidence for a choice is shown, without noise.

        The `coherence` is in percent, and choices are counted from 0. You can freeze a network at
        this input (`network.at_input`).
        """
        half = coherence / 200 * (1 - 2 * choice)
        return np.array([1.0, 0.5 + half, 0.5 - half])


class PostDecisionWager(NoisyTask):
    r"""Decide between two noisy stimuli, or take a sure bet when it is offered.

    In half of the trials a third target, the sure bet, comes on after the stimulus. Training with
    labels needs a correct answer for each trial. If the bet is offered and the coherence is below
    `sure_below`, the correct answer is the bet. Otherwise the correct answer is the stronger
    stimulus. The network does not see the coherence, only the evidence, so it must judge how far to
    trust the evidence.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus, pre_sure, delay, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`. If the bet is offered, it is on from the end of
        `pre_sure`.
    coherences
        The coherences in percent.
    sure_below
        The coherence in percent below which the sure bet is the correct answer.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Kiani & Shadlen (2009) Science 324:759.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PostDecisionWager()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 48, 4)
    """

    reference: ClassVar[str] = "Kiani & Shadlen (2009) Science 324:759"
    units = MappingProxyType({"coherence": "%"})
    needed: ClassVar[tuple[str, ...]] = ("stimulus", "decision")

    dt: float = fields.step(80.0)
    fixation: Length = fields.period("fixation", 300.0)
    stimulus: Length = fields.period("stimulus", TruncatedExponential(180.0, 100.0, 900.0))
    pre_sure: Length = fields.period("pre_sure", Uniform(500.0, 750.0))
    delay: Length = fields.period("delay", TruncatedExponential(1350.0, 1200.0, 1800.0))
    decision: Length = fields.period("decision", 300.0)
    coherences: tuple[float, ...] = fields.levels(
        "coherences", (0.0, 3.2, 6.4, 12.8, 25.6, 51.2), 0, 100
    )
    sure_below: float = fields.value("sure_below", 12.8, 0, 100)

    channels = ("fixation", "stimulus 1", "stimulus 2", "sure bet")
    responses = ("fixate", "choice 1", "choice 2", "sure bet")

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        n = when.num_trials
        key_choice, key_coherence, key_offer = jr.split(key, 3)
        choice = pick(key_choice, n, 2)
        coherence = pick_level(key_coherence, n, self.coherences)
        offered = jr.bernoulli(key_offer, 0.5, (n,))
        answer = jnp.where(offered & (coherence < self.sure_below), 2, choice)
        during, deciding = when.during("stimulus"), when.during("decision")
        bet = when.during("delay", "decision") & offered[:, None]
        before = cue(when, "fixation", "stimulus", "pre_sure", "delay")
        return Scene(
            signal=side_by_side(
                before, shown(during, evidence(choice, coherence, 2)), bet[..., None] * 1.0
            ),
            noisy=noisy_during(during, False, True, True, False),
            targets=answer_in(deciding, answer),
            scored=deciding,
            conditions={"choice": choice, "coherence": coherence, "offered": offered},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        r"""Apply Bayes' rule to the summed difference $e$ of the stimuli and to their duration.

        For stimuli of n steps and the coherence c, $e \sim N(\pm cn/100,\, 2n\sigma^2/dt)$, where σ
        is `noise`. Two probabilities are compared, given e and n. The bet is correct with the
        probability that $c < c_s$, where $c_s$ is `sure_below`. The choice that the sign of e
        favors is correct with the probability that $c \geq c_s$ and this stimulus is the stronger
        one. If the bet is offered and more probable, it is the answer. Otherwise the choice is.
        """
        shown = shown_during(self, inputs[..., 1:3], "stimulus")
        difference = summed(inputs[..., 1] - inputs[..., 2], shown)
        shown_steps = jnp.maximum(jnp.cumsum(shown, axis=1), 1)
        c = jnp.asarray(self.coherences, jnp.float32) / 100
        variance = 2 * shown_steps * max(self.noise, 1e-3) ** 2 / self.dt
        far = jnp.abs(difference)[..., None] - c * shown_steps[..., None]
        near = jnp.abs(difference)[..., None] + c * shown_steps[..., None]
        scale = 2 * variance[..., None]
        weight = jnp.logaddexp(-(far**2) / scale, -(near**2) / scale)
        most = weight.max(-1, keepdims=True)
        low = (jnp.asarray(self.coherences) < self.sure_below).astype(jnp.float32)
        is_bet = jnp.exp(weight - most) @ low
        is_choice = jnp.exp(-(far**2) / scale - most) @ (1 - low)
        unsure = is_bet > is_choice
        choice = jnp.where(difference >= 0, 1, 2)
        deciding = cue_off(self, inputs[..., 0], "decision")
        # The bet is still on while the decision is due.
        offered = summed(inputs[..., 3] - 0.5, deciding) > 0
        answer = jnp.where(unsure & offered, 3, choice)
        return one_hot(jnp.where(deciding, answer, 0), 4)

    @property
    def chance(self) -> float:
        low = float(np.mean(np.array(self.coherences) < self.sure_below))
        return 0.25 + 0.5 * max(low, (1 - low) / 2)

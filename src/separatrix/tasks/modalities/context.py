"""Decisions by one of two modalities, always the same or as a context says."""

from types import MappingProxyType
from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array, InvalidInputError
from .. import fields
from ..cue_detection import cue_off, shown_during, summed
from ..durations import Length
from ..ideal_observer import respond, two_sided
from ..staged import (
    NoisyTask,
    Scene,
    answer_in,
    cue,
    names,
    pick,
    pick_level,
    shown,
    side_by_side,
)
from ..timeline import Timeline
from .evidence import COHERENCES, WAIT, evidence, total_evidence


class SingleContextDecisionMaking(NoisyTask):
    r"""Decide from one of two modalities. The same modality counts in all trials.

    Alternative $k$ of $K$ stands at the angle $\theta_k = 2\pi k/K$, and has one channel in each
    modality. During the stimulus this channel carries
    $0.5 + \frac{c}{200}\cos(\theta_k - \theta_\ast)$. The coherence c and the alternative at
    $\theta_\ast$, which is the strongest, are drawn separately for each modality. Only modality
    `context` counts. The fixation cue is on until the decision.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus, delay, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    context
        Which modality counts: 0 for modality 1, and 1 for modality 2.
    coherences
        The coherences in percent, drawn independently for the two modalities.
    num_choices
        The number of alternatives.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Mante, Sussillo, Shenoy & Newsome (2013) Nature 503:78.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.SingleContextDecisionMaking()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 41, 5)
    """

    reference: ClassVar[str] = "Mante, Sussillo, Shenoy & Newsome (2013) Nature 503:78"
    units = MappingProxyType({"coherence": "%", "other_coherence": "%"})
    needed: ClassVar[tuple[str, ...]] = ("stimulus", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 300.0)
    stimulus: Length = fields.period("stimulus", 750.0)
    delay: Length = fields.period("delay", WAIT)
    decision: Length = fields.period("decision", 100.0)
    context: int = fields.count("context", 0, least=0)
    coherences: tuple[float, ...] = fields.levels("coherences", COHERENCES, 0, 100)
    num_choices: int = fields.count("num_choices", 2, least=2)

    def __check_init__(self) -> None:
        if self.context > 1:
            raise InvalidInputError(f"context must be 0 or 1, got {self.context!r:.60}.")

    @property
    def channels(self) -> tuple[str, ...]:
        first, second = (names(f"modality {m}, stimulus", self.num_choices) for m in (1, 2))
        return ("fixation", *first, *second)

    @property
    def responses(self) -> tuple[str, ...]:
        return ("fixate", *names("choice", self.num_choices))

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        stimuli, drawn = two_modalities(key, when, self.coherences, self.num_choices)
        signal = side_by_side(cue(when, "fixation", "stimulus", "delay"), *stimuli)
        noisy = when.during("stimulus")[..., None] & (jnp.arange(self.num_inputs) > 0)
        choice = drawn[f"choice_{self.context + 1}"]
        deciding = when.during("decision")
        conditions = {
            "choice": choice,
            "coherence": drawn[f"coherence_{self.context + 1}"],
            "other_choice": drawn[f"choice_{2 - self.context}"],
            "other_coherence": drawn[f"coherence_{2 - self.context}"],
        }
        return Scene(signal, noisy, answer_in(deciding, choice), deciding, conditions)

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Answer by the summed evidence of modality `context`, when the fixation cue is off."""
        first = 1 + self.context * self.num_choices
        relevant = inputs[..., first : first + self.num_choices]
        shown = shown_during(self, inputs[..., 1:], "stimulus")
        deciding = cue_off(self, inputs[..., 0], "decision")
        return respond(deciding, total_evidence(relevant, shown))

    @property
    def chance(self) -> float:
        return 1 / self.num_choices


def two_modalities(
    key: PRNGKeyArray, when: Timeline, coherences: tuple[float, ...], num_choices: int
) -> tuple[list[Float[Array, "trial time choice"]], dict[str, Array]]:
    """Draw a choice and a coherence for each modality; return their channels and what was drawn."""
    stimuli: list[Array] = []
    drawn: dict[str, Array] = {}
    for modality, modality_key in enumerate(jr.split(key, 2), 1):
        key_choice, key_coherence = jr.split(modality_key)
        choice = pick(key_choice, when.num_trials, num_choices)
        coherence = pick_level(key_coherence, when.num_trials, coherences)
        stimuli.append(shown(when.during("stimulus"), evidence(choice, coherence, num_choices)))
        drawn |= {f"choice_{modality}": choice, f"coherence_{modality}": coherence}
    return stimuli, drawn


class ContextDecisionMaking(NoisyTask):
    r"""Decide from one of two modalities. The context says which modality counts.

    During the stimulus, the two channels of a modality carry $(1 + c/100)/2$ and $(1 - c/100)/2$,
    where $c$ is the signed coherence of this modality. One of two context channels is on throughout
    the trial, and tells which modality counts. The fixation cue goes off when the decision is due.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus, delay, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    coherences
        The coherences in percent, drawn independently for the two modalities.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Mante, Sussillo, Shenoy & Newsome (2013) Nature 503:78.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.ContextDecisionMaking(delay=300.0)
    >>> trials = task.trials(4, key=jax.random.key(0))
    >>> trials.inputs.shape
    (4, 14, 7)
    >>> sorted(trials.conditions)
    ['choice', 'context', 'signed_coherence_1', 'signed_coherence_2']
    """

    reference: ClassVar[str] = "Mante, Sussillo, Shenoy & Newsome (2013) Nature 503:78"
    units = MappingProxyType({"signed_coherence_1": "%", "signed_coherence_2": "%"})
    needed: ClassVar[tuple[str, ...]] = ("stimulus", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 300.0)
    stimulus: Length = fields.period("stimulus", 750.0)
    delay: Length = fields.period("delay", WAIT)
    decision: Length = fields.period("decision", 100.0)
    coherences: tuple[float, ...] = fields.levels("coherences", COHERENCES, 0, 100)

    @property
    def channels(self) -> tuple[str, ...]:
        first, second = (names(f"modality {m}, stimulus", 2) for m in (1, 2))
        return ("fixation", *first, *second, *names("context", 2))

    responses = ("fixate", "choice 1", "choice 2")
    chance = 0.5

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        key_stimuli, key_context = jr.split(key)
        stimuli, drawn = two_modalities(key_stimuli, when, self.coherences, 2)
        context = pick(key_context, when.num_trials, 2)
        shown_context = shown(when.inside, jnp.eye(2)[context])
        signal = side_by_side(cue(when, "fixation", "stimulus", "delay"), *stimuli, shown_context)
        noisy = when.during("stimulus")[..., None] & jnp.array([False, *[True] * 4, False, False])
        choice = jnp.where(context == 0, drawn["choice_1"], drawn["choice_2"])
        deciding = when.during("decision")
        signed = {
            f"signed_coherence_{m}": drawn[f"coherence_{m}"] * (1 - 2 * drawn[f"choice_{m}"])
            for m in (1, 2)
        }
        conditions = {"choice": choice, "context": context, **signed}
        return Scene(signal, noisy, answer_in(deciding, choice), deciding, conditions)

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Answer by the summed evidence of the modality that the context channels name."""
        shown = shown_during(self, inputs[..., 1:5], "stimulus")
        first, second = (summed(inputs[..., k] - inputs[..., k + 1], shown) for k in (1, 3))
        context = jnp.cumsum(inputs[..., 5] - inputs[..., 6], axis=1)
        deciding = cue_off(self, inputs[..., 0], "decision")
        return respond(deciding, two_sided(jnp.where(context > 0, first, second)))

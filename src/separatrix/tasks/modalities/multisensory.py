"""Decisions by two modalities together."""

from types import MappingProxyType
from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array
from .. import fields
from ..cue_detection import cue_off, shown_during
from ..durations import Length
from ..ideal_observer import respond
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
from .evidence import COHERENCES, evidence, total_evidence


class MultiSensoryIntegration(NoisyTask):
    r"""Decide from the evidence of two modalities together.

    Both modalities point at the same alternative, one with the coherence $pc$, the other with
    $(1 - p)c$, where $p$ is uniform between 0 and 1. So neither modality alone has all the
    evidence.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    coherences
        The coherences $c$ in percent.
    num_choices
        The number of alternatives.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Fetsch, Pouget, DeAngelis & Angelaki (2012) Nat. Neurosci. 15:146.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.MultiSensoryIntegration()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 11, 5)
    """

    reference: ClassVar[str] = "Fetsch, Pouget, DeAngelis & Angelaki (2012) Nat. Neurosci. 15:146"
    units = MappingProxyType({"coherence": "%"})
    needed: ClassVar[tuple[str, ...]] = ("stimulus", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 300.0)
    stimulus: Length = fields.period("stimulus", 750.0)
    decision: Length = fields.period("decision", 100.0)
    coherences: tuple[float, ...] = fields.levels("coherences", COHERENCES, 0, 100)
    num_choices: int = fields.count("num_choices", 2, least=2)

    @property
    def channels(self) -> tuple[str, ...]:
        first, second = (names(f"modality {m}, stimulus", self.num_choices) for m in (1, 2))
        return ("fixation", *first, *second)

    @property
    def responses(self) -> tuple[str, ...]:
        return ("fixate", *names("choice", self.num_choices))

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        n, k = when.num_trials, self.num_choices
        key_choice, key_coherence, key_share = jr.split(key, 3)
        choice = pick(key_choice, n, k)
        coherence = pick_level(key_coherence, n, self.coherences)
        share = jr.uniform(key_share, (n,))
        during = when.during("stimulus")
        stimuli = [
            shown(during, evidence(choice, coherence * part, k)) for part in (share, 1 - share)
        ]
        signal = side_by_side(cue(when, "fixation", "stimulus"), *stimuli)
        noisy = during[..., None] & (jnp.arange(self.num_inputs) > 0)
        deciding = when.during("decision")
        conditions = {"choice": choice, "coherence": coherence, "share": share}
        return Scene(signal, noisy, answer_in(deciding, choice), deciding, conditions)

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Answer by the summed evidence of both modalities."""
        k = self.num_choices
        both = inputs[..., 1 : 1 + k] + inputs[..., 1 + k :]
        shown = shown_during(self, inputs[..., 1:], "stimulus")
        return respond(cue_off(self, inputs[..., 0], "decision"), total_evidence(both, shown))

    @property
    def chance(self) -> float:
        return 1 / self.num_choices

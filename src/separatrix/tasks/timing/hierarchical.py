"""Judging an interval of time under a rule that changes with it."""

from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array
from .. import fields
from ..cue_detection import cue_off, onsets, shown_during, summed
from ..durations import Choice, Length, TruncatedExponential, count_steps
from ..ideal_observer import one_hot
from ..staged import NoisyTask, Scene, noisy_during, pick, shown, side_by_side
from ..timeline import Timeline


class HierarchicalReasoning(NoisyTask):
    r"""Judge an interval by a rule that was given earlier in the trial.

    First, one of two rule channels is on, and the network has to report which. Then one of two
    places flashes twice, with an interval between the flashes. Under rule 1 the answer is the place
    of the flashes if the interval was short, and the other place if it was long. Under rule 2 it is
    the reverse. Intervals are compared in whole steps. If the interval
    equals the threshold, "short" or "long" is drawn at random, so no network can be correct on all
    of these trials.

    In the original experiment the rule changes unannounced, and must be inferred from the outcomes
    of earlier trials. Single trials have no outcomes, so here the rule is given.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, rule, fixation2, flash1, interval, flash2, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    threshold
        The interval in ms that separates short intervals from long ones.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the two channels of flashes while a flash is
        shown. If it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Sarafyazd & Jazayeri (2019) Science 364:eaav8911.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.HierarchicalReasoning()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 47, 5)
    """

    reference: ClassVar[str] = "Sarafyazd & Jazayeri (2019) Science 364:eaav8911"
    needed: ClassVar[tuple[str, ...]] = ("rule", "flash1", "interval", "flash2", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", TruncatedExponential(600.0, 400.0, 800.0))
    rule: Length = fields.period("rule", 1000.0)
    fixation2: Length = fields.period("fixation2", TruncatedExponential(600.0, 400.0, 900.0))
    flash1: Length = fields.period("flash1", 100.0)
    interval: Length = fields.period(
        "interval", Choice((530.0, 610.0, 690.0, 770.0, 850.0, 930.0, 1010.0, 1090.0, 1170.0))
    )
    flash2: Length = fields.period("flash2", 100.0)
    decision: Length = fields.period("decision", 700.0)
    threshold: float = fields.value("threshold", 850.0, 0)
    noise: float = fields.noise(0.0)

    channels = ("fixation", "rule 1", "rule 2", "flash 1", "flash 2")
    responses = ("fixate", "rule 1", "rule 2", "choice 1", "choice 2")
    chance = 0.5

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        n = when.num_trials
        key_rule, key_place, key_middle = jr.split(key, 3)
        rule, place = pick(key_rule, n, 2), pick(key_place, n, 2)
        steps, middle = when.length("interval"), count_steps(self.threshold, self.dt)
        long = jnp.where(steps == middle, jr.bernoulli(key_middle, 0.5, (n,)), steps > middle)
        choice = place ^ (long != (rule == 1)).astype(int)
        telling, deciding = when.during("rule"), when.during("decision")
        flashing = when.during("flash1", "flash2")
        shows = (shown(telling, jnp.eye(2)[rule]), shown(flashing, jnp.eye(2)[place]))
        targets = telling * (rule[:, None] + 1) + deciding * (choice[:, None] + 3)
        return Scene(
            signal=side_by_side((when.inside & ~deciding)[..., None] * 1.0, *shows),
            noisy=noisy_during(flashing, False, False, False, True, True),
            targets=targets,
            scored=telling | deciding,
            conditions={"choice": choice, "rule": rule, "place": place, "long": long},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Report the rule while it is shown; later, judge the interval by counting its steps."""
        telling = shown_during(self, inputs[..., 1:3], "rule")
        rule = jnp.argmax(summed(inputs[..., 1:3], telling), -1)
        flash = shown_during(self, inputs[..., 3:], "flash1", "flash2")
        place = jnp.argmax(summed(inputs[..., 3:], flash), -1)
        flashes = jnp.cumsum(onsets(flash), axis=1)
        counted = jnp.cumsum((flashes == 1) & ~flash, axis=1)
        long = counted >= count_steps(self.threshold, self.dt)
        choice = place ^ (long != (rule == 1)).astype(int)
        answer = jnp.where(telling, rule + 1, 0)
        deciding = cue_off(self, inputs[..., 0], "decision")
        return one_hot(jnp.where(deciding, choice + 3, answer), 5)

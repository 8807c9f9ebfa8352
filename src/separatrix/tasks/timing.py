"""Measuring and producing intervals of time."""

from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from .._types import Array
from . import fields
from .base import Trials
from .durations import Choice, Length, Multiple, TruncatedExponential, Uniform, count_steps
from .solving import one_hot, respond, so_far, two_sided
from .staged import Scene, StagedTask, answer_in, noisy_during, pick, shown, side_by_side
from .timeline import Timeline


class IntervalDiscrimination(StagedTask):
    """Which of two stimuli lasted longer?

    Each has a channel of its own. Durations are compared in whole steps; where they are equal the
    answer is the second. It is due when the fixation cue goes off.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus1, delay1, stimulus2, delay2, decision
        Durations of the periods in ms, or distributions of them.
    noise, noise_on
        σ in units of the input times √ms; on the "stimulus" while it is shown, or on "all".

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
    noise_on: str = fields.noise_on()

    @property
    def channels(self) -> tuple[str, ...]:
        return ("fixation", "stimulus 1", "stimulus 2")

    @property
    def responses(self) -> tuple[str, ...]:
        return ("fixate", "first longer", "second longer")

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
        """Compare the sums of the two channels."""
        difference = jnp.cumsum(inputs[..., 1] - inputs[..., 2], axis=1) - 0.5
        return respond(inputs[..., 0] < 0.5, two_sided(difference))

    @property
    def chance(self) -> float:
        """The frequency of the second answer, which also stands for equal durations."""
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


class ReadySetGo(StagedTask):
    r"""Measure the interval between two flashes and produce it, or a multiple of it.

    The interval between "ready" and "set" is drawn; the go is due a gain times that interval after
    "set". The target is a ramp that rises from 0 at "set" to 1 when the go is due, and stays there.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, ready, measure, set
        Durations of the periods in ms, or distributions of them; production lasts twice the gain
        times `measure`.
    gain
        The produced interval over the measured one.
    tolerance
        The largest relative error of the produced interval that counts as right in `score`, which
        also forgives one time step. An output goes where it first reaches 0.9.
    noise, noise_on
        σ in units of the input times √ms; on the "stimulus" (the flashes), or on "all".

    References
    ----------
    Jazayeri & Shadlen (2010) Nat. Neurosci. 13:1020; Remington, Narain, Hosseini & Jazayeri (2018)
    Neuron 98:1005.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.ReadySetGo()
    >>> trials = task.trials(4, key=jax.random.key(0))
    >>> trials.inputs.shape, trials.targets.shape
    ((4, 58, 3), (4, 58, 1))
    """

    reference: ClassVar[str] = "Jazayeri & Shadlen (2010) Nat. Neurosci. 13:1020"
    needed: ClassVar[tuple[str, ...]] = ("ready", "measure", "set")

    dt: float = fields.step(80.0)
    fixation: Length = fields.period("fixation", 100.0)
    ready: Length = fields.period("ready", 83.0)
    measure: Length = fields.period("measure", Uniform(800.0, 1500.0))
    set: Length = fields.period("set", 83.0)
    gain: float = fields.value("gain", 1.0, 0.1, 10)
    tolerance: float = fields.value("tolerance", 0.1, 0, 1)
    noise: float = fields.noise(0.0)
    noise_on: str = fields.noise_on()

    @property
    def durations(self) -> dict[str, Length | Multiple]:
        return {
            "fixation": self.fixation,
            "ready": self.ready,
            "measure": self.measure,
            "set": self.set,
            "production": Multiple("measure", 2 * self.gain),
        }

    @property
    def channels(self) -> tuple[str, ...]:
        return ("fixation", "ready", "set")

    @property
    def responses(self) -> tuple[str, ...]:
        return ("ramp",)

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        ready, producing = when.during("ready"), when.during("production")
        flash = when.during("set")
        interval = self.gain * when.length("measure")[:, None]
        ramp = jnp.clip((when.since("production") + 1) / interval, 0, 1)
        before = (when.inside & ~producing)[..., None] * 1.0
        return Scene(
            signal=side_by_side(before, ready[..., None] * 1.0, flash[..., None] * 1.0),
            noisy=noisy_during(ready, False, True, False) | noisy_during(flash, False, False, True),
            targets=ramp[..., None],
            scored=producing,
            conditions={"interval": interval[:, 0] * jnp.float32(self.dt)},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Count the steps between the flashes, and since the fixation cue went off."""
        fixating = inputs[..., 0] > 0.5
        ready, flash = (so_far(inputs[..., k]) > 0.5 for k in (1, 2))
        between = ready & ~flash & (inputs[..., 1] < 0.5)
        measured = jnp.cumsum(between, axis=1)
        since = jnp.cumsum(flash & ~fixating, axis=1)
        return jnp.clip(since / jnp.maximum(self.gain * measured, 1e-6), 0, 1)[..., None]

    @property
    def chance(self) -> float:
        """The best that one and the same interval can do."""
        draws = (
            np.full(1, self.measure)
            if isinstance(self.measure, float)
            else np.asarray(self.measure.draw(jr.key(0), 4000))
        )
        asked = self.gain * np.floor(draws / self.dt + 1e-5)
        guesses = np.unique(np.round(asked))
        within = np.abs(guesses[:, None] - asked) <= self.tolerance * asked + 1
        return float(within.mean(1).max())

    def score(self, outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
        """Return the fraction of trials whose produced interval is within the tolerance."""
        scored = trials.scored
        produced, asked = (
            _first_reach(values[..., 0], scored) for values in (outputs, trials.targets)
        )
        steps = scored.sum(1)
        never = produced >= steps
        right = jnp.abs(produced - asked) <= self.tolerance * asked + 1
        return jnp.mean(right & ~never)


def _first_reach(ramp: Float[Array, "trial time"], scored: Array) -> Float[Array, " trial"]:
    """Return how many scored steps pass before a ramp first reaches 0.9; all if it never does."""
    reached = so_far((scored & (ramp >= 0.9)).astype(int))
    return (scored & (reached == 0)).sum(1).astype(jnp.float32)


class HierarchicalReasoning(StagedTask):
    r"""Judge an interval by a rule that was told before.

    First one of two rule channels is on, and the network has to report it. Then two flashes come at
    one of two places, with an interval between them. Under rule 1 the answer is the place of the
    flashes when the interval was short and the other place when it was long; under rule 2 the
    reverse. At the middle interval short and long are drawn by chance, so nobody can be right there
    on all trials. In the experiment the rule changes unannounced and has to be inferred from the
    outcomes of earlier trials; trials by themselves hold no outcomes, so here it is told.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, rule, fixation2, flash1, interval, flash2, decision
        Durations of the periods in ms, or distributions of them.
    threshold
        The interval in ms that separates short from long.
    noise, noise_on
        σ in units of the input times √ms; on the "stimulus" (the flashes), or on "all".

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
    noise_on: str = fields.noise_on()

    @property
    def channels(self) -> tuple[str, ...]:
        return ("fixation", "rule 1", "rule 2", "flash 1", "flash 2")

    @property
    def responses(self) -> tuple[str, ...]:
        return ("fixate", "rule 1", "rule 2", "choice 1", "choice 2")

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
        """Report the rule while it is told; count the steps between the flashes."""
        fixating = inputs[..., 0] > 0.5
        told = inputs[..., 1:3]
        rule = jnp.argmax(so_far(told), -1)
        flash = inputs[..., 3:].max(-1) > 0.5
        place = jnp.argmax(jnp.cumsum(inputs[..., 3:], axis=1), -1)
        onsets = jnp.cumsum(jnp.diff(flash, axis=1, prepend=False) & flash, axis=1)
        counted = jnp.cumsum((onsets == 1) & ~flash, axis=1)
        long = counted >= count_steps(self.threshold, self.dt)
        choice = place ^ (long != (rule == 1)).astype(int)
        answer = jnp.where(told.max(-1) > 0.5, rule + 1, 0)
        return one_hot(jnp.where(fixating, answer, choice + 3), 5)

    @property
    def chance(self) -> float:
        return 0.5

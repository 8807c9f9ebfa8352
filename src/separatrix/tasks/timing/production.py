"""Measuring an interval of time and producing it."""

from types import MappingProxyType
from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array
from .. import fields
from ..cue_detection import cue_off, shown_during
from ..durations import Length, Multiple, Uniform
from ..ideal_observer import so_far
from ..staged import NoisyTask, Scene, noisy_during, side_by_side
from ..timeline import Timeline
from ..trials import Trials


class ReadySetGo(NoisyTask):
    r"""Measure the interval between two flashes, and produce this interval or a multiple of it.

    The interval between "ready" and "set" is drawn at random. After "set", the network must wait
    for this interval times `gain`, and then go. The target is a ramp that rises from 0 at the end
    of the "set" flash to 1 when it is time to go, and then stays at 1.

    Parameters
    ----------
    dt
        Time step in ms. It must not be longer than `ready` or `set`, because a flash needs at least
        one step.
    fixation, ready, measure, set
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`. The last period, in which the interval is produced,
        lasts 2 × `gain` × `measure`.
    gain
        The interval to produce, divided by the measured interval.
    tolerance
        The largest relative error at which a produced interval counts as correct in `score`. An
        additional error of one time step is allowed. The produced interval ends when the output
        first reaches 0.9, and the correct interval when the target does.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channel of a flash while it is shown. If it
        is "all", noise is added to all channels throughout the trial.

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
    units = MappingProxyType({"interval": "ms"})
    needed: ClassVar[tuple[str, ...]] = ("ready", "measure", "set")

    dt: float = fields.step(80.0)
    fixation: Length = fields.period("fixation", 100.0)
    ready: Length = fields.period("ready", 83.0)
    measure: Length = fields.period("measure", Uniform(800.0, 1500.0))
    set: Length = fields.period("set", 83.0)
    gain: float = fields.value("gain", 1.0, 0.1, 10)
    tolerance: float = fields.value("tolerance", 0.1, 0, 1)
    noise: float = fields.noise(0.0)

    @property
    def durations(self) -> dict[str, Length | Multiple]:
        return {
            "fixation": self.fixation,
            "ready": self.ready,
            "measure": self.measure,
            "set": self.set,
            "production": Multiple("measure", 2 * self.gain),
        }

    channels = ("fixation", "ready", "set")
    responses = ("ramp",)

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
        """Return the ramp: steps since the cue went off / (`gain` × steps between the flashes)."""
        ready, flash = (
            shown_during(self, inputs[..., k : k + 1], period, level=1.0)
            for k, period in ((1, "ready"), (2, "set"))
        )
        ready, flash = (jnp.broadcast_to(on, inputs.shape[:2]) for on in (ready, flash))
        between = (so_far(ready * 1) > so_far(flash * 1)) & ~ready
        measured = jnp.cumsum(between, axis=1)
        since = jnp.cumsum(cue_off(self, inputs[..., 0], "production"), axis=1)
        return jnp.clip(since / jnp.maximum(self.gain * measured, 1e-6), 0, 1)[..., None]

    @property
    def chance(self) -> float:
        """The best score that is possible by producing the same interval in every trial."""
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
        """Return the fraction of trials whose produced interval is correct within `tolerance`."""
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

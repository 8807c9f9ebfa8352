"""Pairs of stimuli, retrospective cues, and going or not going."""

from typing import ClassVar

import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Float, PRNGKeyArray

from .._types import Array
from . import fields
from .cue_detection import cue_off, onsets, shown_during, summed
from .durations import Length
from .ideal_observer import last_seen, one_hot, respond, two_sided
from .staged import NoisyTask, Scene, cue, noisy_during, pick, shown, side_by_side
from .timeline import Timeline


class DelayPairedAssociation(NoisyTask):
    """Go if the second stimulus belongs to the first.

    The first stimulus is 1 or 2, and the second is 3 or 4, each on a separate channel. Stimulus 3
    belongs to stimulus 1, and stimulus 4 to stimulus 2. The answer, to go or to keep fixating, is
    due when the fixation cue goes off.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus1, delay1, stimulus2, delay2, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Zhang et al. (2019) eLife 8:e43191.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.DelayPairedAssociation()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 45, 5)
    """

    reference: ClassVar[str] = "Zhang et al. (2019) eLife 8:e43191"
    needed: ClassVar[tuple[str, ...]] = ("stimulus1", "stimulus2", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 0.0)
    stimulus1: Length = fields.period("stimulus1", 1000.0)
    delay1: Length = fields.period("delay1", 1000.0)
    stimulus2: Length = fields.period("stimulus2", 1000.0)
    delay2: Length = fields.period("delay2", 1000.0)
    decision: Length = fields.period("decision", 500.0)
    noise: float = fields.noise(0.0)

    channels = ("fixation", "stimulus 1", "stimulus 2", "stimulus 3", "stimulus 4")
    responses = ("fixate", "go")
    chance = 0.5

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        first, second = (pick(k, when.num_trials, 2) for k in jr.split(key))
        on = [when.during(s) for s in ("stimulus1", "stimulus2")]
        shows = [shown(d, jnp.eye(2)[s]) for d, s in zip(on, (first, second), strict=True)]
        go = (first == second).astype(int)
        deciding = when.during("decision")
        noisy = noisy_during(on[0], False, True, True, False, False)
        return Scene(
            signal=side_by_side((when.inside & ~deciding)[..., None] * 1.0, *shows),
            noisy=noisy | noisy_during(on[1], False, False, False, True, True),
            targets=deciding * go[:, None],
            scored=deciding,
            conditions={"go": go, "first": first + 1, "second": second + 3},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Answer "go" if the two stimuli, each summed over its steps, belong together."""
        first, second = (
            jnp.argmax(summed(pair, shown_during(self, pair, period)), -1)
            for pair, period in (
                (inputs[..., 1:3], "stimulus1"),
                (inputs[..., 3:5], "stimulus2"),
            )
        )
        deciding = cue_off(self, inputs[..., 0], "decision")
        return one_hot((deciding & (first == second)).astype(int), 2)


class GoNoGo(NoisyTask):
    """Go after one stimulus, keep fixating after the other.

    The answer is due after a delay, when the fixation cue goes off.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, stimulus, delay, decision
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Zhang et al. (2019) eLife 8:e43191.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.GoNoGo()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 19, 3)
    """

    reference: ClassVar[str] = "Zhang et al. (2019) eLife 8:e43191"
    needed: ClassVar[tuple[str, ...]] = ("stimulus", "decision")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 0.0)
    stimulus: Length = fields.period("stimulus", 500.0)
    delay: Length = fields.period("delay", 500.0)
    decision: Length = fields.period("decision", 900.0)
    noise: float = fields.noise(0.0)

    channels = ("fixation", "no-go", "go")
    responses = ("fixate", "go")
    chance = 0.5

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        go = pick(key, when.num_trials, 2)
        during, deciding = when.during("stimulus"), when.during("decision")
        stimulus = shown(during, jnp.eye(2)[go])
        return Scene(
            signal=side_by_side(cue(when, "fixation", "stimulus", "delay"), stimulus),
            noisy=noisy_during(during, False, True, True),
            targets=deciding * go[:, None],
            scored=deciding,
            conditions={"go": go},
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Answer "go" if the sum over the go channel exceeds the sum over the no-go channel."""
        shown = shown_during(self, inputs[..., 1:], "stimulus")
        difference = summed(inputs[..., 2] - inputs[..., 1], shown)
        deciding = cue_off(self, inputs[..., 0], "decision")
        return one_hot((deciding & (difference > 0)).astype(int), 2)


class DualDelayMatchSample(NoisyTask):
    r"""Remember two samples. Then, twice, a cue names one of them, and a test is compared with it.

    Two samples are shown together. Each is one of two directions, on two channels. A cue then names
    one of the samples. The test is shown on the channels of the cued sample, and either matches
    that sample or does not. Then the other sample is cued and tested. The answers are due during
    the tests, when the fixation cue is off.

    Parameters
    ----------
    dt
        Time step in ms.
    fixation, sample, delay1, cue1, test1, delay2, cue2, test2
        Durations of the periods in ms: each a number, or a distribution such as
        `sx.tasks.Uniform(200.0, 800.0)`.
    noise, noise_on
        The noise in a step has the standard deviation σ/√dt, where σ is `noise` and dt is in ms. If
        `noise_on` is "stimulus", noise is added to the channels of a stimulus while it is shown. If
        it is "all", noise is added to all channels throughout the trial.

    References
    ----------
    Rose, LaRocque, Riggall, Gosseries, Starrett, Meyering & Postle (2016) Science 354:1136.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.DualDelayMatchSample()
    >>> task.trials(4, key=jax.random.key(0)).inputs.shape
    (4, 40, 7)
    """

    reference: ClassVar[str] = (
        "Rose, LaRocque, Riggall, Gosseries, Starrett, Meyering & Postle (2016) Science 354:1136"
    )
    needed: ClassVar[tuple[str, ...]] = ("sample", "cue1", "test1", "cue2", "test2")

    dt: float = fields.step(100.0)
    fixation: Length = fields.period("fixation", 500.0)
    sample: Length = fields.period("sample", 500.0)
    delay1: Length = fields.period("delay1", 500.0)
    cue1: Length = fields.period("cue1", 500.0)
    test1: Length = fields.period("test1", 500.0)
    delay2: Length = fields.period("delay2", 500.0)
    cue2: Length = fields.period("cue2", 500.0)
    test2: Length = fields.period("test2", 500.0)

    @property
    def channels(self) -> tuple[str, ...]:
        first, second = ((f"stimulus {s}, 0", f"stimulus {s}, π") for s in (1, 2))
        return ("fixation", *first, *second, "cue 1", "cue 2")

    responses = ("fixate", "match", "non-match")
    chance = 0.5

    def present(self, key: PRNGKeyArray, when: Timeline) -> Scene:
        key_order, key_samples, key_choices = jr.split(key, 3)
        n, eye = when.num_trials, jnp.eye(2)
        order = pick(key_order, n, 2)  # the sample that is tested first
        samples = jr.randint(key_samples, (n, 2), 0, 2)
        choices = jr.randint(key_choices, (n, 2), 0, 2)  # of the first and the second test
        sampling = when.during("sample")
        stimuli = [shown(sampling, eye[samples[:, s]]) for s in (0, 1)]
        cues, targets = [], jnp.zeros((n, when.num_steps), int)
        noisy = noisy_during(sampling, False, *[True] * 4, False, False)
        for test, tested in enumerate((order, 1 - order)):
            during = when.during(f"test{test + 1}")
            shows = eye[jnp.take_along_axis(samples, tested[:, None], 1)[:, 0] ^ choices[:, test]]
            for s in (0, 1):
                here = during & (tested == s)[:, None]
                stimuli[s] = stimuli[s] + shown(here, shows)
                noisy |= noisy_during(here, False, s == 0, s == 0, s == 1, s == 1, False, False)
            cues.append(shown(when.during(f"cue{test + 1}"), eye[tested]))
            targets = targets + during * (choices[:, test, None] + 1)
        tests = when.during("test1", "test2")
        return Scene(
            signal=side_by_side(
                (when.inside & ~tests)[..., None] * 1.0, *stimuli, cues[0] + cues[1]
            ),
            noisy=noisy,
            targets=targets,
            scored=tests,
            conditions={
                "first_tested": order,
                "sample_1": samples[:, 0],
                "sample_2": samples[:, 1],
                "choice_1": choices[:, 0],
                "choice_2": choices[:, 1],
            },
        )

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Compare the summed inputs of a test with those of the sample that the last cue named.

        The inputs of the samples are summed until the first cue, and the inputs of a test while the
        fixation cue is off.
        """
        sides = jnp.stack([inputs[..., k] - inputs[..., k + 1] for k in (1, 3)], -1)
        testing = cue_off(self, inputs[..., 0], "test1", "test2")
        cueing = shown_during(self, inputs[..., 5:], "cue1", "cue2")
        cues = summed(inputs[..., 5:], cueing)
        before = last_seen(jnp.pad(cues, ((0, 0), (1, 0), (0, 0)))[:, :-1], onsets(cueing))
        cued = jnp.argmax(cues - before, -1)[..., None]
        sampling = shown_during(self, inputs[..., 1:5], "sample")
        sample = summed(sides, sampling & (jnp.cumsum(cueing, axis=1) == 0))
        tests = summed(sides, testing)
        test = tests - last_seen(tests, ~testing)
        product = jnp.take_along_axis(sample * test, cued, axis=-1)[..., 0]
        return respond(testing, two_sided(product))

"""Decisions between noisy alternatives."""

import functools
from types import MappingProxyType
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from .._checked import checked, taken
from .._types import Array, InvalidInputError, real_array
from . import fields
from .durations import check_timing
from .ideal_observer import respond
from .task import SolvableTask, consecutive, measured_accuracy, period_mask
from .trials import Trials


class PerceptualDecisionMaking(SolvableTask):
    r"""Which of several noisy stimuli is the strongest?

    Alternative $k$ of $K$ stands at the angle $\theta_k = 2\pi k/K$. During the stimulus, channel
    $1 + k$ carries $0.5 + \frac{c}{200}\cos(\theta_k - \theta_\ast)$, where $c$ is the coherence in
    percent and $\theta_\ast$ is the angle of the correct choice. Channel 0 is the fixation cue. The
    network must answer class 0 until the decision period, and in the decision period class $1 + k$,
    where k is the correct alternative. Noise of standard deviation $\sigma/\sqrt{dt}$ (dt in ms) is
    added to all channels in every step, or only to the stimuli (`noise_on`).

    With the default settings, a trial has 22 steps of 100 ms, as in the primer of Yang and Wang
    (2020).

    Parameters
    ----------
    dt
        Time step in ms. A period of d ms has int(d/dt) steps.
    fixation, stimulus, delay, decision
        Durations of the periods in ms. A duration of 0 leaves a period out; `stimulus` and
        `decision` must be positive. The durations are the same in every trial. In the task
        `PerceptualDecisionMakingDelayResponse` they may vary from trial to trial.
    coherences
        The coherences in percent, drawn with equal probability.
    num_choices
        The number of alternatives, at least 2.
    noise
        The strength σ of the noise, whose standard deviation in a step is σ/√dt, with dt in ms.
    noise_on
        "all" (the default): noise is added to all channels in all steps, as in brainpy_datasets.
        "stimulus": noise is added only to the stimulus channels, and only in the stimulus period,
        as in NeuroGym.
    cue
        The periods in which the fixation cue is on. By default these are all periods before the
        decision, as in brainpy_datasets and in versions of NeuroGym before 2.2. In NeuroGym 2.2 the
        cue is on only during the fixation: give `("fixation",)`.

    Raises
    ------
    InvalidInputError
        If a time is negative, if a period is shorter than dt, if there are fewer than two choices,
        or if an option is unknown.

    References
    ----------
    Britten, Shadlen, Newsome & Movshon (1992) J. Neurosci. 12:4745; as a task for networks:
    Yang & Wang (2020) Neuron 107:1048.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.PerceptualDecisionMaking()
    >>> trials = task.trials(16, key=jax.random.key(0))
    >>> trials.inputs.shape
    (16, 22, 3)
    >>> sorted(trials.conditions)
    ['choice', 'coherence']
    """

    reference: ClassVar[str] = "Yang & Wang (2020) Neuron 107:1048"
    units = MappingProxyType({"coherence": "%"})

    dt: float = fields.step(100.0)
    fixation: float = fields.value("fixation", 100.0)
    stimulus: float = fields.value("stimulus", 2000.0)
    delay: float = fields.value("delay", 0.0)
    decision: float = fields.value("decision", 100.0)
    coherences: tuple[float, ...] = fields.levels(
        "coherences", (0.0, 6.4, 12.8, 25.6, 51.2), 0, 100
    )
    num_choices: int = fields.count("num_choices", 2, least=2)
    noise: float = fields.value("noise", 1.0, least=0)
    noise_on: str = fields.option("noise_on", "all", "stimulus")
    cue: tuple[str, ...] = eqx.field(
        static=True,
        default=("fixation", "stimulus", "delay"),
        converter=functools.partial(taken, annotation=tuple[str, ...], name="cue"),
    )

    def __check_init__(self) -> None:
        name = type(self).__name__
        possible = {period: (time,) for period, time in self._durations.items()}
        check_timing(name, self.dt, possible, ("stimulus", "decision"))
        unknown = set(self.cue) - set(self._durations)
        if unknown:
            raise InvalidInputError(
                f"{name}: cue names periods that do not exist: {', '.join(sorted(unknown))}. "
                f"The periods are {', '.join(self._durations)}."
            )

    @property
    def _durations(self) -> dict[str, float]:
        return {
            "fixation": self.fixation,
            "stimulus": self.stimulus,
            "delay": self.delay,
            "decision": self.decision,
        }

    @property
    def periods(self) -> dict[str, tuple[float, float]]:
        return consecutive(self._durations)

    @property
    def channels(self) -> tuple[str, ...]:
        return ("fixation", *(f"stimulus {k + 1}" for k in range(self.num_choices)))

    @property
    def responses(self) -> tuple[str, ...]:
        return ("fixate", *(f"choice {k + 1}" for k in range(self.num_choices)))

    @property
    def angles(self) -> Float[np.ndarray, " choice"]:
        """The angle of each alternative, in radians."""
        return 2 * np.pi * np.arange(self.num_choices) / self.num_choices

    def draw(self, key: PRNGKeyArray, n: int) -> Trials:
        key_coherence, key_choice, key_noise = jr.split(key, 3)
        levels = jnp.asarray(self.coherences, jnp.float32)
        coherence = levels[jr.randint(key_coherence, (n,), 0, len(self.coherences))]
        choice = jr.randint(key_choice, (n,), 0, self.num_choices)

        angles = jnp.asarray(self.angles, jnp.float32)
        # (trial, choice): what each stimulus channel carries without noise
        evidence = 0.5 + coherence[:, None] / 200 * jnp.cos(angles - angles[choice][:, None])
        in_stimulus = period_mask(self, "stimulus")
        signal = in_stimulus[None, :, None] * evidence[:, None, :]
        cue = jnp.broadcast_to(period_mask(self, *self.cue)[None, :, None], (n, self.num_steps, 1))
        clean = jnp.concatenate([cue, signal], axis=-1)

        shape = clean.shape
        noise = jr.normal(key_noise, shape, jnp.float32) * (self.noise / self.dt**0.5)
        inputs = clean + noise * self._noise_mask()

        deciding = period_mask(self, "decision").astype(bool)
        return Trials(
            inputs=inputs,
            targets=jnp.where(deciding, choice[:, None] + 1, 0),
            mask=jnp.ones((n, self.num_steps), jnp.float32),
            scored=jnp.broadcast_to(deciding, (n, self.num_steps)),
            conditions={"coherence": coherence, "choice": choice},
            dt=self.dt,
        )

    def _noise_mask(self) -> Float[np.ndarray, "#time channel"]:
        if self.noise_on == "all":
            return np.ones((1, self.num_inputs), np.float32)
        on_channel = np.arange(self.num_inputs) > 0
        return period_mask(self, "stimulus")[:, None] * on_channel.astype(np.float32)

    def period_input(self, name: str) -> Float[np.ndarray, " channel"]:
        if name not in self._durations or not self._durations[name]:
            return super().period_input(name)  # which says what is wrong with it
        stimulus = 0.5 if name == "stimulus" else 0.0
        return np.array([float(name in self.cue), *[stimulus] * self.num_choices])

    @property
    def period_before_answer(self) -> str:
        return "delay" if self.delay else "stimulus"

    def evidence_input(self, coherence: float, choice: int = 0) -> Float[np.ndarray, " channel"]:
        """Return the input `(channel,)` while evidence for a choice is shown, without noise.

        The `coherence` is in percent, and choices are counted from 0. You can freeze a network at
        this input (`network.at_input`).
        """
        cue = float("stimulus" in self.cue)
        evidence = 0.5 + coherence / 200 * np.cos(self.angles - self.angles[choice])
        return np.concatenate([[cue], evidence])

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        r"""Return the optimal answers: $\arg\max_g \sum_{t,k} x_k(t)\cos(\theta_k - \theta_g)$.

        Here $x_k(t)$ is the input on the channel of alternative k. The sum is taken over the steps
        of the stimulus period up to the current step. The answer is given in the decision period,
        whose steps the observer knows.
        """
        shown = jnp.asarray(inputs)[..., 1:] * period_mask(self, "stimulus")[:, None]
        evidence = jnp.cumsum(shown, axis=1) @ self._projections
        return respond(period_mask(self, "decision") > 0, evidence)

    @property
    def chance(self) -> float:
        return 1 / self.num_choices

    @property
    def _projections(self) -> Float[np.ndarray, "choice choice"]:
        return np.cos(self.angles[:, None] - self.angles[None, :]).astype(np.float32)

    def ideal_choice(self, inputs: Float[Array, "trial time channel"]) -> Int[Array, " trial"]:
        r"""Return the optimal choice: $\arg\max_g \sum_{t,k} x_k(t)\cos(\theta_k - \theta_g)$.

        Here $x_k(t)$ is the input on the channel of alternative k, and t runs over the steps of the
        stimulus period. The sums are sufficient statistics. With equal priors, the alternative g
        with the largest sum is the maximum-likelihood choice.
        """
        first, last = self.period_steps()["stimulus"]
        total = jnp.asarray(inputs)[:, first:last, 1:].sum(1)
        return jnp.argmax(total @ self._projections, axis=-1)

    def ideal_accuracy(self, coherence: Float[Array, "..."] | float) -> Float[np.ndarray, "..."]:
        r"""Return the probability that the ideal observer of two choices is correct.

        The probability is $P = \Phi\!\left(\frac{c}{100\,\sigma}\sqrt{T/2}\right)$, where T is the
        stimulus duration in ms, σ is `noise`, and c is `coherence` in percent: a number or an
        array.

        Raises InvalidInputError for more than two choices, for which there is no closed form: apply
        `ideal_choice` to trials instead.
        """
        if self.num_choices != 2:
            raise InvalidInputError(
                f"ideal_accuracy has a closed form for 2 choices only, this task has "
                f"{self.num_choices}: apply ideal_choice to trials instead."
            )
        from scipy.special import ndtr  # a sixth of a second that `import separatrix` saves

        first, last = self.period_steps()["stimulus"]
        duration = (last - first) * self.dt
        c = np.asarray(coherence, float)
        if self.noise == 0:
            return np.where(c > 0, 1.0, 0.5)
        return np.asarray(ndtr(c / 100 / self.noise * np.sqrt(duration / 2)))

    @property
    def ideal_mean_accuracy(self) -> float:
        """The ideal observer's mean accuracy: exact for two choices, otherwise from trials."""
        if self.num_choices > 2:
            return measured_accuracy(self)
        return float(np.mean(self.ideal_accuracy(np.array(self.coherences))))


@checked
def signed_coherence(trials_conditions: dict[str, Array]) -> Float[np.ndarray, " trial"]:
    """Return the coherence of two-choice trials, with a sign that shows which choice is correct.

    Parameters
    ----------
    trials_conditions
        The `.conditions` of trials or of an activity, with "coherence" in percent and "choice".

    Returns
    -------
    array (trial,)
        The signed coherence in percent: positive for choice 0 (the first stimulus channel is the
        stronger), negative for choice 1.

    Examples
    --------
    >>> import jax, numpy as np, separatrix as sx
    >>> trials = sx.tasks.PerceptualDecisionMaking().trials(50, key=jax.random.key(0))
    >>> coherence = sx.tasks.signed_coherence(trials.conditions)
    >>> np.unique(np.abs(coherence).round(1)).tolist()
    [0.0, 6.4, 12.8, 25.6, 51.2]
    """
    if missing := {"coherence", "choice"} - set(trials_conditions):
        raise InvalidInputError(f"conditions lack {', '.join(sorted(missing))}.")
    coherence = real_array(trials_conditions["coherence"], "coherence")
    if (coherence < 0).any():
        raise InvalidInputError(
            "coherence must not be negative, got numbers that have a sign already: draw them as "
            "they are."
        )
    return np.where(np.asarray(trials_conditions["choice"]) == 0, 1.0, -1.0) * coherence

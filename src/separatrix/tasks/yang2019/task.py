"""The task object of Yang et al. (2019): any of the 20 rules, or a mixture of them."""

import dataclasses
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from ..._checked import SOME, Count, Named, NotNegative, checked, taken
from ..._types import (
    Array,
    GivenKey,
    InvalidInputError,
)
from .. import fields
from ..durations import check_timing, count_steps
from ..rings import circular_distance, population_vector
from ..staged import names
from ..task import SolvableTask
from ..trials import Trials
from .rates import RING, asked_rates, bump
from .rules import DRAW, FAMILY_OF, LONGEST, RULES, VARIANT_OF, Dice, Script
from .solution import solve


def _rules(given: Any) -> tuple[str, ...]:
    rule = Annotated[str, Named(RULES)]
    rules = (given,) if isinstance(given, str) else given
    return taken(rules, Annotated[tuple[rule, ...], SOME], "rules")


def _weights(given: Any) -> tuple[float, ...]:
    return taken(given, tuple[NotNegative, ...], "rule_weights")


class Yang2019(SolvableTask):
    r"""Twenty tasks for one network. A rule input says which task the network has to do.

    The 85 inputs are a fixation cue, two rings of 32 channels (the modalities), and one channel for
    each of the 20 rules. The 33 outputs are fixation and a ring for the response. A direction is
    shown as a bump $0.8\,e^{-d^2/2(\pi/8)^2}$ on a ring, multiplied by the strength of the
    stimulus.

    The targets are for the sigmoid of the outputs. On the response ring the targets are 0.05, plus
    a bump at the direction of the response while the response is due. For the fixation output the
    targets are 0.8 before the response is due, and then 0.05. If the network has to fixate until
    the end of the trial, they are 0.8 throughout.

    In the loss, steps have the weight 0 for the first 100 ms, 1 until the response is due, 0 for
    the next 100 ms, and 25 to the end. The fixation output has four times these weights. (All
    weights are the squares of the entries of the paper's mask.) Noise of standard deviation
    $\sigma_x\sqrt{2\tau/dt}$ is added to all inputs.

    The answer is scored at the last step of a trial. If the network has to fixate, the fixation
    output must be above 0.5. If it has to respond, the fixation output must not be above 0.5, and
    the population vector must point within 36° of the target.

    Parameters
    ----------
    dt
        Time step in ms, at most 100.
    rules
        The names of the rules (of `separatrix.tasks.RULES`), or one name. Each trial draws one of
        them.
    rule_weights
        How often each rule is drawn, relative to the others. An empty tuple means that all rules
        are drawn equally often. The paper draws contextdm1 and contextdm2 five times as often as
        each of the other rules.
    shared
        If True, all trials of a batch have the same rule, times and modality, as in the paper. If
        False, each trial draws them separately.
    sigma_x, tau
        The strength σ_x and the time constant τ (ms) of the input noise.

    Raises
    ------
    InvalidInputError
        If a rule is unknown, or the weights do not fit the rules.

    References
    ----------
    Yang, Joglekar, Song, Newsome & Wang (2019) Nat. Neurosci. 22:297.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.Yang2019(rules=["delaygo", "contextdm1"])
    >>> trials = task.trials(4, key=jax.random.key(0))
    >>> trials.inputs.shape, trials.targets.shape
    ((4, 170, 85), (4, 170, 33))
    """

    reference: ClassVar[str] = "Yang, Joglekar, Song, Newsome & Wang (2019) Nat. Neurosci. 22:297"
    units = MappingProxyType(
        {"direction": "rad", "stimulus_1": "rad", "stimulus_2": "rad", "go": "ms", "end": "ms"}
    )
    ideal_trials: ClassVar[int] = 512

    dt: float = fields.step(20.0)
    rules: tuple[str, ...] = eqx.field(static=True, default=RULES, converter=_rules)
    rule_weights: tuple[float, ...] = eqx.field(static=True, default=(), converter=_weights)
    shared: bool = fields.flag("shared", False)
    sigma_x: float = fields.value("sigma_x", 0.01, 0)
    tau: float = fields.value("tau", 100.0, 0)

    def __check_init__(self) -> None:
        check_timing("Yang2019", self.dt, {"shortest": (100.0,)}, ("shortest",))
        count = len(self.rule_weights)
        if count and (count != len(self.rules) or sum(self.rule_weights) == 0):
            raise InvalidInputError(
                f"rule_weights: expected {len(self.rules)} numbers, not all 0, one for each of "
                f"rules; got {self.rule_weights!r:.60}."
            )

    @property
    def periods(self) -> dict[str, tuple[float, float]]:
        return {"trial": (0.0, max(LONGEST[f] for f in self._families))}

    @property
    def _families(self) -> list[int]:
        return sorted({FAMILY_OF[RULES.index(rule)] for rule in self.rules})

    @property
    def channels(self) -> tuple[str, ...]:
        rings = (names(f"modality {m}, direction", RING) for m in (1, 2))
        return ("fixation", *(c for ring in rings for c in ring), *(f"rule {r}" for r in RULES))

    @property
    def condition_words(self) -> dict[str, tuple[str, ...]]:
        return {"rule": RULES}

    @property
    def responses(self) -> tuple[str, ...]:
        return ("fixate", *names("direction", RING))

    def draw(self, key: PRNGKeyArray, n: int) -> Trials:
        key_rule, key_script, key_noise = jr.split(key, 3)
        rule = self._pick_rule(key_rule, n)
        script = self._script(Dice(key_script, n, self.dt, self.shared), rule)
        return self._show(script, rule, key_noise)

    def varied(self) -> "Yang2019":
        return dataclasses.replace(self, shared=False)

    @checked
    def aligned_trials(self, rule: str, n: Count, *, key: GivenKey) -> Trials:
        """Return `n` trials of one rule, without noise, that differ only in their stimuli.

        The times are drawn once for all trials. So a step is the same moment in each trial, as
        `sx.classics.condition_variance` requires. Directions, strengths and modalities are drawn
        for each trial.

        Raises InvalidInputError if the rule is not among `rules`, or if `n` or `key` is not valid.

        Examples
        --------
        >>> import jax, separatrix as sx
        >>> trials = sx.tasks.Yang2019().aligned_trials("delaygo", 8, key=jax.random.key(0))
        >>> len(set(trials.conditions["go"].tolist()))
        1
        """
        Named(self.rules)(rule, "rule")
        quiet = dataclasses.replace(self, sigma_x=0.0)
        number = jnp.int32(RULES.index(rule))
        return _draw_aligned(quiet, key, number, n)

    def period_input(self, name: str) -> Float[np.ndarray, " channel"]:
        if len(self.rules) > 1:
            raise InvalidInputError(
                f"Yang2019 draws one of {len(self.rules)} rules for each trial, and the mean over "
                'rules is not the input of any rule: name channels, such as {fixation = 1.0, "rule '
                'delaygo" = 1.0}.'
            )
        return super().period_input(name)

    def _show(self, script: Script, rule: Int[Array, " trial"], key_noise: PRNGKeyArray) -> Trials:
        """Return the trials that a script describes."""
        steps = jnp.arange(self.num_steps)
        inside = steps < script.stop[:, None]
        inputs = _inputs(script, rule, steps) * inside[..., None]
        if self.sigma_x > 0:
            deviation = self.sigma_x * (2 * self.tau / self.dt) ** 0.5
            noise = jr.normal(key_noise, inputs.shape, jnp.float32) * deviation
            inputs = inputs + noise * inside[..., None]
        conditions = {
            "rule": rule,
            "responds": script.responds,
            "direction": script.answer,
            "stimulus_1": script.direction[:, 0],
            "stimulus_2": script.direction[:, 1],
            "go": script.go * jnp.float32(self.dt),
            "end": script.stop * jnp.float32(self.dt),
        }
        return Trials(
            inputs=inputs,
            targets=_targets(script, steps),
            mask=self._weights(script, steps),
            scored=steps == script.stop[:, None] - 1,
            conditions=conditions,
            dt=self.dt,
            output_function="sigmoid",
        )

    def _pick_rule(self, key: PRNGKeyArray, n: int) -> Int[Array, " trial"]:
        numbers = jnp.array([RULES.index(rule) for rule in self.rules])
        weights = np.array(self.rule_weights or [1.0] * len(self.rules))
        rows = 1 if self.shared else n
        drawn = jr.choice(key, numbers, (rows,), p=jnp.asarray(weights / weights.sum()))
        return jnp.broadcast_to(drawn, n)

    def _script(self, dice: Dice, rule: Int[Array, " trial"]) -> Script:
        """Draw a trial of every family in question, and keep that of the trial's rule."""
        family = jnp.array(FAMILY_OF)[rule]
        variant = jnp.array(VARIANT_OF)[rule]
        chosen: Script | None = None
        for number in self._families:
            here = family == number
            drawn = DRAW[number](dice.again(), jnp.where(here, variant, 0))
            chosen = drawn if chosen is None else _choose(here, drawn, chosen)
        assert chosen is not None
        return chosen

    def _weights(
        self, script: Script, steps: Int[Array, " time"]
    ) -> Float[Array, "trial time output"]:
        grace = count_steps(100.0, self.dt)
        go, stop = script.go[:, None], script.stop[:, None]
        before = (steps >= grace) & (steps < go)
        after = (steps >= go + grace) & (steps < stop)
        each = jnp.where(after, 25.0, before * 1.0)
        return each[..., None] * jnp.array([4.0, *[1.0] * RING])

    def solve(self, inputs: Float[Array, "trial time channel"]) -> Float[Array, "trial time out"]:
        """Read the rings with a matched filter, and respond as the rule says."""
        rates = solve(jnp.asarray(inputs), self.dt)
        return jnp.log(rates) - jnp.log1p(-rates)

    @property
    def chance(self) -> float:
        weights = np.array(self.rule_weights or [1.0] * len(self.rules))
        blind = [0.5 if FAMILY_OF[RULES.index(r)] >= 5 else 0.2 for r in self.rules]
        return float(weights @ blind / weights.sum())

    def score(self, outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
        """Return the fraction of trials whose last step is correct, as `right` judges it."""
        right = self.right(outputs, trials)
        return (right & trials.scored).sum() / jnp.maximum(trials.scored.sum(), 1)

    def right(
        self, outputs: Float[Array, "trial time output"], trials: Trials
    ) -> Bool[Array, "trial time"]:
        """Return for each step whether the outputs are correct. The text of the class says when."""
        rates = jax.nn.sigmoid(outputs)
        fixates, asked_to = rates[..., 0] > 0.5, trials.targets[..., 0] > 0.5
        pointed, asked = (population_vector(v[..., 1:]) for v in (rates, trials.targets))
        near = circular_distance(pointed, asked) < 0.2 * jnp.pi
        return jnp.where(asked_to, fixates, near & ~fixates)


@eqx.filter_jit
def _draw_aligned(task: Yang2019, key: PRNGKeyArray, rule: Int[Array, ""], n: int) -> Trials:
    dice = Dice(key, n, task.dt, shared=True, modality="own")
    numbers = jnp.broadcast_to(rule, n)
    return task._show(task._script(dice, numbers), numbers, key)


def _choose(here: Array, new: Script, old: Script) -> Script:
    def pick(a: Array, b: Array) -> Array:
        return jnp.where(here.reshape(-1, *[1] * (a.ndim - 1)), a, b)

    return jax.tree.map(pick, new, old)


def _inputs(
    script: Script, rule: Int[Array, " trial"], steps: Int[Array, " time"]
) -> Float[Array, "trial time channel"]:
    on = (steps >= script.on[..., None]) & (steps < script.off[..., None])  # (trial, 2, time)
    bumps = bump(script.direction)
    rings = jnp.einsum("nst,nsm,nsk->ntmk", on * 1.0, script.strength, bumps)
    rule_input = jnp.broadcast_to(
        jax.nn.one_hot(rule, len(RULES))[:, None], (len(rule), len(steps), len(RULES))
    )
    fixation = (steps < script.fixation_off[:, None])[..., None] * 1.0
    flat = rings.reshape(len(rule), len(steps), 2 * RING)
    return jnp.concatenate([fixation, flat, rule_input], axis=-1)


def _targets(script: Script, steps: Int[Array, " time"]) -> Float[Array, "trial time output"]:
    responding = (steps >= script.go[:, None]) & script.responds[:, None]
    return asked_rates(responding, bump(script.answer)[:, None])

"""Scripts of the trials of the 20 rules: what they show, when, and what they ask for.

Every trial of every rule is described by the same few numbers: at most two stimuli, each with a
direction, a time and a strength in either modality; when the fixation cue goes off; when the
response is due, and where to.
"""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from ..._types import Array
from ..durations import count_steps

_REACH = ("fdgo", "reactgo", "delaygo", "fdanti", "reactanti", "delayanti")
_DECIDE = ("dm1", "dm2", "contextdm1", "contextdm2", "multidm")
_DECIDE_DELAYED = ("delaydm1", "delaydm2", "contextdelaydm1", "contextdelaydm2", "multidelaydm")
_MATCH = ("dmsgo", "dmsnogo", "dmcgo", "dmcnogo")

RULES = (*_REACH, *_DECIDE, *_DECIDE_DELAYED, *_MATCH)
"""The rules by the names of the paper's code, in the order of their input channels.

In the paper: Go, RT Go, Dly Go, Anti, RT Anti, Dly Anti, DM 1, DM 2, Ctx DM 1, Ctx DM 2, MultSen
DM, Dly DM 1, Dly DM 2, Ctx Dly DM 1, Ctx Dly DM 2, MultSen Dly DM, DMS, DNMS, DMC, DNMC.
"""

FAMILIES = ("fixed", "react", "delayed", "dm", "delayed dm", "dms", "dmc")
FAMILY_OF = (0, 1, 2, 0, 1, 2, *[3] * 5, *[4] * 5, 5, 5, 6, 6)
"""The family of each rule: rules of one family share the times of their trials."""

LONGEST = (2700.0, 3000.0, 3400.0, 2500.0, 4200.0, 3300.0, 3400.0)
"""The longest trial of each family in ms."""


class Script(eqx.Module):
    """The numbers that describe each trial; times are steps, directions radians."""

    direction: Float[Array, "trial 2"]
    strength: Float[Array, "trial 2 2"]  # of each stimulus in each modality
    on: Int[Array, "trial 2"]
    off: Int[Array, "trial 2"]
    fixation_off: Int[Array, " trial"]  # of the input; the end of the trial where it stays on
    go: Int[Array, " trial"]  # when a response is due
    responds: Bool[Array, " trial"]
    answer: Float[Array, " trial"]
    stop: Int[Array, " trial"]


class Dice:
    """Draws for the trials of a batch, one after the other, out of one table of numbers.

    A trial has one rule, so the families read the same numbers: a call of the generator for every
    draw of every family would take half a minute to compile. What is `shared` is the same for all
    trials, as the paper does with the times; `modality` says which numbers the modality is drawn
    with, "own" or "shared".
    """

    COLUMNS = 24

    def __init__(
        self, key: PRNGKeyArray, n: int, dt: float, shared: bool, modality: str = "shared"
    ):
        key_own, key_shared = jr.split(key)
        self.n, self.dt, self._modality = n, dt, modality
        rows = 1 if shared else n
        common = jnp.broadcast_to(jr.uniform(key_shared, (rows, self.COLUMNS)), (n, self.COLUMNS))
        self.tables = {"own": jr.uniform(key_own, (n, self.COLUMNS)), "shared": common}
        self.used = {"own": 0, "shared": 0}

    def again(self) -> "Dice":
        """Begin at the first number again, for another family."""
        self.used = dict.fromkeys(self.used, 0)
        return self

    def _next(self, table: str) -> Float[Array, " trial"]:
        self.used[table] += 1
        return self.tables[table][:, self.used[table] - 1]

    def _one_of(self, table: str, values: Array) -> Array:
        place = (self._next(table) * len(values)).astype(int)
        return values[jnp.minimum(place, len(values) - 1)]

    def steps_between(self, low: float, high: float) -> Int[Array, " trial"]:
        """Draw a time in ms uniformly; return it in whole steps."""
        time = low + (high - low) * self._next("shared")
        return (time / self.dt + 1e-5).astype(int)

    def steps_among(self, *times: float) -> Int[Array, " trial"]:
        """Draw one of some times in ms; return it in whole steps."""
        return self._one_of("shared", jnp.array([self.fixed(time) for time in times]))

    def modality(self) -> Float[Array, "trial 2"]:
        """Draw a modality; return 1 for it and 0 for the other."""
        return self._one_of(self._modality, jnp.eye(2))

    def between(self, low: float, high: float) -> Float[Array, " trial"]:
        """Draw a number for each trial."""
        return low + (high - low) * self._next("own")

    def among(self, *values: float) -> Float[Array, " trial"]:
        """Draw one of some numbers for each trial."""
        return self._one_of("own", jnp.array(values, jnp.float32))

    def sign(self) -> Float[Array, " trial"]:
        """Draw ±1 for each trial."""
        return self.among(-1.0, 1.0)

    def fixed(self, time: float) -> int:
        """Return a time in ms in whole steps."""
        return count_steps(time, self.dt)


def _reach(dice: Dice, variant: Array, on: Array, off: Array, cue: Array, go: Array) -> Script:
    """One stimulus of strength 1 in one modality; respond to it or, variant 1, away from it."""
    direction = dice.between(0, 2 * jnp.pi)
    nothing = jnp.zeros_like(on)
    shown = dice.modality()
    return Script(
        direction=jnp.stack([direction, direction], -1),
        strength=jnp.stack([shown, jnp.zeros_like(shown)], 1),
        on=jnp.stack([on, nothing], -1),
        off=jnp.stack([off, nothing], -1),
        fixation_off=cue,
        go=go,
        responds=jnp.ones(dice.n, bool),
        answer=(direction + variant * jnp.pi) % (2 * jnp.pi),
        stop=go + dice.fixed(500),
    )


def fixed(dice: Dice, variant: Array) -> Script:
    """Go and Anti: the stimulus stays on; respond when the fixation cue goes off."""
    on = dice.steps_between(300, 700)
    go = on + dice.steps_between(500, 1500)
    return _reach(dice, variant, on, go + dice.fixed(500), go, go)


def react(dice: Dice, variant: Array) -> Script:
    """RT Go and RT Anti: respond when the stimulus comes on."""
    on = dice.steps_between(500, 2500)
    stop = on + dice.fixed(500)
    return _reach(dice, variant, on, stop, stop, on)


def delayed(dice: Dice, variant: Array) -> Script:
    """Dly Go and Dly Anti: the stimulus has to be remembered."""
    on = dice.steps_among(300, 500, 700)
    off = on + dice.steps_among(200, 400, 600)
    go = off + dice.steps_among(200, 400, 800, 1600)
    return _reach(dice, variant, on, off, go, go)


def _strengths(
    dice: Dice, variant: Array, coherences: tuple[float, ...]
) -> tuple[Float[Array, "trial 2 2"], Bool[Array, " trial"]]:
    """Draw the strengths (stimulus, modality) and tell whether the first stimulus is the answer.

    The variants are: modality 1 only, modality 2 only, both of which 1 counts, both of which 2
    counts, and both together.
    """

    def pair() -> Float[Array, "trial 2"]:
        mean = dice.between(0.8, 1.2)
        coherence = dice.among(*coherences) * dice.sign()
        return jnp.stack([mean + coherence, mean - coherence], -1)

    first, second = pair(), pair()
    splits = [dice.between(0.2, 0.8) * dice.sign() / 2 for _ in range(2)]
    split = first * jnp.stack(splits, -1)
    nothing = jnp.zeros_like(first)
    kinds = [
        (first, nothing),
        (nothing, first),
        (first, second),
        (first, second),
        (first + split, first - split),
    ]
    each = jnp.stack([jnp.stack(kind, -1) for kind in kinds], 1)
    strength = jnp.take_along_axis(each, variant[:, None, None, None], axis=1)[:, 0]
    judged = jnp.where((variant == 3)[:, None], second, first)
    return strength, judged[:, 0] > judged[:, 1]


def _directions_apart(dice: Dice) -> Float[Array, "trial 2"]:
    first = dice.between(0, 2 * jnp.pi)
    gap = dice.between(0.5 * jnp.pi, 1.5 * jnp.pi) * dice.sign()
    return jnp.stack([first, (first + gap) % (2 * jnp.pi)], -1)


def decide(dice: Dice, variant: Array) -> Script:
    """DM, Ctx DM, MultSen DM: two stimuli together; respond to the stronger one."""
    on = dice.steps_between(100, 400)
    go = on + dice.steps_among(400, 800, 1600)
    direction = _directions_apart(dice)
    strength, is_first = _strengths(dice, variant, (0.01, 0.02, 0.04, 0.08))
    return Script(
        direction=direction,
        strength=strength,
        on=jnp.stack([on, on], -1),
        off=jnp.stack([go, go], -1),
        fixation_off=go,
        go=go,
        responds=jnp.ones(dice.n, bool),
        answer=jnp.where(is_first, direction[:, 0], direction[:, 1]),
        stop=go + dice.fixed(500),
    )


def decide_delayed(dice: Dice, variant: Array) -> Script:
    """Dly DM, Ctx Dly DM, MultSen Dly DM: one stimulus after the other."""
    on1 = dice.steps_among(200, 400, 600)
    off1 = on1 + dice.steps_among(200, 400, 600)
    on2 = off1 + dice.steps_among(200, 400, 800, 1600)
    off2 = on2 + dice.steps_among(200, 400, 600)
    go = off2 + dice.steps_between(100, 300)
    direction = _directions_apart(dice)
    strength, is_first = _strengths(dice, variant, (0.08, 0.16, 0.32))
    return Script(
        direction=direction,
        strength=strength,
        on=jnp.stack([on1, on2], -1),
        off=jnp.stack([off1, off2], -1),
        fixation_off=go,
        go=go,
        responds=jnp.ones(dice.n, bool),
        answer=jnp.where(is_first, direction[:, 0], direction[:, 1]),
        stop=go + dice.fixed(500),
    )


def _match(
    dice: Dice, directions: Array, responds: Array, response: Int[Array, " trial"]
) -> Script:
    on1 = dice.steps_among(200, 400, 600)
    off1 = on1 + dice.steps_among(200, 400, 600)
    go = off1 + dice.steps_among(200, 400, 800, 1600)
    stop = go + response
    return Script(
        direction=directions,
        strength=jnp.stack([dice.modality(), dice.modality()], 1),
        on=jnp.stack([on1, go], -1),
        off=jnp.stack([off1, stop], -1),
        fixation_off=stop,
        go=go,
        responds=responds,
        answer=directions[:, 1],
        stop=stop,
    )


def match_sample(dice: Dice, variant: Array) -> Script:
    """DMS: respond to the second stimulus if it is the first again; DNMS: if it is not."""
    matches = dice.among(0.0, 1.0) > 0
    first = dice.between(0, 2 * jnp.pi)
    gap = dice.between(jnp.pi / 9, 17 * jnp.pi / 9) * dice.sign()
    second = (first + jnp.where(matches, 0, gap)) % (2 * jnp.pi)
    response = jnp.full(dice.n, dice.fixed(500))
    return _match(dice, jnp.stack([first, second], -1), matches == (variant == 0), response)


def match_category(dice: Dice, variant: Array) -> Script:
    """DMC: respond if both stimuli are on the same half of the ring; DNMC: if they are not."""
    tenths = [0.1 + 0.2 * k for k in range(10)]
    directions = jnp.stack([dice.among(*tenths), dice.among(*tenths)], -1) * jnp.pi
    matches = (directions[:, 0] < jnp.pi) == (directions[:, 1] < jnp.pi)
    response = dice.steps_among(200, 400, 600)
    return _match(dice, directions, matches == (variant == 0), response)


DRAW: tuple[Callable[[Dice, Array], Script], ...] = (
    fixed,
    react,
    delayed,
    decide,
    decide_delayed,
    match_sample,
    match_category,
)
"""How the trials of each family are drawn."""

VARIANT_OF = (0, 0, 0, 1, 1, 1, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 0, 1)
"""Which rule of its family each one is."""

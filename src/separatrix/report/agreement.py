"""Whether states agree with a network: to rounding, up to noise, or not, and then in what."""

import dataclasses
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float

from .._double import double_precision
from .._types import counted
from .text_filters import percent

ROUNDING = 1e-5
"""Up to this part of the largest entry of the states a miss is rounding (single precision)."""
SMALL = 0.05
"""Up to this part of a step a miss may follow from states and inputs, if half of it is noise."""
MOST_STRUCTURED = 0.1
"""And up to this part of a miss, as a variance: noise within a nonlinearity shifts its mean."""
SIGNIFICANT = 4.0
"""Standard errors above zero from which a miss follows from states and inputs."""
EXPLAINED = 0.8
"""Part of what follows from states and inputs, as a variance, that a difference must explain."""
OBSERVED = -0.2
"""Correlation of misses of successive steps below which noise is in the observation."""
MOST_NOISE = 1.2
"""Noise makes steps longer: up to so many steps it can be, and a right network misses no more."""
MOST_NUMBERS, MOST_AXES, LEAST_STEPS = 2**22, 10, 20


class Agreement(StrEnum):
    """Whether one step from a state is the next state."""

    ROUNDING = "rounding"
    PRIVATE = "private noise"
    OBSERVATION = "noise in the observation"
    TIME = "time base"
    INPUT = "input"
    OFFSET = "offset"
    STEP = "step"
    FEW = "too few steps"


@dataclasses.dataclass(frozen=True)
class Compared:
    """States compared with the steps of a network.

    Attributes
    ----------
    word
        What they agree up to, or differ in.
    size
        The miss, as a part of the spread of the states (root mean squares).
    miss, structured
        The miss, and what of it follows from states and inputs, as parts of a step.
    times
        How many times as long as the network's a time step is, judged by the misses.
    steps
        The number of steps that were compared.
    """

    word: Agreement
    size: float
    miss: float
    structured: float
    times: float
    steps: int

    @property
    def sentence(self) -> str:
        """The sentence of the page on whether states and network agree."""
        part = f"{percent(self.structured)} of a step follows from states and inputs"
        also = f"; {part}" if self.structured > SMALL else ""
        size = f"{100 * self.size:.2g} % of the states' spread"
        miss = f"one step from a state, at the inputs given, misses the next state by {size}"
        noise = f"agree with this network up to {self.word}: {miss}{also}."
        denied = f"do NOT agree with this network: {miss}, and not as noise does ({part})."
        said = {
            Agreement.ROUNDING: f"agree with this network to rounding: {miss}.",
            Agreement.FEW: f"miss this network's steps by {size}; whether that is noise cannot be "
            f"told from {counted(self.steps, 'step')}.",
            Agreement.PRIVATE: noise,
            Agreement.OBSERVATION: noise,
            Agreement.TIME: f"{denied} The time base differs: steps are as with a dt "
            f"{self.times:.2g} times as long.",
            Agreement.INPUT: f"{denied} The inputs differ: others would lead to the next states.",
            Agreement.OFFSET: f"{denied} A constant differs: the miss is the same everywhere.",
            Agreement.STEP: f"{denied} The step itself differs: neither dt, inputs nor a constant "
            "accounts for it.",
        }
        return f"The states given {said[self.word]}"


def agreement(
    function: Callable[[Any, Any], Any],
    states: Float[np.ndarray, "trial time unit"],
    inputs: Float[np.ndarray, "trial time channel"],
) -> Compared | None:
    """Compare one step from each state, at the inputs given, with the next state.

    The miss of a step is r(t) = x(t+1) − F(x(t), u). Noise cannot be foretold: r(t) of private
    noise, or of noise in the observation, is uncorrelated with the state y(t) = F(x(t−1)) that the
    step before led to, with F(y) − y, and with the inputs. So r is regressed on these in one half
    of the data and foretold in the other: what the two have in common is structure. A time step k
    times as long leaves r = (k − 1)(F(x) − x), another input what lies in the span of ∂F/∂u, and a
    constant the mean of r. The input of a step may stand beside the state before it, or after it:
    the better one counts.
    """
    trial, time = np.nonzero(np.isfinite(states[:, 2:]).all(-1))
    if not len(trial):
        return None
    most = max(LEAST_STEPS, MOST_NUMBERS // states.shape[2])
    chosen = np.linspace(0, len(trial) - 1, min(most, len(trial))).round().astype(int)
    trial, time = trial[chosen], time[chosen]
    before, x, after = (states[trial, time + k] for k in range(3))

    tried = [(_stepped(function, x, inputs[trial, time + k]), k) for k in (1, 2)]
    step, shift = min(tried, key=lambda one: _size(after - one[0]))
    r, u, earlier = after - step, inputs[trial, time + shift], inputs[trial, time + shift - 1]
    y = _stepped(function, before, earlier)
    onward = _stepped(function, y, u) - y
    known = np.concatenate([np.ones((len(r), 1)), _leading(y), _leading(onward), u, earlier], 1)
    along = float((onward * (step - x)).sum())
    times = 1 + float((onward * r).sum()) / along if along > 0 else np.nan
    miss, way = _size(r), max(_size(after - x), np.finfo(float).tiny)
    power, errors = _foretold(r, known)
    slopes = (times - 1) * (onward * r).sum(1)  # which one number foretells of few steps, too
    if slopes.mean() > SIGNIFICANT * slopes.std() / np.sqrt(len(r)):
        power, errors = max(power, float(slopes.mean())), np.inf
    power *= errors > SIGNIFICANT
    spread = _size(states[np.isfinite(states).all(-1)] - np.nanmean(states, (0, 1)))

    def word() -> Agreement:
        if miss <= ROUNDING * np.nanmax(np.abs(states)):
            return Agreement.ROUNDING
        if len(r) < LEAST_STEPS:
            return Agreement.FEW
        unforetold = max(min((SMALL * way) ** 2, miss**2 / 2), MOST_STRUCTURED * miss**2)
        if power <= unforetold and miss <= MOST_NOISE * way:
            within = (trial[1:] == trial[:-1]) & (time[1:] == time[:-1] + 1)
            common = (r[1:] * r[:-1]).sum(1)[within].mean() if within.any() else 0.0
            return Agreement.OBSERVATION if common < OBSERVED * miss**2 else Agreement.PRIVATE
        rests = {Agreement.TIME: r - (times - 1) * (step - x)} if times > 0 else {}
        if 2 * u.shape[1] <= r.shape[1]:
            rests[Agreement.INPUT] = _beyond_inputs(function, x, u, r)
        rests[Agreement.OFFSET] = r - r.mean(0)
        most = (1 - EXPLAINED) * min(power, _foretold(after - x, known)[0])
        told = (one for one, rest in rests.items() if _foretold(rest, known)[0] <= most)
        return next(told, Agreement.STEP)

    part = float(np.sqrt(max(power, 0.0))) / way
    return Compared(word(), miss / spread if spread else np.inf, miss / way, part, times, len(r))


def _stepped(function: Any, x: np.ndarray, u: np.ndarray) -> np.ndarray:
    with double_precision():
        return np.asarray(_many(function, x, u))


@eqx.filter_jit
def _many(function: Any, x: Any, u: Any) -> Any:
    return jax.vmap(function)(x, u)


def _beyond_inputs(function: Any, x: np.ndarray, u: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Return what of the misses no other input would make up for."""
    with double_precision():
        slopes = np.asarray(_many(jax.jacfwd(function, argnums=1), x, u))
    return r - np.einsum("tuc,tcv,tv->tu", slopes, np.linalg.pinv(slopes), r)


def _leading(values: Float[np.ndarray, "step unit"]) -> np.ndarray:
    """Return the coordinates along the directions in which values vary most."""
    around = values - values.mean(0)
    count = min(MOST_AXES, len(values) // 10)
    return np.asarray(around @ np.linalg.eigh(around.T @ around)[1][:, ::-1][:, :count])


def _foretold(r: Float[np.ndarray, "step unit"], known: np.ndarray) -> tuple[float, float]:
    """Return the mean square of r that what is known foretells in blocks left out.

    Also, by how many standard errors r points where it foretells, in the mean.
    """
    second = np.arange(len(r)) // 5 % 2 == 1
    guess = np.zeros_like(r)
    for half in (second, ~second):
        guess[~half] = known[~half] @ np.linalg.lstsq(known[half], r[half], rcond=1e-9)[0]
    common = (r * guess).sum(1)
    lengths = np.linalg.norm(r, axis=1) * np.linalg.norm(guess, axis=1)
    cosine = common / np.maximum(lengths, np.finfo(float).tiny)
    errors = cosine.mean() / max(cosine.std() / np.sqrt(len(r)), 1e-12)
    return max(0.0, float(common.mean())), float(errors)


def _size(values: np.ndarray) -> float:
    return float(np.sqrt(np.square(values).sum(-1).mean()))

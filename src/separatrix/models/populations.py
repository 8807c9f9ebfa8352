"""Textbook models of populations: Wilson and Cowan, Jansen and Rit, Wong and Wang."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._checked import Milliseconds, Positive, taken
from ..systems import Flow
from .checks import checked


def wilson_cowan(
    input: Any = (0.0, 0.0),
    *,
    weights: Any = ((12.0, 4.0), (13.0, 11.0)),
    gain: Any = (1.2, 1.0),
    threshold: Any = (2.8, 4.0),
    refractory: Any = (1.0, 1.0),
    tau: Any = (10.0, 10.0),
) -> Flow:
    r"""Return Wilson and Cowan's populations of excitatory and inhibitory cells.

    $$\tau_E \dot E = -E + (1 - r_E E)\,S_E(w_{EE} E - w_{EI} I + P), \qquad
      \tau_I \dot I = -I + (1 - r_I I)\,S_I(w_{IE} E - w_{II} I + Q),$$
    $$S(x) = \frac{1}{1 + e^{-a (x - \theta)}} - \frac{1}{1 + e^{a \theta}}$$

    Parameters
    ----------
    input
        P and Q: the external drives of E and of I.
    weights
        w_EE and w_EI, then w_IE and w_II, all positive. The defaults are the values of the paper's
        Fig. 4, with a silent state, an active state, and a saddle. With weights ((16, 12), (15,
        3)), gains 1.3 and 2, thresholds 4 and 3.7, and P = 1.25, the model oscillates (Fig. 11 of
        the paper).
    gain, threshold
        The gains a and the thresholds θ of E and of I.
    refractory
        The factors r_E and r_I, which stand for the refractory periods of E and of I.
    tau
        Time constants of E and of I in ms.

    Returns
    -------
    Flow
        A flow of E and I, the fractions of active cells. Its `tau` is the time constant of E.

    Raises
    ------
    InvalidInputError
        If an argument does not consist of two numbers (four for the weights), or if a time constant
        is not positive.

    References
    ----------
    Wilson & Cowan (1972) Biophys. J. 12:1.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> starts = np.random.default_rng(0).uniform(0, 1, (100, 2))
    >>> points = sx.find_fixed_points(sx.models.wilson_cowan(), starts)
    >>> points.n_unstable.tolist(), points.complete
    ([0, 0, 1], True)
    """
    drive, w, a, theta, r, times = _pairs(
        "wilson_cowan", weights=weights, input=input, gain=gain, threshold=threshold,
        refractory=refractory, tau=tau,
    )  # fmt: skip
    for time in times:
        taken(time, Milliseconds, "tau of wilson_cowan")
    signed = w * np.array([1.0, -1.0])

    def field(x: Any) -> Any:
        current = signed @ x + drive
        rates = jax.nn.sigmoid(a * (current - theta)) - jax.nn.sigmoid(-a * theta)
        return (times[0] / times) * (-x + (1 - r * x) * rates)

    return Flow(field, 2, float(times[0]))


def _pairs(model: str, *, weights: Any, input: Any, **others: Any) -> list[Any]:
    pairs = {name: (value, "two") for name, value in others.items()}
    w, drive, *rest = checked(model, weights=(weights, "two two"), input=(input, "two"), **pairs)
    return [drive, w, *rest]


def jansen_rit(
    p: Any = 120.0,
    *,
    A: float = 3.25,
    B: float = 22.0,
    a: float = 100.0,
    b: float = 50.0,
    C: float = 135.0,
    e0: float = 2.5,
    v0: float = 6.0,
    r: float = 0.56,
) -> Flow:
    r"""Return Jansen and Rit's cortical column, a source of alpha rhythms.

    $$\ddot y_0 = A a\,S(y_1 - y_2) - 2 a \dot y_0 - a^2 y_0, \qquad
      \ddot y_1 = A a\,\big(p + 0.8\,C\,S(C y_0)\big) - 2 a \dot y_1 - a^2 y_1,$$
    $$\ddot y_2 = B b\,0.25\,C\,S(0.25\,C y_0) - 2 b \dot y_2 - b^2 y_2, \qquad
      S(v) = \frac{2 e_0}{1 + e^{r (v_0 - v)}}$$

    Parameters
    ----------
    p
        Input in pulses per second.
    A, B
        Sizes of excitatory and inhibitory postsynaptic potentials in mV.
    a, b
        The rate constants of these potentials in 1/s.
    C
        Number of synapses between the populations.
    e0, v0, r
        Half the maximum firing rate in 1/s, the potential in mV at which this rate is reached, and
        the steepness in 1/mV.

    Returns
    -------
    Flow
        A flow of $(y_0, y_1, y_2, \dot y_0, \dot y_1, \dot y_2)$ in mV and mV/s. Its unit of time
        is the second, so its `tau` is 1000 ms. The EEG is $y_1 - y_2$. The domain of the flow is a
        box that holds every fixed point. At a fixed point the derivatives are 0, and firing rates
        from 0 to 2 e₀ set the bounds of $(y_0, y_1, y_2)$.

    Raises
    ------
    InvalidInputError
        If an argument is not a finite number, or if A, B, a, b, C or e0 is not positive.

    References
    ----------
    Jansen & Rit (1995) Biol. Cybern. 73:357; Grimbert & Faugeras (2006) Neural Comput. 18:3052.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> states = np.random.default_rng(0).uniform(0, 1, (50, 6)) * [0.1, 20, 20, 0, 0, 0]
    >>> points = sx.find_fixed_points(sx.models.jansen_rit(p=120.0), states)
    >>> points.fixed.n_unstable.tolist(), points.complete   # inside the cycle of alpha waves
    ([2], True)
    """
    p, v0, r, A, B, a, b, C, e0 = _numbers(
        "jansen_rit", {"p": p, "v0": v0, "r": r},
        {"A": A, "B": B, "a": a, "b": b, "C": C, "e0": e0},
    )  # fmt: skip
    to_others, inhibition = 0.8 * C, 0.25 * C
    traced = any(isinstance(number, jax.core.Tracer) for number in (p, A, B, a, b, C, e0))
    stack = jnp.array if traced else np.array
    rate = stack([a, a, b])

    def fired(v: Any) -> Any:
        return 2 * e0 * jax.nn.sigmoid(r * (v - v0))

    def field(y: Any) -> Any:
        x, slopes = y[:3], y[3:]
        drives = jnp.stack(
            [
                A * a * fired(x[1] - x[2]),
                A * a * (p + to_others * fired(C * x[0])),
                B * b * inhibition * fired(inhibition * x[0]),
            ]
        )
        return jnp.concatenate([slopes, drives - 2 * rate * slopes - rate**2 * x])

    high, excitatory, inhibitory = 2 * e0, A / a, B / b
    lower = [0.0, excitatory * p, 0.0, *SLOPES[0]]
    upper = [
        excitatory * high,
        excitatory * (p + to_others * high),
        inhibitory * inhibition * high,
        *SLOPES[1],
    ]
    return Flow(field, 6, 1000.0, domain=(stack(lower), stack(upper)))


SLOPES = (-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)
"""Around the slopes of fixed points in mV/s, which are 0."""


def wong_wang(
    coherence: Any = 0.0,
    *,
    mu: Any = 30.0,
    tau: float = 0.1,
    gamma: float = 0.641,
    to_itself: float = 0.2609,
    to_other: float = 0.0497,
    background: float = 0.3255,
    gain: float = 5.2e-4,
    a: float = 270.0,
    b: float = 108.0,
    d: float = 0.154,
) -> Flow:
    r"""Return Wong and Wang's two populations that compete for a decision.

    $$\dot s_i = -\frac{s_i}{\tau} + (1 - s_i)\,\gamma\,H(I_i), \qquad
      H(I) = \frac{a I - b}{1 - e^{-d (a I - b)}},$$
    $$I_i = J_{=} s_i - J_{\ne} s_j + I_0 + g\,\mu\,(1 \pm c)$$

    Parameters
    ----------
    coherence
        The coherence c, from −1 to 1. If it is positive, the first population gets more input.
    mu
        The input μ at coherence 0, in Hz.
    tau, gamma
        Time constant of the NMDA synapses in s, and the factor γ.
    to_itself, to_other
        J₌ and J_≠ in nA: how strongly a population excites itself and inhibits the other.
    background, gain
        The background current I₀ in nA, and the gain g in nA/Hz.
    a, b, d
        Parameters of the rates H (Hz): gain in Hz/nA, threshold in Hz, and curvature in s.

    Returns
    -------
    Flow
        A flow of the two fractions of open NMDA channels, from 0 to 1. Its unit of time is the
        second, so its `tau` is 1000 ms.

    Raises
    ------
    InvalidInputError
        If an argument is not a finite number, or if tau, gamma or d is not positive.

    References
    ----------
    Wong & Wang (2006) J. Neurosci. 26:1314.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> starts = np.random.default_rng(0).uniform(0, 1, (100, 2))
    >>> points = sx.find_fixed_points(sx.models.wong_wang(coherence=0.14), starts)
    >>> points.n_unstable.tolist(), points.complete
    ([0, 0, 1], True)
    """
    c, mu, own, other, background, gain, a, b, tau, gamma, d = _numbers(
        "wong_wang",
        {"coherence": coherence, "mu": mu, "to_itself": to_itself, "to_other": to_other,
         "background": background, "gain": gain, "a": a, "b": b},
        {"tau": tau, "gamma": gamma, "d": d},
    )  # fmt: skip

    def field(s: Any) -> Any:
        evidence = gain * mu * (1 + c * np.array([1.0, -1.0]))
        drive = a * (own * s - other * s[::-1] + background + evidence) - b
        rate = drive / -jnp.expm1(-d * drive)
        return -s / tau + (1 - s) * gamma * rate

    return Flow(field, 2, 1000.0, domain=(0.0, 1.0))


def _numbers(model: str, given: dict[str, Any], positive: dict[str, Any]) -> list[Any]:
    """Return numbers, those that must be positive last: the domains rest on their signs."""
    for name, value in positive.items():
        if not isinstance(value, jax.core.Tracer):
            taken(value, Positive, f"{name} of {model}")
    return checked(model, **{name: (value, "") for name, value in (given | positive).items()})

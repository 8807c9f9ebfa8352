"""Networks of low rank: their latent variables as a system, and the way back to the neurons."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._double import double_precision
from .._types import InvalidInputError, nearest, real_array
from ..systems import DiscreteMap, Flow
from .checks import checked, checked_input, with_input

Activation = Callable[[Any, Any], Any]

ACTIVATIONS: dict[str, Activation] = {
    "relu": lambda x, h: jax.nn.relu(x - h),
    "clipped_relu": lambda x, h: jax.nn.relu(x + h) - jax.nn.relu(x),
    "tanh": lambda x, h: jnp.tanh(x - h),
}
"""Rates of neurons by their currents x and thresholds h."""


@dataclass(frozen=True, eq=False)
class LowRank:
    """A low-rank network: the system of its latent variables, and the rates of its neurons.

    The function `low_rank` returns an object of this class.

    Attributes
    ----------
    latent
        The system of the latent variables, a map or a flow, for the analyses.
    m, h
        Patterns `(neuron, rank)` and thresholds `(neuron,)`, as they were given to `low_rank`.
    drive
        The current that the input adds to each neuron; 0 without an input.
    activation
        The function that gives the rates from currents and thresholds.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> m, n = np.array([[1.0], [-1.0]]), np.array([[0.3, -0.3]])
    >>> model = sx.models.low_rank(m, n, [0.5, 0.5], decay=0.9)
    >>> model.currents(np.array([[1.0], [2.0]])).tolist()
    [[1.0, -1.0], [2.0, -2.0]]
    """

    latent: DiscreteMap | Flow
    m: Float[np.ndarray, "neuron rank"]
    h: Float[np.ndarray, " neuron"]
    drive: Any
    activation: Activation

    def currents(self, states: Any) -> Float[np.ndarray, "... neuron"]:
        """Return the currents of the neurons at latent states `(…, rank)`, such as fixed points."""
        states = real_array(states, "states")
        if states.ndim < 1 or states.shape[-1] != self.m.shape[1]:
            raise InvalidInputError(
                f"states must have shape (…, {self.m.shape[1]}), the latent variables of each, got "
                f"{states.shape}."
            )
        return states @ self.m.T + self.drive

    def rates(self, states: Any) -> Float[np.ndarray, "... neuron"]:
        """Return the rates of the neurons at latent states `(…, rank)`."""
        with double_precision():
            return np.asarray(self.activation(self.currents(states), self.h))


def low_rank(
    m: Any,
    n: Any,
    h: Any = None,
    *,
    decay: Any = None,
    tau: float | None = None,
    hz: Any = 0.0,
    activation: str | Callable[[Any], Any] = "relu",
    input_weights: Any = None,
    input: Any = None,
    dt: float = 1.0,
) -> LowRank:
    r"""Return the latent variables of a low-rank network as a system, and the rates of its neurons.

    The model is a map if it has a `decay` γ, and a flow if it has a `tau`:

    $$z_{t+1} = \gamma z_t + n\,\phi(x_t) + h_z, \qquad
      \tau\,\dot z = -z + n\,\phi(x) + h_z, \qquad x = m z + W_u u,$$

    where x are the currents of the neurons. The rates φ(x) are $\mathrm{relu}(x - h)$ for "relu",
    $\tanh(x - h)$ for "tanh", and $\mathrm{relu}(x + h) - \mathrm{relu}(x)$ for "clipped_relu".

    Parameters
    ----------
    m, n
        Patterns `(neuron, rank)` and `(rank, neuron)`. Factors such as 1/N are part of n.
    h
        Thresholds `(neuron,)`. If a neuron has a bias b, give h = −b. None means 0.
    decay
        The part γ of a latent variable that remains after a step: one number for all latent
        variables, or one for each `(rank,)`.
    tau
        The time constant in ms, in place of `decay`, if the model is a flow.
    hz
        The constant that is added to the latent variables: one number for all, or one for each
        `(rank,)`.
    activation
        "relu", "clipped_relu", "tanh", or a JAX function of x − h.
    input_weights, input
        W_u `(neuron, channel)` and the input u `(channel,)` that is frozen in. Both are None if
        there is no input.
    dt
        Duration of a step in ms. With 1, the step is the unit of time.

    Returns
    -------
    LowRank
        `.latent` is the system, with as many units as the rank. `.currents(states)` and
        `.rates(states)` give the currents and rates of the neurons at states of this system. With
        "relu" or "clipped_relu", the system is piecewise linear, and its fixed points are solved
        for exactly.

    Raises
    ------
    InvalidInputError
        If an array has the wrong shape, or contains NaN or infinity. If both or neither of `decay`
        and `tau` are given. If the activation is unknown.

    References
    ----------
    Pals, Sağtekin, Pei, Gloeckler & Macke (2024) NeurIPS; Valente, Pillow & Ostojic (2022) NeurIPS;
    Mastrogiuseppe & Ostojic (2018) Neuron 99:609.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> m, n = np.array([[1.0], [-1.0]]), np.array([[0.3, -0.3]])
    >>> model = sx.models.low_rank(m, n, [0.5, 0.5], decay=0.9)
    >>> points = sx.find_fixed_points(model.latent, np.array([[-3.0], [0.1], [3.0]]))
    >>> points.certified.tolist(), model.rates(points.states).shape
    ([True, True, True], (3, 2))
    """
    if (decay is None) == (tau is None):
        raise InvalidInputError(
            "low_rank takes either decay, for a map, or tau in ms, for a flow; got "
            f"{'neither' if decay is None else 'both'}. Give one of them, such as "
            "low_rank(m, n, decay=0.9), where 0.9 of the state is left after a step, or tau=100.0."
        )
    leak = 1.0 if decay is None else decay
    h = np.zeros(np.shape(m)[:1]) if h is None else h
    m, n, h, leak, hz = checked(
        "low_rank", m=(m, "neuron rank"), n=(n, "rank neuron"), h=(h, "neuron"),
        decay=(leak, "rank?"), hz=(hz, "rank?"),
    )  # fmt: skip
    phi = _activation(activation)

    def step(z: Any, drive: Any) -> Any:
        return leak * z + n @ phi(m @ z + drive, h) + hz

    def field(z: Any, drive: Any) -> Any:
        return n @ phi(m @ z + drive, h) + hz - z

    where = "low_rank", input_weights, input, len(m)
    latent: DiscreteMap | Flow
    if tau is None:
        latent = with_input(DiscreteMap, step, len(n), dt, *where)
    else:
        latent = with_input(Flow, field, len(n), tau, *where)
    weights, frozen = checked_input(*where)
    return LowRank(latent, m, h, 0.0 if weights is None else weights @ frozen, phi)


def _activation(activation: Any) -> Activation:
    if callable(activation):
        return lambda x, h: activation(x - h)
    if activation not in ACTIVATIONS:
        raise InvalidInputError(
            f"unknown activation {activation!r}: {nearest(activation, ACTIVATIONS)} A JAX function "
            "of currents minus thresholds can be given, too."
        )
    return ACTIVATIONS[activation]

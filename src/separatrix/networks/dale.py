"""Networks of excitatory and inhibitory units."""

from collections.abc import Sequence
from typing import Annotated, Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Bool, Float, Float32, Int8

from .._checked import Bounds, Count, Finite, Milliseconds, Named, NotNegative, checked
from .._types import (
    Array,
    GivenKey,
    InvalidInputError,
    counted,
    real_array,
)
from .arrays import (
    check_euler,
    check_state,
    time_constants,
    zeros_if,
)
from .current import AbstractCurrentNetwork
from .initialization import dense
from .unroll import Factors

NOT_NEGATIVE = ("relu", "softplus", "sigmoid")


class DaleCTRNN(AbstractCurrentNetwork):
    r"""A rate network in which every unit either excites or inhibits all its targets.

    $$\tau\,\dot x = -x + W r + W_x u + b, \qquad r = \phi(x), \qquad
      W_{ij} = |\tilde W_{ij}|\, M_{ij}\, s_j.$$

    Here $s_j = \pm 1$ is the sign of the presynaptic unit j, and the mask M marks the existing
    connections. There are no self-connections. The equation is discretized by Euler's method with
    $\alpha = dt/\tau$. The readout sees only the rates of the excitatory units, $r_E$:
    $y = W_y r_E + b_y$. In training, private noise $\sqrt{2/\alpha}\,\sigma\,\xi_t$ is added to the
    current of every unit, which adds $\sqrt{2\alpha}\,\sigma\,\xi_t$ to x in each step.

    The initial weights balance excitation and inhibition. First, $|\tilde W|$ is drawn uniformly
    from (0, 1/√k), where k is the number of units times the fraction of all possible connections
    that exist. The weights from excitatory units are then divided by the number of excitatory units
    per inhibitory unit.

    Parameters
    ----------
    num_inputs, num_units, num_outputs
        The numbers of input channels, of units and of outputs.
    excitatory_fraction
        The fraction of units that are excitatory. The excitatory units come first. There must be at
        least one unit of each kind.
    connection_probability
        Probability of a connection from one unit to another, in (0, 1]. The connections are drawn
        once, when the network is made.
    mask
        Which connections exist, `(unit, unit)`: True at [i, j] for a connection from unit j to unit
        i. The diagonal is set to False. None means that the connections are drawn with
        `connection_probability`.
    tau, dt
        Time constant (one for all units, or one for each) and time step, in ms, with 0 < dt ≤ 2
        tau.
    activation
        "relu", "softplus" or "sigmoid". Other activations are refused, because rates must not be
        negative.
    noise
        The strength σ of the private noise, at least 0.
    trainable_initial_state
        Whether the state before the first step is learned; it is zero otherwise.
    key
        A JAX random key.

    Attributes
    ----------
    recurrent_weights (unit, unit)
        The unconstrained $\tilde W$; `connectivity()` is W.
    mask (unit, unit), input_weights (unit, channel), bias (unit,),
    readout_weights (output, excitatory), readout_bias (output,)
        The other parameters in the equations above.

    Raises
    ------
    InvalidInputError
        If an argument is outside of the range that is given for it above.

    References
    ----------
    Song, Yang & Wang (2016) PLoS Comput. Biol. 12:e1004792.

    Examples
    --------
    >>> import jax, numpy as np, separatrix as sx
    >>> net = sx.networks.DaleCTRNN(3, 50, 3, dt=20.0, noise=0.15, key=jax.random.key(0))
    >>> signs = np.sign(net.connectivity()).sum(axis=0)
    >>> int((signs > 0).sum()), int((signs < 0).sum())
    (40, 10)
    """

    recurrent_weights: Float[Array, "unit unit"]
    mask: Bool[Array, "unit unit"]
    readout_weights: Float[Array, "output excitatory"]
    num_excitatory: int = eqx.field(static=True)
    noise: float = eqx.field(static=True)

    @checked
    def __init__(
        self,
        num_inputs: Count,
        num_units: Count,
        num_outputs: Count,
        *,
        excitatory_fraction: Finite = 0.8,
        connection_probability: Annotated[float, Bounds(above=0, most=1)] = 1.0,
        mask: Array | None = None,
        tau: float | Sequence[float] | np.ndarray = 100.0,
        dt: Milliseconds = 100.0,
        activation: Annotated[str, Named(NOT_NEGATIVE)] = "relu",
        noise: NotNegative = 0.0,
        trainable_initial_state: bool = False,
        key: GivenKey,
    ):
        check_euler(tau, dt, num_units)
        excitatory = count_excitatory(excitatory_fraction, num_units)
        key, key_mask = jr.split(key)
        sizes = ((num_units, num_inputs), (num_units, num_units), (num_outputs, excitatory))
        (into, bias), (recurrent, _), readout = dense("torch_linear", key, sizes)
        if mask is None:
            mask = jr.bernoulli(key_mask, connection_probability, (num_units, num_units))
        else:
            _check_mask(mask, num_units)
        self.mask = jnp.asarray(mask, bool) & ~jnp.eye(num_units, dtype=bool)
        # U(0, 1/√N) for a full network; fewer inputs make up for it by being stronger.
        density = jnp.maximum(self.mask.mean() * num_units / (num_units - 1), 1 / num_units)
        balanced = jnp.abs(recurrent) * balance(num_units, excitatory)
        self.recurrent_weights = balanced / jnp.sqrt(density)
        self.input_weights, self.bias = into, bias
        self.readout_weights, self.readout_bias = readout
        self.trained_initial_state = zeros_if(trainable_initial_state, num_units)
        self.num_inputs, self.num_units, self.num_outputs = num_inputs, num_units, num_outputs
        self.num_excitatory, self.noise = excitatory, float(noise)
        self.tau, self.dt, self.activation = time_constants(tau), float(dt), activation

    def factors(self) -> Factors:
        there = self.mask * signs(self.num_units, self.num_excitatory)
        return (jnp.abs(self.recurrent_weights) * there,)

    def readout(self, state: Float[Array, " unit"]) -> Float[Array, " output"]:
        check_state(state, self.num_units)
        rates = self.rates(state[: self.num_excitatory])
        return self.readout_weights @ rates + self.readout_bias


def signs(num_units: int, num_excitatory: int) -> Int8[np.ndarray, " unit"]:
    """Return 1 for the excitatory units, which come first, and −1 for the others."""
    return np.where(np.arange(num_units) < num_excitatory, 1, -1).astype(np.int8)


def balance(num_units: int, num_excitatory: int) -> Float32[np.ndarray, " unit"]:
    """Return what makes many excitatory units together as strong as the few inhibitory ones."""
    outnumbered = num_excitatory / (num_units - num_excitatory)
    return np.where(np.arange(num_units) < num_excitatory, 1 / outnumbered, 1.0).astype(np.float32)


def count_excitatory(fraction: float, num_units: int) -> int:
    """Return how many units are excitatory; raise InvalidInputError if all or none would be."""
    count = round(fraction * num_units)
    if not 1 <= count < num_units:
        raise InvalidInputError(
            f"an excitatory fraction of {fraction:g} gives {count} excitatory units of "
            f"{counted(num_units, 'unit')}: there must be at least one excitatory and one "
            "inhibitory unit."
        )
    return count


def _check_mask(mask: Any, num_units: int) -> None:
    given = real_array(mask, "mask")
    if given.shape != (num_units, num_units) or not np.isin(given, (0, 1)).all():
        raise InvalidInputError(
            f"the mask must be an array of true and false, or of 1 and 0, of shape ({num_units}, "
            f"{num_units}); got shape {given.shape} with entries from "
            f"{given.min(initial=np.inf):g} to {given.max(initial=-np.inf):g}."
        )

"""Gated networks, in PyTorch's equations."""

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from .._types import Array, InvalidInputError, require_positive
from .arrays import at_every_trial, check_sizes, initial_or_zeros, zeros_if
from .base import AbstractNetwork
from .initialization import gated
from .unroll import AbstractCell, project, unroll_cell


@dataclass(frozen=True)
class GRUCell(AbstractCell):
    """A step of a GRU from the hidden and the input currents of its gates."""

    def emit(self, state: Array) -> Array:
        return state

    def gates(self, product: Array, drive: Array) -> tuple[jax.Array, jax.Array]:
        """Return the currents of the update gate and the candidate c(h)."""
        reset, update, new = jnp.split(product, 3, -1)
        reset_drive, update_drive, new_drive = jnp.split(drive, 3, -1)
        return update + update_drive, jnp.tanh(
            new_drive + jax.nn.sigmoid(reset + reset_drive) * new
        )

    def advance(self, state: Array, product: Array, drive: Array) -> jax.Array:
        update, candidate = self.gates(product, drive)
        # Both factors as gates: 1 − z would lose the digits of a small one.
        return jax.nn.sigmoid(-update) * candidate + jax.nn.sigmoid(update) * state


class GRU(AbstractNetwork):
    r"""A network of gated recurrent units, in PyTorch's equations.

    $$r = \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr}), \quad
      z = \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz}),$$
    $$c(h) = \tanh\big(W_{in} x + b_{in} + r \circ (W_{hn} h + b_{hn})\big), \quad
      h' = (1-z) \circ c(h) + z \circ h.$$

    A fixed point solves $c(h) = h$, whatever the update gate does; that is the residual which the
    analysis solves. All of them lie in the unit box. The readout is $y = W_y h + b_y$.

    Parameters
    ----------
    num_inputs, num_units, num_outputs
        Sizes.
    dt
        Duration of a time step in ms.
    initialization
        "torch" (U(±1/√num_units) for all, biases too) or a name of
        `networks.initialization.INITIALIZATIONS`, for each gate.
    trainable_initial_state
        Whether the state before the first step is learned; it is zero otherwise.
    key
        A JAX random key.

    Attributes
    ----------
    input_weights (gated, channel), recurrent_weights (gated, unit), input_bias (gated,),
    recurrent_bias (gated,)
        The weights of reset gate, update gate and candidate, one below the other: gated = 3 unit.
    readout_weights (output, unit), readout_bias (output,)
        The readout.

    Raises
    ------
    InvalidInputError
        For sizes below 1, a dt that is not positive, an unknown initialization.

    References
    ----------
    Cho et al. (2014) EMNLP; the reset gate acts as in PyTorch, after the recurrent weights.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> net = sx.networks.GRU(3, 64, 3, dt=20.0, key=jax.random.key(0))
    >>> net.at_input([1.0, 0.5, 0.5]).size
    64
    """

    input_weights: Float[Array, "gated channel"]
    recurrent_weights: Float[Array, "gated unit"]
    input_bias: Float[Array, " gated"]
    recurrent_bias: Float[Array, " gated"]
    readout_weights: Float[Array, "output unit"]
    readout_bias: Float[Array, " output"]
    trained_initial_state: Float[Array, " unit"] | None
    num_inputs: int = eqx.field(static=True)
    num_units: int = eqx.field(static=True)
    num_outputs: int = eqx.field(static=True)
    dt: float = eqx.field(static=True)

    def __init__(
        self,
        num_inputs: int,
        num_units: int,
        num_outputs: int,
        *,
        dt: float = 100.0,
        initialization: str = "torch",
        trainable_initial_state: bool = False,
        key: PRNGKeyArray,
    ):
        check_sizes(num_inputs=num_inputs, num_units=num_units, num_outputs=num_outputs)
        require_positive(dt, "dt", "ms")
        drawn = gated(initialization, key, 3, num_inputs, num_units, num_outputs)
        self.input_weights, self.input_bias = drawn.input
        self.recurrent_weights, self.recurrent_bias = drawn.recurrent
        self.readout_weights, self.readout_bias = drawn.readout
        self.trained_initial_state = zeros_if(trainable_initial_state, num_units)
        self.num_inputs, self.num_units, self.num_outputs = num_inputs, num_units, num_outputs
        self.dt = float(dt)

    def __check_init__(self) -> None:
        _check_gates(self, 3)

    def _currents(self, state: Array, input: Array) -> tuple[Array, Array]:
        product = self.recurrent_weights @ state + self.recurrent_bias
        return product, self.input_weights @ input + self.input_bias

    def step(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        return GRUCell().advance(state, *self._currents(state, input))

    def readout(self, state: Float[Array, " unit"]) -> Float[Array, " output"]:
        return self.readout_weights @ state + self.readout_bias

    def initial_state(self) -> Float[Array, " unit"]:
        return initial_or_zeros(self.trained_initial_state, self.num_units, self.input_bias)

    def residual(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return c(h) − h; `step(h) − h` is that times 1 − z, which makes false valleys."""
        return GRUCell().gates(*self._currents(state, input))[1] - state

    def domain(self, input: Float[Array, " channel"] | None = None) -> tuple[float, float]:
        """Return the unit box, which a step maps into itself."""
        return (-1.0, 1.0)

    def unroll(
        self, inputs: Float[Array, "trial time channel"]
    ) -> Float[Array, "trial time state"]:
        return _unroll(GRUCell(), self, inputs)


@dataclass(frozen=True)
class LSTMCell(AbstractCell):
    """A step of an LSTM on the state (h, c) from the currents of its gates."""

    def emit(self, state: Array) -> Array:
        return state[..., : state.shape[-1] // 2]

    def advance(self, state: Array, product: Array, drive: Array) -> jax.Array:
        input, forget, new, output = jnp.split(product + drive, 4, -1)
        _, cell = jnp.split(state, 2, -1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(input) * jnp.tanh(new)
        return jnp.concatenate([jax.nn.sigmoid(output) * jnp.tanh(cell), cell], -1)

    def residual(self, state: Array, current: Array) -> jax.Array:
        """Return what the two halves of the state should be, less what they are."""
        input, forget, new, output = jnp.split(current, 4, -1)
        _, cell = jnp.split(state, 2, -1)
        # 1/(1 − σ(a)) is 1 + eᵃ, without the cancellation.
        still = jax.nn.sigmoid(input) * jnp.tanh(new) * (1 + jnp.exp(forget))
        hidden = jax.nn.sigmoid(output) * jnp.tanh(cell)
        return jnp.concatenate([hidden, still], -1) - state


class LSTM(AbstractNetwork):
    r"""A network of long short-term memory units, in PyTorch's equations.

    $$i, f, o = \sigma(W_i x + b_i + W_h h + b_h), \quad
      g = \tanh(W_{ig} x + b_{ig} + W_{hg} h + b_{hg}),$$
    $$c' = f \circ c + i \circ g, \quad h' = o \circ \tanh(c').$$

    The state is (h, c), one after the other: 2 num_units numbers. A fixed point solves
    $c = i \circ g / (1 - f)$ and $h = o \circ \tanh(c)$ with the gates at h; that is the residual
    which the analysis solves. The readout is $y = W_y h + b_y$.

    Parameters
    ----------
    num_inputs, num_units, num_outputs
        Sizes.
    dt
        Duration of a time step in ms.
    initialization
        "torch" (U(±1/√num_units) for all, biases too) or a name of
        `networks.initialization.INITIALIZATIONS`, for each gate.
    forget_bias
        Added to the bias of the forget gate (1 in Jozefowicz et al. 2015).
    trainable_initial_state
        Whether the state before the first step is learned; it is zero otherwise.
    key
        A JAX random key.

    Attributes
    ----------
    input_weights (gated, channel), recurrent_weights (gated, unit), input_bias (gated,),
    recurrent_bias (gated,)
        The weights of input gate, forget gate, g and output gate, one below the other:
        gated = 4 unit.
    readout_weights (output, unit), readout_bias (output,)
        The readout.

    Raises
    ------
    InvalidInputError
        For sizes below 1, a dt that is not positive, an unknown initialization.

    References
    ----------
    Hochreiter & Schmidhuber (1997) Neural Comput. 9:1735; Gers et al. (2000) Neural Comput.
    12:2451 (the forget gate).

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> net = sx.networks.LSTM(3, 64, 3, dt=20.0, key=jax.random.key(0))
    >>> net.at_input([1.0, 0.5, 0.5]).size
    128
    """

    input_weights: Float[Array, "gated channel"]
    recurrent_weights: Float[Array, "gated unit"]
    input_bias: Float[Array, " gated"]
    recurrent_bias: Float[Array, " gated"]
    readout_weights: Float[Array, "output unit"]
    readout_bias: Float[Array, " output"]
    trained_initial_state: Float[Array, " state"] | None
    num_inputs: int = eqx.field(static=True)
    num_units: int = eqx.field(static=True)
    num_outputs: int = eqx.field(static=True)
    dt: float = eqx.field(static=True)

    def __init__(
        self,
        num_inputs: int,
        num_units: int,
        num_outputs: int,
        *,
        dt: float = 100.0,
        initialization: str = "torch",
        forget_bias: float = 0.0,
        trainable_initial_state: bool = False,
        key: PRNGKeyArray,
    ):
        check_sizes(num_inputs=num_inputs, num_units=num_units, num_outputs=num_outputs)
        require_positive(dt, "dt", "ms")
        drawn = gated(initialization, key, 4, num_inputs, num_units, num_outputs)
        forget = np.repeat(np.array([0, forget_bias, 0, 0], np.float32), num_units)
        self.input_weights, self.input_bias = drawn.input.weights, drawn.input.bias + forget
        self.recurrent_weights, self.recurrent_bias = drawn.recurrent
        self.readout_weights, self.readout_bias = drawn.readout
        self.trained_initial_state = zeros_if(trainable_initial_state, 2 * num_units)
        self.num_inputs, self.num_units, self.num_outputs = num_inputs, num_units, num_outputs
        self.dt = float(dt)

    def __check_init__(self) -> None:
        _check_gates(self, 4)

    def _drive(self, input: Array) -> Array:
        return self.input_weights @ input + self.input_bias

    def _product(self, state: Array) -> Array:
        return self.recurrent_weights @ state[: self.num_units] + self.recurrent_bias

    def step(
        self, state: Float[Array, " state"], input: Float[Array, " channel"]
    ) -> Float[Array, " state"]:
        return LSTMCell().advance(state, self._product(state), self._drive(input))

    def readout(self, state: Float[Array, " state"]) -> Float[Array, " output"]:
        return self.readout_weights @ state[: self.num_units] + self.readout_bias

    def initial_state(self) -> Float[Array, " state"]:
        return initial_or_zeros(self.trained_initial_state, 2 * self.num_units, self.input_bias)

    def residual(
        self, state: Float[Array, " state"], input: Float[Array, " channel"]
    ) -> Float[Array, " state"]:
        """Return (o tanh(c) − h, i g / (1 − f) − c), the gates being taken at h."""
        return LSTMCell().residual(state, self._product(state) + self._drive(input))

    def domain(self, input: Float[Array, " channel"] | None = None) -> tuple[Any, Any]:
        """Return the unit box for h and, for a known input, the box that its gates leave to c.

        With |h| ≤ 1 every gate has a largest current, so |c| ≤ i |g| (1 + e^a) with the largest i,
        |g| and forget current a. A step maps this box into itself. It may be very large.
        """
        units = np.ones(self.num_units)
        if input is None:
            bound = np.full(self.num_units, np.inf)
        else:
            drive = np.asarray(self.recurrent_bias, float) + np.asarray(self._drive64(input))
            reach = np.abs(np.asarray(self.recurrent_weights, float)).sum(1)
            gate, forget, _, _ = np.split(drive + reach, 4)
            new = np.split(np.abs(drive) + reach, 4)[2]
            with np.errstate(over="ignore"):
                bound = np.tanh(new) / (1 + np.exp(-gate)) * (1 + np.exp(forget))
            bound *= 1 + 1e-9  # far more than the rounding of these few operations
        upper = np.concatenate([units, bound])
        return -upper, upper

    def _drive64(self, input: Array) -> np.ndarray:
        weights = np.asarray(self.input_weights, float)
        return weights @ np.asarray(input, float) + np.asarray(self.input_bias, float)

    def unroll(
        self, inputs: Float[Array, "trial time channel"]
    ) -> Float[Array, "trial time state"]:
        return _unroll(LSTMCell(), self, inputs)


def _unroll(cell: GRUCell | LSTMCell, network: GRU | LSTM, inputs: Array) -> jax.Array:
    """Run a gated network with the products of its inputs taken over all steps at once."""
    drive = project(inputs, network.input_weights) + network.input_bias
    start = at_every_trial(network.initial_state(), inputs)
    states = unroll_cell(
        cell, (network.recurrent_weights,), network.recurrent_bias, drive, start.astype(drive.dtype)
    )
    return jnp.swapaxes(states, 0, 1)


def _check_gates(network: GRU | LSTM, gates: int) -> None:
    rows = gates * network.num_units
    if network.input_bias.shape != (rows,):
        raise InvalidInputError(
            f"a {type(network).__name__} of {network.num_units} units has {rows} rows of weights, "
            f"{gates} for each unit, got {network.input_bias.shape[0]}."
        )

"""Base of gated networks: weights in blocks, one for each gate, and a cell that uses them."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from ..._types import Array, InvalidInputError
from ..arrays import (
    at_every_trial,
    check_input,
    check_state,
    initial_or_zeros,
    zeros_if,
)
from ..initialization import gated
from ..network import AbstractNetwork
from ..unroll import AbstractCell, project, unroll_cell


class AbstractGatedNetwork(AbstractNetwork):
    """A network whose units are gated by the others.

    The weights of its `gates` stand one below the other; a unit has `parts` numbers in the state,
    of which the first is what the others see.
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

    gates: eqx.AbstractClassVar[int]
    parts: eqx.AbstractClassVar[int]

    def _build(
        self,
        sizes: tuple[int, int, int],
        dt: float,
        initialization: str,
        trainable_initial_state: bool,
        key: PRNGKeyArray,
    ) -> None:
        """Draw the weights; a concrete class calls it in `__init__`."""
        input, recurrent, readout = gated(initialization, key, self.gates, *sizes)
        self.input_weights, self.input_bias = input
        self.recurrent_weights, self.recurrent_bias = recurrent
        self.readout_weights, self.readout_bias = readout
        self.num_inputs, self.num_units, self.num_outputs = sizes
        self.dt = float(dt)
        self.trained_initial_state = zeros_if(trainable_initial_state, self._state_size)

    def __check_init__(self) -> None:
        rows = self.gates * self.num_units
        if self.input_bias.shape != (rows,):
            raise InvalidInputError(
                f"a {type(self).__name__} of {self.num_units} units has {rows} rows of weights, "
                f"{self.gates} for each unit, got {self.input_bias.shape[0]}."
            )

    @property
    def _state_size(self) -> int:
        return self.parts * self.num_units

    def readout(self, state: Float[Array, " state"]) -> Float[Array, " output"]:
        check_state(state, self._state_size)
        return self.readout_weights @ state[: self.num_units] + self.readout_bias

    def initial_state(self) -> Float[Array, " state"]:
        return initial_or_zeros(self.trained_initial_state, self._state_size, self.input_bias)


class AbstractCellNetwork(AbstractGatedNetwork):
    """A gated network whose recurrent weights act before anything else: on what units emit.

    A concrete network names its cell, the part that has no weights.
    """

    cell: eqx.AbstractClassVar[AbstractCell]

    def _currents(self, state: Array, input: Array) -> tuple[Array, Array]:
        """Return what the gates get from the units and what they get from outside."""
        check_state(state, self._state_size)
        check_input(input, self.num_inputs)
        product = self.recurrent_weights @ self.cell.emit(state) + self.recurrent_bias
        return product, self.input_weights @ input + self.input_bias

    def step(
        self, state: Float[Array, " state"], input: Float[Array, " channel"]
    ) -> Float[Array, " state"]:
        return self.cell.advance(state, *self._currents(state, input))

    def unroll(
        self, inputs: Float[Array, "trial time channel"]
    ) -> Float[Array, "trial time state"]:
        """Return the states, with the products of the inputs taken over all steps at once."""
        drive = project(inputs, self.input_weights) + self.input_bias
        start = at_every_trial(self.initial_state(), inputs).astype(drive.dtype)
        weights, bias = (self.recurrent_weights,), self.recurrent_bias
        return jnp.swapaxes(unroll_cell(self.cell, weights, bias, drive, start), 0, 1)


def in_float64(weights: Array) -> np.ndarray:
    """Return weights as a NumPy array in double precision."""
    return np.asarray(weights, float)

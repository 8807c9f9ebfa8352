"""Networks whose state is the synaptic current of their units, and whose rates follow from it."""

import abc
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._types import Array
from ..systems import Flow
from .activations import RANGES, activation
from .arrays import (
    at_every_trial,
    check_input,
    check_state,
    initial_or_zeros,
    per_unit,
)
from .flows import rate_flow
from .noisy import AbstractNoisyNetwork
from .unroll import AbstractCell, Factors, project, unroll_cell


@dataclass(frozen=True)
class CurrentCell(AbstractCell):
    """One Euler step of leaky currents."""

    alpha: float | tuple[float, ...]
    activation: str

    def emit(self, state: Array) -> Array:
        return activation(self.activation)(state)

    def advance(self, state: Array, product: Array, drive: Array) -> jax.Array:
        alpha = per_unit(self.alpha, drive)
        return jnp.asarray((1 - alpha) * state + alpha * (product + drive))


class AbstractCurrentNetwork(AbstractNoisyNetwork):
    r"""$\tau\,\dot x = -x + W \phi(x) + W_x u + b$ in Euler's discretization, with rates φ(x).

    Concrete networks say what W is, as a product of matrices, and how they are read out.
    """

    trained_initial_state: Float[Array, " unit"] | None
    activation: str = eqx.field(static=True)

    @abc.abstractmethod
    def factors(self) -> Factors:
        """Return matrices whose product is W, in the order in which they act on the rates."""

    def connectivity(self) -> Float[Array, "unit unit"]:
        """Return W: `connectivity()[i, j]` leads from unit j to unit i."""
        product, *more = self.factors()
        for factor in more:
            product = factor @ product
        return product

    def rates(self, state: Float[Array, "*some unit"]) -> Float[Array, "*some unit"]:
        """Return the firing rates φ(x), of one state or of many."""
        return activation(self.activation)(state)

    def current(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return what flows into each unit, W φ(x) + W_x u + b."""
        check_state(state, self.num_units)
        check_input(input, self.num_inputs)
        product = self.rates(state)
        for factor in self.factors():
            product = factor @ product
        return product + self.input_weights @ input + self.bias

    def field(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return −x + W φ(x) + W_x u + b, the right-hand side of the equation times τ."""
        return self.current(state, input) - state

    def step(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        cell = CurrentCell(self.alpha, self.activation)
        return cell.advance(state, self.current(state, input), np.zeros(()))

    def residual(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return `step(x) − x` without its leak factor, which leaves the zeros as they are."""
        return self.field(state, input)

    def residual_jacobian(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, "unit unit"]:
        """Return W φ'(x) − I."""
        slope = jax.vmap(jax.grad(activation(self.activation)))(state)
        return self.connectivity() * slope - jnp.eye(len(slope), dtype=slope.dtype)

    def initial_state(self) -> Float[Array, " unit"]:
        return initial_or_zeros(self.trained_initial_state, self.num_units, self.bias)

    def domain(self, input: Float[Array, " channel"] | None = None) -> tuple[Any, Any] | None:
        """Return the range of the current W φ(x) + W_x u + b, for bounded φ and a known input."""
        if input is None or self.activation not in RANGES:
            return None
        low, high = RANGES[self.activation]
        W = np.asarray(self.connectivity(), float)
        drive = np.asarray(self.input_weights, float) @ np.asarray(input, float)
        drive = drive + np.asarray(self.bias, float)
        positive, negative = np.maximum(W, 0).sum(1), np.minimum(W, 0).sum(1)
        # The connectivity may have been multiplied in float32; the box is not to be missed by it.
        margin = 1e-5 * (positive - negative + np.abs(drive))
        lower = drive + positive * low + negative * high - margin
        return lower, drive + positive * high + negative * low + margin

    def flow_at_input(self, input: Any, *, task: Any = None) -> Flow:
        """Return the equation itself, before Euler's method, as a flow with `input` frozen in.

        Raises InvalidInputError as `at_input` does.
        """
        system = self.at_input(input, task=task)
        return rate_flow(self.field, self.tau, self.num_units, system.input, system.domain)

    def _unroll(self, inputs: Array, noise: jax.Array | None) -> jax.Array:
        drive = project(inputs, self.input_weights)
        drive = drive if noise is None else drive + noise
        start = at_every_trial(self.initial_state(), inputs)
        cell = CurrentCell(self.alpha, self.activation)
        states = unroll_cell(cell, self.factors(), self.bias, drive, start)
        return jnp.swapaxes(states, 0, 1)

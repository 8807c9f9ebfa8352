"""Running a recurrence through time with a backward pass that pays for the weights only once.

Reverse-mode differentiation of `lax.scan` adds one outer product to the weight gradient at every
time step. For a recurrence whose units interact only through `a = W h + W_x x + b`, the gradient of
the loss with respect to `a` at every step is all that has to be carried back through time; the
gradient of W, W_x and b together is then one product of those with (h, x, 1) over all steps and
trials.
"""

import abc
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Float

from .._types import Array, InvalidInputError

Update = Callable[[jax.Array, jax.Array], jax.Array]
"""An elementwise function (state, current) -> next state; it must be hashable."""


class Weights(NamedTuple):
    """Terms of the current of a unit: W h + W_x x + b."""

    recurrent: Float[Array, "unit unit"]
    input: Float[Array, "unit channel"]
    bias: Float[Array, " unit"]


Residuals = tuple[Weights, jax.Array, jax.Array, jax.Array, jax.Array, bool]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def unroll_recurrence(
    update: Update,
    weights: Weights,
    inputs: Float[jax.Array, "time trial channel"],
    start: Float[jax.Array, "trial unit"],
    noise: Float[jax.Array, "time trial unit"] | None = None,
) -> Float[jax.Array, "time trial unit"]:
    r"""Return the states of $h_{t+1} = \mathrm{update}(h_t,\, W h_t + W_x x_t + b + \eta_t)$.

    `inputs` and `noise` are time first, because the scan walks over the leading axis.
    """
    return _forward(update, weights, inputs, start, noise)[0]


def _forward(
    update: Update,
    weights: Weights,
    inputs: jax.Array,
    start: jax.Array,
    noise: jax.Array | None,
) -> tuple[jax.Array, Residuals]:
    transposed = weights.recurrent.T
    drive = inputs @ weights.input.T + weights.bias
    if noise is not None:
        drive = drive + noise

    def advance(state: jax.Array, drive: jax.Array) -> tuple[jax.Array, tuple]:
        current = state @ transposed + drive
        state = update(state, current)
        return state, (state, current)

    _, (states, currents) = jax.lax.scan(advance, start, drive)
    return states, (weights, inputs, start, states, currents, noise is not None)


def _backward(
    update: Update, residuals: Residuals, cotangents: jax.Array
) -> tuple[Weights, jax.Array, jax.Array, jax.Array | None]:
    weights, inputs, start, states, currents, noisy = residuals
    before = jnp.concatenate([start[None], states[:-1]])

    def retreat(later: jax.Array, step: tuple) -> tuple[jax.Array, jax.Array]:
        cotangent, state, current = step
        _, pullback = jax.vjp(update, state, current)
        through_state, through_current = pullback(cotangent + later)
        return through_state + through_current @ weights.recurrent, through_current

    at_start, deltas = jax.lax.scan(
        retreat, jnp.zeros_like(start), (cotangents, before, currents), reverse=True
    )
    gradient = _weight_gradient(before, inputs, deltas)
    return gradient, deltas @ weights.input, at_start, deltas if noisy else None


def _weight_gradient(before: jax.Array, inputs: jax.Array, deltas: jax.Array) -> Weights:
    """Return (h, x, 1)ᵀ δ over all steps and trials; one product costs less than three."""
    ones = jnp.ones((*before.shape[:2], 1), before.dtype)
    entering = jnp.concatenate([before, inputs, ones], axis=-1)
    product = entering.reshape(-1, entering.shape[-1]).T @ deltas.reshape(-1, deltas.shape[-1])
    recurrent, into, bias = jnp.split(product, [before.shape[-1], entering.shape[-1] - 1])
    return Weights(recurrent.T, into.T, bias[0])


unroll_recurrence.defvjp(_forward, _backward)


class AbstractCell(abc.ABC):
    """The part of a recurrence that has no weights; hashable, and for any leading axes."""

    @abc.abstractmethod
    def emit(self, state: Array) -> Array:
        """Return what the recurrent weights multiply."""

    @abc.abstractmethod
    def advance(self, state: Array, product: Array, drive: Array) -> jax.Array:
        """Return the next state from that product and from what comes from outside."""


Factors = tuple[Float[Array, "_ _"], ...]
"""Recurrent weights as a product of matrices, the one that acts first standing first."""


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def unroll_cell(
    cell: AbstractCell,
    factors: Factors,
    bias: Float[Array, " current"],
    drive: Float[jax.Array, "time trial current"],
    start: Float[jax.Array, "trial state"],
) -> Float[jax.Array, "time trial state"]:
    r"""Return the states of $x_{t+1} = \mathrm{advance}(x_t,\, W\,\mathrm{emit}(x_t) + b,\, d_t)$.

    It is the general form of `unroll_recurrence`, for states that are more than what the units
    emit (the cells of an LSTM) and currents that are not a sum (the reset gate of a GRU).
    """
    return _forward_cell(cell, factors, bias, drive, start)[0]


CellResiduals = tuple[Factors, jax.Array, jax.Array, jax.Array, jax.Array]


def _forward_cell(
    cell: AbstractCell, factors: Factors, bias: Array, drive: jax.Array, start: jax.Array
) -> tuple[jax.Array, CellResiduals]:
    def advance(state: jax.Array, drive: jax.Array) -> tuple[jax.Array, tuple]:
        product = cell.emit(state)
        for factor in factors:
            product = product @ factor.T
        product = product + bias
        state = cell.advance(state, product, drive)
        return state, (state, product)

    _, (states, products) = jax.lax.scan(advance, start, drive)
    return states, (factors, drive, start, states, products)


def _backward_cell(
    cell: AbstractCell, residuals: CellResiduals, cotangents: jax.Array
) -> tuple[Factors, jax.Array, jax.Array, jax.Array]:
    factors, drive, start, states, products = residuals
    before = jnp.concatenate([start[None], states[:-1]])

    def retreat(later: jax.Array, step: tuple) -> tuple[jax.Array, tuple]:
        cotangent, state, product, drive = step
        _, pullback = jax.vjp(cell.advance, state, product, drive)
        through_state, delta, through_drive = pullback(cotangent + later)
        back = delta
        for factor in reversed(factors):
            back = back @ factor
        (through_emission,) = jax.vjp(cell.emit, state)[1](back)
        return through_state + through_emission, (delta, through_drive)

    at_start, (deltas, through_drive) = jax.lax.scan(
        retreat, jnp.zeros_like(start), (cotangents, before, products, drive), reverse=True
    )
    gradients = _factor_gradients(factors, cell.emit(before), deltas)
    return gradients, deltas.sum((0, 1)), through_drive, at_start


def _factor_gradients(factors: Factors, emitted: Array, deltas: jax.Array) -> Factors:
    """Return δᵀ z of every factor over all steps and trials, z being what it was applied to."""
    applied_to = [emitted.reshape(-1, emitted.shape[-1])]
    for factor in factors[:-1]:
        applied_to.append(applied_to[-1] @ factor.T)
    delta = deltas.reshape(-1, deltas.shape[-1])
    gradients = []
    for factor, source in zip(reversed(factors), reversed(applied_to), strict=True):
        # Written so that the wide matrix stands on the right: on a CPU up to three times faster.
        gradients.append((source.T @ delta).T)
        delta = delta @ factor
    return tuple(reversed(gradients))


unroll_cell.defvjp(_forward_cell, _backward_cell)


def project(
    inputs: Float[Array, "trial time given"], weights: Float[Array, "current channel"]
) -> Float[jax.Array, "time trial current"]:
    """Return what the inputs of all steps bring into the currents, time first, as one product.

    Raises InvalidInputError as `time_first` does, where there are not as many channels given.
    """
    first = time_first(inputs, weights.shape[1], weights)
    rows = first.reshape(-1, first.shape[-1]) @ jnp.asarray(weights).T
    return rows.reshape(*first.shape[:2], -1)


def time_first(
    inputs: Float[Array, "trial time channel"], num_inputs: int, like: Array
) -> Float[jax.Array, "time trial channel"]:
    """Return inputs as a scan walks over them, in the precision of the weights.

    With 64 bits switched on, tasks draw in double precision what networks compute in single.

    Raises InvalidInputError for other shapes than trials of steps of that many channels.
    """
    shape = jnp.shape(inputs)
    if len(shape) != 3 or shape[2] != num_inputs:
        raise InvalidInputError(
            f"inputs must have the shape (trial, time, channel) with the {num_inputs} channels "
            f"of the network; got {shape}."
        )
    precision = jnp.asarray(like).dtype
    given = jnp.asarray(inputs)
    if jnp.issubdtype(precision, jnp.floating):
        given = given.astype(precision)
    return jnp.swapaxes(given, 0, 1)

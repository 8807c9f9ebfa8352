"""Compiled programs of a system: weights are arguments, arrays have a row for each state."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ...solvers.jacobian import scaled_jacobian, value_and_transposed_jacobian
from ...systems import AbstractSystem

PRODUCTS = 200
"""Of Jacobian and vector in one step by conjugate gradients, at most."""


@eqx.filter_jit
def residual_and_jacobian(system: AbstractSystem, states: Any) -> Any:
    """Return residuals and transposed Jacobians."""
    return jax.vmap(lambda x: value_and_transposed_jacobian(system.residual, x))(states)


@eqx.filter_jit
def residual_and_rough_jacobian(system: AbstractSystem, states: Any) -> Any:
    """Return residuals and Jacobians, transposed unless by formula, in single precision."""

    def both(state: Any) -> Any:
        formula = system.residual_jacobian(state)
        if formula is not None:
            return system.residual(state), formula.astype(jnp.float32)
        value, transposed = value_and_transposed_jacobian(system.residual, state)
        return value, transposed.astype(jnp.float32)

    return jax.vmap(both)(states)


@eqx.filter_jit
def shared_matrix(system: AbstractSystem, state: Any) -> Any:
    """Return the matrix that Jacobians scale and whether by rows, or None; see `SharedMatrix`."""
    found = scaled_jacobian(system.residual, state)
    return None if found is None else found[3:]


@eqx.filter_jit
def residual_and_scales(system: AbstractSystem, states: Any) -> Any:
    """Return residuals, and the scales and offsets of their Jacobians; see `SharedMatrix`."""

    def parts(state: Any) -> Any:
        found = scaled_jacobian(system.residual, state)
        assert found is not None  # there is a shared matrix
        return found[:3]

    return jax.vmap(parts)(states)


@eqx.filter_jit
def assembled(
    system: AbstractSystem, s: Any, e: Any, d: Any, *, squares: Any, side: Any, other: Any
) -> Any:
    """Return sᵢ Gᵢⱼ sⱼ + sᵢ Aᵢⱼ eⱼ + sⱼ Aⱼᵢ eᵢ, and dᵢ where i = j; see `SharedMatrix`."""
    s, e, d = (x.astype(jnp.float32) for x in (s, e, d))
    rows = s[:, :, None] * (squares * s[:, None, :] + side * e[:, None, :])
    diagonal = np.eye(len(squares), dtype=bool)
    return (rows + other * (s[:, None, :] * e[:, :, None]) + jnp.where(diagonal, d[:, None], 0),)


@eqx.filter_jit
def residual_and_formula(system: AbstractSystem, states: Any) -> Any:
    """Return residuals and Jacobians by formula."""
    return jax.vmap(lambda x: (system.residual(x), system.residual_jacobian(x)))(states)


@eqx.filter_jit
def damped_step(system: AbstractSystem, states: Any, dampings: Any) -> Any:
    """Return residuals, damped steps by conjugate gradients, and what they lead to."""

    def attempt(state: Any, damping: Any) -> Any:
        r, push = jax.linearize(system.residual, state)
        pull = jax.linear_transpose(push, state)
        (gradient,) = pull(r)
        length, size = jnp.linalg.norm(gradient), jnp.linalg.norm(r)
        weight = damping * jnp.square(length / jnp.maximum(size, jnp.finfo(r.dtype).tiny))
        step = -jax.scipy.sparse.linalg.cg(
            lambda p: pull(push(p))[0] + weight * p, gradient, tol=1e-8, maxiter=PRODUCTS
        )[0]
        predicted = jnp.sum(jnp.square(r)) - jnp.sum(jnp.square(r + push(step)))
        along = jnp.linalg.norm(push(gradient)) / length
        return r, step, system.residual(state + step), predicted, length / (size * along)

    return jax.vmap(attempt)(states, dampings)


@eqx.filter_jit
def push(system: AbstractSystem, state: Any, direction: Any) -> Any:
    """Return the derivative of the map or field in a direction."""
    return jax.jvp(system.evaluate, (state,), (direction,))[1]


@eqx.filter_jit
def residual(system: AbstractSystem, states: Any) -> Any:
    """Return residuals."""
    return (jax.vmap(system.residual)(states),)


@eqx.filter_jit
def speed(system: AbstractSystem, states: Any) -> Any:
    """Return speeds."""
    return (jax.vmap(lambda x: jnp.linalg.norm(system.velocity(x)))(states),)


@eqx.filter_jit
def jacobian(system: AbstractSystem, states: Any) -> Any:
    """Return the Jacobians of the map or field."""
    return (jax.vmap(system.jacobian)(states),)


def half_square(system: AbstractSystem, state: Any, of: str) -> Any:
    """Return half the square of the velocity or residual at one state."""
    return 0.5 * jnp.sum(jnp.square(getattr(system, of)(state)))


@eqx.filter_jit
def half_square_gradient(system: AbstractSystem, states: Any, of: str) -> Any:
    """Return the gradients of half a square."""
    return (jax.vmap(jax.grad(lambda state: half_square(system, state, of)))(states),)


@eqx.filter_jit
def half_square_derivatives(system: AbstractSystem, states: Any, of: str) -> Any:
    """Return half a square, its gradients and its Hessians."""

    def q(state: Any) -> Any:
        return half_square(system, state, of)

    def derivatives(state: Any) -> Any:
        gradient, push = jax.linearize(jax.grad(q), state)
        return q(state), gradient, jax.vmap(push)(jnp.eye(system.size, dtype=state.dtype))

    return jax.vmap(derivatives)(states)

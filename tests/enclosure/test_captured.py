"""Functions that read NumPy arrays of 64 bits, run in float32 before and after an analysis."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

STARTS = np.random.default_rng(0).uniform(-1, 1, (5, 3))


def _weights(seed):
    return 1.5 * np.random.default_rng(seed).standard_normal((3, 3)), np.array([0.1, -0.2, 1 / 3])


def _as_variable():
    weights, bias = _weights(1)
    return lambda x: jnp.tanh(jnp.dot(weights, x) + bias)


def _in_a_dict_and_a_list():
    weights, bias = _weights(3)
    held = {"weights": weights, "others": [bias]}
    return lambda x: jnp.tanh(jnp.dot(held["weights"], x) + held["others"][0])


def _as_attributes():
    class Cell:
        def __init__(self):
            self.weights, self.bias = _weights(4)

        def step(self, x):
            return jnp.tanh(jnp.dot(self.weights, x) + self.bias)

    return Cell().step


def _as_arguments():
    return functools.partial(lambda w, b, x: jnp.tanh(jnp.dot(w, x) + b), *_weights(5))


def _compiled_by_equinox():
    return eqx.filter_jit(_as_variable())


def _below_a_compiled_function():
    weights, bias = _weights(6)
    drive = jax.jit(lambda x: jnp.dot(weights, x) + bias)
    return lambda x: jnp.tanh(drive(x))


WAYS = [
    _as_variable,
    _in_a_dict_and_a_list,
    _as_attributes,
    _as_arguments,
    _compiled_by_equinox,
    _below_a_compiled_function,
]


def _run(step):
    """Run a network as its user does, in float32."""
    return np.asarray(jax.jit(lambda x: jax.lax.scan(lambda x, _: (step(x), x), x, length=5)[1])(
        jnp.ones(3)
    ))  # fmt: skip


@pytest.mark.parametrize("make", WAYS)
def test_running_a_function_before_does_not_round_its_weights(make):
    step = make()
    before = _run(step)
    system = sx.DiscreteMap(step, 3)
    points = sx.find_fixed_points(system, STARTS, completeness=False)
    assert points.precision == "float64" and points.fixed.certified.all()
    exact = make()  # the same weights in arrays that JAX has not seen
    with jax.enable_x64(True):
        image = np.asarray(jax.vmap(exact)(jnp.asarray(points.fixed.states)))
    assert np.abs(image - points.fixed.states).max() < 1e-13  # rounded weights: 1e-8
    assert np.array_equal(_run(step), before)
    assert step(jnp.ones(3)).dtype == jnp.float32


def test_a_branch_follows_the_function_of_the_parameter_with_its_weights_as_they_are():
    weights, bias = _weights(8)
    simulate = jax.jit(lambda gain, x: jnp.tanh(jnp.dot(gain * weights, x) + bias))
    simulate(0.2, jnp.ones(3))

    def system_of(gain):
        product = gain * weights  # before there is a function of the state
        return sx.DiscreteMap(lambda x: jnp.tanh(jnp.dot(product, x) + bias), 3)

    start = sx.find_fixed_points(system_of(0.2), STARTS, completeness=False).states[:1]
    branches = sx.continue_fixed_points(system_of, start, (0.2, 0.4))
    errors = [
        np.abs(np.tanh(p * weights @ x + bias) - x).max()
        for x, p in zip(branches.states, branches.parameters, strict=True)
    ]
    assert max(errors) < 1e-12

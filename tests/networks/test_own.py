"""A network of one's own: a cell in a few lines, which is trained and taken apart."""

import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import separatrix as sx

K = jax.random.split(jax.random.key(3), 5)


class Cell(sx.networks.AbstractNetwork):
    """Units with a threshold each: x' = tanh(W x + U u − θ)."""

    weights: jax.Array
    into: jax.Array
    threshold: jax.Array
    out: jax.Array
    num_inputs: int = eqx.field(static=True)
    num_units: int = eqx.field(static=True)
    num_outputs: int = eqx.field(static=True)
    dt: float = eqx.field(static=True)

    def __init__(self, num_inputs=3, num_units=12, num_outputs=3, dt=100.0):
        self.weights = 0.5 * jnp.eye(num_units)
        self.into = jax.random.normal(K[0], (num_units, num_inputs)) / 2
        self.threshold = jnp.zeros(num_units)
        self.out = jax.random.normal(K[1], (num_outputs, num_units)) / 4
        self.num_inputs, self.num_units, self.num_outputs = num_inputs, num_units, num_outputs
        self.dt = dt

    def step(self, state, input):
        return jnp.tanh(self.weights @ state + self.into @ input - self.threshold)

    def readout(self, state):
        return self.out @ state

    def initial_state(self):
        return jnp.zeros(self.num_units)


class Shrinking(Cell):
    def step(self, state, input):
        return super().step(state, input)[:5]


class OtherNumbers(Cell):
    def initial_state(self):
        return jnp.zeros(self.num_units, int)


class Unread(Cell):
    def readout(self, state):
        return state


def test_a_cell_of_ones_own_learns_and_is_taken_apart(task):
    fit = sx.train(
        Cell(), task, steps=150, batch_size=32, optimizer=optax.adam(5e-3), key=K[2], progress=False
    )
    loss = np.asarray(fit.history.loss)
    assert loss[-30:].mean() < loss[:10].mean() / 3
    activity = sx.simulate(fit.network, task.trials(20, key=K[3]))
    system = fit.network.at_input([1.0, 0.5, 0.5])
    points = sx.find_fixed_points(system, activity.flat_states[::8])
    assert len(points) >= 1 and points.certified[points.kind == "fixed"].all()
    moved = np.tanh(
        points.states @ np.asarray(fit.network.weights, float).T
        + np.asarray(fit.network.into, float) @ [1.0, 0.5, 0.5]
        - np.asarray(fit.network.threshold, float)
    )
    fixed = points.kind == "fixed"
    np.testing.assert_allclose(moved[fixed], points.states[fixed], atol=1e-12)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (Shrinking, r"Shrinking.step gives states of float32 and of shape \(5,\), .* \(12,\)"),
        (OtherNumbers, r"step gives states of float32 .* initial_state\(\) of int32"),
        (Unread, r"Unread.readout gives the shape \(12,\), expected \(3,\), the num_outputs"),
    ],
)
def test_a_cell_that_fits_not_together_is_told_where(made, text, task):
    trials = task.trials(4, key=K[4])
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.simulate(made(), trials)
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.train(made(), task, steps=1, batch_size=2, key=K[4], progress=False)


def test_what_is_no_network_or_no_task_is_refused(task):
    """By the functions themselves: in tests, types are looked at before they are called."""
    simulate, performance, *questions = map(
        inspect.unwrap,
        (sx.simulate, sx.performance, sx.classics.rule_performance, sx.classics.rule_variance),
    )
    cell = eqx.nn.GRUCell(3, 5, key=K[0])
    with pytest.raises(sx.InvalidInputError, match=r"network must be one such as .*got a GRUCell"):
        simulate(cell, task.trials(2, key=K[1]))
    with pytest.raises(sx.InvalidInputError, match=r"task must be one such as .* got 'task'"):
        performance(Cell(), "task", key=K[1])
    for question in questions:
        with pytest.raises(sx.InvalidInputError, match=r"task must be an sx\.tasks\.Yang2019"):
            question(Cell(), task, key=K[1])

"""A network of one's own: a cell in a few lines, which is trained and taken apart."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hand_made import HandMade

import separatrix as sx

K = jax.random.split(jax.random.key(3), 5)


class Cell(HandMade):
    """Units with a threshold each: x' = tanh(W x + U u − θ)."""

    weights: jax.Array
    into: jax.Array
    threshold: jax.Array
    out: jax.Array

    def step(self, state, input):
        return jnp.tanh(self.weights @ state + self.into @ input - self.threshold)

    def readout(self, state):
        return self.out @ state


class Shrinking(Cell):
    def step(self, state, input):
        return super().step(state, input)[:5]


class OtherNumbers(Cell):
    def initial_state(self):
        return jnp.zeros(self.num_units, int)


class Unread(Cell):
    def readout(self, state):
        return state


def make(kind):
    into, out = jax.random.normal(K[0], (12, 3)) / 2, jax.random.normal(K[1], (3, 12)) / 4
    return kind(0.5 * jnp.eye(12), into, jnp.zeros(12), out, sizes=(3, 12, 3))


def test_a_cell_of_ones_own_learns_and_is_taken_apart(task):
    how = {"steps": 150, "batch_size": 32, "optimizer": optax.adam(5e-3), "progress": False}
    fit = sx.train(make(Cell), task, key=K[2], **how)
    loss = np.asarray(fit.history.loss)
    assert loss[-30:].mean() < loss[:10].mean() / 3
    activity, u = sx.simulate(fit.network, task.trials(20, key=K[3])), [1.0, 0.5, 0.5]
    points = sx.find_fixed_points(fit.network.at_input(u), activity.flat_states[::8]).fixed
    assert len(points) and points.certified.all()
    weights, into, threshold, _ = (np.asarray(x, float) for x in jax.tree.leaves(fit.network))
    moved = np.tanh(points.states @ weights.T + into @ u - threshold)
    np.testing.assert_allclose(moved, points.states, atol=1e-12)


@pytest.mark.parametrize(
    ("kind", "word"),
    [(Shrinking, "Shrinking.step"), (OtherNumbers, "initial_state"), (Unread, "Unread.readout")],
)
def test_a_cell_that_fits_not_together_is_told_where(kind, word, task):
    with pytest.raises(sx.InvalidInputError, match=word):
        sx.simulate(make(kind), task.trials(4, key=K[4]))
    with pytest.raises(sx.InvalidInputError, match=word):
        sx.train(make(kind), task, steps=1, batch_size=2, key=K[4], progress=False)

"""A closure over a network that BrainPy trained is a system (`make test-interop`)."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    bp = pytest.importorskip("brainpy")
    import brainpy.math as bm

UNITS, DRIVEN = 12, [1.0, 0.5, 0.5]


class Network(bp.DynamicalSystem):
    """Rectified units whose leak is complete in one step, as in BrainPy's port of the primer."""

    def __init__(self):
        super().__init__()
        draw = np.random.default_rng(0).standard_normal
        self.into, self.recurrent, self.out = (
            bm.TrainVar(draw(shape).astype(np.float32) / shape[0] ** 0.5)
            for shape in ((3, UNITS), (UNITS, UNITS), (UNITS, 3))
        )
        self.bias = bm.TrainVar(np.zeros(UNITS, np.float32))
        self.rates = bm.Variable(np.zeros((16, UNITS), np.float32), batch_axis=0)

    def update(self, x):
        self.rates.value = bm.relu(x @ self.into + self.rates @ self.recurrent + self.bias)
        return self.rates @ self.out

    def loss(self, inputs, targets):
        self.rates[:] = 0.0
        outputs = bm.for_loop(self.update, inputs)
        return bp.losses.cross_entropy_loss(outputs.reshape((-1, 3)), targets.reshape(-1))


@pytest.fixture(scope="module")
def trained():
    """A network after some steps of BrainPy's own training, on trials of our task."""
    task = sx.tasks.PerceptualDecisionMaking()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = Network()
        weights = network.train_vars().unique()
        optimizer = bp.optim.Adam(lr=1e-2, train_vars=weights)
        gradient = bm.grad(network.loss, grad_vars=weights, return_value=True)

        @bm.jit
        def learn(inputs, targets):
            gradients, loss = gradient(inputs, targets)
            optimizer.update(gradients)
            return loss

        losses = []
        for key in jax.random.split(jax.random.key(0), 60):
            trials = task.trials(16, key=key)
            inputs, targets = (jnp.swapaxes(a, 0, 1) for a in (trials.inputs, trials.targets))
            losses.append(float(learn(inputs, targets)))
    assert np.mean(losses[-5:]) < 0.5 * losses[0]
    return network, task.trials(50, key=jax.random.key(1))


def arrays_of(network):
    return [np.asarray(bm.as_jax(v)) for v in (network.into, network.recurrent, network.bias)]


def closure(into, recurrent, bias):
    drive = np.asarray(DRIVEN, into.dtype) @ into + bias
    return lambda h: bm.as_jax(bm.relu(bm.as_jax(h) @ recurrent + drive))


def states_of(network, trials):
    """The states on trials, to start from."""
    into, recurrent, bias = arrays_of(network)
    states, h = [], np.zeros((50, UNITS), np.float32)
    for t in range(trials.num_steps):
        h = np.maximum(np.asarray(trials.inputs)[:, t] @ into + h @ recurrent + bias, 0)
        states.append(h)
    return np.concatenate(states)


def test_a_trained_network_is_solved_exactly(trained):
    network, trials = trained
    into, recurrent, bias = (a.astype(float) for a in arrays_of(network))
    system = sx.DiscreteMap(closure(into, recurrent, bias), UNITS, 100.0)
    points = sx.find_fixed_points(system, states_of(network, trials))
    fixed = points[np.asarray(points.kind) == "fixed"]
    assert len(fixed) >= 1 and fixed.certified.all(), fixed.certificate
    steps = np.maximum(fixed.states @ recurrent + np.asarray(DRIVEN) @ into + bias, 0)
    np.testing.assert_allclose(steps, fixed.states, rtol=1e-12, atol=1e-12)

"""Networks from the weights of real Keras and Flax layers (`make test-interop`)."""

import os
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

X = np.random.default_rng(0).standard_normal((4, 200, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "jax")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_keras_layers(keras, name, bias):
    keras.utils.set_random_seed(0)
    recurrent = getattr(keras.layers, name)(12, return_sequences=True, use_bias=bias)
    model = keras.Sequential([recurrent, keras.layers.Dense(2)])
    model.build((None, None, 3))
    for variable in model.weights:  # Keras begins with zero biases, which would hide their order
        if "bias" in variable.path:
            value = np.random.default_rng(1).standard_normal(variable.shape)
            variable.assign(value.astype(np.float32))
    weights = {v.path: np.asarray(v.value) for v in model.weights}
    network = sx.networks.from_state_dict(weights, layout="keras")
    mine = network.outputs(network.unroll(jnp.asarray(X)))
    np.testing.assert_allclose(mine, np.asarray(model(X)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["SimpleCell", "GRUCell", "LSTMCell", "OptimizedLSTMCell"])
def test_flax_cells(name):
    nn = pytest.importorskip("flax.linen")

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x):
            draw = nn.initializers.normal(0.3)
            cell = getattr(nn, name)(12, bias_init=draw)
            return nn.Dense(2)(nn.RNN(cell)(x))

    net = Net()
    params = net.init(jax.random.key(0), jnp.asarray(X))
    network = sx.networks.from_state_dict(params, layout="flax")
    mine = network.outputs(network.unroll(jnp.asarray(X)))
    np.testing.assert_allclose(mine, net.apply(params, jnp.asarray(X)), rtol=0, atol=1e-5)

"""Networks from real PyTorch modules and back (`make test-interop`)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

torch = pytest.importorskip("torch")
nn = torch.nn
from_torch, to_torch = sx.networks.from_torch, sx.networks.to_torch
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}


def layer(make, dtype=torch.float64, gain=1.0, **settings):
    torch.manual_seed(0)
    module = make(3, 12, **settings).to(dtype)
    with torch.no_grad():
        for p in module.parameters():
            p.mul_(gain)
    return module


def drawn(dtype, steps=1000, trials=4):
    return torch.tensor(np.random.default_rng(0).standard_normal((trials, steps, 3)), dtype=dtype)


def states_of(module, x):
    """Return PyTorch's hidden states, and for an LSTM the cells at the end."""
    with torch.no_grad():
        out, last = module(x if module.batch_first else x.swapaxes(0, 1))
    out = out if module.batch_first else out.swapaxes(0, 1)
    return out.numpy(), last[1][-1].numpy() if isinstance(last, tuple) else None


def unrolled(network, x):
    with jax.enable_x64(x.dtype == torch.float64):
        return np.asarray(network.unroll(jnp.asarray(x.numpy())))


LAYERS = {
    "RNN": (nn.RNN, {}),
    "RNN of rectifiers": (nn.RNN, {"nonlinearity": "relu"}),
    "RNN without biases": (nn.RNN, {"bias": False}),
    "GRU": (nn.GRU, {}),
    "GRU, batch first": (nn.GRU, {"batch_first": True}),
    "GRU without biases": (nn.GRU, {"bias": False}),
    "LSTM": (nn.LSTM, {}),
    "LSTM without biases": (nn.LSTM, {"bias": False}),
}


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_a_thousand_steps_agree(name, dtype):
    make, settings = LAYERS[name]
    module, x = layer(make, dtype, **settings), drawn(dtype)
    hidden, cells = states_of(module, x)
    states = unrolled(from_torch(module), x)
    np.testing.assert_allclose(states[..., :12], hidden, rtol=0, atol=TOLERANCE[dtype])
    if cells is not None:
        np.testing.assert_allclose(states[:, -1, 12:], cells, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("make", [sx.networks.GRU, sx.networks.LSTM, sx.networks.CTRNN])
def test_there_and_back_again(make, dtype):
    settings = {"activation": "tanh"} if make is sx.networks.CTRNN else {}
    network = make(3, 12, 2, **settings, key=jax.random.key(0))
    if dtype == torch.float64:
        network = jax.tree.map(lambda a: np.asarray(a, float), network)
    module, readout = to_torch(network)
    again = from_torch(module, readout)
    x = drawn(dtype)
    states = unrolled(network, x)
    np.testing.assert_array_equal(unrolled(again, x), states)
    np.testing.assert_allclose(states_of(module, x)[0], states[..., :12], atol=TOLERANCE[dtype])
    for mine, theirs in zip(jax.tree.leaves(network), jax.tree.leaves(again), strict=True):
        assert np.asarray(mine).dtype == np.asarray(theirs).dtype
    with torch.no_grad():
        outputs = readout(module(x)[0]).numpy()
    with jax.enable_x64(dtype == torch.float64):
        mine = network.outputs(jnp.asarray(states))
    np.testing.assert_allclose(mine, outputs, atol=TOLERANCE[dtype])


class CTRNN(nn.Module):
    """The primer's network, as in its notebook."""

    def __init__(self, dt=20, tau=100):
        super().__init__()
        self.alpha = dt / tau
        self.input2h = nn.Linear(3, 12)
        self.h2h = nn.Linear(12, 12)

    def forward(self, x):
        hidden, states = torch.zeros(len(x), 12, dtype=x.dtype), []
        for t in range(x.shape[1]):
            drive = self.input2h(x[:, t]) + self.h2h(hidden)
            hidden = torch.relu(hidden * (1 - self.alpha) + drive * self.alpha)
            states.append(hidden)
        return torch.stack(states, 1)


class RNNNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = CTRNN()
        self.fc = nn.Linear(12, 2)

    def forward(self, x):
        return self.fc(self.rnn(x))


def test_the_primers_network_knows_its_step():
    """Its alpha and its tau tell dt; another one would make another time constant."""
    module = RNNNet()
    assert (from_torch(module).dt, from_torch(module).tau) == (1.0, 5.0)  # alpha alone: steps
    module.rnn.tau = 100
    assert (from_torch(module).dt, from_torch(module).tau) == pytest.approx((20.0, 100.0))
    with pytest.raises(sx.InvalidInputError, match=r"alpha = 0\.2, .* dt = 100 and tau = 100"):
        from_torch(module, dt=100.0)
    assert from_torch(module, dt=20.0).tau == pytest.approx(100.0)
    assert (from_torch(module, tau=500.0).dt, from_torch(module, tau=500.0).tau) == (100.0, 500.0)


class WithRecurrence(CTRNN):
    """The primer's class, as its repository has it: the step is a method."""

    def __init__(self, activation=torch.relu):
        super().__init__()
        self.activation = activation

    def recurrence(self, x, hidden):
        drive = self.input2h(x) + self.h2h(hidden)
        return self.activation(hidden * (1 - self.alpha) + drive * self.alpha)


def test_a_class_with_the_primers_names_that_computes_something_else_is_refused():
    assert from_torch(WithRecurrence()).activation == "relu"
    module = WithRecurrence(torch.tanh)
    with pytest.raises(sx.InvalidInputError, match="does not step as the original does"):
        from_torch(module)
    net = from_torch(module, activation="tanh")
    x, h = torch.randn(1, 3), torch.randn(1, 12)
    with torch.no_grad():
        expected = module.recurrence(x, h).numpy()[0]
    np.testing.assert_allclose(net.step(h.numpy()[0], x.numpy()[0]), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_the_primers_network_with_its_readout(dtype, tmp_path):
    torch.manual_seed(0)
    module, x = RNNNet().to(dtype), drawn(dtype)
    torch.save(module.state_dict(), tmp_path / "w.pt")
    with torch.no_grad():
        expected = module(x).numpy()
    for network in (
        from_torch(module, dt=20.0),
        sx.networks.from_state_dict(module.state_dict(), dt=20.0, tau=100.0),
        sx.networks.from_state_dict(tmp_path / "w.pt", dt=20.0, tau=100.0),
    ):
        assert (network.dt, network.tau, network.leak) == (20.0, 100.0, "inside")
        with jax.enable_x64(dtype == torch.float64):
            outputs = network.outputs(network.unroll(jnp.asarray(x.numpy())))
        np.testing.assert_allclose(outputs, expected, rtol=0, atol=TOLERANCE[dtype])


class Clipped(nn.RNN):
    """A layer that differs from PyTorch's where no random state leads."""

    def forward(self, x, h=None):
        out, last = super().forward(x, h)
        return out.clip(max=99), last.clip(max=99)


def test_a_forward_of_its_own_is_for_torch_map():
    module = Clipped(3, 8, nonlinearity="relu").requires_grad_(False)
    with pytest.raises(sx.InvalidInputError, match=r"Clipped overrides forward.*torch_map"):
        from_torch(module)
    system = sx.torch_map(lambda h: module(torch.zeros(1, 3), h[None])[1][0], 8)
    np.testing.assert_allclose(system.evaluate(np.full(8, 1e4)).max(), 99, rtol=1e-6)


def sequential(*more):
    module = nn.Module()
    module.rnn = nn.GRU(3, 12)
    for k, m in enumerate(more):
        module.add_module(f"extra{k}", m)
    return module


REFUSED = {
    "bidirectional": (nn.GRU(3, 4, bidirectional=True), {}, "Bidirectional layers and projected"),
    "projected": (nn.LSTM(3, 4, proj_size=2), {}, "16 rows for 2 units"),
    "nothing recurrent": (nn.Linear(3, 2), {}, "Linear holds 0 recurrent layers"),
    "embedding": (sequential(nn.Embedding(5, 3), nn.Linear(12, 2)), {}, r"extra0 \(Embedding\)"),
    "another step": (nn.RNN(3, 4), {"activation": "relu"}, "does not step as the original does"),
    "readout below": (
        nn.GRU(3, 4, num_layers=2),
        {"readout": nn.Linear(4, 2), "layer": 0},
        "is not the last one",
    ),
    "no leak": (nn.RNN(3, 4), {"dt": 20.0, "tau": 100.0}, "has no tau to choose"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    module, settings, text = REFUSED[name]
    with pytest.raises(sx.InvalidInputError, match=text):
        from_torch(module, **settings)


def test_what_pytorch_has_no_layer_for():
    network = sx.networks.CTRNN(3, 4, 2, tau=100.0, dt=20.0, key=jax.random.key(0))
    with pytest.raises(sx.InvalidInputError, match="PyTorch has no layer like this CTRNN"):
        to_torch(network)


def test_files_that_are_no_state_dict(tmp_path):
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(sx.InvalidInputError, match=r"holds a list.*save module.state_dict"):
        sx.networks.from_state_dict(tmp_path / "list.pt")
    torch.save(nn.GRU(3, 4), tmp_path / "module.pt")
    with pytest.raises(sx.UnreadableFileError, match=r"could run any code.*save module.state_dict"):
        sx.networks.from_state_dict(tmp_path / "module.pt")


def test_of_two_layers_one_is_chosen_or_both_are_a_map():
    module = nn.RNN(3, 4, num_layers=2)
    with pytest.raises(sx.InvalidInputError, match=r"layer=.*sx\.torch_map"):
        from_torch(module)
    assert from_torch(module, layer=1).num_inputs == 4


CELL, WEIGHTS = nn.RNNCell(3, 4), torch.ones(4, 4)


@pytest.mark.parametrize(
    "function",
    [
        CELL,
        nn.Linear(4, 4),
        nn.Linear(4, 4).forward,
        lambda h: CELL(torch.zeros(3), h),
        lambda h: torch.tanh(h),
        lambda h: WEIGHTS @ h,
    ],
)
@pytest.mark.parametrize("make", [sx.DiscreteMap, sx.Flow])
def test_a_system_of_pytorch_is_made_by_the_call_that_is_named(make, function):
    with pytest.raises(sx.InvalidInputError, match=r"sx\.torch_map\("):
        make(function, 4)

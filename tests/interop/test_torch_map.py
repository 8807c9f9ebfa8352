"""Maps from PyTorch functions: translated, with proofs, or called where a rule is missing."""

import itertools
import warnings
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest

import separatrix as sx

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional
torch.set_num_threads(1)  # the faster for matrices as small as these
UNITS, U = 6, np.array([0.5, -1.0, 0.2])


def cell(make=nn.GRUCell, gain=2.0, dtype=torch.float64):
    torch.manual_seed(1)
    module = make(3, UNITS).to(dtype)
    with torch.no_grad():
        for p in module.parameters():
            p.mul_(gain)
    return module


def without_the_update_gate(module):
    """c(h) − h, the zeros of a GRU without the false valleys of its saturated gates."""

    def residual(h, u):
        i = module.weight_ih @ u + module.bias_ih
        s = module.weight_hh @ h + module.bias_hh
        reset = torch.sigmoid(i[:UNITS] + s[:UNITS])
        return torch.tanh(i[2 * UNITS :] + reset * s[2 * UNITS :]) - h

    return residual


def without_a_rule(step):
    """The same step, with an operation on the way that has no rule and does nothing."""
    return lambda h, u: step(torch.cat([h[:1].sort().values, h[1:]]), u)


@pytest.fixture(scope="module")
def ways():
    """The network of the module's weights, its step translated, and its step called."""
    module = cell()
    ours = sx.networks.from_torch(module, dt=20.0).at_input(U)
    step, residual = (lambda h, u: module(u, h)), without_the_update_gate(module)
    translated = sx.torch_map(step, UNITS, 20.0, input=U, residual=residual)
    with pytest.warns(UserWarning, match=r"aten\.sort has no rule"):
        called = sx.torch_map(without_a_rule(step), UNITS, 20.0, input=U, residual=residual)
    return ours, translated, called


def sorted_points(points):
    fixed = np.asarray(points.kind) == "fixed"
    return points.states[fixed][np.lexsort(np.round(points.states[fixed], 6).T)]


def test_the_same_points_and_spectra(ways):
    candidates = np.random.default_rng(0).uniform(-1, 1, (40, UNITS))
    found = [sx.find_fixed_points(system, candidates) for system in ways]
    assert [bool(np.all(p.certified)) for p in found] == [True, True, False]
    assert [system.translation and system.translation.reason is None for system in ways] == [
        None,
        True,
        False,
    ]
    lines = [sx.linearize(s, sorted_points(p)) for s, p in zip(ways, found, strict=True)]
    for points, line in zip(found[1:], lines[1:], strict=True):
        np.testing.assert_allclose(sorted_points(points), sorted_points(found[0]), atol=1e-12)
        np.testing.assert_allclose(line.jacobians, lines[0].jacobians, atol=1e-12)
        np.testing.assert_allclose(line.input_jacobians, lines[0].input_jacobians, atol=1e-12)
        np.testing.assert_allclose(line.time_constants, lines[0].time_constants, rtol=1e-8)


def test_a_gru_of_pytorch_has_a_box():
    """PyTorch writes (h − n) z + n, of which the bounds of z h + (1 − z) n must be seen."""
    module = cell(dtype=torch.float32)
    system = sx.torch_map(lambda h, u: module(u, h), UNITS, input=U)
    points = sx.find_fixed_points(system, np.random.default_rng(0).uniform(-1, 1, (40, UNITS)))
    assert points.index_sum == 1 and points.complete


def test_a_gru_of_pytorch_is_solved_without_its_update_gate(ways):
    module, x = cell(), np.linspace(-1, 1, UNITS)
    system = sx.torch_map(lambda h, u: module(u[None], h[None])[0], UNITS, input=U)
    with jax.enable_x64(True):
        np.testing.assert_allclose(system.residual(x), ways[1].residual(x), rtol=1e-12)


def test_a_thread_without_double_precision_changes_no_numbers(ways):
    """JAX calls back in threads of its own, which know nothing of `jax.enable_x64` in this one."""
    states = np.random.default_rng(3).uniform(-1, 1, (5, UNITS))
    module = cell()
    with torch.no_grad():
        u = torch.tensor(U)
        expected = np.stack([module(u, torch.tensor(h)).numpy() for h in states])
    with jax.enable_x64(True):
        given = jax.device_put(states)
        program = jax.jit(jax.vmap(ways[2].evaluate)).lower(given).compile()
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(lambda: np.asarray(program(given))).result()
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-15)
    # and of single precision where the caller has that
    rounded = jax.jit(jax.vmap(ways[2].function))(states.astype(np.float32), np.float32([U] * 5))
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_precision_of_the_module_is_told(dtype):
    module = cell(dtype=dtype)
    told = sx.torch_map(lambda h, u: module(u, h), UNITS, input=U).translation
    assert told.precision == str(dtype).removeprefix("torch.")
    assert told.difference <= {"float64": 1e-14, "float32": 1e-6}.get(told.precision, 0.05)
    assert (told.difference == 0) <= (dtype == torch.float64)


class Stateful(nn.Module):
    """Keeps its last state, a count, a running mean and a list, as labs' modules do."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 6)
        self.register_buffer("mean", torch.zeros(6))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))
        self.last, self.trace = None, []

    def forward(self, h):
        self.last = h
        self.trace.append(h.detach())
        self.mean = 0.9 * self.mean + 0.1 * h.detach()
        self.count += 1
        return torch.tanh(self.linear(h))


@pytest.mark.parametrize("refused", [False, True])
def test_a_module_is_left_as_it_is(refused):
    module = Stateful()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    step = (lambda h: module(h) * h.sum().item()) if refused else module
    if refused:
        with pytest.raises(sx.InvalidInputError):
            sx.torch_map(step, 6)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a buffer that is written into has no translation
            sx.torch_map(step, 6)
    assert module.last is None and module.trace == [] and module.training
    after = module.state_dict()
    assert all(type(v) is torch.Tensor and torch.equal(v, before[n]) for n, v in after.items())
    assert all(p.dtype == torch.float32 and p.requires_grad for p in module.parameters())


def test_a_state_in_parts():
    torch.manual_seed(0)
    module = nn.LSTMCell(3, 4)
    system = sx.torch_map(lambda state, u: module(u, state), (4, 4), input=U)
    assert system.size == 8 and system.translation.sizes == (4, 4)
    h, c = torch.randn(2, 4)
    with torch.no_grad():
        expected = torch.cat(module(torch.tensor(U, dtype=torch.float32), (h, c)))
    found = system.evaluate(torch.cat([h, c]).numpy())
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)
    points = sx.find_fixed_points(system, np.zeros((8, 8)))
    states = points[[0]].to_xarray().states
    assert list(states.part.values) == 4 * ["h"] + 4 * ["c"]
    np.testing.assert_array_equal(states[:, states.part == "c"], points[[0]].states[:, 4:])


# ---- what is refused ---------------------------------------------------------------------------


def scripted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch advises against it
        return torch.jit.script(nn.Tanh())


CALLS = itertools.count(1)
BATCH, NARROW = nn.BatchNorm1d(6), nn.Linear(4, 4)
REFUSED = {
    "shape": (lambda h: h[:2], r"of the shape it is given, \(6,\), got \(2,\)"),
    "pair": (lambda h: (h, h), "got 2 tensors"),
    "item": (lambda h: h * h.sum().item(), r"\.item\(\).*keep this number as a tensor"),
    "float": (lambda h: h * float(h.sum()) if float(h.sum()) > 0 else h, r"looks at .*float\(\)"),
    "surrogate": (lambda h: torch.tanh(h.detach() + 0 * h), "the slope of the translation"),
    "NumPy": (lambda h: torch.from_numpy(np.tanh(h.detach().numpy())) + 0 * h, "NumPy|numpy"),
    "noise": (lambda h: h + torch.randn_like(h), "randn_like.*a step without noise"),
    "spikes": (lambda h: torch.bernoulli(torch.sigmoid(h)), "bernoulli.*a step without noise"),
    "batches": (lambda h: BATCH(h[None].expand(2, 6))[0], r"statistics of a batch.*\.eval\(\)"),
    "a batch of one": (lambda h: BATCH(h[None])[0], r"statistics of a batch.*\.eval\(\)"),
    "nothing": (lambda h: None, "must return the next state"),
    "another size": (lambda h: NARROW(h), "could not be evaluated"),
    "counter": (lambda h: torch.tanh(next(CALLS) * h), "the value of the translation"),
    "branch": (lambda h: h if h.sum() > 0 else -h, r"looks at numbers .* torch\.where"),
    "script": (scripted(), "scripted module"),
    "NaN": (lambda h: torch.sqrt(-1 - torch.abs(h)), "is not finite"),
    "other widths": (lambda h: nn.Linear(3, 6)(h), "could not be evaluated"),
    "order": (nn.Tanh(), "torch_map", {"input": np.zeros(6)}),
    "layer": (nn.GRUCell(3, 6), r"lambda state, input: module\(input, state\)", {"input": U}),
    "parts": (lambda state: state[0], "2 tensors of the shapes", {"size": (3, 3)}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    step, text, *given = REFUSED[name]
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.torch_map(step, **({"size": 6} | (given[0] if given else {})))

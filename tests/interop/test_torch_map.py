"""Maps from PyTorch functions: translated, with proofs, or called where a rule is missing."""

import itertools
import warnings
from concurrent.futures import ThreadPoolExecutor

import jax
import lab_cells
import numpy as np
import pytest

import separatrix as sx
from separatrix.torch_systems import operations, translation

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional
torch.set_num_threads(1)  # the faster for matrices as small as these
UNITS, U = 6, np.array([0.5, -1.0, 0.2])
NEAR = 1e-2
"""Of a point's size: SciPy's zeros of a float32 step are known no better."""
LOST = {"fastgrnn": 1}
"""Zeros of SciPy's that the search misses: a saddle among hard sigmoids, to which one start of a
thousand leads."""


# ---- what public labs write --------------------------------------------------------------------


@pytest.mark.parametrize("cell", lab_cells.CELLS, ids=lambda cell: cell.name)
def test_the_cells_of_labs(cell):
    """Each is taken over, nine of ten of its points are proved, and no zero of SciPy's is lost,
    but for one."""
    step, size, given, dt = cell.make()
    system = sx.torch_map(step, size, dt, input=given)
    assert system.translation.reason is None
    assert system.translation.precision == str(cell.dtype).removeprefix("torch.")
    starts = np.concatenate([lab_cells.starts(size), lab_cells.starts(size, 1024, seed=1)])
    points = sx.find_fixed_points(system, starts)  # from SciPy's starts, too
    fixed = np.asarray(points.kind) == "fixed"
    assert np.mean(np.asarray(points.certified)[fixed]) >= 0.9
    _, zeros = lab_cells.zeros(cell)
    away = [np.abs(np.asarray(points.states)[fixed] - z).max(axis=1).min() for z in zeros]
    lost = [a > NEAR * (1 + np.abs(z).max()) for a, z in zip(away, zeros, strict=True)]
    assert sum(lost) <= LOST.get(cell.name, 0)


def test_dropout_in_training_mode_is_left_out_and_said_once():
    step, size, given, dt = lab_cells.STOCHASTIC.make()
    with pytest.warns(UserWarning, match="dropout") as told:
        noisy = sx.torch_map(step, size, dt, input=given)
    assert len(told) == 1
    quiet = sx.torch_map(*lab_cells.make_feedback_rnn()[:2], dt, input=given)
    states = lab_cells.starts(size, 4)
    with jax.enable_x64(True):
        a, b = (jax.vmap(s.evaluate)(states) for s in (noisy, quiet))
    np.testing.assert_array_equal(a, b)


# ---- one cell, three ways ----------------------------------------------------------------------


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


def test_derivatives_are_those_of_jax(ways):
    """Of the speed, which takes second derivatives of the map, and in a batch."""
    states = np.random.default_rng(2).uniform(-1, 1, (5, UNITS))
    with jax.enable_x64(True):

        def half_square(system):
            q = lambda x: 0.5 * (system.velocity(x) ** 2).sum()  # noqa: E731
            return jax.vmap(lambda x: (q(x), jax.grad(q)(x), jax.hessian(q)(x)))(states)

        for theirs, ours in zip(half_square(ways[2]), half_square(ways[0]), strict=True):
            np.testing.assert_allclose(theirs, ours, atol=1e-13)


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


def test_a_second_module_of_one_form_compiles_nothing(caplog):
    starts = np.random.default_rng(0).uniform(-1, 1, (20, UNITS))

    def compiled(gain):
        module = cell(gain=gain)
        caplog.clear()
        with jax.log_compiles():
            system = sx.torch_map(lambda h, u: module(u, h), UNITS, input=U)
            sx.find_fixed_points(system, starts, completeness=False, slow_points=False)
        return [r.getMessage() for r in caplog.records if "Compiling" in r.getMessage()]

    assert compiled(0.9)
    assert compiled(0.8) == []


def test_a_system_is_a_snapshot():
    module = cell()
    system = sx.torch_map(lambda h, u: module(u, h), UNITS, input=U)
    before = system.speed(np.zeros(UNITS))
    with torch.no_grad():
        module.bias_hh.add_(1.0)
    assert system.speed(np.zeros(UNITS)) == before


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


def test_what_has_no_rule_is_called_in_double_precision_whatever_the_weights_are():
    module = cell(dtype=torch.float32)
    with pytest.warns(UserWarning, match=r"aten\.sort has no rule"):
        called = sx.torch_map(without_a_rule(lambda h, u: module(u, h)), UNITS, input=U)
    translated = sx.torch_map(lambda h, u: module(u, h), UNITS, input=U)
    states = np.random.default_rng(2).uniform(-1, 1, (5, UNITS))
    with jax.enable_x64(True):
        one, other = (jax.vmap(s.evaluate)(states) for s in (called, translated))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-14)
    assert all(p.dtype == torch.float32 for p in module.parameters())


def test_half_of_the_units_may_drop_out():
    module = nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.5), nn.Tanh())  # PyTorch's default
    with pytest.warns(UserWarning, match="dropout"):
        noisy = sx.torch_map(module, 6)
    quiet = sx.torch_map(module.eval(), 6)
    state = np.linspace(-1, 1, 6)
    np.testing.assert_array_equal(noisy.evaluate(state), quiet.evaluate(state))


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


def test_other_analyses_run():
    system = sx.torch_map(lambda x: 1 - 1.5 * x**2, 1)
    cycles = sx.find_cycles(system, np.array([[0.2]]), length=[1])
    np.testing.assert_allclose(cycles.states[0, 0], (np.sqrt(7) - 1) / 3, atol=1e-9)
    spectrum = sx.lyapunov_exponents(
        sx.torch_map(lambda x: 0.5 * x, 1), np.ones((1, 1)),
        method=sx.solvers.TangentQR(steps=20, transient=5),
    )  # fmt: skip
    np.testing.assert_allclose(np.ravel(spectrum.exponents)[0], np.log(0.5), rtol=1e-5)


# ---- every rule --------------------------------------------------------------------------------

W = torch.randn((6, 6), generator=torch.Generator().manual_seed(0))


def on_one_row(module):
    """Return a layer that wants a batch as a function of one state."""
    return nn.Sequential(nn.Unflatten(0, (1, 6)), module, nn.Flatten(0)).eval()


LAYERS = {
    "layer norm": nn.LayerNorm(6),
    "batch norm": on_one_row(nn.BatchNorm1d(6)),
    "group norm": on_one_row(nn.GroupNorm(2, 6)),
    "dropout": nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.5)).eval(),
    "convolution": on_one_row(nn.Conv1d(1, 1, 3, padding=1)),
    "circular convolution": on_one_row(nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")),
    "prelu": nn.PReLU(),
}
ATTENTION = nn.MultiheadAttention(2, 1, batch_first=True).eval()


def in_place(h):
    h = h.clone()
    h[0] = 1
    h[2:4] *= 2
    h[torch.tensor([1, 5])] += 1
    h[h > 2] = 0
    image = h.view(2, 3).clone()
    image[:, 1] = h[:2]
    image[1, 1:] = 0.5
    return image.flatten()


def attended(h):
    x = h.view(1, 3, 2)
    mask = torch.ones(3, 3, dtype=torch.bool).tril()
    one = F.scaled_dot_product_attention(x, x, x) + ATTENTION(x, x, x)[0]
    two = F.scaled_dot_product_attention(x, x, x, attn_mask=mask)
    return (one + two + F.scaled_dot_product_attention(x, x, x, is_causal=True)).reshape(-1)


ACTIVATIONS = (
    *("relu", "relu6", "silu", "gelu", "elu", "selu", "celu", "mish", "softplus", "softsign"),
    *("tanhshrink", "softshrink", "hardshrink", "hardtanh", "hardsigmoid", "hardswish"),
    *("leaky_relu", "logsigmoid", "sigmoid"),
)
EXPRESSIONS = {
    **{name: getattr(F, name) for name in ACTIVATIONS},
    **LAYERS,
    "attention": attended,
    "in place": in_place,
    "softplus, steep": lambda h: F.softplus(h, beta=30.0),
    "gelu by tanh": lambda h: F.gelu(h, approximate="tanh"),
    "softmax": lambda h: F.softmax(W @ h, 0) * 6 + F.log_softmax(h, 0) + h.logsumexp(0),
    "rms norm": lambda h: F.rms_norm(h, (6,)),
    "products": lambda h: (
        torch.einsum("ij,j->i", W, h) + torch.addmv(h, W, h) + F.linear(h, W, h) + h @ W
        + torch.addmm(h[None], h[None], W)[0] + torch.mm(h[None], W)[0] + torch.dot(h, h)
        + torch.bmm(h[None, None], W[None])[0, 0] + torch.vdot(h, h) + torch.matmul(W, h)
        + torch.baddbmm(h[None, None], h[None, None], W[None], beta=0.5)[0, 0] + torch.mv(W, h)
    ),
    "arithmetic": lambda h: (
        h**2 + h.pow(3) + 2**h + (h.abs() + 1) ** 0.5 + (h.abs() + 1) ** 1.3 + h.square()
        + (h.abs() + 1) ** h + 1 / (3 + h) + torch.rsub(h, 1, alpha=2) + (h + 9).reciprocal()
        + torch.add(h, h, alpha=2) - torch.sub(h, h * h, alpha=3)
    ),
    "functions": lambda h: (
        torch.atan2(h, h + 2) + (h / 9).sin().cos().tan().atan() + (h / 9).asin() + (h / 9).acos()
        + h.sinh() + h.cosh() + h.asinh() + (h.abs() + 2).acosh() + (h / 9).atanh() + h.erf()
        + h.erfc() + h.exp() + h.exp2() + h.expm1() + (h.abs() + 1).log() + (h.abs() + 1).log2()
        + (h.abs() + 1).log10() + h.abs().log1p() + (h.abs() + 1).sqrt() + (h.abs() + 1).rsqrt()
    ),
    "steps": lambda h: (
        h.floor() + h.ceil() + h.round() + h.trunc() + h.sign() + h % 1 + h // 2 + torch.fmod(h, 1)
        + torch.div(h, 2, rounding_mode="trunc") + torch.heaviside(h, torch.tensor(0.0))
    ),
    "choices": lambda h: (
        torch.where((h > 0) & (h < 2) | ~(h >= -1) | (h == 0) & (h != 1), h, -h)
        + torch.where(torch.logical_xor(h <= 0, h > 1) | torch.isnan(h) | torch.isinf(h), h, 1.0)
        + torch.where(torch.logical_and(h > 0, torch.logical_or(h < 1, h > 2)), h, 0.0)
        + h.masked_fill(torch.logical_not(h > 0), 0.5) * (h > 1).float() + torch.lerp(h, -h, 0.3)
        + torch.lerp(h, -h, torch.sigmoid(h)) + h.clamp(-0.5, 0.5) + h.clamp_min(0.1).clamp(max=1)
        + torch.maximum(h, -h) + torch.minimum(h, h * h) + (h > 9).any() + (h < 9).all()
    ),
    "over axes": lambda h: (
        h - h.max() + h.max(0).values + h.amax() - h.min() + h.min(0).values + h.amin() + h.mean()
        + h.std() + h.var(unbiased=False) + h.norm() + torch.linalg.norm(h, 1) + h.cumsum(0)
        + torch.linalg.norm(h, float("inf")) + h.prod() + h.sum(0, keepdim=True) + h.argmin()
        + F.one_hot(h.argmax(), 6).float() + F.normalize(h, dim=0) + torch.max(h, -h)
    ),
    "places": lambda h: (
        h.flip(0) + h.roll(1) + h[[1, 0, 3, 2, 5, 4]] + torch.gather(h, 0, torch.arange(6))
        + h.index_select(0, torch.arange(6)) + torch.cat([c * 2 for c in h.chunk(2)])
        + torch.stack([h, -h])[0] + h.repeat(2)[:6] + F.pad(h[1:], (1, 0), value=2.0)
        + torch.outer(h, h).sum(0) + torch.diag_embed(h).mean(0) + (h[:, None] * h).tril().sum(-1)
        + h.view(2, 3).permute(1, 0).reshape(6) + h[None].expand(4, -1)[2] + h[None].squeeze(0)
        + torch.select_scatter(h, h[0], 0, 3) + torch.slice_scatter(h, h[:2], 0, 2, 4)
    ),
    "constants": lambda h: (
        h * torch.tensor(2.0) + torch.ones_like(h) + torch.zeros(6) + torch.arange(6)
        + torch.linspace(0, 1, 6) + torch.eye(6)[0] + torch.matrix_exp(W) @ h
        + torch.full_like(h, 3.0) + torch.empty_like(h).fill_(2.0)
    ),
    "casts": lambda h: h.double().sin().float() + (h > 0).float() + h.detach() * 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def used():
    """The rules that each expression used; the last test looks whether any was left out."""
    return {}


@pytest.fixture
def counted(used, monkeypatch, name):
    names = used.setdefault(name, set())

    class Counting(dict):
        def __getitem__(self, name):
            names.add(name)
            return super().__getitem__(name)

    monkeypatch.setattr(translation, "RULES", Counting(operations.RULES))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_rule_computes_what_pytorch_does(name, counted):
    """`torch_map` compares values and slopes in PyTorch's precision, and refuses what differs."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step = EXPRESSIONS[name]
        step = step.requires_grad_(False) if isinstance(step, nn.Module) else step
        system = sx.torch_map(step, 6)
    assert system.translation.reason is None


def test_no_rule_goes_untested(used):
    if used.keys() != EXPRESSIONS.keys():
        pytest.skip("not all expressions have run in this process")
    # The step of the first draws; older or newer releases of PyTorch take the others apart.
    assert set(operations.RULES) - set().union(*used.values()) <= {
        "native_dropout",
        "elu",
        "linalg_vector_norm",
    }


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
    "item": (lambda h: h * h.sum().item(), r"\.item\(\).*keep it a tensor"),
    "float": (lambda h: h * float(h.sum()) if float(h.sum()) > 0 else h, r"looks at .*float\(\)"),
    "surrogate": (lambda h: torch.tanh(h.detach() + 0 * h), "has another slope"),
    "NumPy": (lambda h: torch.from_numpy(np.tanh(h.detach().numpy())) + 0 * h, "NumPy|numpy"),
    "noise": (lambda h: h + torch.randn_like(h), "randn_like.*a step without noise"),
    "spikes": (lambda h: torch.bernoulli(torch.sigmoid(h)), "bernoulli.*a step without noise"),
    "batches": (lambda h: BATCH(h[None].expand(2, 6))[0], r"statistics of a batch.*\.eval\(\)"),
    "a batch of one": (lambda h: BATCH(h[None])[0], r"statistics of a batch.*\.eval\(\)"),
    "nothing": (lambda h: None, "must return the next state"),
    "another size": (lambda h: NARROW(h), "could not be evaluated"),
    "counter": (lambda h: torch.tanh(next(CALLS) * h), "has another value"),
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

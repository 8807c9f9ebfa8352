"""Maps from PyTorch functions: slower than the same map in JAX, the same answers."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest

import separatrix as sx

torch = pytest.importorskip("torch")
nn = torch.nn
UNITS, U = 6, np.array([0.5, -1.0, 0.2])


def cell(make=nn.GRUCell, gain=2.0):
    torch.manual_seed(1)
    module = make(3, UNITS).double()
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


def step_of(module):
    return lambda h, u: module(u, h)


@pytest.fixture(scope="module")
def both():
    module = cell()
    ours = sx.networks.from_torch(module, dt=20.0).at_input(U)
    theirs = sx.torch_map(
        step_of(module), UNITS, 20.0, input=U, residual=without_the_update_gate(module)
    )
    return ours, theirs


def sorted_points(points):
    fixed = np.asarray(points.kind) == "fixed"
    return points.states[fixed][np.lexsort(np.round(points.states[fixed], 6).T)]


def test_the_same_points_and_spectra(both):
    candidates = np.random.default_rng(0).uniform(-1, 1, (40, UNITS))
    a, b = (sx.find_fixed_points(system, candidates) for system in both)
    assert len(a) == len(b) and (a.kind == "fixed").all()
    np.testing.assert_allclose(sorted_points(b), sorted_points(a), atol=1e-12)
    assert a.certified.all() and not b.certified.any()
    assert all("no interval rule for pure_callback" in text for text in b.certificate)
    la, lb = (sx.linearize(s, sorted_points(p)) for s, p in zip(both, (a, b), strict=True))
    np.testing.assert_allclose(lb.jacobians, la.jacobians, atol=1e-12)
    np.testing.assert_allclose(lb.input_jacobians, la.input_jacobians, atol=1e-12)
    np.testing.assert_allclose(lb.time_constants, la.time_constants, rtol=1e-8)


def test_derivatives_are_those_of_jax(both):
    """Of the speed, which takes second derivatives of the map, and in a batch."""
    states = np.random.default_rng(2).uniform(-1, 1, (5, UNITS))
    with jax.enable_x64(True):

        def half_square(system):
            q = lambda x: 0.5 * (system.velocity(x) ** 2).sum()  # noqa: E731
            return jax.vmap(lambda x: (q(x), jax.grad(q)(x), jax.hessian(q)(x)))(states)

        for theirs, ours in zip(half_square(both[1]), half_square(both[0]), strict=True):
            np.testing.assert_allclose(theirs, ours, atol=1e-13)


def test_a_thread_without_double_precision_changes_no_numbers(both):
    """JAX calls back in threads of its own, which know nothing of `jax.enable_x64` in this one."""
    states = np.random.default_rng(3).uniform(-1, 1, (5, UNITS))
    module = cell()
    with torch.no_grad():
        u = torch.tensor(U)
        expected = np.stack([module(u, torch.tensor(h)).numpy() for h in states])
    with jax.enable_x64(True):
        given = jax.device_put(states)
        program = jax.jit(jax.vmap(both[1].evaluate)).lower(given).compile()
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(lambda: np.asarray(program(given))).result()
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-15)
    # and of single precision where the caller has that
    rounded = jax.jit(jax.vmap(both[1].function))(states.astype(np.float32), np.float32([U] * 5))
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, expected, atol=1e-6)


def test_other_analyses_run():
    system = sx.torch_map(lambda x: 1 - 1.5 * x**2, 1)
    cycles = sx.find_cycles(system, np.array([[0.2]]), length=[1])
    np.testing.assert_allclose(cycles.states[0, 0], (np.sqrt(7) - 1) / 3, atol=1e-9)
    spectrum = sx.lyapunov_exponents(
        sx.torch_map(lambda x: 0.5 * x, 1), np.ones((1, 1)),
        method=sx.solvers.TangentQR(steps=20, transient=5),
    )  # fmt: skip
    np.testing.assert_allclose(np.ravel(spectrum.exponents)[0], np.log(0.5), rtol=1e-5)


CALLS = itertools.count(1)
REFUSED = {
    "float32": (lambda h: nn.RNNCell(3, 6)(torch.zeros(3), h), "could not be evaluated"),
    "float32 result": (lambda h: h.float(), r"torch\.float32, expected torch\.float64.*\.double"),
    "shape": (lambda h: h[:2], r"a tensor of the shape it is given, \(6,\), got \(2,\)"),
    "pair": (lambda h: (h, h), "got tuple"),
    "item": (lambda h: h * h.sum().item(), r"without \.item\(\)"),
    "detached": (lambda h: torch.tanh(h.detach() + 0 * h), "has other values or slopes"),
    "NumPy": (
        lambda h: torch.from_numpy(np.tanh(h.detach().numpy())) + 0 * h,
        "has other values or slopes",
    ),
    "dropout": (lambda h: torch.dropout(h, 0.5, train=True), "random operation.*eval mode"),
    "counter": (lambda h: torch.tanh(next(CALLS) * h), "same at every call"),
    "branch": (lambda h: h if h.sum() > 0 else -h, "could not be evaluated"),
    "NaN": (lambda h: torch.sqrt(torch.abs(h)), "second derivative of `step` at the state 0 has"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    step, text = REFUSED[name]
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.torch_map(step, 6)

"""Programs: a snapshot of a function, whose structure is shared by all functions of its form."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from enclosure_tools import with_rule

import separatrix as sx
from separatrix.systems.program import trace_program

N = 3
STATE = jax.ShapeDtypeStruct((N,), jnp.float64)
STARTS = np.random.default_rng(0).uniform(-1, 1, (20, N))


def weights(seed):
    return 1.5 * np.random.default_rng(seed).standard_normal((N, N))


class Cell(eqx.Module):
    weights: np.ndarray

    def step(self, x):
        return jax.nn.relu(jnp.tanh(self.weights @ x + 0.1))


class Plain:
    def __init__(self, weights):
        self.weights = weights

    def step(self, x):
        return jax.nn.softplus(self.weights @ x) - 0.5


def held(weights):
    parts = {"weights": weights, "others": [weights[0] / 3]}
    return lambda x: jnp.tanh(jnp.dot(parts["weights"], x) + parts["others"][0])


def compiled(weights):
    drive = jax.jit(lambda x: jnp.dot(weights, x) + 1 / 3)
    return lambda x: jnp.tanh(drive(x))


def looped(weights):
    return lambda x: jax.lax.fori_loop(0, 2, lambda _, y: jnp.tanh(weights @ y), x)


IN_64_BITS = {
    "closure": lambda w: lambda x: jnp.tanh(w @ x + 0.1 * w[0, 0]),
    "module": lambda w: Cell(w).step,
    "method": lambda w: Plain(w).step,
    "partial": lambda w: functools.partial(lambda w, x: jax.nn.sigmoid(w @ x), w),
    "dictionary and list": held,
    "looped": looped,
    "compiled": compiled,
    "compiled by Equinox": lambda w: eqx.filter_jit(lambda x: jnp.tanh(jnp.dot(w, x))),
}
# JAX must forget what it has compiled of an array of NumPy.
FORMS = {name: form for name, form in IN_64_BITS.items() if "compiled" not in name} | {
    "compiled": lambda w: compiled(jnp.asarray(w)),
    "float32": lambda w: lambda x: jnp.tanh(jnp.asarray(w, jnp.float32) @ x),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_second_function_of_one_form_compiles_nothing(name, caplog):
    numbers = []
    for seed in range(3):
        system = sx.DiscreteMap(FORMS[name](weights(seed)), N)
        caplog.clear()
        with jax.log_compiles():
            sx.find_fixed_points(system, STARTS, certify=False, slow_points=False)
            sx.linearize(system, STARTS[:1])
        numbers.append(sum("Compiling" in r.getMessage() for r in caplog.records))
    assert numbers[1:] == [0, 0]


@pytest.mark.parametrize("name", FORMS)
def test_a_program_computes_what_its_function_computes(name):
    function = FORMS[name](weights(0))
    program = trace_program(function, STATE)
    direct = FORMS[name](weights(0))
    with jax.enable_x64():
        expected, found = (jax.vmap(f)(STARTS) for f in (direct, program))
        slopes = [jax.vmap(jax.jacfwd(f))(STARTS) for f in (direct, program)]
    np.testing.assert_allclose(found, expected, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(*slopes, rtol=1e-13, atol=1e-13)
    assert program(jnp.ones(N)).dtype == jnp.float32
    assert jax.jit(jax.vmap(jax.jacfwd(program)))(jnp.ones((2, N))).dtype == jnp.float32


def with_call(host):
    def call(x):
        return jax.pure_callback(
            host, jax.ShapeDtypeStruct(x.shape, x.dtype), x, vmap_method="broadcast_all"
        )

    return call


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (with_rule(jnp.tanh, lambda v: 2.0 * v), with_rule(jnp.tanh, jnp.sin)),
        (with_call(lambda x: np.tanh(x)), with_call(lambda x: np.sin(x))),
        (FORMS["closure"](weights(0)), FORMS["module"](weights(0))),
        (lambda x: x[jnp.array([0, 1, 2])], lambda x: x[jnp.array([0, 2, 1])]),
        (lambda x: x**2, lambda x: x**3),
    ],
    ids=["rules", "callbacks", "operations", "positions", "powers"],
)
def test_what_prints_alike_is_told_apart(one, other):
    first, second = trace_program(one, STATE), trace_program(other, STATE)
    assert first.structure is not second.structure
    assert first.structure is trace_program(one, STATE).structure


def test_a_system_is_a_snapshot():
    held = {"gain": np.array([0.5])}
    system = sx.DiscreteMap(lambda x: jnp.tanh(held["gain"] * x), 1)
    held["gain"] *= 6
    starts = np.linspace(-2, 2, 5)[:, None]
    assert len(sx.find_fixed_points(system, starts)) == 1
    again = sx.DiscreteMap(lambda x: jnp.tanh(held["gain"] * x), 1)
    assert len(sx.find_fixed_points(again, starts)) == 3


def run(step):
    """Run a network as its user does, in float32."""
    trajectory = jax.jit(lambda x: jax.lax.scan(lambda x, _: (step(x), x), x, length=5)[1])
    return np.asarray(trajectory(jnp.ones(N)))


IN_EQUINOX = pytest.param("compiled by Equinox", marks=pytest.mark.runs)


@pytest.mark.parametrize("name", [*list(IN_64_BITS)[:-1], IN_EQUINOX])
def test_running_a_function_before_does_not_round_its_weights(name):
    step = IN_64_BITS[name](weights(1))
    before = run(step)
    points = sx.find_fixed_points(sx.DiscreteMap(step, N), STARTS, completeness=False)
    assert points.precision == "float64" and points.fixed.certified.all()
    exact = IN_64_BITS[name](weights(1))  # in arrays that JAX has not seen
    with jax.enable_x64(True):
        image = np.asarray(jax.vmap(exact)(jnp.asarray(points.fixed.states)))
    assert np.abs(image - points.fixed.states).max() < 1e-13  # rounded weights: 1e-8
    assert np.array_equal(run(step), before)
    assert step(jnp.ones(N)).dtype == jnp.float32


def test_a_branch_follows_the_function_of_the_parameter_with_its_weights_as_they_are():
    simulate = jax.jit(lambda gain, x: jnp.tanh(jnp.dot(gain * weights(8), x) + 1 / 3))
    simulate(0.2, jnp.ones(N))

    def system_of(gain):
        product = gain * weights(8)  # before there is a function of the state
        return sx.DiscreteMap(lambda x: jnp.tanh(jnp.dot(product, x) + 1 / 3), N)

    start = sx.find_fixed_points(system_of(0.2), STARTS, completeness=False).states[:1]
    branches = sx.continue_fixed_points(system_of, start, (0.2, 0.4))
    drive = branches.parameters[:, None] * (branches.states @ weights(8).T) + 1 / 3
    assert np.abs(np.tanh(drive) - branches.states).max() < 1e-12

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.systems import require_system

W = np.random.default_rng(0).standard_normal((4, 4))


def test_a_map_and_a_flow():
    step = lambda x: jnp.tanh(W @ x)  # noqa: E731
    as_map = sx.DiscreteMap(step, 4, dt=20.0)
    as_flow = sx.Flow(lambda x: step(x) - x, 4, tau=100.0)
    x = jnp.asarray(W[0], jnp.float32)
    assert (as_map.kind, as_map.dt, as_flow.kind, as_flow.tau) == ("map", 20.0, "flow", 100.0)
    np.testing.assert_allclose(as_map.evaluate(x), step(x), rtol=1e-6)
    np.testing.assert_allclose(as_map.velocity(x), step(x) - x, rtol=1e-5)
    np.testing.assert_allclose(as_flow.velocity(x), step(x) - x, rtol=1e-5)
    np.testing.assert_allclose(as_map.residual(x), as_flow.residual(x), rtol=1e-5)
    np.testing.assert_allclose(as_map.speed(x), np.linalg.norm(step(x) - x), rtol=1e-6)
    np.testing.assert_allclose(
        as_map.jacobian(x), as_flow.jacobian(x) + np.eye(4), rtol=1e-5, atol=1e-6
    )


def test_an_input_is_frozen_and_can_be_replaced():
    B = W[:, :3]
    system = sx.DiscreteMap(lambda x, u: W @ x + B @ u, 4, input=np.array([1.0, 0.5, 0.5]))
    x = jnp.zeros(4)
    np.testing.assert_allclose(system.evaluate(x), B @ [1, 0.5, 0.5], rtol=1e-6)
    np.testing.assert_allclose(system.evaluate(x, np.array([0.0, 1, 0])), B[:, 1], rtol=1e-6)
    assert system.input_jacobian(x).shape == (4, 3)
    np.testing.assert_allclose(system.input_jacobian(x), B, rtol=1e-6)


def test_a_residual_of_ones_own_replaces_the_velocity_only_where_zeros_are_sought():
    system = sx.DiscreteMap(lambda x: 0.5 * x, 2, residual=lambda x: 7 * x)
    x = jnp.ones(2)
    np.testing.assert_allclose(system.residual(x), 7)
    np.testing.assert_allclose(system.velocity(x), -0.5)


def test_float64_inputs_keep_their_digits():
    third = 1 / 3
    system = sx.DiscreteMap(lambda x, u: 0.0 * x + u, 1, input=np.array([third]))
    assert system.input.dtype == np.float64
    points = sx.find_fixed_points(system, np.zeros((1, 1)))
    assert points.states[0, 0] == third
    assert sx.DiscreteMap(lambda x, u: x + u, 1, input=[third]).input.dtype == np.float64


def test_bound_methods_of_equinox_cells():
    cell = eqx.nn.GRUCell(3, 8, key=jax.random.key(0))

    class Network(eqx.Module):
        cell: eqx.nn.GRUCell

        def step(self, state, input):
            return self.cell(input, state)

    u = np.array([1.0, 0.5, 0.5])
    system = sx.DiscreteMap(Network(cell).step, 8, input=u)
    assert len(jax.tree.leaves(eqx.filter(system, eqx.is_inexact_array))) == 5  # 4 weights, input
    closure = sx.DiscreteMap(lambda x: cell(jnp.asarray(u, jnp.float32), x), 8)
    one, other = (
        sx.find_fixed_points(s, np.zeros((4, 8)), slow_points=False, completeness=False)
        for s in (system, closure)
    )
    assert len(one) == 1
    np.testing.assert_allclose(one.states, other.states, atol=1e-15)


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (lambda x: x > 0, "`step` must return real numbers of floating point, got bool"),
        (lambda x: x + 1j, "`step` must return real numbers of floating point, got complex128"),
        (lambda x: x[:2], r"shape it is given, \(3,\), got \(2,\).* lambda x: step\(x\)\[1\]"),
        (lambda x: jnp.sum(x), r"shape it is given, \(3,\), got \(\)"),
        (lambda x: (x, x), "`step`"),
        (lambda x: np.ones((2, 5)) @ x, r"evaluated on a state of shape \(3,\): TypeError: "),
        (lambda x, u: x + u, r"argument: 'u'\. Of .* input=…"),
    ],
)
def test_a_step_that_is_none_is_refused_in_words(step, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.DiscreteMap(step, 3)


@pytest.mark.parametrize("make", [sx.DiscreteMap, sx.Flow])
def test_an_input_that_is_not_finite_is_refused(make):
    with pytest.raises(sx.InvalidInputError, match="the input to freeze in has 1 values that"):
        make(lambda x, u: x + u[:1], 1, input=[1.0, np.nan])
    with pytest.raises(sx.InvalidInputError, match="the input to freeze in must be numbers, got"):
        make(lambda x, u: x, 1, input=["loud"])


def test_the_analysis_does_not_change_jaxs_settings():
    before = jax.config.jax_enable_x64
    sx.find_fixed_points(sx.Flow(lambda x: -x, 1), np.ones((1, 1)))
    assert jax.config.jax_enable_x64 == before
    assert jnp.ones(1).dtype == jnp.float32


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda x: x, "got function: wrap a function in sx.DiscreteMap"),
        (sx.networks.CTRNN(1, 2, 1, key=jax.random.key(0)), "got CTRNN: freeze an input in"),
    ],
)
def test_what_is_no_system_is_refused(given, message):
    with pytest.raises(sx.InvalidInputError, match=message):
        require_system(given)
    require_system(sx.Flow(lambda x: -x, 1))


@pytest.mark.parametrize("make", [sx.DiscreteMap, sx.Flow])
def test_a_residual_and_its_formula_of_other_shapes_are_refused(make):
    with pytest.raises(sx.InvalidInputError) as caught:
        make(jnp.tanh, 2, residual=lambda x: jnp.ones(3))
    assert str(caught.value) == (
        "`residual` must return an array of the shape of the state, (2,), got (3,). "
        "Ravel the state and the result where they have more than one axis."
    )
    with pytest.raises(sx.InvalidInputError) as caught:
        make(jnp.tanh, 2, residual_jacobian=lambda x: jnp.ones(3))
    assert str(caught.value) == (
        "`residual_jacobian` must return the derivative of each entry of the residual (row) by "
        "each unit (column), (2, 2), got (3,). "
        "Leave it out where there is no formula: then JAX differentiates the residual."
    )
    with pytest.raises(sx.InvalidInputError, match="`residual` could not be evaluated on a state"):
        make(jnp.tanh, 2, residual=lambda x, u: x)


class Mutable:
    """An ordinary object, whose attributes change under its method."""

    def __init__(self, gain):
        self.gain = gain

    def step(self, x):
        return jnp.tanh(self.gain * x)

    __call__ = step


@dataclasses.dataclass(frozen=True)
class Named:
    """A data class, equal to all others of its name, whatever they compute."""

    name: str
    gain: np.ndarray = dataclasses.field(compare=False)

    def __call__(self, x):
        return jnp.tanh(self.gain * x)


@dataclasses.dataclass
class Unhashable:
    gain: np.ndarray

    __call__ = Named.__call__


def fixed_points(system):
    return sx.find_fixed_points(system, np.linspace(-2, 2, 5)[:, None]).fixed


@pytest.mark.parametrize("kind", [lambda gain: Named("a", gain), Unhashable])
def test_an_object_that_is_called_is_not_taken_for_its_equals(kind):
    numbers = [
        len(fixed_points(sx.DiscreteMap(kind(np.array([gain])), 1))) for gain in (0.5, 3.0, 0.4)
    ]
    assert numbers == [1, 3, 1]
    points = fixed_points(sx.DiscreteMap(jnp.tanh, 1, residual=kind(np.array([0.5]))))
    assert points.states.tolist() == [[0.0]]


def test_a_function_that_is_another_at_every_call_is_refused():
    """Noise within a step, drawn by NumPy, or an attribute that the step itself changes."""
    rng, net, starts = np.random.default_rng(0), Mutable(2.0), np.ones((3, 1))

    def counts(x):
        net.gain += 1
        return jnp.tanh(net.gain * x)

    for step in (lambda x: jnp.tanh(x) + rng.normal(size=1), counts):
        with pytest.raises(sx.InvalidInputError, match="something else each time"):
            sx.find_fixed_points(sx.DiscreteMap(step, 1), starts)
    noise = rng.normal(size=1)
    assert len(sx.find_fixed_points(sx.DiscreteMap(lambda x: jnp.tanh(x) + noise, 1), starts)) == 1


@pytest.mark.parametrize(
    "step",
    [lambda x: np.tanh(np.asarray(x)), lambda x: x if x[0] > 0 else -x, lambda x: x * int(x[0])],
)
def test_a_step_in_numpy_is_told_to_be_written_in_jax(step):
    with pytest.raises(sx.InvalidInputError, match=r"jax\.numpy in place of NumPy"):
        sx.DiscreteMap(step, 3)


SICK = W.copy()
SICK[2, 1] = np.nan


def _in_a_variable():
    weights = SICK
    return lambda x: jnp.tanh(weights @ x)


def _in_a_dict():
    held = {"layers": [W, jnp.asarray(SICK)]}
    return lambda x: jnp.tanh(held["layers"][1] @ x)


class Layer(eqx.Module):
    weights: np.ndarray

    def step(self, x):
        return jnp.tanh(self.weights @ x)


READ = {
    "weights": _in_a_variable(),
    "held['layers'][1]": _in_a_dict(),
    "SICK": lambda x: jnp.tanh(SICK @ x),
    "Layer.weights": Layer(SICK).step,
    "Mutable.gain": Mutable(SICK[2]).step,
    "default": lambda x, default=SICK: jnp.tanh(default @ x),
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("make", [sx.DiscreteMap, sx.Flow])
def test_weights_that_make_every_state_nan_are_named(make, name):
    with pytest.raises(sx.InvalidInputError) as caught:
        make(READ[name], 4)
    assert str(caught.value).startswith(f"{name}, which ")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jnp.where(np.isnan(SICK), 0.0, SICK) @ x,
        lambda x: jnp.clip(x, -np.inf, np.array([1.0, np.inf, np.inf, 2.0])),
        lambda x: 1 / x,
        lambda x: jnp.log(x - 5),
    ],
)
def test_what_is_not_finite_but_does_not_spread_is_taken(function):
    """Weights that are left out, bounds, and functions that are not finite everywhere."""
    assert sx.DiscreteMap(function, 4).size == 4

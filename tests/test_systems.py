import dataclasses
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

W = np.random.default_rng(0).standard_normal((4, 4))


def test_a_map_and_a_flow():
    step = lambda x: jnp.tanh(W @ x)  # noqa: E731
    as_map = sx.DiscreteMap(step, 4, dt=20.0)
    as_flow = sx.Flow(lambda x: step(x) - x, 4, tau=100.0)
    x = jnp.asarray(W[0], jnp.float32)
    moved = step(x) - x
    assert (as_map.kind, as_map.dt, as_flow.kind, as_flow.tau) == ("map", 20.0, "flow", 100.0)
    np.testing.assert_allclose(as_map.evaluate(x), step(x), rtol=1e-6)
    np.testing.assert_allclose(as_map.speed(x), np.linalg.norm(moved), rtol=1e-6)
    for system in (as_map, as_flow):
        np.testing.assert_allclose(system.velocity(x), moved, rtol=1e-5)
        np.testing.assert_allclose(system.residual(x), moved, rtol=1e-5)
    slopes = as_map.jacobian(x), as_flow.jacobian(x) + np.eye(4)
    np.testing.assert_allclose(*slopes, rtol=1e-5, atol=1e-6)


def test_an_input_is_frozen_and_can_be_replaced():
    B, x = W[:, :3], jnp.zeros(4)
    system = sx.DiscreteMap(lambda x, u: W @ x + B @ u, 4, input=np.array([1.0, 0.5, 0.5]))
    np.testing.assert_allclose(system.evaluate(x), B @ [1, 0.5, 0.5], rtol=1e-6)
    np.testing.assert_allclose(system.evaluate(x, np.array([0.0, 1, 0])), B[:, 1], rtol=1e-6)
    np.testing.assert_allclose(system.input_jacobian(x), B, rtol=1e-6)


def test_a_residual_of_ones_own_replaces_the_velocity_only_where_zeros_are_sought():
    system = sx.DiscreteMap(lambda x: 0.5 * x, 2, residual=lambda x: 7 * x)
    x = jnp.ones(2)
    np.testing.assert_allclose(system.residual(x), 7)
    np.testing.assert_allclose(system.velocity(x), -0.5)


def _gated(mix, gate=jax.nn.sigmoid, of=lambda x: x):
    """A step of 4 units: what it takes of the state and of the new state, by a gate."""
    return lambda x: mix(of(x), jnp.tanh(W @ x), gate(1 - W.T @ x))


@pytest.mark.parametrize(
    ("step", "is_gated"),
    {
        "GRU": (_gated(lambda x, n, z: z * x + (1 - z) * n), True),
        "the gate turned round": (_gated(lambda x, n, z: n * z + x * (1 - z)), True),
        "PyTorch's": (_gated(lambda x, n, z: n + (x - n) * z), True),
        "Equinox's": (_gated(lambda x, n, z: x + z * (n - x)), True),
        "as a row": (_gated(lambda x, n, z: (n[None] + z * (x[None] - n)).reshape(4)), True),
        "compiled": (jax.jit(_gated(lambda x, n, z: z * x + (1 - z) * n)), True),
        "more than a mixture": (_gated(lambda x, n, z: z * x + (1.1 - z) * n), False),
        "two gates": (_gated(lambda x, n, z: z * x + (1 - z**2) * n), False),
        "a gate that may be 1": (_gated(lambda x, n, z: z * x + (1 - z) * n, jnp.tanh), False),
        "a gate that may be 0": (
            _gated(lambda x, n, z: z * x + (1 - z) * n, lambda a: jax.nn.sigmoid(jnp.log(a**2))),
            False,
        ),
        "the state in another order": (
            _gated(lambda x, n, z: z * x + (1 - z) * n, of=lambda x: x[::-1]), False
        ),
        "turned": (
            _gated(lambda x, n, z: z * x + (1 - z) * n, of=lambda x: x.reshape(2, 2).T.ravel()),
            False,
        ),
    }.values(),
)  # fmt: skip
def test_a_gated_step_is_solved_without_its_gate(step, is_gated):
    system, x = sx.DiscreteMap(step, 4), np.linspace(-1, 1, 4)
    expected = np.tanh(W @ x) - x if is_gated else np.asarray(step(x)) - x
    np.testing.assert_allclose(system.residual(x), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(system.velocity(x), np.asarray(step(x)) - x, rtol=1e-4, atol=1e-6)


def test_float64_inputs_keep_their_digits():
    third = 1 / 3
    assert sx.DiscreteMap(lambda x, u: x + u, 1, input=[third]).input.dtype == np.float64
    system = sx.DiscreteMap(lambda x, u: 0.0 * x + u, 1, input=np.array([third]))
    assert sx.find_fixed_points(system, np.zeros((1, 1))).states[0, 0] == third


@pytest.mark.parametrize(
    ("step", "word"),
    [
        (lambda x: x > 0, "bool"),
        (lambda x: x + 1j, "complex128"),
        (lambda x: x[:2], r"\(2,\)"),
        (lambda x: jnp.sum(x), r"\(\)"),
        (lambda x: (x, x), "step"),
        (lambda x: np.ones((2, 5)) @ x, "TypeError"),
        (lambda x, u: x + u, "input="),
        (lambda x: np.tanh(np.asarray(x)), "jax.numpy"),
        (lambda x: x if x[0] > 0 else -x, "jax.numpy"),
        (lambda x: x * int(x[0]), "jax.numpy"),
    ],
)
def test_a_step_that_is_none_is_refused(step, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        sx.DiscreteMap(step, 3)


@pytest.mark.parametrize("make", [sx.DiscreteMap, sx.Flow])
@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({"input": [1.0, np.nan]}, "input"),
        ({"input": ["loud", "soft"]}, "input"),
        ({"residual": lambda x, u: jnp.ones(3)}, r"residual.*\(2,\), got \(3,\)"),
        ({"residual": lambda x, y, z: x}, "residual"),
        ({"residual_jacobian": lambda x, u: jnp.ones(3)}, r"residual_jacobian.*\(2, 2\), got"),
    ],
)
def test_parts_of_a_system_that_do_not_fit_are_refused(make, parts, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        make(lambda x, u: x + u, 2, **{"input": np.ones(2)} | parts)


def test_the_analysis_does_not_change_jaxs_settings():
    before = jax.config.jax_enable_x64
    sx.find_fixed_points(sx.Flow(lambda x: -x, 1), np.ones((1, 1)))
    assert jax.config.jax_enable_x64 == before
    assert jnp.ones(1).dtype == jnp.float32


class Mutable:
    """An ordinary object, whose attributes change under its method."""

    def __init__(self, gain):
        self.gain = gain

    def step(self, x):
        return jnp.tanh(self.gain * x)


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


def fixed_points(step, **parts):
    starts = np.linspace(-2, 2, 5)[:, None]
    return sx.find_fixed_points(sx.DiscreteMap(step, 1, **parts), starts).fixed


@pytest.mark.parametrize("kind", [lambda gain: Named("a", gain), Unhashable])
def test_an_object_that_is_called_is_not_taken_for_its_equals(kind):
    numbers = [len(fixed_points(kind(np.array([gain])))) for gain in (0.5, 3.0, 0.4)]
    assert numbers == [1, 3, 1]
    points = fixed_points(jnp.tanh, residual=kind(np.array([0.5])))
    assert points.states.tolist() == [[0.0]]


def test_a_function_that_is_another_at_every_call_is_refused():
    """Noise within a step, drawn by NumPy, or an attribute that the step itself changes."""
    rng, net = np.random.default_rng(0), Mutable(2.0)

    def counts(x):
        net.gain += 1
        return jnp.tanh(net.gain * x)

    for step in (lambda x: jnp.tanh(x) + rng.normal(size=1), counts):
        with pytest.raises(sx.InvalidInputError):
            fixed_points(step)
    noise = rng.normal(size=1)
    assert len(fixed_points(lambda x: jnp.tanh(x) + noise)) == 1


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
def test_weights_that_make_every_state_nan_are_named(name):
    for make in (sx.DiscreteMap, sx.Flow):
        with pytest.raises(sx.InvalidInputError, match=f"^{re.escape(name)}, "):
            make(READ[name], 4)


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

"""Systems that JAX cannot differentiate are refused alike by every analysis that needs that."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx

STATES = np.random.default_rng(0).uniform(-1, 1, (10, 2))


@jax.custom_vjp
def backward_only(x):
    return jnp.tanh(2 * x)


backward_only.defvjp(
    lambda x: (backward_only(x), x), lambda x, g: (g * 2 * (1 - jnp.tanh(2 * x) ** 2),)
)

MAP = sx.DiscreteMap(lambda x: backward_only(x), 2)
FLOW = sx.Flow(lambda x: backward_only(x) - x, 2)


def circle(p):
    def field(x):
        return (p - x @ x) * x + jnp.stack([-x[1], x[0]])

    return sx.Flow(field, 2)


def unfit(p):
    return sx.Flow(lambda x: circle(p).evaluate(backward_only(x)), 2)


def a_cycle():
    return sx.find_cycles(circle(1.0), STATES, length=6.3)


ANALYZES = {
    "linearize": lambda: sx.linearize(MAP, STATES),
    "find_fixed_points": lambda: sx.find_fixed_points(MAP, STATES),
    "separatrix": lambda: sx.separatrix(MAP, STATES[:2], STATES),
    "slow_curve": lambda: sx.slow_curve(MAP, np.array([1.0, 0.0]), np.linspace(-1, 1, 5), STATES),
    "find_cycles": lambda: sx.find_cycles(MAP, STATES, length=2),
    "find_cycles of a flow": lambda: sx.find_cycles(FLOW, STATES, length=5.0),
    "lyapunov_exponents": lambda: sx.lyapunov_exponents(MAP, np.ones(2)),
    "lyapunov_exponents of a flow": lambda: sx.lyapunov_exponents(FLOW, np.ones(2)),
    "continue_fixed_points": lambda: sx.continue_fixed_points(unfit, np.zeros(2), (0.5, 1.5)),
    "continue_cycles": lambda: sx.continue_cycles(unfit, a_cycle(), (0.5, 1.5), at=1.0),
}


@pytest.mark.parametrize("name", ANALYZES)
def test_a_rule_for_reverse_mode_alone_is_refused_in_words(name):
    with pytest.raises(sx.InvalidInputError, match=r"cannot be differentiated.*custom_jvp"):
        ANALYZES[name]()

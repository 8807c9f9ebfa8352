"""A rule refuses parameters that it does not know: a newer JAX may have given them a meaning."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from enclosure_tools import with_backward_rule, with_rule
from jax import lax

from separatrix.enclosure.errors import NoIntervalRule
from separatrix.enclosure.flat import flatten
from separatrix.enclosure.interval.rules import RULES
from separatrix.enclosure.operations import OPERATIONS, warn_of_untested

FUNCTIONS = {
    "abs": jnp.abs,
    "argmax": lambda x: lax.argmax(x, 0, jnp.int32),
    "broadcast_in_dim": lambda x: jnp.broadcast_to(x, (2, 3)),
    "clamp": lambda x: lax.clamp(0.0, x, 1.0),
    "cond": lambda x: lax.cond(x[0] > 0, jnp.sin, jnp.cos, x),
    "custom_jvp_call": with_rule(jnp.sin, lambda v: 2 * v),
    "custom_vjp_call": with_backward_rule(jnp.sin, lambda v: 2 * v),
    "dot_general": lambda x: jnp.ones((3, 3)) @ x,
    "dynamic_slice": lambda x: lax.dynamic_slice(x, (x[0] > 0).astype(int)[None], (2,)),
    "exp": jnp.exp,
    "gather": lambda x: x[jnp.array([0, 2])],
    "integer_pow": lambda x: x**3,
    "jit": jax.jit(jnp.sin),
    "logistic": jax.nn.sigmoid,
    "max": lambda x: jnp.maximum(x, 0.0),
    "mul": lambda x: 2 * x,
    "pad": lambda x: lax.pad(x, 0.0, [(1, 1, 0)]),
    "reduce_max": jnp.max,
    "reduce_sum": jnp.sum,
    "remat2": jax.checkpoint(jnp.sin),
    "reshape": lambda x: x.reshape(3, 1),
    "rev": lambda x: x[::-1],
    "scan": lambda x: lax.scan(lambda h, now: (h * now, h), x[0], x)[1],
    "scatter": lambda x: jnp.zeros(3).at[jnp.array([1])].set(x[:1]),
    "select_n": lambda x: lax.select(x > 0, x, -x),
    "slice": lambda x: x[:2],
    "split": lambda x: jnp.split(x, 3)[0],
    "squeeze": lambda x: jnp.squeeze(x[None], 0),
    "stack": lambda x: lax.stack([x, x]) if hasattr(lax, "stack") else jnp.stack([x, x]),
    "tanh": jnp.tanh,
    "transpose": lambda x: jnp.ones((3, 2)).T @ x,
}


def test_every_rule_has_a_row_with_its_parameters():
    assert not [name for name in RULES if OPERATIONS[name].parameters is None]
    written_out = {name for name, row in OPERATIONS.items() if row.meaning is not None}
    assert written_out & set(RULES) == {"clamp"}, "which is another one for integers"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_rule_takes_what_it_knows_and_refuses_another_parameter(name):
    with jax.enable_x64(True):
        closed = jax.make_jaxpr(FUNCTIONS[name])(np.ones(3))
        flatten(closed)
        places = [k for k, e in enumerate(closed.jaxpr.eqns) if e.primitive.name == name]
        if not places:
            pytest.skip(f"this JAX writes it without {name}")
        equations = list(closed.jaxpr.eqns)
        known = equations[places[0]].params
        equations[places[0]] = equations[places[0]].replace(params={**known, "future": 1})
        changed = jax.extend.core.ClosedJaxpr(closed.jaxpr.replace(eqns=equations), closed.consts)
        with pytest.raises(NoIntervalRule, match="future"):
            flatten(changed)


def test_a_newer_jax_is_warned_of(recwarn):
    warn_of_untested("0.10.2")
    warn_of_untested("0.12.0.1")
    assert not recwarn
    with pytest.warns(UserWarning, match="0.13.0"):
        warn_of_untested("0.13.0")

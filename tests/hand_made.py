"""Networks that are put together by hand: a step and a readout are all that they add."""

import equinox as eqx
import jax.numpy as jnp

import separatrix as sx


class HandMade(sx.networks.AbstractNetwork):
    """A network of given numbers of inputs, units and outputs, which begins at zero."""

    sizes: tuple[int, int, int] = eqx.field(static=True, kw_only=True)
    dt: float = eqx.field(static=True, kw_only=True, default=100.0)
    num_inputs = property(lambda self: self.sizes[0])
    num_units = property(lambda self: self.sizes[1])
    num_outputs = property(lambda self: self.sizes[2])

    def initial_state(self):
        return jnp.zeros(self.num_units)

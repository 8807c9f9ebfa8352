"""Networks whose units have private noise in training."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Float, PRNGKeyArray

from .._types import Array
from .network import AbstractNetwork


class AbstractNoisyNetwork(AbstractNetwork):
    r"""A network of leaky units, whose currents may have noise $\sqrt{2/\alpha}\,\sigma\,\xi$.

    It is there in training. With this factor a linear unit driven by nothing else fluctuates with
    standard deviation about σ, whatever the time step is (Yang et al. 2019). Concrete networks
    implement `_unroll`, and have σ in a field `noise`.
    """

    input_weights: Float[Array, "unit channel"]
    bias: Float[Array, " unit"]
    readout_bias: Float[Array, " output"]
    num_inputs: int = eqx.field(static=True)
    num_units: int = eqx.field(static=True)
    num_outputs: int = eqx.field(static=True)
    tau: float | tuple[float, ...] = eqx.field(static=True)
    dt: float = eqx.field(static=True)

    @property
    def alpha(self) -> float | tuple[float, ...]:
        """The fraction dt/τ of a time constant that a step covers, or that of each unit."""
        tau = self.tau
        return tuple(self.dt / t for t in tau) if isinstance(tau, tuple) else self.dt / tau

    @abc.abstractmethod
    def _unroll(
        self,
        inputs: Float[Array, "trial time channel"],
        noise: Float[jax.Array, "time trial unit"] | None,
    ) -> Float[Array, "trial time state"]:
        """Return the states with the given noise in the currents."""

    def unroll(
        self, inputs: Float[Array, "trial time channel"]
    ) -> Float[Array, "trial time state"]:
        return self._unroll(inputs, None)

    def unroll_noisy(
        self, inputs: Float[Array, "trial time channel"], key: PRNGKeyArray
    ) -> Float[Array, "trial time state"]:
        # A field, with a default or without; a program over many networks is given it.
        sigma: float | jax.Array = self.noise  # type: ignore[attr-defined]
        if not isinstance(sigma, jax.Array) and sigma == 0:
            return self._unroll(inputs, None)
        shape = (inputs.shape[1], inputs.shape[0], self.num_units)
        draws = jr.normal(key, shape, jnp.asarray(self.bias).dtype)
        strength = sigma * jnp.sqrt(2.0 / jnp.asarray(self.alpha))
        return self._unroll(inputs, draws * strength.astype(draws.dtype))

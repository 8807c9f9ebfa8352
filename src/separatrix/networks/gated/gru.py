"""Gated recurrent units."""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Float

from ..._checked import Count, Milliseconds, checked
from ..._types import Array, GivenKey
from ..initialization import GatedInitialization
from ..unroll import AbstractCell
from .gated_network import AbstractCellNetwork


@dataclass(frozen=True)
class GRUCell(AbstractCell):
    """A step of a GRU from the hidden and the input currents of its gates."""

    def emit(self, state: Array) -> Array:
        return state

    def advance(self, state: Array, product: Array, drive: Array) -> jax.Array:
        update, candidate = self.update_and_candidate(product, drive)
        # Both factors as gates: 1 − z would lose the digits of a small one.
        return jax.nn.sigmoid(-update) * candidate + jax.nn.sigmoid(update) * state

    def update_and_candidate(self, product: Array, drive: Array) -> tuple[jax.Array, jax.Array]:
        """Return the current of the update gate and the candidate c(h)."""
        reset, update, new = jnp.split(product, 3, -1)
        reset_drive, update_drive, new_drive = jnp.split(drive, 3, -1)
        gate = jax.nn.sigmoid(reset + reset_drive)
        return update + update_drive, jnp.tanh(new_drive + gate * new)


class GRU(AbstractCellNetwork):
    r"""A network of gated recurrent units, in PyTorch's equations.

    $$r = \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr}), \quad
      z = \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz}),$$
    $$c(h) = \tanh\big(W_{in} x + b_{in} + r \circ (W_{hn} h + b_{hn})\big), \quad
      h' = (1-z) \circ c(h) + z \circ h.$$

    At a fixed point $c(h) = h$, whatever the update gate does. The analysis therefore looks for
    zeros of $c(h) - h$. At all fixed points the entries of h lie between −1 and 1. The readout is
    $y = W_y h + b_y$.

    Parameters
    ----------
    num_inputs, num_units, num_outputs
        The numbers of input channels, of units and of outputs.
    dt
        Duration of a time step in ms.
    initialization
        How the weights of each gate are drawn: "torch" (U(±1/√num_units) for all, biases too), or a
        name that `CTRNN` takes as its `initialization`, such as "orthogonal".
    trainable_initial_state
        Whether the state before the first step is learned; it is zero otherwise.
    key
        A JAX random key.

    Attributes
    ----------
    input_weights (gated, channel), recurrent_weights (gated, unit), input_bias (gated,),
    recurrent_bias (gated,)
        The weights of the reset gate, the update gate and the candidate state c, one below the
        other: `gated` is 3 times the number of units.
    readout_weights (output, unit), readout_bias (output,)
        The readout.

    Raises
    ------
    InvalidInputError
        If a size is below 1, dt is not positive, or the initialization is unknown.

    References
    ----------
    Cho et al. (2014) EMNLP; the reset gate acts as in PyTorch, after the recurrent weights. In the
    original publication, and in LFADS, the reset gate acts before these weights: `ResetFirstGRU`.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> net = sx.networks.GRU(3, 64, 3, dt=20.0, key=jax.random.key(0))
    >>> net.at_input([1.0, 0.5, 0.5]).size
    64
    """

    gates: ClassVar[int] = 3
    parts: ClassVar[int] = 1
    cell: ClassVar[GRUCell] = GRUCell()
    convention: ClassVar[str] = (
        "rows r, z, n; the reset gate acts after the recurrent weights; h' = (1 - z) n + z h"
    )

    @checked
    def __init__(
        self,
        num_inputs: Count,
        num_units: Count,
        num_outputs: Count,
        *,
        dt: Milliseconds = 100.0,
        initialization: GatedInitialization = "torch",
        trainable_initial_state: bool = False,
        key: GivenKey,
    ):
        sizes = num_inputs, num_units, num_outputs
        self._build(sizes, dt, initialization, trainable_initial_state, key)

    def residual(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return c(h) − h.

        The difference `step(h) − h` has the factor 1 − z. So it is also small far from any fixed
        point, wherever z is near 1, and would mislead a search.
        """
        _, candidate = self.cell.update_and_candidate(*self._currents(state, input))
        return candidate - state

    def residual_jacobian(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, "unit unit"]:
        """Return ∂c/∂a_r W_hr + ∂c/∂a_n W_hn − I.

        Here a_r = W_hr h + b_hr is the recurrent current into the reset gate, and
        a_n = W_hn h + b_hn is the recurrent current into the candidate c.
        """
        product, drive = self._currents(state, input)
        reset, _, new = self.recurrent_weights.reshape(3, self.num_units, self.num_units)

        def slope(of: tuple[int, int, int]) -> jax.Array:
            # A candidate depends on its own unit's currents, so one direction tells all slopes.
            along = jnp.repeat(jnp.array(of, product.dtype), self.num_units)
            candidate = lambda p: self.cell.update_and_candidate(p, drive)[1]  # noqa: E731
            return jax.jvp(candidate, (product,), (along,))[1][:, None]

        total = slope((1, 0, 0)) * reset + slope((0, 0, 1)) * new
        return total - jnp.eye(self.num_units, dtype=product.dtype)

    def domain(self, input: Float[Array, " channel"] | None = None) -> tuple[float, float]:
        """Return the box of states between −1 and 1, which a step maps into itself."""
        return (-1.0, 1.0)

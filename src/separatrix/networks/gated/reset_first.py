"""Gated recurrent units as they were published: the reset gate acts before the weights."""

from typing import Annotated, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Float

from ..._checked import Bounds, Count, Milliseconds, checked
from ..._types import Array, GivenKey
from ..arrays import check_input, check_state
from ..initialization import GatedInitialization
from .gated_network import AbstractGatedNetwork


class ResetFirstGRU(AbstractGatedNetwork):
    r"""A network of gated recurrent units whose reset gate acts before the recurrent weights.

    $$r = \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr}), \quad
      z = \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz}),$$
    $$c(h) = \tanh\big(W_{in} x + b_{in} + W_{hn} (r \circ h) + b_{hn}\big), \quad
      h' = (1-z) \circ c(h) + z \circ h.$$

    The generator of LFADS and Keras's GRU with `reset_after=False` are such networks. For PyTorch's
    GRU, use `GRU`. At a fixed point $c(h) = h$, so the analysis looks for zeros of $c(h) - h$. At
    all fixed points the entries of h lie between −1 and 1. The readout is $y = W_y h + b_y$.

    Parameters
    ----------
    num_inputs, num_units, num_outputs
        The numbers of input channels, of units and of outputs.
    dt
        Duration of a time step in ms.
    clip
        The bound on states, as LFADS's `cell_clip`: after every step, states are cut off at ±clip.
        It must be at least 1, so that the cut changes no fixed point. None means no bound.
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
        If a size is below 1, dt is not positive, `clip` is below 1, or the initialization is
        unknown.

    References
    ----------
    Cho et al. (2014) EMNLP; Pandarinath et al. (2018) Nature Methods 15:805.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> net = sx.networks.ResetFirstGRU(3, 64, 3, dt=20.0, key=jax.random.key(0))
    >>> net.at_input([1.0, 0.5, 0.5]).size
    64
    """

    clip: float | None = eqx.field(static=True)

    gates: ClassVar[int] = 3
    parts: ClassVar[int] = 1
    convention: ClassVar[str] = (
        "rows r, z, n; the reset gate acts before the recurrent weights; h' = (1 - z) n + z h"
    )

    @checked
    def __init__(
        self,
        num_inputs: Count,
        num_units: Count,
        num_outputs: Count,
        *,
        dt: Milliseconds = 100.0,
        clip: Annotated[float, Bounds(least=1, infinite=True)] | None = None,
        initialization: GatedInitialization = "torch",
        trainable_initial_state: bool = False,
        key: GivenKey,
    ):
        self._build(
            (num_inputs, num_units, num_outputs), dt, initialization, trainable_initial_state, key
        )
        # Below 1 the bound would move fixed points, which are solved for without it.
        self.clip = clip

    def _update_and_candidate(self, state: Array, input: Array) -> tuple[jax.Array, jax.Array]:
        """Return the current of the update gate and the candidate c(h)."""
        check_state(state, self.num_units)
        check_input(input, self.num_inputs)
        gates = 2 * self.num_units
        drive = self.input_weights @ input + self.input_bias + self.recurrent_bias
        currents = self.recurrent_weights[:gates] @ state + drive[:gates]
        reset, update = jnp.split(currents, 2)
        kept = jax.nn.sigmoid(reset) * state
        return update, jnp.tanh(self.recurrent_weights[gates:] @ kept + drive[gates:])

    def step(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        update, candidate = self._update_and_candidate(state, input)
        # Both factors as gates: 1 − z would lose the digits of a small one.
        following = jax.nn.sigmoid(-update) * candidate + jax.nn.sigmoid(update) * state
        return following if self.clip is None else jnp.clip(following, -self.clip, self.clip)

    def residual(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return c(h) − h.

        The difference `step(h) − h` has the factor 1 − z. So it is also small far from any fixed
        point, wherever z is near 1, and would mislead a search.
        """
        return self._update_and_candidate(state, input)[1] - state

    def domain(self, input: Float[Array, " channel"] | None = None) -> tuple[float, float]:
        """Return the box of states between −1 and 1, which a step maps into itself."""
        return (-1.0, 1.0)

"""Long short-term memory units."""

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..._checked import Count, Finite, Milliseconds, checked
from ..._types import Array, GivenKey
from ..initialization import GatedInitialization
from ..unroll import AbstractCell
from .gated_network import AbstractCellNetwork, in_float64


@dataclass(frozen=True)
class LSTMCell(AbstractCell):
    """A step of an LSTM on the state (h, c) from the currents of its gates."""

    def emit(self, state: Array) -> Array:
        return state[..., : state.shape[-1] // 2]

    def advance(self, state: Array, product: Array, drive: Array) -> jax.Array:
        input, forget, new, output = jnp.split(product + drive, 4, -1)
        _, cell = jnp.split(state, 2, -1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(input) * jnp.tanh(new)
        return jnp.concatenate([jax.nn.sigmoid(output) * jnp.tanh(cell), cell], -1)

    def at_rest(self, current: Array) -> jax.Array:
        """Return the only state that the gates at this current leave as it is."""
        input, forget, new, output = jnp.split(current, 4, -1)
        # 1/(1 − σ(a)) is 1 + eᵃ, without the cancellation.
        cell = jax.nn.sigmoid(input) * jnp.tanh(new) * (1 + jnp.exp(forget))
        return jnp.concatenate([jax.nn.sigmoid(output) * jnp.tanh(cell), cell], -1)


class LSTM(AbstractCellNetwork):
    r"""A network of long short-term memory units, in PyTorch's equations.

    $$i, f, o = \sigma(W_i x + b_i + W_h h + b_h), \quad
      g = \tanh(W_{ig} x + b_{ig} + W_{hg} h + b_{hg}),$$
    $$c' = f \circ c + i \circ g, \quad h' = o \circ \tanh(c').$$

    The state is h followed by c: 2 num_units numbers. A fixed point satisfies
    $c = i \circ g / (1 - f)$ and $h = o \circ \tanh(c)$, where i, f, g and o are taken at h. The
    analysis solves these equations, with the first one substituted into the second. The readout is
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
    forget_bias
        A number that is added to the initial bias of the forget gate (1 in Jozefowicz et al. 2015).
    trainable_initial_state
        Whether the state before the first step is learned; it is zero otherwise.
    key
        A JAX random key.

    Attributes
    ----------
    input_weights (gated, channel), recurrent_weights (gated, unit), input_bias (gated,),
    recurrent_bias (gated,)
        The weights of the input gate, the forget gate, g and the output gate, one below the other:
        `gated` is 4 times the number of units.
    readout_weights (output, unit), readout_bias (output,)
        The readout.

    Raises
    ------
    InvalidInputError
        If a size is below 1, dt is not positive, or the initialization is unknown.

    References
    ----------
    Hochreiter & Schmidhuber (1997) Neural Comput. 9:1735; Gers et al. (2000) Neural Comput.
    12:2451 (the forget gate).

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> net = sx.networks.LSTM(3, 64, 3, dt=20.0, key=jax.random.key(0))
    >>> net.at_input([1.0, 0.5, 0.5]).size
    128
    """

    gates: ClassVar[int] = 4
    parts: ClassVar[int] = 2
    cell: ClassVar[LSTMCell] = LSTMCell()
    convention: ClassVar[str] = "rows i, f, g, o; a state is h, then c"

    @checked
    def __init__(
        self,
        num_inputs: Count,
        num_units: Count,
        num_outputs: Count,
        *,
        dt: Milliseconds = 100.0,
        initialization: GatedInitialization = "torch",
        forget_bias: Finite = 0.0,
        trainable_initial_state: bool = False,
        key: GivenKey,
    ):
        sizes = num_inputs, num_units, num_outputs
        self._build(sizes, dt, initialization, trainable_initial_state, key)
        forget = np.repeat(np.array([0, forget_bias, 0, 0], np.float32), num_units)
        self.input_bias = self.input_bias + forget

    def residual(
        self, state: Float[Array, " state"], input: Float[Array, " channel"]
    ) -> Float[Array, " state"]:
        """Return (o tanh(C) − h, (C − c) / s) with C = i g / (1 − f) and the gates at h.

        C is the value of c that the gates leave as it is. The first part does not contain c, so it
        is an equation for h alone. Cells may hold values in the thousands. The second part is
        therefore divided by s, which is 1 + the largest possible |C| of the unit, and at most 1001.
        Then the second part does not outweigh the first one, and a search that starts far away does
        not stall.
        """
        product, drive = self._currents(state, input)
        bound = _largest_cells(self.recurrent_weights, drive + self.recurrent_bias)
        scale = 1 + jnp.minimum(bound, _LARGEST_SCALE)
        difference = self.cell.at_rest(product + drive) - state
        return difference / jnp.concatenate([jnp.ones_like(scale), scale])

    def domain(self, input: Float[Array, " channel"] | None = None) -> tuple[Any, Any]:
        """Return a box that a step maps into itself: h between −1 and 1, and bounds on c.

        The bound on |c| of each unit is the largest |i g / (1 − f)| that the ranges of its gates
        allow at this input. It may be very large. Without an input it is infinite.
        """
        bound = np.full(self.num_units, np.inf)
        if input is not None:
            drive = in_float64(self.input_weights) @ in_float64(input) + in_float64(self.input_bias)
            drive = drive + in_float64(self.recurrent_bias)
            bound = np.asarray(_largest_cells(in_float64(self.recurrent_weights), drive))
            bound = bound * (1 + 1e-9)  # far more than the rounding of these few operations
        upper = np.concatenate([np.ones(self.num_units), bound])
        return -upper, upper


_LARGEST_SCALE = 1e3
"""Damped steps are of the same length in h and c: beyond this scale those in c get nowhere."""


def _largest_cells(weights: Array, drive: Array) -> Array:
    """Return the largest |i g / (1 − f)|, `(unit,)`, over all h with entries in [−1, 1].

    Every gate has a largest current there. `drive` is what it gets beside `weights @ h`.
    """
    xp = drive.__array_namespace__()  # NumPy for a domain, JAX for a residual
    center = xp.reshape(drive, (4, -1))
    reach = xp.reshape(xp.sum(xp.abs(weights), axis=1), (4, -1))
    input, forget, _, _ = center + reach
    new = xp.abs(center[2]) + reach[2]
    with np.errstate(over="ignore"):
        return xp.tanh(new) / (1 + xp.exp(-input)) * (1 + xp.exp(forget))

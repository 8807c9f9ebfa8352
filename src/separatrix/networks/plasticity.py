"""Networks whose synapses change on the time scale of a trial."""

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._checked import Count, Finite, Milliseconds, NotNegative, checked
from .._types import Array, GivenKey
from .arrays import (
    at_every_trial,
    check_euler,
    check_input,
    check_state,
    per_unit,
)
from .dale import balance, count_excitatory, signs
from .initialization import dense
from .noisy import AbstractNoisyNetwork
from .unroll import AbstractCell, project, unroll_cell

PerUnit = tuple[float, ...]
FACILITATING = {"tau_x": 200.0, "tau_u": 1500.0, "baseline": 0.15}
DEPRESSING = {"tau_x": 1500.0, "tau_u": 200.0, "baseline": 0.45}
"""Recovery times of neurotransmitter and calcium in ms, and the baseline of the latter."""


@dataclass(frozen=True)
class PlasticCell(AbstractCell):
    """A step of rates h, neurotransmitter x and calcium u, the three thirds of a state."""

    alpha: float
    dt: float
    tau_x: PerUnit
    tau_u: PerUnit
    baseline: PerUnit

    def change(self, state: Array) -> tuple[jax.Array, jax.Array]:
        """Return what x and u would change by in a millisecond, at the rates h in Hz."""
        h, x, u = jnp.split(state, 3, -1)
        settings = (self.tau_x, self.tau_u, self.baseline)
        tau_x, tau_u, baseline = (per_unit(setting, h) for setting in settings)
        of_x = (1 - x) / tau_x - u * x * h / 1000
        of_u = (baseline - u) / tau_u + baseline * (1 - u) * h / 1000
        return of_x, of_u

    def synapses(self, state: Array) -> tuple[jax.Array, jax.Array]:
        """Return x and u one step later, kept within [0, 1]."""
        _, x, u = jnp.split(state, 3, -1)
        of_x, of_u = self.change(state)
        return jnp.clip(x + self.dt * of_x, 0, 1), jnp.clip(u + self.dt * of_u, 0, 1)

    def emit(self, state: Array) -> Array:
        x, u = self.synapses(state)
        return u * x * state[..., : state.shape[-1] // 3]

    def advance(self, state: Array, product: Array, drive: Array) -> jax.Array:
        h = state[..., : state.shape[-1] // 3]
        h = jax.nn.relu((1 - self.alpha) * h + self.alpha * (product + drive))
        return jnp.concatenate([h, *self.synapses(state)], -1)


class ShortTermPlasticityRNN(AbstractNoisyNetwork):
    r"""A network of rectified rates with short-term synaptic plasticity.

    In the synapses of each unit j a fraction $x_j$ of the neurotransmitter is available, and a
    fraction $u_j$ of the available neurotransmitter is released (Mongillo et al. 2008, with rates h
    in Hz and times in s):

    $$\dot x = \frac{1-x}{\tau_x} - u\,x\,h, \qquad
      \dot u = \frac{U-u}{\tau_u} + U\,(1-u)\,h,$$
    $$h' = \max\big(0,\ (1-\alpha)\,h + \alpha\,(W\,(u' \circ x' \circ h) + W_{in}\,s + b)\big).$$

    Here s is the input, and $\alpha = dt/\tau$. The values after a step of dt are $h'$, $x'$ and
    $u'$, and x and u are kept within [0, 1]. The synapses of every second unit facilitate
    (τ_x = 200 ms, τ_u = 1500 ms, U = 0.15), and the synapses of the others depress (1500 ms,
    200 ms, 0.45). The state consists of h, x and u, one after the other: 3 num_units numbers. The
    readout is $y = W_y h + b_y$.

    Parameters
    ----------
    num_inputs, num_units, num_outputs
        The numbers of input channels, of units and of outputs.
    excitatory_fraction
        The fraction of units that are excitatory. These units come first, and the others are
        inhibitory. Then $W_{ij} = |\tilde W_{ij}|\,s_j$ with the sign $s_j$ of unit j, except that
        $W_{ii} = 0$. The readout sees only the excitatory units. The initial weights from
        excitatory units are divided by the number of excitatory units per inhibitory unit, as in
        `DaleCTRNN`. With None, each weight may have either sign.
    tau, dt
        Time constant of the rates and time step in ms, with 0 < dt ≤ 2 tau. For the synapses, dt
        should also be short compared with 1/h, the mean time between two spikes at the rate h.
    noise
        The strength σ of the private noise in training. The noise in the current is
        $\sqrt{2/\alpha}\,\sigma\,\xi_t$.
    key
        A JAX random key.

    Attributes
    ----------
    input_weights (unit, channel), recurrent_weights (unit, unit), bias (unit,),
    readout_weights (output, read), readout_bias (output,)
        The weights. With an `excitatory_fraction`, `recurrent_weights` is the unconstrained
        $\tilde W$, and `read` is the number of excitatory units. Without it, `read` is num_units.
    tau_x, tau_u, baseline
        τ_x and τ_u in ms, and U, for each unit.

    Raises
    ------
    InvalidInputError
        If an argument is outside of the range that is given for it above.

    References
    ----------
    Masse et al. (2019) Nat. Neurosci. 22:1159; Mongillo, Barak & Tsodyks (2008) Science 319:1543.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> net = sx.networks.ShortTermPlasticityRNN(3, 100, 3, dt=10.0, key=jax.random.key(0))
    >>> net.at_input([0.0, 0.0, 0.0]).size
    300
    """

    recurrent_weights: Float[Array, "unit unit"]
    readout_weights: Float[Array, "output read"]
    num_excitatory: int | None = eqx.field(static=True)
    tau: float = eqx.field(static=True)
    noise: float = eqx.field(static=True)
    tau_x: PerUnit = eqx.field(static=True)
    tau_u: PerUnit = eqx.field(static=True)
    baseline: PerUnit = eqx.field(static=True)

    @checked
    def __init__(
        self,
        num_inputs: Count,
        num_units: Count,
        num_outputs: Count,
        *,
        excitatory_fraction: Finite | None = None,
        tau: Milliseconds = 100.0,
        dt: Milliseconds = 10.0,
        noise: NotNegative = 0.0,
        key: GivenKey,
    ):
        check_euler(tau, dt, num_units)
        read = num_units
        self.num_excitatory = None
        if excitatory_fraction is not None:
            read = self.num_excitatory = count_excitatory(excitatory_fraction, num_units)
        sizes = ((num_units, num_inputs), (num_units, num_units), (num_outputs, read))
        drawn = dense("torch_linear", key, sizes)
        (self.input_weights, self.bias), (self.recurrent_weights, _), readout = drawn
        self.readout_weights, self.readout_bias = readout
        if self.num_excitatory is not None:
            balanced = jnp.abs(self.recurrent_weights) * balance(num_units, read)
            self.recurrent_weights = balanced
        self.num_inputs, self.num_units, self.num_outputs = num_inputs, num_units, num_outputs
        self.tau, self.dt, self.noise = float(tau), float(dt), float(noise)
        kinds = [FACILITATING if unit % 2 == 0 else DEPRESSING for unit in range(num_units)]
        self.tau_x, self.tau_u, self.baseline = (
            tuple(kind[name] for kind in kinds) for name in ("tau_x", "tau_u", "baseline")
        )

    @property
    def _cell(self) -> PlasticCell:
        return PlasticCell(self.dt / self.tau, self.dt, self.tau_x, self.tau_u, self.baseline)

    def connectivity(self) -> Float[Array, "unit unit"]:
        """Return W: `connectivity()[i, j]` leads from unit j to unit i."""
        if self.num_excitatory is None:
            return self.recurrent_weights
        others = 1 - np.eye(self.num_units, dtype=np.int8)
        signed = signs(self.num_units, self.num_excitatory) * others
        return jnp.abs(self.recurrent_weights) * signed

    def step(
        self, state: Float[Array, " state"], input: Float[Array, " channel"]
    ) -> Float[Array, " state"]:
        check_state(state, 3 * self.num_units)
        check_input(input, self.num_inputs)
        cell = self._cell
        product = self.connectivity() @ cell.emit(state) + self.bias
        return cell.advance(state, product, self.input_weights @ input)

    def readout(self, state: Float[Array, " state"]) -> Float[Array, " output"]:
        check_state(state, 3 * self.num_units)
        rates = state[: self.readout_weights.shape[1]]
        return self.readout_weights @ rates + self.readout_bias

    def initial_state(self) -> Float[Array, " state"]:
        """Return the state of silent units with rested synapses: h = 0, x = 1, u = U."""
        dtype = jnp.asarray(self.bias).dtype
        h = jnp.zeros(self.num_units, dtype)
        return jnp.concatenate([h, h + 1, jnp.asarray(self.baseline, dtype)])

    def residual(
        self, state: Float[Array, " state"], input: Float[Array, " channel"]
    ) -> Float[Array, " state"]:
        r"""Return functions of h, x and u whose zeros are the fixed points of the step.

        They are $\max(0, W (u x h) + W_{in} s + b) - h$ for h, $1 - x - \tau_x u x h$ for x, and
        $U - u + \tau_u U (1 - u) h$ for u. These are the changes in a step without their rate
        constants, and without the limits of [0, 1]. At a zero, h is not negative, so x and u lie
        between 0 and 1. The limits then change nothing, and the zero is a fixed point of the step.
        """
        check_state(state, 3 * self.num_units)
        check_input(input, self.num_inputs)
        h, x, u = jnp.split(jnp.asarray(state), 3)
        current = self.connectivity() @ (u * x * h) + self.input_weights @ input + self.bias
        of_x, of_u = self._cell.change(state)
        of_h = jax.nn.relu(current) - h
        return jnp.concatenate(
            [of_h, of_x * per_unit(self.tau_x, h), of_u * per_unit(self.tau_u, h)]
        )

    def domain(self, input: Float[Array, " channel"] | None = None) -> tuple[Any, Any]:
        """Return the box 0 ≤ h, 0 ≤ x ≤ 1 and U ≤ u ≤ 1; the rates h have no upper bound."""
        zeros, ones = np.zeros(self.num_units), np.ones(self.num_units)
        lower = np.concatenate([zeros, zeros, np.asarray(self.baseline)])
        return lower, np.concatenate([np.inf * ones, ones, ones])

    def _unroll(self, inputs: Array, noise: jax.Array | None) -> jax.Array:
        drive = project(inputs, self.input_weights)
        drive = drive if noise is None else drive + noise
        start = at_every_trial(self.initial_state(), inputs)
        states = unroll_cell(self._cell, (self.connectivity(),), self.bias, drive, start)
        return jnp.swapaxes(states, 0, 1)

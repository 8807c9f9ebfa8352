"""Continuous-time rate networks in Euler's discretization."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float

from .._checked import Count, Finite, Milliseconds, NotNegative, checked
from .._types import Array, GivenKey, InvalidInputError
from ..systems import Flow
from .activations import RANGES, Activation, activation
from .arrays import (
    at_every_trial,
    check_euler,
    check_input,
    check_state,
    initial_or_zeros,
    per_unit,
    time_constants,
    zeros_if,
)
from .flows import rate_flow
from .initialization import Initialization, dense, recurrent as draw_recurrent
from .noisy import AbstractNoisyNetwork
from .unroll import Weights, time_first, unroll_recurrence


@dataclass(frozen=True)
class LeakyUpdate:
    """One Euler step of leaky units, elementwise in the state and in its input current."""

    alpha: float | tuple[float, ...]
    activation: str
    leak: str

    def __call__(self, state: Array, current: Array) -> jax.Array:
        f = activation(self.activation)
        alpha = per_unit(self.alpha, current)
        if self.leak == "inside":
            return f((1 - alpha) * state + alpha * current)
        return f(current) * alpha + state * (1 - alpha)


class CTRNN(AbstractNoisyNetwork):
    r"""A continuous-time recurrent network of rate units.

    The equation of Yang and Wang's primer (2020), $\tau\,\dot r = -r + f(W r + W_x x + b)$, is
    discretized with $\alpha = dt/\tau$ in one of two ways:

    * `leak="outside"` (default) is Euler's method on that equation,
      $r_{t+1} = (1-\alpha)\,r_t + \alpha f(W r_t + W_x x_t + b)$;
    * `leak="inside"` is what the primer's code computes, with the leak inside the nonlinearity,
      $h_{t+1} = f\big((1-\alpha)\,h_t + \alpha (W h_t + W_x x_t + b)\big)$.

    The two agree when dt = τ (α = 1), as in the primer's notebooks. For any other dt they are
    different networks, and only the first one follows the equation above. The readout is
    $y = W_y r + b_y$.

    If `noise` (σ) is above 0, private noise $\sqrt{2/\alpha}\,\sigma\,\xi_t$ with normal ξ is added
    to the current of every unit in training. With this factor of Yang et al. (2019), a linear unit
    without other input fluctuates with a standard deviation of about σ for any dt well below τ.
    `step` and `unroll` run the network without noise, as the analysis does.

    Parameters
    ----------
    num_inputs, num_units, num_outputs
        The numbers of input channels, of units and of outputs.
    tau, dt
        Time constant (one for all units, or one for each) and time step, in ms, with 0 < dt ≤ 2
        tau. For a larger dt the leak alone is unstable.
    activation
        "relu", "tanh", "softplus", "sigmoid", "leaky_relu" or "linear".
    leak
        Where the leak acts: "outside" or "inside" the nonlinearity (above).
    initialization
        The name of the distribution of all weights. The primer's BrainPy notebook uses
        "kaiming_normal", a normal distribution with variance 2/fan_in that is cut off at two
        standard deviations. Its PyTorch notebook uses "torch_linear" (U(±1/√fan_in)). The other
        names are "orthogonal", "gaussian" (N(0, 1/fan_in)) and "diagonal" (the identity). Biases
        are drawn like the weights for "torch_linear". For all other names they are 0.
    recurrent_initialization
        The name of another initialization, for the recurrent weights alone. None means that they
        are drawn like the other weights.
    gain
        A factor of the recurrent weights, which can be given only with a
        `recurrent_initialization`. For example, with "gaussian" and a gain g, their standard
        deviation is g/√N. None means 0.5 for "diagonal" (0.5 I, as in Yang et al. 2019), and 1 for
        all other names.
    noise
        The strength σ of the private noise (above), at least 0.
    trainable_initial_state
        Whether the state before the first step is learned; it is zero otherwise.
    key
        A JAX random key.

    Attributes
    ----------
    input_weights (unit, channel), recurrent_weights (unit, unit), bias (unit,),
    readout_weights (output, unit), readout_bias (output,)
        The weights; `recurrent_weights[i, j]` leads from unit j to unit i.

    Raises
    ------
    InvalidInputError
        If a size is below 1, a time is not positive, dt > 2 tau, the noise is negative, or a name
        is unknown.

    References
    ----------
    Yang & Wang (2020) Neuron 107:1048; Yang et al. (2019) Nat. Neurosci. 22:297.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> net = sx.networks.CTRNN(3, 64, 3, tau=100.0, dt=20.0, key=jax.random.key(0))
    >>> net.step(net.initial_state(), jax.numpy.ones(3)).shape
    (64,)
    """

    recurrent_weights: Float[Array, "unit unit"]
    readout_weights: Float[Array, "output unit"]
    activation: str = eqx.field(static=True)
    leak: str = eqx.field(static=True)
    noise: float = eqx.field(static=True, default=0.0)
    trained_initial_state: Float[Array, " unit"] | None = None

    @checked
    def __init__(
        self,
        num_inputs: Count,
        num_units: Count,
        num_outputs: Count,
        *,
        tau: float | Sequence[float] | np.ndarray = 100.0,
        dt: Milliseconds = 100.0,
        activation: Activation = "relu",
        leak: Literal["outside", "inside"] = "outside",
        initialization: Initialization = "kaiming_normal",
        recurrent_initialization: Initialization | None = None,
        gain: Finite | None = None,
        noise: NotNegative = 0.0,
        trainable_initial_state: bool = False,
        key: GivenKey,
    ):
        check_euler(tau, dt, num_units)
        if gain is not None and recurrent_initialization is None:
            raise InvalidInputError(
                "gain scales the initial recurrent weights, so it needs recurrent_initialization: "
                'give one, for example "gaussian" (g/√N), "orthogonal" or "diagonal".'
            )
        sizes = ((num_units, num_inputs), (num_units, num_units), (num_outputs, num_units))
        (into, into_bias), (recurrent, recurrent_bias), (readout, readout_bias) = dense(
            initialization, key, sizes
        )
        if recurrent_initialization is not None:
            recurrent = draw_recurrent(
                recurrent_initialization, gain, jr.fold_in(key, 1), num_units
            )
            recurrent_bias = jnp.zeros(num_units, jnp.float32)
        self.input_weights, self.recurrent_weights = into, recurrent
        self.bias = into_bias + recurrent_bias
        self.readout_weights, self.readout_bias = readout, readout_bias
        self.num_inputs, self.num_units, self.num_outputs = num_inputs, num_units, num_outputs
        self.tau, self.dt = time_constants(tau), float(dt)
        self.activation, self.leak, self.noise = activation, leak, float(noise)
        self.trained_initial_state = zeros_if(trainable_initial_state, num_units)

    @property
    def update(self) -> LeakyUpdate:
        """The elementwise part of a step."""
        return LeakyUpdate(self.alpha, self.activation, self.leak)

    def current(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return the current into each unit, W r + W_x x + b."""
        check_state(state, self.num_units)
        check_input(input, self.num_inputs)
        return self.recurrent_weights @ state + self.input_weights @ input + self.bias

    def step(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        return self.update(state, self.current(state, input))

    def readout(self, state: Float[Array, " unit"]) -> Float[Array, " output"]:
        check_state(state, self.num_units)
        return self.readout_weights @ state + self.readout_bias

    def initial_state(self) -> Float[Array, " unit"]:
        return initial_or_zeros(self.trained_initial_state, self.num_units, self.bias)

    def field(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return −r + f(W r + W_x x + b), which is τ times the derivative of r."""
        return activation(self.activation)(self.current(state, input)) - state

    def residual(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return `field`, −r + f(W r + W_x x + b), or `step(r) − r` if their zeros differ.

        With the leak outside, or with α = 1, the two have the same zeros. With the leak inside,
        they have the same zeros for the rectifier: there r = max(0, (1−α) r + α a) exactly when
        r = max(0, a), where a is the current into the unit. In all other cases, `step(r) − r` is
        returned.
        """
        if self._solves_field:
            return self.field(state, input)
        return self.step(state, input) - state

    @property
    def _solves_field(self) -> bool:
        """Whether the field has the zeros of `step(r) − r`."""
        return self.leak == "outside" or self.activation == "relu" or self._is_undamped

    def residual_jacobian(
        self, state: Float[Array, " unit"], input: Float[Array, " channel"]
    ) -> Float[Array, "unit unit"] | None:
        """Return f'(W r + W_x x + b) W − I if the residual is `field`, and None otherwise."""
        if not self._solves_field:
            return None
        slope = jax.vmap(jax.grad(activation(self.activation)))
        current = self.current(state, input)
        return slope(current)[:, None] * self.recurrent_weights - jnp.eye(self.num_units)

    def domain(self, input: Float[Array, " channel"] | None = None) -> tuple[float, float] | None:
        """Return the range of "tanh" or "sigmoid", which holds all fixed points, or None.

        For all other activations the range is unbounded, and the result is None.
        """
        return RANGES.get(self.activation)

    def flow_at_input(self, input: Any, *, task: Any = None) -> Flow:
        """Return the equation in continuous time, without Euler's method, as a flow at `input`.

        The input is given as in `at_input`, and is held constant. The flow has the same fixed
        points as the map that `at_input` returns. But a point that is stable in the flow may be
        unstable in the map if dt is large. Raises InvalidInputError as `at_input` does, and also if
        the network has `leak="inside"` and dt ≠ τ, because its step is then not a step of this
        equation.
        """
        if self.leak == "inside" and not self._is_undamped:
            raise InvalidInputError(
                'a network with leak="inside" and dt < tau does not follow the rate equation: '
                'analyze it as a map (at_input), or build it with leak="outside".'
            )
        system = self.at_input(input, task=task)
        return rate_flow(self.field, self.tau, self.num_units, system.input, system.domain)

    @property
    def _is_undamped(self) -> bool:
        """Whether a step forgets the state but for what the recurrent weights carry."""
        return bool(np.all(np.asarray(self.alpha) == 1))

    def _unroll(self, inputs: Array, noise: jax.Array | None) -> jax.Array:
        first = time_first(inputs, self.num_inputs, self.bias)
        start = at_every_trial(self.initial_state(), inputs)
        weights = Weights(self.recurrent_weights, self.input_weights, self.bias)
        states = unroll_recurrence(self.update, weights, first, start, noise)
        return jnp.swapaxes(states, 0, 1)

    def outputs(self, states: Float[Array, "trial time unit"]) -> Float[Array, "trial time output"]:
        return states @ self.readout_weights.T + self.readout_bias

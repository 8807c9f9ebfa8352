"""Networks with a connectivity of low rank."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from .._checked import Count, Milliseconds, NotNegative, checked
from .._types import Array, GivenKey, InvalidInputError
from ..systems import DiscreteMap
from .activations import RANGES, Activation
from .arrays import check_euler, check_state, zeros_if
from .current import AbstractCurrentNetwork
from .unroll import Factors


class LowRankRNN(AbstractCurrentNetwork):
    r"""A rate network whose connectivity is made of few patterns and, optionally, a random part.

    $$\tau\,\dot x = -x + W \phi(x) + W_x u + b, \qquad
      W = \frac{1}{N} \sum_{k=1}^{R} m_k n_k^\top + g\,\chi, \qquad
      y = \frac{1}{N} W_y \phi(x) + b_y,$$

    where $\chi_{ij} \sim N(0, 1/N)$ is not trained. The equation is discretized by Euler's method
    with α = dt/τ. Without the random part, and at a constant input u, the state approaches the form
    $x = \sum_k \kappa_k m_k + W_x u + b$. What differs from this form shrinks by the factor 1 − α
    in each step. The R numbers $\kappa_k$ then follow a smaller system, which `latent_at_input`
    returns.

    Parameters
    ----------
    num_inputs, num_units, num_outputs
        The numbers of input channels, of units and of outputs.
    rank
        The number R of patterns, at most num_units.
    random_strength
        The strength g of the random part. With 0 there is no random part.
    tau, dt
        Time constant and time step in ms, with 0 < dt ≤ 2 tau.
    activation
        φ: "tanh" (as in Mastrogiuseppe & Ostojic 2018), "relu", "softplus", "sigmoid", "leaky_relu"
        or "linear".
    noise
        The strength σ of the private noise in training. The noise in the current is
        $\sqrt{2/\alpha}\,\sigma\,\xi_t$.
    trainable_initial_state
        Whether the state before the first step is learned; it is zero otherwise.
    key
        A JAX random key. Patterns, input weights and readout weights are drawn from N(0, 1), and
        biases are zero.

    Attributes
    ----------
    left (unit, rank), right (unit, rank)
        The patterns m and n.
    random_weights (unit, unit) or None
        The random part g χ. `sx.train` does not change this array, because it gives the optimizer
        only the arrays that are trained (`trained_leaves`).
    input_weights (unit, channel), bias (unit,), readout_weights (output, unit),
    readout_bias (output,)
        The other parameters in the equations above.

    Raises
    ------
    InvalidInputError
        If an argument is outside of the range that is given for it above.

    References
    ----------
    Mastrogiuseppe & Ostojic (2018) Neuron 99:609; Dubreuil et al. (2022) Nat. Neurosci. 25:783.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> net = sx.networks.LowRankRNN(2, 500, 1, rank=2, key=jax.random.key(0))
    >>> net.at_input([0.0, 0.0]).size, net.latent_at_input([0.0, 0.0]).size
    (500, 2)
    """

    not_trained: ClassVar[tuple[str, ...]] = ("random_weights",)

    left: Float[Array, "unit rank"]
    right: Float[Array, "unit rank"]
    random_weights: Float[Array, "unit unit"] | None
    readout_weights: Float[Array, "output unit"]
    tau: float = eqx.field(static=True)
    noise: float = eqx.field(static=True)

    @checked
    def __init__(
        self,
        num_inputs: Count,
        num_units: Count,
        num_outputs: Count,
        *,
        rank: Count = 1,
        random_strength: NotNegative = 0.0,
        tau: Milliseconds = 100.0,
        dt: Milliseconds = 100.0,
        activation: Activation = "tanh",
        noise: NotNegative = 0.0,
        trainable_initial_state: bool = False,
        key: GivenKey,
    ):
        check_euler(tau, dt, num_units)
        if rank > num_units:
            raise InvalidInputError(
                f"rank must be at most the number of units, {num_units}; got {rank!r:.60}."
            )
        keys = jr.split(key, 5)
        shapes = ((num_units, rank), (num_units, rank), (num_units, num_inputs))
        self.left, self.right, self.input_weights = map(_normal, keys[:3], shapes)
        self.readout_weights = _normal(keys[3], (num_outputs, num_units))
        self.bias = jnp.zeros(num_units, jnp.float32)
        self.readout_bias = jnp.zeros(num_outputs, jnp.float32)
        self.random_weights = None
        if random_strength > 0:
            scale = random_strength / np.sqrt(num_units)
            self.random_weights = scale * _normal(keys[4], (num_units, num_units))
        self.trained_initial_state = zeros_if(trainable_initial_state, num_units)
        self.num_inputs, self.num_units, self.num_outputs = num_inputs, num_units, num_outputs
        self.tau, self.dt = float(tau), float(dt)
        self.activation, self.noise = activation, float(noise)

    @property
    def rank(self) -> int:
        """The number of patterns."""
        return int(self.left.shape[1])

    def factors(self) -> Factors:
        # Two thin matrices cost R/N of one that is full.
        thin = (self.right.T / self.num_units, self.left)
        if self.random_weights is None:
            return thin
        return (self.left @ thin[0] + jax.lax.stop_gradient(self.random_weights),)

    def readout(self, state: Float[Array, " unit"]) -> Float[Array, " output"]:
        check_state(state, self.num_units)
        return self.readout_weights @ self.rates(state) / self.num_units + self.readout_bias

    def embed(
        self, latent: Float[Array, " rank"], input: Float[Array, " channel"]
    ) -> Float[Array, " unit"]:
        """Return the state x = Σ κ m + W_x u + b that belongs to the latent variables κ."""
        return self.left @ latent + self.input_weights @ input + self.bias

    def latent_step(
        self, latent: Float[Array, " rank"], input: Float[Array, " channel"]
    ) -> Float[Array, " rank"]:
        """Return the latent variables one time step later, at a constant input."""
        return latent + self.dt / self.tau * self.latent_residual(latent, input)

    def latent_residual(
        self, latent: Float[Array, " rank"], input: Float[Array, " channel"]
    ) -> Float[Array, " rank"]:
        """Return nᵀ φ(x) / N − κ, with x = Σ κ m + W_x u + b."""
        rates = self.rates(self.embed(latent, input))
        return self.right.T @ rates / self.num_units - latent

    def latent_at_input(self, input: Any, *, task: Any = None) -> DiscreteMap:
        """Return the latent variables as a map, with a constant `input` frozen in.

        `embed` maps the fixed points of this map to the fixed points of `at_input`, one to one. For
        α < 2 a fixed point is stable in this map exactly if it is stable in `at_input`. The reason
        is that in all other directions states shrink by the factor 1 − α in each step.

        Raises InvalidInputError as `at_input` does, and also for a network with a random part.
        """
        if self.random_weights is not None:
            raise InvalidInputError(
                "a network with a random part has no latent system of low dimension: "
                "build it with random_strength=0, or analyze what at_input returns."
            )
        u = self.at_input(input, task=task).input
        return DiscreteMap(
            self.latent_step,
            self.rank,
            self.dt,
            input=u,
            residual=self.latent_residual,
            domain=self._latent_domain(),
        )

    def _latent_domain(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the range of nᵀ φ / N for bounded φ."""
        if self.activation not in RANGES:
            return None
        low, high = RANGES[self.activation]
        n = np.asarray(self.right, float)
        positive, negative = np.maximum(n, 0).mean(0), np.minimum(n, 0).mean(0)
        margin = 1e-6 * (positive - negative)
        return positive * low + negative * high - margin, positive * high + negative * low + margin


def _normal(key: PRNGKeyArray, shape: tuple[int, int]) -> jax.Array:
    return jr.normal(key, shape, jnp.float32)

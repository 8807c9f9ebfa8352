"""Penalties added to the training loss: on activity, on weights, on abrupt changes of activity."""

import abc
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float

from .._checked import Named, NotNegative, checked
from .._names import show_public_names
from .._types import Array
from ..networks import AbstractNetwork
from ..tasks import Trials

__all__ = ["AbstractRegularizer", "Rates", "Smoothness", "Weights"]


class AbstractRegularizer(eqx.Module):
    """The base class of penalties that are added to the loss."""

    @abc.abstractmethod
    def penalty(
        self, network: AbstractNetwork, states: Float[Array, "trial time state"], trials: Trials
    ) -> Float[Array, ""]:
        """Return the penalty for the states of a batch, which is added to the loss."""


def _names(given: str | tuple[str, ...] | None) -> tuple[str, ...] | None:
    return (given,) if isinstance(given, str) else given


@checked
class Rates(AbstractRegularizer):
    r"""A penalty on activity: $\lambda\,\langle |r_i(t)|^p \rangle$.

    The mean is taken over units, trials and the time steps of each trial. If the state x of a
    network is a current, its rates r are φ(x). Otherwise the rates are the state of the units (in
    an LSTM only h, not the cells).

    Parameters
    ----------
    strength
        λ, at least 0, in units of the loss.
    norm
        The exponent p: 2, or 1, which favors sparse activity.

    Raises
    ------
    InvalidInputError
        If the strength is negative, or the norm is not 1 or 2.

    References
    ----------
    Song, Yang & Wang (2016) PLoS Comput. Biol. 12:e1004792; Yang et al. (2019) Nat. Neurosci.
    22:297.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.regularizers.Rates(1e-3)
    Rates(strength=0.001)
    """

    strength: NotNegative = eqx.field(static=True)
    norm: Literal[1, 2] = eqx.field(static=True, default=2)

    def penalty(
        self, network: AbstractNetwork, states: Float[Array, "trial time state"], trials: Trials
    ) -> Float[Array, ""]:
        size = _power(rates_of(network, states), self.norm)
        return self.strength * _mean(size, trials.inside)


@checked
class Weights(AbstractRegularizer):
    r"""A penalty on connections: $\lambda \sum_{ij} |W_{ij}|^p$ over all matrices that are trained.

    Biases and initial states are not penalized. Some networks apply fixed signs or a mask to their
    recurrent weights. For these, W holds the weights with the signs or the mask applied.

    Parameters
    ----------
    strength
        λ, at least 0, in units of the loss.
    norm
        The exponent p: 2 (ridge), or 1 (lasso), which favors sparse connections.
    of
        Names of the matrices to penalize, such as ("recurrent_weights",). None means all.

    Raises
    ------
    InvalidInputError
        If the strength is negative, or if the norm is not 1 or 2. If, in training, the network has
        no matrix with one of the names in `of`.

    References
    ----------
    Song, Yang & Wang (2016) PLoS Comput. Biol. 12:e1004792; Yang et al. (2019) Nat. Neurosci.
    22:297.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.regularizers.Weights(1e-5, norm=1, of=("recurrent_weights",))
    Weights(strength=1e-05, norm=1, of=('recurrent_weights',))
    """

    strength: NotNegative = eqx.field(static=True)
    norm: Literal[1, 2] = eqx.field(static=True, default=2)
    of: tuple[str, ...] | None = eqx.field(static=True, default=None, converter=_names)

    def penalty(
        self, network: AbstractNetwork, states: Float[Array, "trial time state"], trials: Trials
    ) -> Float[Array, ""]:
        matrices = trained_matrices(network)
        for name in self.of or ():
            Named(tuple(matrices))(name, f"a trained matrix of {type(network).__name__}")
        chosen = [matrices[name] for name in self.of or matrices]
        return self.strength * jnp.stack([_power(w, self.norm).sum() for w in chosen]).sum()


@checked
class Smoothness(AbstractRegularizer):
    r"""A penalty on abrupt changes of activity: $\lambda\,\langle (\Delta r_i/\Delta t)^2 \rangle$.

    $\Delta r_i$ is the change of a rate in a time step $\Delta t$ in s. The mean is taken over
    units, trials and the time steps of each trial, so the penalty hardly depends on the time step.

    Parameters
    ----------
    strength
        λ, at least 0, in units of the loss times s².

    Raises
    ------
    InvalidInputError
        If the strength is negative.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.regularizers.Smoothness(1e-4)
    Smoothness(strength=0.0001)
    """

    strength: NotNegative = eqx.field(static=True)

    def penalty(
        self, network: AbstractNetwork, states: Float[Array, "trial time state"], trials: Trials
    ) -> Float[Array, ""]:
        change = jnp.diff(rates_of(network, states), axis=1) / (network.dt / 1000)
        return self.strength * _mean(jnp.square(change), trials.inside[:, 1:])


def rates_of(
    network: AbstractNetwork, states: Float[Array, "trial time state"]
) -> Float[Array, "trial time unit"]:
    """Return the rates of the units in states of the network."""
    if hasattr(network, "rates"):
        return jax.vmap(jax.vmap(network.rates))(states)
    return states[..., : network.num_units]


def trained_matrices(network: AbstractNetwork) -> dict[str, Float[Array, "..."]]:
    """Return the weights with two axes or more by name, the recurrent ones as they act."""
    found = {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(network)
        if eqx.is_inexact_array(leaf) and leaf.ndim >= 2
    }
    if hasattr(network, "connectivity") and "recurrent_weights" in found:
        found["recurrent_weights"] = network.connectivity()
    return {name: leaf for name, leaf in found.items() if name not in network.not_trained}


def listed_regularizers(regularizers: Any) -> tuple[Any, ...]:
    """Return regularizers as a tuple, one alone too."""
    is_list = isinstance(regularizers, Iterable) and not isinstance(regularizers, str | Mapping)
    return tuple(regularizers) if is_list else (regularizers,)


def _power(values: Array, norm: int) -> jax.Array:
    if norm == 2:
        return jnp.square(values)
    # |x| with the slope 0 at 0, where JAX's has 1 and would drive absent connections away from it.
    return jnp.asarray(values) * jax.lax.stop_gradient(jnp.sign(values))


def _mean(
    values: Float[Array, "trial time unit"], inside: Bool[Array, "trial time"]
) -> Float[Array, ""]:
    each = jnp.mean(values, axis=-1)
    return jnp.sum(jnp.where(inside, each, 0)) / jnp.maximum(jnp.sum(inside), 1)


show_public_names(__name__)

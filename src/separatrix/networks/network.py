"""The contract of a network: a step, a readout, and what its architecture tells the analysis."""

import abc
import operator
from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from .._checked import Count, Milliseconds, Natural, checked
from .._types import (
    Array,
    InvalidInputError,
    is_traced,
    real_array,
    require_finite,
)
from ..solvers.piecewise_linear import PiecewiseLinear, recognize
from ..systems import DiscreteMap
from .unroll import time_first


class AbstractNetwork(eqx.Module):
    """A recurrent network in discrete time.

    Subclasses implement `step` and `readout` for a single state. They may override `unroll` with a
    faster program that gives the same states.
    """

    num_inputs: eqx.AbstractVar[int]
    num_units: eqx.AbstractVar[int]
    num_outputs: eqx.AbstractVar[int]
    dt: eqx.AbstractVar[float]

    not_trained: ClassVar[tuple[str, ...]] = ()
    """Names of the fields whose arrays training does not change."""
    convention: ClassVar[str] = ""
    """The meaning of the rows of the weights, and the place of the gates, if these are unclear."""

    def __repr__(self) -> str:
        """Name the settings and the shapes of the arrays; a number for each unit is no summary."""
        text = eqx.tree_pformat(self, truncate_leaf=_is_long)
        return f"{text}  # {self.convention}" if self.convention else text

    @abc.abstractmethod
    def step(
        self, state: Float[Array, " state"], input: Float[Array, " channel"]
    ) -> Float[Array, " state"]:
        """Return the state one time step later."""

    @abc.abstractmethod
    def readout(self, state: Float[Array, " state"]) -> Float[Array, " output"]:
        """Return the output of a state."""

    @abc.abstractmethod
    def initial_state(self) -> Float[Array, " state"]:
        """Return the state before the first step."""

    def residual(
        self, state: Float[Array, " state"], input: Float[Array, " channel"]
    ) -> Float[Array, " state"]:
        """Return `step(x, u) − x`, or a function with the same zeros that is easier to solve."""
        return self.step(state, input) - state

    def residual_jacobian(
        self, state: Float[Array, " state"], input: Float[Array, " channel"]
    ) -> Float[Array, "state state"] | None:
        """Return the Jacobian of the residual if there is a formula for it, or None."""
        return None

    def domain(self, input: Float[Array, " channel"] | None = None) -> tuple[Any, Any] | None:
        """Return a box (lower, upper) that holds every fixed point at `input`, or None.

        Without an `input`, the box holds the fixed points at all inputs. The box may be infinite.
        None means that no box is known.
        """
        return None

    def unroll(
        self, inputs: Float[Array, "trial time channel"]
    ) -> Float[Array, "trial time state"]:
        """Return the states after every step, starting from the initial state.

        Raises InvalidInputError if the inputs have the wrong shape.
        """

        def advance(states: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
            following = jnp.asarray(jax.vmap(self.step)(states, inputs))
            if (following.shape, following.dtype) != (states.shape, states.dtype):
                raise InvalidInputError(
                    f"{type(self).__name__}.step returns a state of type {following.dtype} and "
                    f"shape {following.shape[1:]}, but initial_state() returns one of type "
                    f"{states.dtype} and shape {states.shape[1:]}: both must be the same."
                )
            return following, following

        initial = self.initial_state()
        first = time_first(inputs, self.num_inputs, initial)
        start = jnp.broadcast_to(initial, (inputs.shape[0], *initial.shape))
        _, states = jax.lax.scan(advance, start, first)
        return jnp.swapaxes(states, 0, 1)

    def unroll_noisy(
        self, inputs: Float[Array, "trial time channel"], key: PRNGKeyArray
    ) -> Float[Array, "trial time state"]:
        """Return the states of a run with private noise of the units, which is drawn from `key`.

        Training runs this method. The analysis runs `unroll`, which has no noise. If the network
        has no private noise, both give the same states.
        """
        return self.unroll(inputs)

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether a step is linear between kinks, so that fixed points can be solved for exactly.

        To find out, the operations of `step` are examined (at zero input), as in
        `find_fixed_points`.
        """
        u = np.zeros(self.num_inputs)
        size = self.initial_state().shape[0]
        return isinstance(recognize(lambda x: self.step(x, u), size), PiecewiseLinear)

    def outputs(
        self, states: Float[Array, "trial time state"]
    ) -> Float[Array, "trial time output"]:
        """Return the outputs `(trial, time, output)` of the states of trials."""
        outputs = jax.vmap(jax.vmap(self.readout))(states)
        if outputs.shape[2:] != (self.num_outputs,):
            raise InvalidInputError(
                f"{type(self).__name__}.readout gives the shape {outputs.shape[2:]}, expected "
                f"({self.num_outputs},), the num_outputs of the network."
            )
        return outputs

    def at_input(self, input: Any, *, task: Any = None) -> DiscreteMap:
        """Return the network as a map of its state, with a constant input frozen in.

        Parameters
        ----------
        input
            The input `(channel,)`, or the name of a period of `task`. A name stands for the mean
            input in that period. To set single channels, use
            `task.input_at("stimulus", stimulus_1=0.7)`.
        task
            The task that has the named period. It is needed because a network does not know its
            task.

        Returns
        -------
        DiscreteMap
            The map. A step of the map lasts `dt`, and its `input` is the frozen input.

        Raises
        ------
        InvalidInputError
            If the input has the wrong length, or contains NaN or infinity. If a name is given
            without a task, or the task has no period of that name. If weights of the network are
            not finite.

        Examples
        --------
        >>> import jax, separatrix as sx
        >>> task = sx.tasks.PerceptualDecisionMaking()
        >>> net = sx.networks.CTRNN(3, 8, 3, dt=task.dt, key=jax.random.key(0))
        >>> net.at_input("stimulus", task=task).input
        array([1. , 0.5, 0.5])
        """
        u = self._one_input(_named(input, task))
        check_weights(self)
        return DiscreteMap(
            self.step,
            self.initial_state().shape[0],
            self.dt,
            input=u,
            residual=self.residual,
            residual_jacobian=self.residual_jacobian,
            domain=None if is_traced((u, self)) else self.domain(u),
        )

    def _one_input(self, input: Any) -> Any:
        traced = is_traced(input)  # by the parameter of a continuation
        u = jnp.asarray(input) if traced else real_array(input, "the input to freeze in")
        if u.shape != (self.num_inputs,):
            raise InvalidInputError(
                f"the input to freeze in must have shape ({self.num_inputs},), one value for each "
                f"input channel, got {u.shape}."
            )
        return u


def _named(input: Any, task: Any) -> Any:
    """Return the input of a task's period where one is named; an input as it is."""
    if not isinstance(input, str):
        return input
    if hasattr(task, "input_at"):
        return task.input_at(input)
    if task is not None:
        raise InvalidInputError(
            f"task must be one such as sx.tasks.FlipFlop(), got {type(task).__name__}: give the "
            f"task that has the period {input!r}."
        )
    raise InvalidInputError(
        f"the input is given by a name, {input!r}, and the network does not know the periods of "
        f"its task. Give the task too: network.at_input({input!r}, task=task). To change some "
        f"channels, call network.at_input(task.input_at({input!r}, …))."
    )


@checked
def trained_leaves(network: AbstractNetwork) -> Any:
    """Return the network with True in place of each trained array, and False for the rest.

    With this mask, `eqx.filter(network, trained_leaves(network))` has only the arrays that training
    changes. Give an optimizer only these: its weight decay would change the other arrays, too, even
    if their gradient is zero.

    Parameters
    ----------
    network
        Any network.

    Returns
    -------
    AbstractNetwork
        A network of the same structure, with a boolean in place of each array.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> net = sx.networks.CTRNN(3, 8, 2, key=jax.random.key(0))
    >>> sx.networks.trained_leaves(net).recurrent_weights
    True
    """
    leaves = jax.tree.map(eqx.is_inexact_array, network)
    for name in network.not_trained:
        fixed = jax.tree.map(lambda _: False, getattr(network, name))
        field: Callable[[Any], Any] = operator.attrgetter(name)
        leaves = eqx.tree_at(field, leaves, fixed, is_leaf=lambda x: x is None)
    return leaves


def _is_long(node: Any) -> bool:
    return isinstance(node, tuple) and len(node) > 4


@checked
def check_weights(network: AbstractNetwork) -> None:
    """Raise InvalidInputError, with the name of the array, if a weight is NaN or infinite.

    Parameters
    ----------
    network
        Any network.

    Raises
    ------
    InvalidInputError
        If a weight is not finite.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> sx.networks.check_weights(sx.networks.GRU(3, 8, 2, key=jax.random.key(0)))
    """
    for path, leaf in jax.tree_util.tree_leaves_with_path(network):
        if eqx.is_inexact_array(leaf):
            require_finite(leaf, f"{type(network).__name__}{jax.tree_util.keystr(path)}")


@checked
def check_network_fits(
    network: AbstractNetwork, num_inputs: Natural, num_outputs: Count, dt: Milliseconds
) -> None:
    """Raise InvalidInputError when a network and a task differ in sizes or in time step.

    Parameters
    ----------
    network
        Any network.
    num_inputs, num_outputs
        The number of channels and of outputs of the task.
    dt
        The task's time step in ms.

    Raises
    ------
    InvalidInputError
        If the network and the task differ in a size or in the time step; the message says in which.
        If a weight is not finite.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> task = sx.tasks.GoNoGo(dt=20.0)
    >>> net = sx.networks.CTRNN(3, 8, 2, dt=20.0, key=jax.random.key(0))
    >>> sx.networks.check_network_fits(net, task.num_inputs, task.num_outputs, task.dt)
    """
    if network.num_inputs != num_inputs:
        raise InvalidInputError(
            f"the network takes {network.num_inputs} input channels, the task has {num_inputs}."
        )
    if network.num_outputs != num_outputs:
        raise InvalidInputError(
            f"the network has {network.num_outputs} outputs, the task asks for {num_outputs}."
        )
    if network.dt != dt:
        raise InvalidInputError(
            f"the network steps in dt = {network.dt:g} ms, the task in dt = {dt:g} ms: "
            f"build one with the other's dt (from_torch and from_state_dict take dt={dt:g})."
        )
    check_weights(network)

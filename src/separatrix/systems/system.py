"""The two kinds of system: a map or a flow, from any JAX function.

A system is a snapshot: its functions are traced when it is made, and their arrays are arguments of
the compiled analysis, not constants of it. A second network of the same form costs no compilation.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float

from .._checked import Count, Milliseconds, checked
from .._types import Array, InvalidInputError
from .abstract import AbstractSystem, StateFunction, checked_input
from .functions import programs
from .running import run_flow, run_map


class DiscreteMap(AbstractSystem):
    r"""A map $x_{t+1} = F(x_t)$, or $F(x_t, u)$ with the input $u$ frozen.

    Parameters
    ----------
    step
        A JAX function that takes a state `(size,)`, and an input if `input` is given, and returns
        the next state `(size,)`.
    size
        The number of units in the state.
    dt
        Duration of one step in ms. Time constants are reported in ms, too. The value 1 means that
        the duration is not known. The step is then the unit of time, and time constants are numbers
        of steps.
    input
        The frozen input `(channel,)`, or None.
    residual
        A function that takes the same arguments as `step` and has the same zeros as `step(x) − x`,
        if you know one that is easier to solve. None means `step(x) − x`, with one exception: some
        steps, such as the step of a GRU, use a logistic gate to mix the state with a new state. For
        these, None means the new state (before the gate mixes it with the state) minus the state.
    residual_jacobian
        A function of the same arguments that returns the residual's Jacobian `(size, size)`, if you
        have a formula that is cheaper than differentiation. None means forward-mode
        differentiation.
    domain
        A box that contains every fixed point: `(lower, upper)`, arrays `(size,)` or numbers. None
        if no such box is known.

    Raises
    ------
    InvalidInputError
        If `step` or `residual` cannot be evaluated on a state, or returns a shape other than
        `(size,)`. If `residual_jacobian` returns a shape other than `(size, size)`. If `step` draws
        random numbers. If `step` returns NaN or infinity for every state, because weights are NaN
        or infinite. If the size is below 1, dt is not positive, or the input is not finite.

    Notes
    -----
    A system is a snapshot, like a function that JAX has compiled: `step` is traced in float64 when
    the system is made, and not again. If you later change a weight or a variable that `step` reads,
    make a new system. Closures, methods and modules that differ only in their numbers share one
    compiled program.

    Examples
    --------
    >>> import jax.numpy as jnp, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2.0 * x), size=1)
    >>> float(system.speed(jnp.array([0.0])))
    0.0
    """

    @checked
    def __init__(
        self,
        step: StateFunction,
        size: Count,
        dt: Milliseconds = 1.0,
        *,
        input: Any = None,
        residual: StateFunction | None = None,
        residual_jacobian: StateFunction | None = None,
        domain: tuple[Any, Any] | None = None,
    ):
        self.size, self.time_unit = size, dt
        self.input, self.domain = checked_input(input), domain
        traced = programs(step, "step", residual, residual_jacobian, self.size, self.input)
        self.function, self.residual_function, self.residual_jacobian_function = traced
        self.translation = None

    @property
    def kind(self) -> str:
        return "map"

    @property
    def dt(self) -> float:
        """Duration of one step in ms."""
        return self.time_unit

    def velocity(self, state: Array) -> Array:
        return self.evaluate(state) - state

    def run(
        self,
        states: Float[Array, "... unit"],
        steps: int | None = None,
        *,
        inputs: Float[Array, "step ..."] | None = None,
    ) -> Float[np.ndarray, "... time unit"]:
        r"""Return the trajectories $x, F(x), F(F(x)), \dots$ from one state or from many.

        Parameters
        ----------
        states
            Where to start: one state `(unit,)`, or many states `(…, unit)`.
        steps
            The number of steps. None means as many steps as there are inputs.
        inputs
            Inputs `(time, channel)`, one for each step, the same for all states. None means the
            system's frozen input, if it has one.

        Returns
        -------
        array
            Trajectories `(…, time, unit)` in float64, with `steps + 1` times: the start is the
            first of them. A state that goes to infinity becomes infinite or NaN.

        Raises
        ------
        InvalidInputError
            If states are not finite or do not have as many units as the system. If the number of
            steps is negative, or neither `steps` nor `inputs` is given. If `inputs` has the wrong
            shape or length, or the system takes no input.

        Examples
        --------
        >>> import numpy as np, separatrix as sx
        >>> halves = sx.DiscreteMap(lambda x, u: x / 2 + u, size=1, input=np.array([0.0]))
        >>> halves.run(np.array([[8.0], [4.0]]), 2)[:, :, 0]
        array([[8., 4., 2.],
               [4., 2., 1.]])
        >>> halves.run(np.array([8.0]), inputs=np.array([[1.0], [2.0]]))[:, 0]
        array([8. , 5. , 4.5])
        """
        return run_map(self, states, steps, inputs)


class Flow(AbstractSystem):
    r"""A flow $\tau\,\dot x = f(x)$, or $f(x, u)$ with the input $u$ frozen.

    Parameters
    ----------
    field
        A JAX function that takes a state `(size,)`, and an input if `input` is given, and returns
        f(x) = τ dx/dt, an array `(size,)`.
    size
        The number of units in the state.
    tau
        The time constant τ in ms. The time constants of modes are then reported in ms, too.
    input, residual, residual_jacobian, domain
        As in `DiscreteMap`; the default residual is the field itself.

    Raises
    ------
    InvalidInputError
        If `field` cannot be evaluated on a state, or returns a shape other than `(size,)`. If
        `field` returns NaN or infinity for every state, because weights are NaN or infinite. If the
        size is below 1, tau is not positive, or the input is not finite.

    Examples
    --------
    >>> import separatrix as sx
    >>> bistable = sx.Flow(lambda x: x - x**3, size=1, tau=100.0)
    """

    @checked
    def __init__(
        self,
        field: StateFunction,
        size: Count,
        tau: Milliseconds = 1.0,
        *,
        input: Any = None,
        residual: StateFunction | None = None,
        residual_jacobian: StateFunction | None = None,
        domain: tuple[Any, Any] | None = None,
    ):
        self.size, self.time_unit = size, tau
        self.input, self.domain = checked_input(input), domain
        traced = programs(field, "field", residual, residual_jacobian, self.size, self.input)
        self.function, self.residual_function, self.residual_jacobian_function = traced
        self.translation = None

    @property
    def kind(self) -> str:
        return "flow"

    @property
    def tau(self) -> float:
        """The time constant in ms."""
        return self.time_unit

    def velocity(self, state: Array) -> Array:
        return self.evaluate(state)

    def run(
        self,
        states: Float[Array, "... unit"],
        times: float | Sequence[float] | Float[Array, " time"],
        *,
        inputs: Float[Array, "interval ..."] | None = None,
    ) -> Float[np.ndarray, "... time unit"]:
        r"""Return the trajectories of $\tau\,\dot x = f(x)$ from one state or from many.

        Each state is integrated separately, with an error tolerance of 1e−7 for each step, as in
        `verdict`. The method is Tsitouras' method of order five or, if the flow is stiff and has at
        most 512 units, Kværnø's implicit method.

        Parameters
        ----------
        states
            Where to start: one state `(unit,)`, or many states `(…, unit)`.
        times
            The times `(time,)` of the states to return, increasing, in the unit of `tau` (ms). The
            first one is the time of the start. You may also give a duration, one number: then
            states are returned at 101 evenly spaced times.
        inputs
            Inputs `(time − 1, channel)`, one for each interval between two times, the same for all
            states. An input is constant within its interval. None means the system's frozen input,
            if it has one.

        Returns
        -------
        array
            Trajectories `(…, time, unit)` in float64, including the start. A trajectory is NaN from
            the time at which it goes to infinity. It is also NaN where the integrator gives up:
            after about a million steps, or when its steps become too small.

        Raises
        ------
        InvalidInputError
            If states are not finite or do not have as many units as the system. If a duration is
            not positive, or times do not increase. If `inputs` has the wrong shape or length, or
            the system takes no input.

        References
        ----------
        Tsitouras (2011) Comput. Math. Appl. 62:770; Kværnø (2004) BIT 44:489.

        Examples
        --------
        >>> import numpy as np, separatrix as sx
        >>> decay = sx.Flow(lambda x: -x, size=1, tau=100.0)
        >>> decay.run(np.array([1.0]), np.array([0.0, 100.0, 200.0]))[:, 0].round(6)
        array([1.      , 0.367879, 0.135335])
        >>> decay.run(np.array([[1.0], [2.0]]), 500.0).shape
        (2, 101, 1)
        """
        return run_flow(self, states, times, inputs)


def require_system(value: Any, name: str = "system") -> AbstractSystem:
    """Return a system; raise InvalidInputError for anything else."""
    if isinstance(value, AbstractSystem):
        return value
    hint = "wrap a function in sx.DiscreteMap(step, size) or sx.Flow(field, size)"
    if hasattr(value, "at_input"):
        hint = "freeze an input in, network.at_input(u), to make a network a system"
    elif hasattr(value, "forward") and hasattr(value, "parameters"):
        hint = "make a module of PyTorch a system with sx.torch_map or sx.torch_flow"
    raise InvalidInputError(
        f"{name} must be a DiscreteMap or a Flow, got {type(value).__name__}: {hint}."
    )


System = Annotated[AbstractSystem, require_system]
"""A system that a user gives; an error says how what was given becomes one."""

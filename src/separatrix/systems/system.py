"""The two kinds of system: a map or a flow, from any JAX function.

A system is a snapshot: its functions are traced when it is made, and their arrays are arguments of
the compiled analysis, not constants of it. A second network of the same form costs no compilation.
"""

import abc
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._checked import Count, Milliseconds, checked
from .._double import double_precision
from .._types import Array, InvalidInputError, is_traced, require_finite
from ..solvers.jacobian import value_and_transposed_jacobian
from .functions import programs
from .running import run_flow, run_map

StateFunction = Callable[..., Any]


class Translation(eqx.Module):
    """How a system was made from a function of another library, and how exactly they agree."""

    precision: str = eqx.field(static=True)
    """The precision in which the original computes. The system computes in float64."""
    difference: np.ndarray
    """The largest difference between a step of the original and a step of the system, relative to
    the largest entry of the step or of the state."""
    sizes: tuple[int, ...] = eqx.field(static=True)
    """The number of units in each part of the state, such as h and c."""
    reason: str | None = eqx.field(static=True)
    """Why the original is called instead of translated, so that nothing is proved. None if it was
    translated."""

    @property
    def named_sizes(self) -> dict[str, int]:
        """The name of each part of the state (h and c if there are two) and its number of units."""
        parts = range(len(self.sizes))
        names = ["h", "c"] if len(self.sizes) == 2 else [f"part {k}" for k in parts]
        return dict(zip(names, self.sizes, strict=True))

    def __repr__(self) -> str:
        if self.reason is not None:
            return f"called in PyTorch, without proofs: {self.reason}"
        own = "" if self.precision == "float64" else f", the original in {self.precision}"
        parts = " and ".join(f"{name} ({n})" for name, n in self.named_sizes.items())
        row = "" if len(self.sizes) == 1 else f"; a state is {parts}, in a row"
        return (
            f"translated from PyTorch in float64{own}: one step differs by at most "
            f"{float(self.difference):.1g} of its largest entry{row}"
        )


class AbstractSystem(eqx.Module):
    """A map or a flow on states of shape `(size,)`, whose input, if any, is frozen.

    To compile a method, use `eqx.filter_jit(system.evaluate)`: it passes the system's arrays as
    arguments.
    """

    function: StateFunction
    size: int = eqx.field(static=True)
    time_unit: float = eqx.field(static=True)
    input: Any
    residual_function: StateFunction | None
    residual_jacobian_function: StateFunction | None
    domain: Any
    translation: Translation | None
    """How the system was made from a PyTorch function (`sx.torch_map`), or None."""

    @property
    @abc.abstractmethod
    def kind(self) -> str:
        """Either "map" (a point is stable if all |μ| < 1) or "flow" (stable if all Re λ < 0)."""

    @abc.abstractmethod
    def velocity(self, state: Array) -> Array:
        """Return the velocity: F(x) − x of a map (one step), or f(x) = τ dx/dt of a flow."""

    def evaluate(self, state: Array, input: Any = None) -> Array:
        """Return F(x) for a map, f(x) for a flow, at the frozen input or at the `input` given."""
        if input is not None and jnp.shape(input) != jnp.shape(self.input):
            raise InvalidInputError(
                f"input must have shape {jnp.shape(self.input)}, that of the input that was frozen "
                f"in, got {jnp.shape(input)}. For many at once there is jax.vmap."
            )
        return self._apply(self.function, state, self.input if input is None else input)

    def at_input(self, input: Any) -> "AbstractSystem":
        """Return the system at another frozen input `(channel,)`, and without a `domain`.

        A `domain` is a box that holds every fixed point. It is left out, because the box may be a
        different one at the new input. Raises InvalidInputError if the system has no input, if the
        shape is not that of the system's input, or if the input is not finite.
        """
        given = _checked_input(input)
        if given is None or np.shape(self.input) != given.shape or self.input is None:
            raise InvalidInputError(
                f"input must have shape {np.shape(self.input)}, that of the input that was frozen "
                f"in, got {np.shape(input)}."
                if self.input is not None
                else "the system has no input: give one when it is made, input=…"
            )
        place = lambda s: (s.input, s.domain)  # noqa: E731
        return eqx.tree_at(place, self, (given, None), is_leaf=lambda leaf: leaf is None)

    def residual(self, state: Array) -> Array:
        """Return the residual: the velocity, or another function with the same zeros."""
        if self.residual_function is None:
            return self.velocity(state)
        return self._apply(self.residual_function, state, self.input)

    @property
    def has_own_residual(self) -> bool:
        """Whether the residual is a different function from the velocity."""
        return self.residual_function is not None

    def residual_jacobian(self, state: Array) -> Array | None:
        """Return the residual's Jacobian by the system's formula; None if there is no formula."""
        if self.residual_jacobian_function is None:
            return None
        return self._apply(self.residual_jacobian_function, state, self.input)

    def jacobian(self, state: Array) -> Array:
        """Return the Jacobian `(size, size)`: dF/dx of a map, or df/dx of a flow."""
        with double_precision():
            exact = jnp.asarray(state, jnp.float64)
            jacobian = value_and_transposed_jacobian(self.evaluate, exact)[1].T
        return jacobian.astype(jnp.result_type(state, float))

    def input_jacobian(self, state: Array) -> Array:
        """Return dF/du (map) or df/du (flow), `(size, channel)`; the system needs an input."""
        with double_precision():
            given = jnp.asarray(state, jnp.float64), jnp.asarray(self.input, jnp.float64)
            jacobian = jax.jacfwd(self.evaluate, argnums=1)(*given)
        return jacobian.astype(jnp.result_type(state, float))

    def speed(self, state: Array) -> Array:
        """Return the Euclidean norm of the velocity: zero at fixed points only."""
        return jnp.linalg.norm(self.velocity(state))

    def _apply(self, function: StateFunction, state: Array, input: Any) -> Any:
        if jnp.shape(state) != (self.size,):
            raise InvalidInputError(
                f"state must have shape ({self.size},), one number for each unit of the system, "
                f"got {jnp.shape(state)}. For many states at once there is jax.vmap, such as "
                "jax.vmap(system.speed)(states)."
            )
        return function(state) if input is None else function(state, input)


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
        self.input, self.domain = _checked_input(input), domain
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
        self.input, self.domain = _checked_input(input), domain
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


def _checked_input(input: Any) -> Any:
    """Return the input as NumPy, where float64 keeps its digits outside `jax.enable_x64`.

    A tracer stays one.
    """
    if input is None:
        return None
    if is_traced(input):
        return jnp.asarray(input)
    values = np.asarray(input)
    if values.dtype.kind not in "biuf" and not jnp.issubdtype(values.dtype, jnp.inexact):
        raise InvalidInputError(f"the input to freeze in must be numbers, got {input!r:.60}.")
    require_finite(values, "the input to freeze in")
    return values

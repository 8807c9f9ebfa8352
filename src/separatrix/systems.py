"""Systems: what every analysis is given. A map or a flow, from any JAX function.

A system is a snapshot: its functions are traced when it is made, and their arrays are arguments of
the compiled analysis, not constants of it. A second network of the same form costs no compilation.
"""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ._double import double_precision
from ._types import Array, InvalidInputError, require_count, require_finite, require_positive
from .enclosure.program import Program, trace_program
from .solvers.jacobian import value_and_transposed_jacobian

StateFunction = Callable[..., Any]


class Translation(eqx.Module):
    """How a system came from a function of another library."""

    precision: str = eqx.field(static=True)
    """In which the original computes; the system computes in float64."""
    difference: np.ndarray
    """How far one step of the original is from one of the system, in largest entries."""
    sizes: tuple[int, ...] = eqx.field(static=True)
    """Units of each part of the state, such as h and c."""
    reason: str | None = eqx.field(static=True)
    """Why the original is called, and proves nothing; None where it was translated."""

    def __repr__(self) -> str:
        if self.reason is not None:
            return f"called in PyTorch, without proofs: {self.reason}"
        own = "" if self.precision == "float64" else f", the original in {self.precision}"
        return (
            f"translated from PyTorch in float64{own}: one step differs by at most "
            f"{float(self.difference):.1g} of its largest entry"
        )


class AbstractSystem(eqx.Module):
    """A map or a flow on states of shape `(size,)`, with whatever input it has frozen in.

    Compile its methods with `eqx.filter_jit(system.evaluate)`, which takes its arrays as arguments.
    """

    function: StateFunction
    size: int = eqx.field(static=True)
    time_unit: float = eqx.field(static=True)
    input: Any
    residual_function: StateFunction | None
    residual_jacobian_function: StateFunction | None
    domain: Any

    @property
    @abc.abstractmethod
    def kind(self) -> str:
        """Either "map" (stable where |μ| < 1) or "flow" (stable where Re λ < 0)."""

    @abc.abstractmethod
    def velocity(self, state: Array) -> Array:
        """Return F(x) − x, the change of state in one step, or f(x), the change per unit of tau."""

    def evaluate(self, state: Array, input: Any = None) -> Array:
        """Return F(x) for a map, f(x) for a flow, at the frozen input or at another one."""
        if input is not None and jnp.shape(input) != jnp.shape(self.input):
            raise InvalidInputError(
                f"input must have shape {jnp.shape(self.input)}, that of the input that was frozen "
                f"in, got {jnp.shape(input)}. For many at once there is jax.vmap."
            )
        return self._apply(self.function, state, self.input if input is None else input)

    def at_input(self, input: Array) -> "AbstractSystem":
        """Return the system at another frozen input `(channel,)`; a `domain` is left behind.

        Raises InvalidInputError for another shape than that of the system's input, or for NaN.
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
        """Return a function with the same zeros as the velocity, of the best shape known."""
        if self.residual_function is None:
            return self.velocity(state)
        return self._apply(self.residual_function, state, self.input)

    @property
    def has_own_residual(self) -> bool:
        """Whether a residual came with the system, which might have other zeros than the speed."""
        return self.residual_function is not None

    def residual_jacobian(self, state: Array) -> Array | None:
        """Return the Jacobian of the residual `(size, size)` by the formula given, else None."""
        if self.residual_jacobian_function is None:
            return None
        return self._apply(self.residual_jacobian_function, state, self.input)

    def jacobian(self, state: Array) -> Array:
        """Return dF/dx or df/dx, `(size, size)`."""
        with double_precision():
            exact = jnp.asarray(state, jnp.float64)
            jacobian = value_and_transposed_jacobian(self.evaluate, exact)[1].T
        return jacobian.astype(jnp.result_type(state, float))

    def input_jacobian(self, state: Array) -> Array:
        """Return dF/du or df/du, `(size, channel)`; the system must know its input."""
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
        Any JAX function of a state `(size,)`, or of a state and an input when `input` is given.
    size
        The number of units in the state.
    dt
        Duration of one step in ms: time constants are reported in it. With 1, the step is the unit
        of time, and they are numbers of steps.
    input
        The frozen input `(channel,)`, or None.
    residual
        A function of the same arguments as `step` with the same zeros as `step(x) − x`, where the
        architecture gives one of a better shape. None means `step(x) − x`.
    residual_jacobian
        A function of the same arguments that returns the residual's Jacobian `(size, size)`, where
        a formula is cheaper than forward-mode differentiation, which None means.
    domain
        `(lower, upper)`, arrays `(size,)` or numbers: a box that holds every fixed point, or None.

    Raises
    ------
    InvalidInputError
        When `step` or `residual` cannot be evaluated on a state, or gives another shape than
        `(size,)`, or `residual_jacobian` another than `(size, size)`; for a size below 1, a dt that
        is not positive, an input that is not finite.

    Notes
    -----
    A system is a snapshot, as a function is that JAX has compiled: `step` is traced once, in
    float64, when the system is made. Whoever changes a weight or a variable that it reads makes a
    new system. Closures, methods and modules that differ in their numbers alone share what is
    compiled.

    Examples
    --------
    >>> import jax.numpy as jnp, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2.0 * x), size=1)
    >>> float(system.speed(jnp.array([0.0])))
    0.0
    """

    translation: Translation | None
    """How the system came from a PyTorch function (`sx.torch_map`), else None."""

    def __init__(
        self,
        step: StateFunction,
        size: int,
        dt: float = 1.0,
        *,
        input: Any = None,
        residual: StateFunction | None = None,
        residual_jacobian: StateFunction | None = None,
        domain: tuple[Any, Any] | None = None,
    ):
        require_positive(dt, "dt", "ms")
        self.size = require_count(size, "size, the number of units,")
        self.time_unit, self.input, self.domain = float(dt), _checked_input(input), domain
        programs = _programs(step, "step", residual, residual_jacobian, self.size, self.input)
        self.function, self.residual_function, self.residual_jacobian_function = programs
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


class Flow(AbstractSystem):
    r"""A flow $\tau\,\dot x = f(x)$, or $f(x, u)$ with the input $u$ frozen.

    Parameters
    ----------
    field
        Any JAX function of a state `(size,)`, or of a state and an input when `input` is given.
    size
        The number of units in the state.
    tau
        The time constant in ms that multiplies the derivative: time constants are reported in it.
    input, residual, residual_jacobian, domain
        As in `DiscreteMap`; the default residual is the field itself.

    Raises
    ------
    InvalidInputError
        When `field` cannot be evaluated on a state, or gives another shape than `(size,)`; for a
        size below 1, a tau that is not positive, an input that is not finite.

    Examples
    --------
    >>> import separatrix as sx
    >>> bistable = sx.Flow(lambda x: x - x**3, size=1, tau=100.0)
    """

    def __init__(
        self,
        field: StateFunction,
        size: int,
        tau: float = 1.0,
        *,
        input: Any = None,
        residual: StateFunction | None = None,
        residual_jacobian: StateFunction | None = None,
        domain: tuple[Any, Any] | None = None,
    ):
        require_positive(tau, "tau", "ms")
        self.size = require_count(size, "size, the number of units,")
        self.time_unit, self.input, self.domain = float(tau), _checked_input(input), domain
        programs = _programs(field, "field", residual, residual_jacobian, self.size, self.input)
        self.function, self.residual_function, self.residual_jacobian_function = programs

    @property
    def kind(self) -> str:
        return "flow"

    @property
    def tau(self) -> float:
        """The time constant in ms."""
        return self.time_unit

    def velocity(self, state: Array) -> Array:
        return self.evaluate(state)


def require_system(value: Any) -> AbstractSystem:
    """Return a system; raise InvalidInputError for anything else."""
    if isinstance(value, AbstractSystem):
        return value
    hint = "wrap a function in sx.DiscreteMap(step, size) or sx.Flow(field, size)"
    if hasattr(value, "at_input"):
        hint = "freeze an input in, network.at_input(u), to make a network a system"
    raise InvalidInputError(
        f"system must be a DiscreteMap or a Flow, got {type(value).__name__}: {hint}."
    )


def _checked_input(input: Any) -> np.ndarray | None:
    """Return the input as NumPy, where float64 keeps its digits outside `jax.enable_x64`."""
    if input is None:
        return None
    values = np.asarray(input)
    if values.dtype.kind not in "biuf" and not jnp.issubdtype(values.dtype, jnp.inexact):
        raise InvalidInputError(f"the input to freeze in must be numbers, got {input!r}.")
    require_finite(values, "the input to freeze in")
    return values


def _programs(
    function: Any, name: str, residual: Any, residual_jacobian: Any, size: int, input: Any
) -> tuple[Program, Program | None, Program | None]:
    """Trace the functions of a system; raise in the user's words if they are unfit."""
    given = [jax.ShapeDtypeStruct((size,), np.float64)]
    if input is not None:
        kind = np.float64 if jnp.issubdtype(input.dtype, jnp.floating) else input.dtype
        given.append(jax.ShapeDtypeStruct(input.shape, kind))
    step = _traced(
        name, function, given, (size,), f"`{name}` must return a state of the shape it is given",
        "A step that returns (output, state) can be wrapped: lambda x: step(x)[1].",
    )  # fmt: skip
    own = residual and _traced(
        "residual", residual, given, (size,),
        "`residual` must return an array of the shape of the state",
        "Ravel the state and the result where they have more than one axis.",
    )  # fmt: skip
    formula = residual_jacobian and _traced(
        "residual_jacobian", residual_jacobian, given, (size, size),
        "`residual_jacobian` must return the derivative of each entry of the residual (row) by "
        "each unit (column)",
        "Leave it out where there is no formula: then JAX differentiates the residual.",
    )  # fmt: skip
    assert step is not None  # a state, which is no None
    return step, own, formula


def _traced(
    name: str, function: Any, given: list[Any], shape: tuple[int, ...], expected: str, remedy: str
) -> Program | None:
    """Return a function as a program, None where a formula returns None; raise if it is unfit."""

    def check(result: Any) -> None:
        if result is None and name == "residual_jacobian":
            return
        got = getattr(result, "shape", f"a {type(result).__name__}")
        if got != shape:
            raise InvalidInputError(f"{expected}, {shape}, got {got}. {remedy}")
        if not jnp.issubdtype(result.dtype, jnp.floating):
            raise InvalidInputError(
                f"`{name}` must return real numbers of floating point, got {result.dtype}."
            )

    try:
        if isinstance(function, eqx.Module):
            with double_precision():
                function = in_float64(function)  # its arrays, or it would compute in float32
        program = trace_program(function, *given, check=check)
        if program is not None and not isinstance(function, eqx.Module):
            _require_the_same(program, trace_program(function, *given))
        return program
    except InvalidInputError:
        raise
    except Exception as error:
        text = str(error).strip().split("\n")[0]
        lacks_input = len(given) == 1 and "missing 1 required positional argument" in text
        raise InvalidInputError(
            f"`{name}` could not be evaluated on a state of shape {given[0].shape}: "
            f"{type(error).__name__}: {text}{_NUMPY * isinstance(error, _NEEDS_NUMBERS)}"
            f"{_INPUT * lacks_input}"
        ) from error


def _require_the_same(one: Program, other: Program | None) -> None:
    """Raise InvalidInputError where a function has read other numbers when it was traced again."""
    others = () if other is None else other.arrays
    pairs = list(zip(one.arrays, others, strict=False))
    if any(isinstance(array, jax.core.Tracer) for pair in pairs for array in pair):
        return
    same = all(np.array_equal(a, b, equal_nan=a.dtype != bool) for a, b in pairs)
    if not same or len(one.arrays) != len(others):
        raise InvalidInputError(
            "the function computes something else each time it is called: it draws random numbers "
            "or keeps count of its calls. A system is one function of its state: leave noise out, "
            "or draw it once, before the function, and let the function read it."
        )


_NEEDS_NUMBERS = (
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerBoolConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.ConcretizationTypeError,
)
_NUMPY = (
    " Write it with jax.numpy in place of NumPy, and what depends on the state with jnp.where or "
    "jax.lax.cond in place of `if`; of a PyTorch function sx.torch_map makes a system."
)
_INPUT = ". Of a function of state and input, give the input to freeze in: input=…"


def in_float64(tree: Any) -> Any:
    """Cast every floating array of a pytree to float64; call it under `jax.enable_x64(True)`."""

    def cast(leaf: Any) -> Any:
        # Not `is_inexact_array_like`, which fails on the tracers of a system built while tracing.
        number = eqx.is_inexact_array(leaf) or isinstance(leaf, (float, np.inexact))
        return jnp.asarray(leaf, jnp.float64) if number else leaf

    return jax.tree.map(cast, tree)

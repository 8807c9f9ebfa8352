"""Systems: what every analysis is given. A map or a flow, from any JAX function.

A system is a pytree, so the weights inside it are arguments of the compiled analysis, not constants
of it: a second network of the same shape costs no compilation.
"""

import abc
import inspect
import warnings
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ._closures import as_it_is_now
from ._own_arrays import with_own_arrays
from ._types import Array, InvalidInputError, require_count, require_finite, require_positive
from .solvers.jacobian import value_and_transposed_jacobian

StateFunction = Callable[..., Any]


class AbstractSystem(eqx.Module):
    """A map or a flow on states of shape `(size,)`, with whatever input it has frozen in."""

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
        return self._apply(self.function, state, self.input if input is None else input)

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
        return value_and_transposed_jacobian(self.evaluate, state)[1].T

    def input_jacobian(self, state: Array) -> Array:
        """Return dF/du or df/du, `(size, channel)`; the system must know its input."""
        return jax.jacfwd(self.evaluate, argnums=1)(state, jnp.asarray(self.input))

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
        own = with_own_arrays(function)
        return own(state) if input is None else own(state, input)


class DiscreteMap(AbstractSystem):
    r"""A map $x_{t+1} = F(x_t)$, or $F(x_t, u)$ with the input $u$ frozen.

    Parameters
    ----------
    step
        Any JAX function of a state `(size,)`, or of a state and an input when `input` is given.
        A bound method of an Equinox module (`network.step`) lets its weights stay arguments;
        any other function is compiled for what it computes, see the notes.
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
    A closure is compiled anew for every new closure; `jax.tree_util.Partial(function, *weights)` is
    compiled once for all weights of the same shapes. That a function, a method, or an object that
    is called computes something else than before, because a variable, an attribute or the contents
    of an array have changed, is noticed when a system is made of it and when an analysis of the
    system begins: the analysis is of the function as it is then. Not noticed is a change of what a
    function under `jax.jit` or `jax.checkpoint` of its own, one that is the body of a
    `jax.lax.scan`, the rule of a `jax.custom_jvp`, a callback, or a method of an Equinox module
    reads from outside the module: pass that as the `input`, keep it in the module, or give a new
    function, such as a lambda, after each change.

    Examples
    --------
    >>> import jax.numpy as jnp, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2.0 * x), size=1)
    >>> float(system.speed(jnp.array([0.0])))
    0.0
    """

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
        own = map(_as_function, (step, residual, residual_jacobian))
        now = tuple(as_it_is_now(function, self.size, self.input) for function in own)
        self.function, self.residual_function, self.residual_jacobian_function = now
        _check_shape(self, "step")

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
        As in `DiscreteMap`; the default residual is the field itself. Its notes say which changes
        of what a function reads are noticed.

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
        own = map(_as_function, (field, residual, residual_jacobian))
        now = tuple(as_it_is_now(function, self.size, self.input) for function in own)
        self.function, self.residual_function, self.residual_jacobian_function = now
        _check_shape(self, "field")

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
    """Return a system whose functions are as they are now; raise InvalidInputError for others.

    What they read may have changed since the system was made, and a part of the programs that an
    analysis runs may be compiled already: with the functions as they are, all of it speaks of one.
    """
    if isinstance(value, AbstractSystem):
        own = _functions_of(value)
        now = tuple(as_it_is_now(function, value.size, value.input) for function in own)
        if all(one is other for one, other in zip(own, now, strict=True)):
            return value
        return eqx.tree_at(_functions_of, value, now, is_leaf=lambda leaf: leaf is None)
    hint = "wrap a function in sx.DiscreteMap(step, size) or sx.Flow(field, size)"
    if hasattr(value, "at_input"):
        hint = "freeze an input in, network.at_input(u), to make a network a system"
    raise InvalidInputError(
        f"system must be a DiscreteMap or a Flow, got {type(value).__name__}: {hint}."
    )


def _as_function(function: Any) -> Any:
    """Return what is called as something that JAX can tell from everything else.

    JAX's `Partial` as Equinox's: JAX fails on one that holds what is being traced. An object of a
    user's class as its method: methods are those of one object, whereas objects, such as data
    classes, may be equal to others that compute something else, or have no hash.
    """
    if isinstance(function, jax.tree_util.Partial):
        return eqx.Partial(function.func, *function.args, **function.keywords)
    if isinstance(function, (eqx.Module, type)):
        return function
    code = inspect.getattr_static(type(function), "__call__", None)
    return MethodType(code, function) if isinstance(code, FunctionType) else function


def _functions_of(system: AbstractSystem) -> tuple[Any, ...]:
    return system.function, system.residual_function, system.residual_jacobian_function


def _checked_input(input: Any) -> np.ndarray | None:
    """Return the input as NumPy, where float64 keeps its digits outside `jax.enable_x64`."""
    if input is None:
        return None
    values = np.asarray(input)
    if values.dtype.kind not in "biuf" and not jnp.issubdtype(values.dtype, jnp.inexact):
        raise InvalidInputError(f"the input to freeze in must be numbers, got {input!r}.")
    require_finite(values, "the input to freeze in")
    return values


def _check_shape(system: AbstractSystem, name: str) -> None:
    """Trace the functions once on an abstract state; raise in the user's words if they are unfit.

    Those of Equinox modules, such as networks, are looked at when an analysis begins.
    """
    state = jax.ShapeDtypeStruct((system.size,), jnp.float32)
    result = _traced(system, name, lambda s, x: s.evaluate(x), state)
    _require_shape(
        result,
        (system.size,),
        f"`{name}` must return a state of the shape it is given",
        "A step that returns (output, state) can be wrapped: lambda x: step(x)[1].",
    )
    if not jnp.issubdtype(result.dtype, jnp.floating):
        raise InvalidInputError(
            f"`{name}` must return real numbers of floating point, got {result.dtype}."
        )
    own = (system.residual_function, system.residual_jacobian_function)
    if not any(isinstance(function, eqx.Module) for function in own):
        check_residual(system, state)


def check_residual(system: AbstractSystem, state: jax.ShapeDtypeStruct) -> None:
    """Raise InvalidInputError unless residual and formula, where given, are of the right shapes."""
    size = system.size
    if system.residual_function is not None:
        result = _traced(system, "residual", lambda s, x: s.residual(x), state)
        _require_shape(
            result,
            (size,),
            "`residual` must return an array of the shape of the state",
            "Ravel the state and the result where they have more than one axis.",
        )
    if system.residual_jacobian_function is None:
        return
    formula = _traced(system, "residual_jacobian", lambda s, x: s.residual_jacobian(x), state)
    if formula is not None:
        _require_shape(
            formula,
            (size, size),
            "`residual_jacobian` must return the derivative of each entry of the residual (row) by "
            "each unit (column)",
            "Leave it out where there is no formula: then JAX differentiates the residual.",
        )


def _traced(
    system: AbstractSystem,
    name: str,
    function: Callable[[AbstractSystem, Any], Any],
    state: jax.ShapeDtypeStruct,
) -> Any:
    """Return what a function gives for an abstract state; raise InvalidInputError if it fails."""
    try:
        with warnings.catch_warnings():
            # Arrays of float64 in a closure: the analyses keep them so.
            warnings.filterwarnings("ignore", message="Explicitly requested dtype")
            return eqx.filter_eval_shape(function, system, state)
    except InvalidInputError:
        raise
    except Exception as error:
        text = str(error).strip().split("\n")[0]
        lacks_input = system.input is None and "missing 1 required positional argument" in text
        raise InvalidInputError(
            f"`{name}` could not be evaluated on a state of shape ({system.size},): "
            f"{type(error).__name__}: {text}{_NUMPY * isinstance(error, _NEEDS_NUMBERS)}"
            f"{_INPUT * lacks_input}"
        ) from error


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


def _require_shape(result: Any, shape: tuple[int, ...], expected: str, remedy: str) -> None:
    got = getattr(result, "shape", f"a {type(result).__name__}")
    if got != shape:
        raise InvalidInputError(f"{expected}, {shape}, got {got}. {remedy}")


def in_float64(tree: Any) -> Any:
    """Cast every floating array of a pytree to float64; call it under `jax.enable_x64(True)`."""

    def cast(leaf: Any) -> Any:
        # Not `is_inexact_array_like`, which fails on the tracers of a system built while tracing.
        number = eqx.is_inexact_array(leaf) or isinstance(leaf, (float, np.inexact))
        return jnp.asarray(leaf, jnp.float64) if number else leaf

    return jax.tree.map(cast, tree)

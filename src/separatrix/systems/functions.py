"""Functions of a system as users give them: traced, and refused in words where they are unfit."""

import inspect
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from .._types import InvalidInputError, is_traced, require_finite
from .captured import named_arrays
from .gated import without_gate
from .program import Program, trace_program


def programs(
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
    assert step is not None  # a state, which is no None
    if residual is None and name == "step":
        residual = without_gate(step)
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
        if program is not None:
            _require_numbers(name, function, program, given)
        return program
    except InvalidInputError:
        raise
    except Exception as error:
        text = str(error).strip().split("\n")[0]
        lacks_input = len(given) == 1 and "missing 1 required positional argument" in text
        raise InvalidInputError(
            f"`{name}` could not be evaluated on a state of shape {given[0].shape}"
            f"{''.join(f' and an input of shape {u.shape}' for u in given[1:2])}: "
            f"{type(error).__name__}: {text}{_remedy(function, error)}{_INPUT * lacks_input}"
        ) from error


def _remedy(function: Any, error: Exception) -> str:
    """Return the remedy where a function is not written in JAX."""
    held = [function, getattr(function, "__self__", None)]
    if inspect.isfunction(function) or inspect.ismethod(function):
        variables = inspect.getclosurevars(function)
        held += [v for names in (variables.nonlocals, variables.globals) for v in names.values()]
    if any(_is_of_torch(value) for value in held):
        return _TORCH
    return _NUMPY * isinstance(error, _NEEDS_NUMBERS)


def _is_of_torch(value: Any) -> bool:
    if inspect.ismodule(value):
        return value.__name__.split(".")[0] == "torch"
    return any(kind.__module__.split(".")[0] == "torch" for kind in type(value).__mro__)


def _require_numbers(name: str, function: Any, program: Program, given: list[Any]) -> None:
    """Raise InvalidInputError, naming an array, where weights make NaN of whatever is given.

    A function may well hold NaN, or infinite bounds, that do not come into what it returns.
    """
    if all(map(_is_finite, program.arrays)):
        return
    if is_traced(program.arrays):
        return
    rng = np.random.default_rng(0)
    with jax.ensure_compile_time_eval():
        for scale in (0.0, 1e-3, 1.0, 1.0):
            drawn = [np.asarray(scale * rng.standard_normal(g.shape), g.dtype) for g in given]
            if np.isfinite(np.asarray(program(*drawn))).all():
                return
    for path, array in named_arrays(function):
        if not _is_finite(array):
            require_finite(array, f"{path or 'an array'}, which `{name}` reads,")
    raise InvalidInputError(
        f"`{name}` computes with numbers that are NaN or infinite, and returns NaN or infinity at "
        "every state: look for such numbers in its weights."
    )


def _is_finite(array: Any) -> bool:
    if not is_traced(array) and jnp.issubdtype(array.dtype, jnp.floating):
        return bool(np.isfinite(np.asarray(array)).all())
    return True


def _require_the_same(one: Program, other: Program | None) -> None:
    """Raise InvalidInputError where a function has read other numbers when it was traced again."""
    others = () if other is None else other.arrays
    pairs = list(zip(one.arrays, others, strict=False))
    if is_traced(pairs):
        return
    same = all(np.array_equal(a, b, equal_nan=a.dtype != bool) for a, b in pairs)
    if not same or len(one.arrays) != len(others):
        raise InvalidInputError(
            "the function returns a different result each time it is called: it draws random "
            "numbers or counts its calls. A system is one function of its state: leave noise out, "
            "or draw the noise once, before the function, and let the function read it."
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
_TORCH = (
    ". It is written in PyTorch, which JAX cannot trace: sx.torch_map(step, size, dt) makes a "
    "system of any PyTorch function, sx.networks.from_torch(module) a network of a plain layer."
)
_INPUT = ". Of a function of state and input, give the input to freeze in: input=…"


def in_float64(tree: Any) -> Any:
    """Cast every floating array of a pytree to float64; call it under `jax.enable_x64(True)`."""

    def cast(leaf: Any) -> Any:
        # Not `is_inexact_array_like`, which fails on the tracers of a system built while tracing.
        number = eqx.is_inexact_array(leaf) or isinstance(leaf, (float, np.inexact))
        return jnp.asarray(leaf, jnp.float64) if number else leaf

    return jax.tree.map(cast, tree)

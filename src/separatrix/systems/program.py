"""Functions as programs: traced once, in float64, their arrays apart from what is done with them.

Two functions of one form, such as closures over other weights, have one structure, so that what was
compiled for one serves the other. A program is a snapshot: what its function read from variables
and objects stays as it was.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._double import double_precision
from ..enclosure.jaxprs import (
    ClosedJaxpr,
    Jaxpr,
    Literal,
    bind,
    evaluate_equation,
    is_plain_call,
    walk,
    without_unused,
)
from .captured import own_arrays


class Structure:
    """Operations of a program and their constants, compared by identity."""

    def __init__(self, jaxpr: Any, consts: Sequence[Any]):
        self.jaxpr, self.consts = jaxpr, consts

    def __repr__(self) -> str:
        return f"{len(self.jaxpr.eqns)} operations"

    def __deepcopy__(self, memo: Any) -> "Structure":
        return self


class Program(eqx.Module):
    """A function of arrays as it was when it was traced.

    Outside `jax.enable_x64` it computes in float64 all the same, and rounds the result to the
    precision of its first argument.
    """

    arrays: tuple[Any, ...]
    structure: Structure = eqx.field(static=True)
    origin: str = eqx.field(static=True, default="")  # the module that the function comes from

    def __call__(self, first: Any, *others: Any) -> Any:
        """Return the result for arguments of the shapes that were traced."""
        dtype = jnp.result_type(first, float)
        with double_precision():
            jaxpr, given = self.structure.jaxpr, (*self.arrays, first, *others)
            kinds = [variable.aval.dtype for variable in jaxpr.invars]
            cast = [jnp.asarray(value, kind) for value, kind in zip(given, kinds, strict=True)]
            result = jax.core.eval_jaxpr(jaxpr, self.structure.consts, *cast)[0]
            is_float = jnp.issubdtype(result.dtype, jnp.floating)
            return result.astype(dtype) if is_float and dtype != jnp.float64 else result


def trace_program(
    function: Callable[..., Any],
    *arguments: jax.ShapeDtypeStruct,
    check: Callable[[Any], None] | None = None,
) -> Program | None:
    """Trace a function of arrays, one array in return, and take it apart; None if it returns None.

    What it computes without its arguments in less than double precision, such as `x @ w` of a
    closure that holds both in float32, is computed once, as it is written; then the rest can be of
    double precision. So are numbers that are drawn with a key. Whatever the function raises is
    passed on, and what `check` raises, which is called with the shape of the result.

    Examples
    --------
    >>> make = lambda gain: lambda x: jnp.tanh(gain * x)
    >>> state = jax.ShapeDtypeStruct((2,), jnp.float64)
    >>> one, other = (trace_program(make(gain), state) for gain in (2.0, 3.0))
    >>> one.structure is other.structure
    True
    """
    with own_arrays(function):
        return _traced(function, arguments, check)


def _traced(
    function: Callable[..., Any], arguments: Sequence[Any], check: Callable[[Any], None] | None
) -> Program | None:
    with double_precision():
        # a function of its own each time, for JAX remembers what it has traced
        make = jax.make_jaxpr(lambda *given: function(*given), return_shape=True)
        closed, result = make(*arguments)
        if check is not None:
            check(result)
        if result is None:
            return None
        parts = _Parts.of(closed, folds=False)
        if parts.is_foldable:
            parts = _Parts.of(closed, folds=True)
        arrays = tuple(map(_own, parts.arrays))
        kinds = [jax.ShapeDtypeStruct(np.shape(a), a.dtype) for a in arrays]
        flat = jax.make_jaxpr(parts.run)(*kinds, *arguments)
        return Program(arrays, _interned(flat), _module_of(function))


def _module_of(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    return str(getattr(function if owner is None else type(owner), "__module__", ""))


def _own(array: Any) -> Any:
    """Return an array that JAX does not take for one that a user's function reads."""
    return np.array(array) if isinstance(array, np.ndarray) else array


@dataclass(frozen=True)
class _Slot:
    """A value that is not known when a function is traced."""

    number: int


@dataclass
class _Parts:
    """The operations of a function, each with what it takes and fills, and the arrays they take."""

    folds: bool  # carry out what does not depend on the arguments
    arrays: list[Any] = field(default_factory=list)
    places: list[_Slot] = field(default_factory=list)  # of the arrays
    arguments: list[_Slot] = field(default_factory=list)
    steps: list[tuple[Any, list[Any], list[_Slot]]] = field(default_factory=list)
    result: Any = None
    is_foldable: bool = False  # without the arguments something is rounded, or drawn with a key
    depends: set[_Slot] = field(default_factory=set)  # on the arguments
    taken: dict[Any, tuple[Any, _Slot]] = field(default_factory=dict)  # by the identity of arrays
    count: int = 0

    @classmethod
    def of(cls, closed: Any, folds: bool) -> "_Parts":
        """Take a traced function of arrays apart."""
        parts = cls(folds)
        parts.arguments = [parts._new_slot(True) for _ in closed.jaxpr.invars]
        (parts.result,) = walk(
            closed.jaxpr, closed.consts, parts.arguments, parts._equation, is_plain_call
        )
        return parts

    def run(self, *given: Any) -> Any:
        """Carry out what is left of the function, of its arrays and its arguments."""
        slots = dict(zip((*self.places, *self.arguments), given, strict=True))

        def look_up(value: Any) -> Any:
            return slots[value] if isinstance(value, _Slot) else value

        for equation, operands, outputs in self.steps:
            slots.update(zip(outputs, bind(equation, list(map(look_up, operands))), strict=True))
        return jnp.asarray(look_up(self.result))

    def _new_slot(self, depends: bool) -> _Slot:
        self.count += 1
        slot = _Slot(self.count)
        if depends:
            self.depends.add(slot)
        return slot

    def _equation(self, equation: Any, operands: list[Any]) -> list[Any]:
        depends = any(isinstance(o, _Slot) and o in self.depends for o in operands)
        if not depends and not equation.effects:
            self.is_foldable |= any(_is_folded(variable.aval) for variable in equation.outvars)
            if self.folds:
                return evaluate_equation(equation, operands)
        pairs = zip(operands, equation.invars, strict=True)
        placed = [self._placed(operand, atom.aval) for operand, atom in pairs]
        outputs = [self._new_slot(depends) for _ in equation.outvars]
        self.steps.append((equation, placed, outputs))
        return list(outputs)

    def _placed(self, value: Any, aval: Any) -> Any:
        """Return the place of numbers of floating point, which are arguments of the program.

        Integers stay in the structure: they say which entries are meant.
        """
        if isinstance(value, _Slot) or not _is_lifted(aval):
            return value
        key = id(value), aval.dtype
        if key not in self.taken:
            is_traced = isinstance(value, jax.core.Tracer)
            self.taken[key] = value, self._new_slot(False)
            self.places.append(self.taken[key][1])
            self.arrays.append(value if is_traced else np.asarray(value, aval.dtype))
        return self.taken[key][1]


def _is_lifted(aval: Any) -> bool:
    dtype = getattr(aval, "dtype", None)
    if dtype is None or jnp.issubdtype(dtype, jax.dtypes.extended):
        return False
    return jnp.issubdtype(dtype, jnp.floating) or (dtype.kind == "b" and len(aval.shape) > 0)


def _is_folded(aval: Any) -> bool:
    dtype = getattr(aval, "dtype", np.dtype(int))
    is_low = jnp.issubdtype(dtype, jnp.floating) and dtype != jnp.float64
    return is_low or jnp.issubdtype(dtype, jax.dtypes.extended)


_KNOWN: WeakValueDictionary[Hashable, Structure] = WeakValueDictionary()
_DERIVATIVES = 3
"""Rules of derivatives are compared by so many derivatives, the most that an analysis takes."""


def _interned(closed: Any) -> Structure:
    """Return the structure of a flat program: an earlier one if it is the same."""
    key = structural_key(closed)
    found = _KNOWN.get(key)
    if found is None:
        found = _KNOWN[key] = Structure(closed.jaxpr, closed.consts)
    return found


_RULE = ("jvp_jaxpr_fun", "jvp_jaxpr_thunk")
"""Parameters that hold the rule of a `jax.custom_jvp`, as a function that is new every time."""


def structural_key(value: Any, derivatives: int = _DERIVATIVES) -> Hashable:
    """Return what tells one value from another: callables by identity, arrays by their contents.

    Of a traced function it tells the arrays that it reads, too.
    """
    if isinstance(value, (ClosedJaxpr, Jaxpr)):
        consts = getattr(value, "consts", ())
        body = getattr(value, "jaxpr", value)
        return _mark_of_program(body, derivatives), tuple(map(structural_key, consts))
    if isinstance(value, (tuple, list)) and not hasattr(value, "_fields"):
        return type(value), *(structural_key(part, derivatives) for part in value)
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return "key", structural_key(jax.random.key_data(value))
    if isinstance(value, (np.ndarray, np.generic, jax.Array)) and not isinstance(
        value, jax.core.Tracer
    ):
        array = np.asarray(value)
        return str(array.dtype), array.shape, array.tobytes()
    if isinstance(value, jax.core.Tracer):
        return object()  # equal to no other
    try:
        hash(value)
    except TypeError:
        return object()
    return type(value), value


def _mark_of_program(jaxpr: Any, derivatives: int) -> Hashable:
    numbers: dict[Any, int] = {}

    def number(variable: Any) -> tuple[int, str]:
        return numbers.setdefault(variable, len(numbers)), str(variable.aval)

    def read(atom: Any) -> Hashable:
        if isinstance(atom, Literal):
            return str(atom.aval), structural_key(np.asarray(atom.val))
        return number(atom)

    first = [number(variable) for variable in (*jaxpr.constvars, *jaxpr.invars)]
    steps = [
        (
            equation.primitive,
            *map(read, equation.invars),
            *map(number, equation.outvars),
            *_mark_of_parameters(equation, derivatives),
        )
        for equation in jaxpr.eqns
    ]
    return *first, *steps, *map(read, jaxpr.outvars)


def _mark_of_parameters(equation: Any, derivatives: int) -> Iterator[Hashable]:
    """Yield what tells one operation from another; of a rule for derivatives what it computes."""
    params = {k: v for k, v in equation.params.items() if k not in _RULE}
    yield from ((name, structural_key(params[name], derivatives)) for name in sorted(params))
    if equation.primitive.name == "custom_jvp_call" and derivatives:
        kinds = [jax.ShapeDtypeStruct(a.aval.shape, a.aval.dtype) for a in equation.invars]

        def along(*given: Any) -> Any:
            values, directions = given[: len(kinds)], map(_direction, given[len(kinds) :])
            return jax.jvp(lambda *v: bind(equation, v), values, tuple(directions))[1]

        try:
            rule = jax.make_jaxpr(along)(*kinds, *kinds)
        except Exception:  # whoever differentiates it says why
            yield object()
        else:
            yield tuple(map(structural_key, rule.consts))
            yield structural_key(without_unused(rule.jaxpr), derivatives - 1)


def _direction(value: Any) -> Any:
    """Return what JAX takes for a direction: integers have none."""
    is_float = jnp.issubdtype(value.dtype, jnp.floating)
    return value if is_float else np.zeros(value.shape, jax.dtypes.float0)

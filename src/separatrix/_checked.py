"""Checks of arguments by what their annotations say: `checked`, and the kinds that they name.

An annotation is a promise to type checkers; `checked` keeps it for everyone. It looks at each
argument before the function runs, converts what stands for what is asked (a number of NumPy, a list
of numbers), and names the argument in the error. What depends on two arguments is left to the
function, but for the lengths of arrays: an axis of one name has one length in all of them.
"""

import dataclasses
import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import jax
import numpy as np

from ._types import (
    MOST,
    InvalidInputError,
    briefly,
    is_number,
    is_whole,
    nearest,
    real_array,
    require_finite,
    require_text,
    with_article,
)

T = TypeVar("T")
Take = Callable[[Any, str, dict[str, int]], Any]
"""Returns a value as it is used, of an argument of a name, with the lengths of axes so far."""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The range in which a number must lie; it must be finite, too, unless `infinite` is true."""

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    below: float = math.inf
    unit: str = ""
    infinite: bool = False

    def hold(self, number: Any) -> bool:
        """Return whether a number lies within; NaN does not."""
        inside = self.least <= number <= self.most
        return bool(inside and (self.infinite or self.above < number < self.below))

    def __repr__(self) -> str:
        words = {"at least": self.least, "above": self.above}
        words |= {"at most": self.most, "below": self.below}
        bounds = [f"{word} {b:,}" for word, b in words.items() if math.isfinite(b)]
        return " and ".join(bounds) or ("any" if self.infinite else "finite")

    def in_words(self, whole: bool) -> str:
        """Return what is asked for, such as "a number above 0 and at most 1"."""
        what = "whole number" if whole else "number"
        what += f" of {self.unit}" if self.unit else " of" * (self.least > -math.inf)
        bounds = repr(self)
        short = {"any": f"a {what}", "finite": f"a {'' if whole else 'finite '}{what}"}
        return short.get(bounds) or f"a {what} {bounds}"


@dataclasses.dataclass(frozen=True)
class Reals:
    """An array of real numbers of the axes that the annotation names: float64, or a mask."""

    finite: bool = False
    is_mask: bool = False


class Some:
    """A list, or a dict, of at least one."""


@dataclasses.dataclass(frozen=True)
class Named:
    """A text that is one of some names; an error suggests the nearest of them."""

    names: tuple[str, ...]

    def __call__(self, value: Any, name: str) -> str:
        if not isinstance(value, str) or value not in self.names:
            near = nearest(value, self.names)
            raise InvalidInputError(f"{name} must be a known name, got {value!r:.60}: {near}")
        return str(value)


Count = Annotated[int, Bounds(least=1)]
Natural = Annotated[int, Bounds(least=0)]
Seed = Annotated[int, Bounds(least=0, most=2**32 - 1)]
"""A seed that NumPy and scikit-learn take."""
Finite = Annotated[float, Bounds()]
Positive = Annotated[float, Bounds(above=0)]
Milliseconds = Annotated[float, Bounds(above=0, unit="ms")]
NotNegative = Annotated[float, Bounds(least=0)]
Share = Annotated[float, Bounds(least=0, most=1)]

REAL, FINITE, MASK, SOME = Reals(), Reals(finite=True), Reals(is_mask=True), Some()

_METHODS = (
    *("BranchAndPrune", "DampedNewton", "Deflation", "KinkDescent"),
    *("LevenbergMarquardt", "MultipleShooting", "PseudoArclength", "TangentQR"),
)
GOT_FROM = {
    "AbstractNetwork": "a network, such as sx.networks.CTRNN(…)",
    "AbstractBatches": "sx.WholeTrials() or sx.Windows(steps)",
    "AbstractRegularizer": "a regularizer, such as sx.regularizers.Rates(1e-3)",
    "AbstractTask": "a task, such as sx.tasks.GoNoGo()",
    "Activity": "an Activity, which sx.simulate(…) gives",
    "Checkpoint": 'an sx.Checkpoint("a file")',
    "Cycles": "Cycles, which sx.find_cycles(…) gives",
    "EmergingCycle": "an EmergingCycle, which branches.emerging_cycle(…) gives",
    "FixedPoints": "FixedPoints, which sx.find_fixed_points(…) gives",
    "GradientTransformation": "an optimizer of optax, such as optax.adam(1e-3)",
    "Linearization": "a Linearization, which sx.linearize(…) gives",
    "MechanismRecovery": "a MechanismRecovery, which sx.mechanism_recovery(…) gives",
    "PerceptualDecisionMaking": "an sx.tasks.PerceptualDecisionMaking(…)",
    "Run": "a Run, which sx.load_run(…) gives, and sx.make_report for a system and states",
    "Separatrix": "a Separatrix, which sx.separatrix(…) gives",
    "Threshold": "an sx.Threshold(loss=…)",
    "Trials": "Trials, which task.trials(n, key=…) gives",
    "Yang2019": "an sx.tasks.Yang2019(…)",
    **{name: f"sx.solvers.{name}(…)" for name in _METHODS},
}
"""What a user gives for an object of a class, and how it is got."""


def checked(thing: T) -> T:
    """Return a function, or a class, that refuses arguments other than its annotations say.

    A class is one that is made of its fields, or by an `__init__`. Arguments that are missing, or
    that there are not, are left to Python, which names them.

    Examples
    --------
    >>> @checked
    ... def halves(count: Count, width: Positive = 1.0) -> list[float]:
    ...     return [width / 2] * count
    >>> halves(np.int64(2))
    [0.5, 0.5]
    >>> halves(2, width=-1)
    Traceback (most recent call last):
    separatrix._types.InvalidInputError: width must be a number above 0, got -1.
    """
    if isinstance(thing, type):
        made: Any = thing
        made.__init__ = checked(made.__init__)
        return thing
    function: Any = thing

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        in_order, by_name = checks_of(function)
        lengths: dict[str, int] = {}
        given = [take(v, name, lengths) for v, (name, take) in zip(args, in_order, strict=False)]
        named = {
            name: by_name[name](value, name, lengths) if name in by_name else value
            for name, value in kwargs.items()
        }
        return function(*given, *args[len(given) :], **named)

    wrapper.is_checked = True  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]


@functools.cache
def checks_of(function: Any) -> tuple[tuple[tuple[str, Take], ...], dict[str, Take]]:
    """Return the checks of the arguments of a function, in their order and by their names."""
    kinds = get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters.values()
    takes = {p.name: _kind(kinds.get(p.name, Any))[1] for p in parameters if p.kind not in _MANY}
    ordered = (p.name for p in parameters if p.kind not in (*_MANY, p.KEYWORD_ONLY))
    return tuple((name, takes[name]) for name in ordered), takes


_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def taken(value: Any, annotation: Any, name: str) -> Any:
    """Return one value as an annotation says; raise InvalidInputError where it cannot be."""
    return _kind(annotation)[1](value, name, {})


@functools.cache
def _kind(annotation: Any) -> tuple[str, Take]:
    """Return what an annotation asks for in words, and what takes such a value.

    Arrays are looked at where the annotation says that they are converted: those of JAX may be
    traced.
    """
    rules: tuple[Any, ...] = getattr(annotation, "__metadata__", ())
    base = annotation.__origin__ if rules else annotation
    origin, parts = get_origin(base) or base, get_args(base)
    if any(callable(rule) for rule in rules):
        return "", lambda value, name, _: rules[0](value, name)
    if SOME in rules:
        return _some(*_kind(base))
    if rules and isinstance(rules[0], Reals):
        return _array(parts[0] if parts else base, rules[0])
    if base in (int, float):
        return _number(base, rules[0] if rules else Bounds(infinite=True))
    if base is bool:
        return _plain("True or False", lambda v: isinstance(v, bool | np.bool_), bool)
    if base is str:
        return "a text", lambda value, name, _: require_text(value, name)
    if origin is Literal:
        return _choice(parts)
    if origin in (Union, UnionType):
        return _one_of(parts)
    if origin is Mapping:
        return _mapping(*parts)
    if origin is Callable:
        return _plain("a function", callable)
    if origin in (list, tuple, Sequence) and parts:
        return _list(parts[:1] if origin is not tuple or parts[-1] is ... else parts, base)
    if origin in (jax.Array, np.ndarray):
        return _plain("an array", _is_like_an_array)
    if isinstance(origin, type) and not _is_open(origin):
        return _instance(origin)
    return "anything", lambda value, name, _: value


def _is_open(kind: type) -> bool:
    """Whether a class takes objects that are none of its instances, as protocols do."""
    is_protocol = getattr(kind, "_is_protocol", False) or kind.__module__ == "collections.abc"
    return is_protocol or hasattr(kind, "dim_str") or kind in (Any, object, Path)


def _is_like_an_array(value: Any) -> bool:
    """Whether a function can make an array of a value, as of a list, or a column of pandas."""
    return isinstance(value, list | tuple | range) or hasattr(value, "__array__")


def _plain(
    expected: str, fits: Callable[[Any], Any], used: Callable[[Any], Any] = lambda value: value
) -> tuple[str, Take]:
    def take(value: Any, name: str, _: Any) -> Any:
        if not fits(value):
            raise InvalidInputError(f"{name} must be {expected}, got {briefly(value)}.")
        return used(value)

    return expected, take


def _choice(valid: tuple[Any, ...]) -> tuple[str, Take]:
    """Take one of a few texts, or numbers; True is not 1, and an array is none of them."""

    def meant(value: Any) -> list[Any]:
        return [v for v in valid if _is_like(value, v) and value == v]

    return _plain(" or ".join(map(repr, valid)), meant, lambda value: meant(value)[0])


def _is_like(value: Any, valid: Any) -> bool:
    return is_whole(value) if is_whole(valid) else isinstance(value, type(valid))


def _number(base: type, bounds: Bounds) -> tuple[str, Take]:
    whole = base is int
    is_one = is_whole if whole else is_number
    expected, most = bounds.in_words(whole), MOST if math.isfinite(bounds.least) else math.inf
    take = _plain(expected, lambda v: is_one(v) and bounds.hold(v), base)[1]
    if not whole or math.isfinite(bounds.most):
        return expected, take
    return expected, lambda value, name, _: _not_more(take(value, name, _), most, name)


def _not_more(value: int, most: float, name: str) -> int:
    if value > most:
        raise InvalidInputError(f"{name} must be at most {most:,}, got {briefly(value)}.")
    return value


def _instance(kind: type) -> tuple[str, Take]:
    expected = "None" if kind is NoneType else GOT_FROM.get(kind.__name__) or with_article(kind)

    def take(value: Any, name: str, _: Any) -> Any:
        if not isinstance(value, kind):
            found = _part_of(value, kind)
            raise InvalidInputError(f"{name} must be {expected}, got {briefly(value)}.{found}")
        return value

    return expected, take


def _part_of(value: Any, kind: type) -> str:
    """Name the part of a value that would have been right, such as the history of a training."""
    whole = dataclasses.is_dataclass(value) and not isinstance(value, type)
    names = [field.name for field in dataclasses.fields(value)] if whole else []
    found = [name for name in names if isinstance(getattr(value, name, None), kind)]
    return f" Give its .{found[0]}." if found else ""


def _one_of(kinds: tuple[Any, ...]) -> tuple[str, Take]:
    """Take what one of several kinds takes; what is wrong for the only one beside None it says."""
    expected = " or ".join(dict.fromkeys(filter(None, (_kind(kind)[0] for kind in kinds))))
    takes = [_kind(kind)[1] for kind in kinds if kind is not NoneType]

    def take(value: Any, name: str, lengths: dict[str, int]) -> Any:
        if value is None and NoneType in kinds:
            return None
        reasons = []
        for attempt in takes:
            try:
                return attempt(value, name, lengths)
            except InvalidInputError as error:
                reasons.append(error)
        within = [one for one in reasons if not str(one).startswith(f"{name} must be")]
        if len(takes) == 1 or len(within) == 1:
            raise (within or reasons)[0]
        raise InvalidInputError(f"{name} must be {expected}, got {briefly(value)}.")

    return expected, take


def _list(members: tuple[Any, ...], annotation: Any) -> tuple[str, Take]:
    """Take a list of any length of one kind, or of as many kinds as an annotation counts.

    A text is a sequence of texts, but no list and no tuple of them.
    """
    words, takes = zip(*map(_kind, members), strict=True)
    is_open = ... in get_args(annotation) or get_origin(annotation) is not tuple
    expected = (
        f"a list in which each is {words[0]}"
        if is_open
        else f"{len(words)} values ({', '.join(words)})"
    )
    kinds = (list, tuple, str, range) if get_origin(annotation) is Sequence else (list, tuple)

    def take(value: Any, name: str, lengths: dict[str, int]) -> Any:
        is_array = hasattr(value, "__iter__") and getattr(value, "ndim", 0) > 0
        is_list = isinstance(value, kinds) or is_array
        if not is_list or not (is_open or len(value) == len(takes)):
            raise InvalidInputError(f"{name} must be {expected}, got {briefly(value)}.")
        each = takes * len(value) if is_open else takes
        named = ((v, f"{name}[{k}]") for k, v in enumerate(value))
        return tuple(t(v, n, lengths) for t, (v, n) in zip(each, named, strict=True))

    return expected, take


def _mapping(key: Any, member: Any) -> tuple[str, Take]:
    (_, of_key), (words, of_member) = _kind(key), _kind(member)
    expected = f"a dict in which each is {words}"

    def take(value: Any, name: str, lengths: dict[str, int]) -> Any:
        if not isinstance(value, Mapping):
            raise InvalidInputError(f"{name} must be {expected}, got {briefly(value)}.")
        return {
            of_key(k, f"{name}: a name", {}): of_member(v, f"{name}[{k!r:.60}]", lengths)
            for k, v in value.items()
        }

    return expected, take


def _some(expected: str, take: Take) -> tuple[str, Take]:
    def take_some(value: Any, name: str, lengths: dict[str, int]) -> Any:
        taken = take(value, name, lengths)
        if not len(taken):
            raise InvalidInputError(f"{name} must be {expected}, at least one, got none.")
        return taken

    return expected, take_some


def _agree(lengths: dict[str, int], axis: str, length: int) -> bool:
    """Whether an axis has the length that it has elsewhere; one that is called "_" has any."""
    if axis == "_":
        return True
    return lengths.setdefault(axis, int(axis) if axis.isdigit() else length) == length


def _array(annotation: Any, rule: Reals) -> tuple[str, Take]:
    axes = annotation.dim_str.split()
    free = axes[:1] == ["..."]
    ends = axes[1:] if free else axes

    def take(value: Any, name: str, lengths: dict[str, int]) -> np.ndarray:
        array = real_array(value, name)
        shape = array.shape[max(array.ndim - len(ends), 0) :]
        known = {axis: lengths[axis] for axis in ends if axis in lengths}
        fits = len(shape) == len(ends) and (free or array.ndim == len(axes))
        if not fits or not all(map(functools.partial(_agree, lengths), ends, shape)):
            words = [f"{axis}={known[axis]}" if axis in known else axis for axis in ends]
            asked = ", ".join([*["…"] * free, *words])
            raise InvalidInputError(
                f"{name} must have shape ({asked}{',' * (len(axes) == 1)}), got {array.shape}."
            )
        if rule.finite:
            require_finite(array, name)
        return array.astype(bool) if rule.is_mask else array

    return "an array of real numbers", take

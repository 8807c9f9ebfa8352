"""Every public function refuses what its annotations do not say, and names the argument."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import jax
import numpy as np
import pytest
from test_public_api import SHOWN

import separatrix as sx
from separatrix import _checked
from separatrix._checked import Bounds, Reals, checked

ODD = [
    None, True, "", "abc", "a\0b", b"x", 0, -1, 3, 2.5, 10**15, -(10**15), float("nan"),
    float("inf"), 1e300, 1j, {}, {"a": object()}, {1: 2}, [None], [[1.0, 2.0], [3.0]], object(),
    np.zeros((0, 3)), np.zeros((2, 2, 2, 2)), np.full((2, 2), np.nan), np.array(["a", "b"]),
    np.ones(3, np.complex64), jax.random.split(jax.random.key(0), 3), sx,
    jax.ShapeDtypeStruct((2,), np.float32),
]  # fmt: skip


def found():
    """Yield the name of every public function, class and method that checks, with what it calls."""
    for place, module in SHOWN.items():
        for name in dir(module):
            thing, full = getattr(module, name), f"{place}.{name}"
            if not inspect.isclass(thing):
                yield full, thing
                continue
            yield full, thing.__init__
            yield from ((f"{full}.{n}", f) for n, f in vars(thing).items() if callable(f))


CHECKED = {name: f for name, f in found() if getattr(f, "is_checked", False)}
PAIRS = [
    (name, argument, kind)
    for name, f in CHECKED.items()
    for argument, kind in get_type_hints(f, include_extras=True).items()
    if argument != "return"
]


def may_be(value, kind):
    """Whether a value may be of a kind: True where this, which knows little, cannot tell."""
    rules = getattr(kind, "__metadata__", ())
    base = kind.__origin__ if rules else kind
    origin, parts = get_origin(base) or base, get_args(base)
    if rules and isinstance(rules[0], Reals):
        return isinstance(value, np.ndarray | list | int | float) and not isinstance(value, str)
    if rules and callable(rules[0]):
        return base is not Any or type(value) is not object
    if base is bool:
        return isinstance(value, bool)
    if base in (int, float):
        number = isinstance(value, int if base is int else (int, float))
        return number and not isinstance(value, bool) and all(_within(value, r) for r in rules)
    if base is str:
        return isinstance(value, str) and "\0" not in value
    if base is NoneType:
        return value is None
    if origin is Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    if origin in (Union, UnionType):
        return any(may_be(value, part) for part in parts)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(may_be(v, parts[1]) for v in value.values())
    if origin is Callable:
        return callable(value)
    if origin in (list, tuple, Sequence):
        return hasattr(value, "__iter__")
    if isinstance(origin, type) and origin.__module__.startswith("separatrix"):
        return isinstance(value, origin)
    return True


def _within(value, rule):
    if not isinstance(rule, Bounds):
        return True
    return rule.infinite or bool(
        np.isfinite(value)
        and rule.least <= value <= min(rule.most, 1e300)
        and rule.above < value < rule.below
    )


@pytest.mark.parametrize(
    ("name", "argument", "kind"), PAIRS, ids=map(".".join, (p[:2] for p in PAIRS))
)
def test_what_an_annotation_does_not_say_is_refused_by_the_name_of_the_argument(
    name, argument, kind
):
    function = CHECKED[name]
    for value in (v for v in ODD if not may_be(v, kind)):
        with pytest.raises(sx.InvalidInputError, match=rf"^{argument}\b"):
            function(**{argument: value})


LEFT = {
    "sx.enable_compilation_cache", "sx.load_study", "tasks.accuracy", "tasks.choice_of",
    "tasks.from_neurogym", "training.cross_entropy", "training.default_loss",
    "training.mean_squared_error", "training.rate_error", "networks.from_torch",
    "networks.to_torch",
}  # fmt: skip
"""Functions whose arguments are looked at by hand. (Those of models may be traced.)"""


def test_there_are_few_functions_that_are_not_checked():
    functions = {
        f"{place}.{name}"
        for place, module in SHOWN.items()
        for name in dir(module)
        if inspect.isfunction(getattr(module, name)) and place != "models"
    }
    assert functions - set(CHECKED) == LEFT
    assert len(PAIRS) > 500


def test_how_things_are_got_is_said_of_classes_that_there_are():
    known = {name: thing for module in SHOWN.values() for name, thing in vars(module).items()}
    names = {n for module in SHOWN.values() for n in dir(module)}
    assert set(_checked.GOT_FROM) - names - {"GradientTransformation"} == set()
    for said in _checked.GOT_FROM.values():
        for path in re.findall(r"\bsx\.([\w.]+\w)", said):
            assert callable(attrgetter(path)(sx)), known


def test_what_stands_for_a_value_is_converted():
    @checked
    def given(
        n: _checked.Count = 1,
        x: _checked.Finite = 0.0,
        is_so: bool = True,
        word: Literal["one", 1, False] = "one",
        pair: tuple[float, float] = (0.0, 1.0),
        table: Mapping[str, tuple[str, ...]] | None = None,
        **others: Any,
    ):
        """Give back."""
        return n, x, is_so, word, pair, table, others

    made = given(np.int64(3), jax.numpy.float32(2), np.False_, np.str_("one"), [1, np.float32(2)],
                 {"a": ["b"]}, other=1)  # fmt: skip
    assert repr(made) == "(3, 2.0, False, 'one', (1.0, 2.0), {'a': ('b',)}, {'other': 1})"
    assert given(word=np.int8(1))[3] == 1 and given(word=False)[3] is False
    assert given.__doc__ == "Give back." and "[int, at least 1] = 1" in str(
        inspect.signature(given)
    )
    with pytest.raises(TypeError, match="positional"):
        given(1, 0.0, True, "one", (0, 1), None, "one more")
    for wrong in (True, 1.0, np.array(["one"])):
        with pytest.raises(sx.InvalidInputError, match="word"):
            given(word=wrong)

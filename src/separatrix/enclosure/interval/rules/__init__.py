"""The rules of the interpreter, one for each primitive of JAX that it knows.

A new one is of one of three kinds:

* A function of one number is a row of `SMOOTH` in `interval/functions.py`, with its slope. If its
  value may be NaN or infinite, it also has a row of `_PARTIAL` in `elementwise`. Its truth and its
  domain stand in `tests/enclosure/test_interval_arithmetic.py`.
* What only moves values is a row of `enclosure/moves.py`, which other readers of programs share.
* Anything else is a function here, in the `RULES` of its module, and a case of `FUNCTIONS` in
  `tests/enclosure/test_interval_enclosures.py`.

The parameters that a rule knows stand in `enclosure/parameters.py`. Other tables may name the
primitive, too: `solvers/jacobian/derivative_rules.py` (no product with a matrix),
`solvers/smoothness.py` (a derivative everywhere), `completeness/attraction.py` (finite values).
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ...errors import ComputesInFloat32, NoIntervalRule
from ...flat import FlatProgram, Step
from ...moves import MATRICES, MOVES, UNCHANGED, matrix_of, move_of
from ..arithmetic import Interval, point
from ..values import Known, Refuse, Rule, Value, joined
from . import elementwise, linear, selection
from .quotients import removable, split_product
from .ramps import ramp
from .rewriting import Rewrite
from .softmax import joined_softmax, softmax


def _unchanged(refuse: Refuse, step: Step, *values: Value) -> list[Value]:
    return list(values)


def _moved(refuse: Refuse, step: Step, *values: Value) -> Value | list[Value]:
    """Move bounds and slopes alike."""
    if step.plan is None and step.name == "dynamic_slice":  # positions depend on the argument
        return selection.slice_at(refuse, step, *values)
    if step.plan is None:
        raise NoIntervalRule(step.name)
    places, apply, fill = step.plan
    given = [values[place] for place in places]
    if fill is not None:
        given.append(Value(point(np.full(1, fill))))
    if len(given) > 1:
        return joined(given, lambda parts, lead: apply(parts, lead)[0])

    def moved(part: Interval, lead: int) -> list[Interval]:
        lower = apply([part.lower], lead)
        return [*map(Interval, lower, lower if part.exact else apply([part.upper], lead))]

    ((bounds, slopes),) = given
    found = moved(bounds, 1)
    return [*map(Value, found, [None] * len(found) if slopes is None else moved(slopes, 2))]


RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **selection.RULES,
    **dict.fromkeys(MOVES, _moved),
    **dict.fromkeys(UNCHANGED, _unchanged),
    **linear.RULES,
    "softmax": softmax,
}
REWRITES: tuple[Rewrite, ...] = (ramp, split_product, joined_softmax)
_OF_INTEGERS = frozenset(
    {*MOVES, "select_n", "argmax", "argmin", "add", "clamp", "convert_element_type"}
)
_OF_TRUTH_VALUES = frozenset({*MOVES, *selection.RULES, "convert_element_type"})


def plan(program: FlatProgram, known: Known, step: Step) -> Any:
    """Work out what the rule of a step goes by, from the program and its constants."""
    if step.name == "div":
        return removable(program, known, step)
    if step.name == "select_n":
        return selection.cases_meet(program, known, step)
    if step.name not in MOVES and step.name not in MATRICES:
        return None
    given = [known[slot].bounds if slot in known else None for slot in step.inputs]
    arrays = [None if part is None or not part.exact else part.lower[0] for part in given]
    return move_of(step, arrays) if step.name in MOVES else matrix_of(step, arrays)


def apply(refuse: Refuse, step: Step, values: list[Value]) -> list[Value]:
    """Compute the outputs of one step."""
    rule = RULES.get(step.name)
    if rule is None:
        raise NoIntervalRule(step.name)
    for dtype in step.dtypes:
        _require_known(step.name, dtype)
    result = rule(refuse, step, *values)
    return [result] if isinstance(result, Value) else result


def _require_known(name: str, dtype: np.dtype[Any]) -> None:
    """Refuse what depends on the argument, unless it is a number of float64 or a choice.

    What is of float32 and moved are weights: where the state was rounded, that was refused.
    """
    if jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize < 8 and name not in MOVES:
        raise ComputesInFloat32(name, str(dtype))
    known = {"f": RULES, "b": _OF_TRUTH_VALUES, "i": _OF_INTEGERS, "u": _OF_INTEGERS}
    if name not in known.get(dtype.kind, ()):
        raise NoIntervalRule(f"{name} of {dtype}")

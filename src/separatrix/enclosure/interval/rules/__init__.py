"""The rules of the interpreter: of a value for each operation that programs may contain.

A new operation is a row of `enclosure/operations.py`. If the row says with which other operations
it is written, that is all. Otherwise it is of one of three kinds:

* A function of one number is a row of `SMOOTH` in `interval/functions.py`, with its slope. If its
  value may be NaN or infinite, it also has a row of `_PARTIAL` in `elementwise`. Its truth and its
  domain stand in `tests/enclosure/test_interval_arithmetic.py`.
* What only moves values has the kind "move", and `enclosure/moves.py` says how unless it has
  places, for all readers of programs.
* Anything else is a function here, in the `RULES` of its module, and a case of `FUNCTIONS` in
  `tests/enclosure/test_interval_enclosures.py`.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ...errors import ComputesInFloat32, NoIntervalRule
from ...flat import FlatProgram, Step
from ...moves import matrix_of, move_of
from ...operations import names_of, operation
from ..arithmetic import point
from ..values import Known, Refuse, Rule, Value, joined
from . import elementwise, linear, selection
from .quotients import logistic, removable, split_product
from .ramps import ramp
from .rewriting import Rewrite
from .softmax import joined_softmax, softmax


def _moved(refuse: Refuse, step: Step, *values: Value) -> Value:
    """Move bounds and slopes alike."""
    if step.plan is None and step.name == "dynamic_slice":  # positions depend on the argument
        return selection.slice_at(refuse, step, *values)
    if step.plan is None:
        raise NoIntervalRule(step.name)
    places, apply, fill = step.plan
    given = [values[place] for place in places]
    if fill is not None:
        given.append(Value(point(np.full(1, fill))))
    return joined(given, apply)


RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **selection.RULES,
    **linear.RULES,
    **dict.fromkeys(names_of("move"), _moved),
    "softmax": softmax,
}
REWRITES: tuple[Rewrite, ...] = (ramp, split_product, joined_softmax, logistic)


def plan(program: FlatProgram, known: Known, step: Step) -> Any:
    """Work out what the rule of a step goes by, from the program and its constants."""
    if step.name == "div":
        return removable(program, known, step)
    if step.name == "select_n":
        return selection.cases_meet(program, known, step)
    if step.kind not in ("move", "weighted"):
        return None
    given = [known[slot].bounds if slot in known else None for slot in step.inputs]
    arrays = [None if part is None or not part.exact else part.lower[0] for part in given]
    return move_of(step, arrays) if step.kind == "move" else matrix_of(step, arrays)


def apply(refuse: Refuse, step: Step, values: list[Value]) -> list[Value]:
    """Compute the outputs of one step."""
    rule = RULES.get(step.name)
    if rule is None:
        raise NoIntervalRule(step.name)
    _require_known(step)
    return [rule(refuse, step, *values)]


def _require_known(step: Step) -> None:
    """Refuse what depends on the argument, unless it is a number of float64 or a choice.

    What is of float32 and moved are weights: where the state was rounded, that was refused.
    """
    (dtype,) = step.dtypes
    if jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize < 8 and step.kind != "move":
        raise ComputesInFloat32(step.name, str(dtype))
    if dtype.kind not in operation(step.name).results:
        raise NoIntervalRule(f"{step.name} of {dtype}")

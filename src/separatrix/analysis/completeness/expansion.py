"""From a traced function to its form: sums and products are written out, all else is an atom."""

import numpy as np

from ...enclosure.flat import Step
from ...enclosure.interval import Interval, point
from ...enclosure.interval.arithmetic import Array
from ...enclosure.interval.functions import logistic
from ...enclosure.interval.interpreter import Execution
from ...enclosure.interval.rules import movement, positions
from ...enclosure.interval.values import Value
from . import forms
from .finiteness import perhaps_infinite
from .forms import DEGREE, Atoms, Form, TooLargeError
from .rounding import divide_up, times_down, times_up

# These never reach the ends of their range, since a state is finite, unless what they are given is
# not: a bias of infinity that keeps a gate open, log r where a rate r is zero (see `_is_finite`).
# Inside the range the bounds of the interpreter are rounded outward, so they are not reached
# either. (Nor are those of a gate.)
_NEVER_AT_THE_ENDS = frozenset({"tanh", "erf", "exp"})
_SUMS = frozenset({"add", "add_any", "sub", "mul", "div"})
_MOVES = movement.RULES | positions.RULES
_WRITTEN_OUT = _SUMS | {"neg", "convert_element_type", "select_n", *_MOVES}
_FLOAT64 = np.dtype(np.float64)
_LARGE = 1e300  # what infinity leaves of a bound that is rounded outward is larger


class Expansion:
    """The forms of the values of one execution over one box, made when they are asked for."""

    def __init__(self, execution: Execution):
        self.execution, self.atoms = execution, Atoms()
        self._perhaps_infinite = perhaps_infinite(execution)
        self._forms: dict[int, Form] = {}
        self._gates: dict[int, Form] = {}
        self._reciprocals: dict[int, Form | None] = {}
        (state,) = execution.program.inputs
        self._forms[state] = self.atoms.new(self._bounds(state), strict=False)

    def output(self) -> Form:
        """Return the form of the function's result."""
        program = self.execution.program
        (slot,) = program.outputs
        needed = {slot}
        for step in reversed(program.steps):
            if step.name in _WRITTEN_OUT and needed.intersection(step.outputs):
                needed.update(step.inputs)
        # In order, so that a long chain of operations is no deep recursion.
        for step in program.steps:
            for output in needed.intersection(step.outputs):
                self.form(output)
        return self.form(slot)

    def form(self, slot: int) -> Form:
        """Return the form of a value."""
        if slot not in self._forms:
            if self.execution.is_constant(slot):
                self._forms[slot] = self._constant(self._bounds(slot))
            else:
                self._expand(self.execution.program.producers[slot])
        return self._forms[slot]

    def _constant(self, bounds: Interval) -> Form:
        """Return the form of a constant, an atom if it is not known exactly.

        So the 1/τ of two terms is one and the same, and cancels.
        """
        if np.array_equal(bounds.lower, bounds.upper):
            return forms.constant(bounds)
        return self.atoms.new(bounds, strict=False)

    def _expand(self, step: Step) -> None:
        try:
            results = self._results(step)
        except TooLargeError:
            results = None
        if results is None:
            never = step.name in _NEVER_AT_THE_ENDS
            strict = self._is_finite(step.inputs[0]) if never else False
            results = [self.atoms.new(self._bounds(slot), strict) for slot in step.outputs]
        self._forms.update(zip(step.outputs, results, strict=True))

    def _bounds(self, slot: int) -> Interval:
        """Return what is known of a value over the box, which is the only one."""
        return self.execution.values[slot].bounds[0]

    def _is_finite(self, slot: int) -> Array:
        """Tell where a value is finite at every state, though no bound may be known of it."""
        bounds = self._bounds(slot)
        if slot in self._perhaps_infinite:
            return np.isfinite(bounds.lower) & np.isfinite(bounds.upper)
        return np.asarray((bounds.lower < _LARGE) & (bounds.upper > -_LARGE))

    def _results(self, step: Step) -> list[Form] | None:
        """Write a step out, or return None where it cannot be."""
        if any(dtype != _FLOAT64 for dtype in step.dtypes):
            return None
        if step.name in _MOVES:
            return self._moved(step)
        if step.name == "convert_element_type":
            return [self.form(step.inputs[0])] if step.input_dtypes[0] == _FLOAT64 else None
        if step.name == "logistic":
            return [self._gate(step.inputs[0])]
        if step.name == "select_n":
            return self._selected(step)
        if step.name == "neg":
            return [forms.negative(self.form(step.inputs[0]))]
        return self._sum_or_product(step) if step.name in _SUMS else None

    def _sum_or_product(self, step: Step) -> list[Form] | None:
        first, second = (self.form(slot).broadcast(step.shapes[0]) for slot in step.inputs)
        if step.name == "mul":
            return [forms.multiply(first, second)]
        if step.name == "div":
            inverse = self._reciprocal(step.inputs[1])
            return (
                None
                if inverse is None
                else [forms.multiply(first, inverse.broadcast(step.shapes[0]))]
            )
        return [forms.add(first, forms.negative(second) if step.name == "sub" else second)]

    def _gate(self, slot: int) -> Form:
        """Return σ(a), written as 1 − σ(b) where a = −b, so that two gates can add up to 1."""
        producer = self.execution.program.producers.get(slot)
        mirrored = producer is not None and producer.name == "neg"
        base = producer.inputs[0] if producer is not None and mirrored else slot
        if base not in self._gates:
            bounds, strict = logistic(self._bounds(base)), self._is_finite(base)
            self._gates[base] = self.atoms.new(bounds, strict)
        gate = self._gates[base]
        one = forms.constant(point(np.ones(gate.shape)))
        return forms.add(one, forms.negative(gate)) if mirrored else gate

    def _selected(self, step: Step) -> list[Form] | None:
        """Write out a choice that does not depend on the state."""
        if len(step.inputs) != 3 or not self.execution.is_constant(step.inputs[0]):
            return None
        which = self._bounds(step.inputs[0])
        if not which.exact:
            return None
        chosen = np.clip(which.lower, 0, 1).astype(float)
        masks = [forms.constant(point(m)).broadcast(step.shapes[0]) for m in (1 - chosen, chosen)]
        parts = (self.form(slot).broadcast(step.shapes[0]) for slot in step.inputs[1:])
        return [forms.add(*(forms.multiply(m, p) for m, p in zip(masks, parts, strict=True)))]

    def _reciprocal(self, slot: int) -> Form | None:
        """Return 1/d for a d that is known to be positive or is a constant other than zero."""
        if slot not in self._reciprocals:
            self._reciprocals[slot] = self._inverted(self.form(slot))
        return self._reciprocals[slot]

    def _inverted(self, form: Form) -> Form | None:
        if forms.is_constant(form):
            inverse = Interval(*(end[0] for end in _invert(form.lower, form.upper)))
            strict = False
        else:
            low, high, strict = _range_of_positive(form, self.atoms)
            inverse = Interval(*_invert(low, high))
        if not (np.isfinite(inverse.lower) & np.isfinite(inverse.upper)).all():
            return None
        return self._constant(inverse) if not strict else self.atoms.new(inverse, strict)

    def _moved(self, step: Step) -> list[Form] | None:
        """Move coefficients and factors by the rule of the values; terms stand for boxes."""
        if step.params.get("fill_value") is not None:
            return None  # a number of its own, which is neither
        moving = [place for place, dtype in enumerate(step.input_dtypes) if dtype == _FLOAT64]
        others = set(range(len(step.inputs))).difference(moving)
        if not all(self.execution.values[step.inputs[k]].bounds.exact for k in others):
            return None  # to places that are undecided
        parts = [self.form(step.inputs[place]) for place in moving]
        terms = max(len(part.lower) for part in parts)
        parts = [part.padded(terms) for part in parts]

        def move(arrays: list[Array]) -> list[Array]:
            values = [self.execution.values[slot] for slot in step.inputs]
            for place, array in zip(moving, arrays, strict=True):
                values[place] = Value(point(array))
            return [np.asarray(v.bounds.lower) for v in self.execution.apply(step, values)]

        lower, upper = move([p.lower for p in parts]), move([p.upper for p in parts])
        flat = [p.factors.reshape(-1, *p.shape).astype(float) for p in parts]
        factors = [
            f.astype(np.int64).reshape(terms, DEGREE, *f.shape[1:])
            for f in (np.nan_to_num(f, nan=forms.NONE) for f in move(flat))
        ]
        return [Form(*triple) for triple in zip(lower, upper, factors, strict=True)]


def _invert(low: Array, high: Array) -> tuple[Array, Array]:
    """Return bounds of 1/d between low and high; infinite where d may be zero."""
    sign = np.where(low > 0, 1.0, np.where(high < 0, -1.0, np.nan))
    small, large = np.where(sign > 0, low, -high), np.where(sign > 0, high, -low)
    one = np.ones_like(small)
    most = divide_up(one, small, small)
    least = np.maximum(-divide_up(-one, large, large), 0.0)
    least = np.where(np.isfinite(large), least, 0.0)
    low_result = np.where(sign > 0, least, -most)
    high_result = np.where(sign > 0, most, -least)
    unknown = np.isnan(sign)
    return np.where(unknown, -np.inf, low_result), np.where(unknown, np.inf, high_result)


def _range_of_positive(form: Form, atoms: Atoms) -> tuple[Array, Array, bool]:
    """Return bounds of a sum of non-negative terms of one factor, as 1 + exp(−a) is.

    Also whether the bounds are never reached. A NaN says that the form is of another kind.
    """
    lower, upper, strict = atoms.table()
    single = form.factors[:, :-1] == forms.NONE
    number = form.factors[:, -1]
    known = number != forms.NONE
    low = np.where(known, lower[number], 1.0)
    high = np.where(known, upper[number], 1.0)
    fit = single.all(axis=1) & (form.lower >= 0) & (low >= 0)
    low, high = times_down(form.lower, low), times_up(form.upper, high)
    total_low, total_high = np.zeros(form.shape), np.zeros(form.shape)
    for t in range(len(low)):
        total_low = forms.add_down(total_low, low[t])
        total_high = forms.add_up(total_high, high[t])
    certain = fit.all(axis=0)
    reached = known & ~np.where(known, strict[number], True)
    moves = (known & (form.lower > 0)).any(axis=0).all()
    return (
        np.where(certain, total_low, np.nan),
        np.where(certain, total_high, np.nan),
        bool(moves and not reached.any()),
    )

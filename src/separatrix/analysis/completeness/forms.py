r"""Polynomials in the state and in the gates that multiply it, one for each unit.

Over all of space an interval forgets that the z in $(1-z)\,n$ and in $z\,h$ is the same, so it
cannot see that $(1-z)\,n + z\,h$ never leaves the hull of n and h. A form remembers:

.. math:: y_e(x) = \sum_t c_{te} \prod_{f} a_{i(t,f,e)}(x) ,

where the *atoms* a are the coordinates of the state and the values of functions that are not looked
into (tanh, logistic, a matrix product …), of which only bounds are known. No atom occurs twice in
a product, so a form is linear in each of its atoms.
"""

from dataclasses import dataclass, field

import numpy as np

from ...enclosure.interval import Interval
from ...enclosure.interval.arithmetic import Array
from .rounding import add_down, add_up, times_down, times_up

DEGREE = 4
MOST_TERMS = 24
NONE = -1  # in the place of an atom: there is no factor


class TooLargeError(Exception):
    """A form would have too many terms or factors: the value is better taken as an atom."""


@dataclass(frozen=True)
class Form:
    """Coefficients between `lower` and `upper (term, *shape)`, `factors (term, DEGREE, *shape)`.

    A factor is the number of an atom or NONE; the factors of a term are sorted.
    """

    lower: Array
    upper: Array
    factors: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self.lower.shape[1:]

    def broadcast(self, shape: tuple[int, ...]) -> "Form":
        """Spread a number over an array."""
        if self.shape == shape:
            return self
        missing = len(shape) - len(self.shape)

        def spread(array: Array, lead: int) -> Array:
            wide = array.reshape(array.shape[:lead] + (1,) * missing + array.shape[lead:])
            return np.broadcast_to(wide, array.shape[:lead] + shape)

        return Form(spread(self.lower, 1), spread(self.upper, 1), spread(self.factors, 2))

    def padded(self, terms: int) -> "Form":
        """Add terms that are zero, up to a number of them."""
        more = terms - len(self.lower)
        zeros = np.zeros((more, *self.shape))
        none = np.full((more, DEGREE, *self.shape), NONE)
        return Form(
            np.concatenate([self.lower, zeros]),
            np.concatenate([self.upper, zeros]),
            np.concatenate([self.factors, none]),
        )


@dataclass
class Atoms:
    """Bounds of every atom, and whether it stays strictly between them."""

    lower: list[Array] = field(default_factory=list)
    upper: list[Array] = field(default_factory=list)
    strict: list[Array] = field(default_factory=list)
    count: int = 0

    def new(self, bounds: Interval, strict: bool | Array) -> Form:
        """Make the elements of a value atoms, and return it as the form that it then is."""
        shape = bounds.lower.shape
        numbers = self.count + np.arange(bounds.lower.size).reshape(shape)
        self.count += numbers.size
        self.lower.append(np.ravel(bounds.lower).astype(float))
        self.upper.append(np.ravel(bounds.upper).astype(float))
        self.strict.append(np.ravel(np.broadcast_to(strict, shape)))
        factors = np.full((1, DEGREE, *shape), NONE)
        factors[0, -1] = numbers
        ones = np.ones((1, *shape))
        return Form(ones, ones, factors)

    def table(self) -> tuple[Array, Array, Array]:
        """Return lower bounds, upper bounds and strictness of all atoms."""
        return np.concatenate(self.lower), np.concatenate(self.upper), np.concatenate(self.strict)


def constant(bounds: Interval) -> Form:
    """Make the form of a value that does not depend on the state."""
    lower, upper = np.asarray(bounds.lower, float), np.asarray(bounds.upper, float)
    return Form(lower[None], upper[None], np.full((1, DEGREE, *lower.shape), NONE))


def is_constant(form: Form) -> bool:
    """Whether a form has no atoms."""
    return len(form.lower) == 1 and bool((form.factors == NONE).all())


def negative(form: Form) -> Form:
    """Negate, exactly."""
    return Form(-form.upper, -form.lower, form.factors)


def add(first: Form, second: Form) -> Form:
    """Add; terms with the same factors become one, element by element, where that is exact.

    So h − 0.2 h − h keeps 0.2 h as it is, to be canceled by another 0.2 h later on.
    """
    lower, upper = first.lower.copy(), first.upper.copy()
    rest_low, rest_high = second.lower.copy(), second.upper.copy()
    for t in range(len(second.lower)):
        for s in range(len(first.lower)):
            total = add_down(lower[s], rest_low[t])
            merged = (first.factors[s] == second.factors[t]).all(axis=0)
            merged &= (total == add_up(upper[s], rest_high[t])) & (rest_low[t] != 0)
            lower[s], upper[s] = (np.where(merged, total, end) for end in (lower[s], upper[s]))
            rest_low[t], rest_high[t] = (
                np.where(merged, 0.0, end) for end in (rest_low[t], rest_high[t])
            )
    terms = [Form(lower, upper, first.factors), Form(rest_low, rest_high, second.factors)]
    return _without_zeros(*(np.concatenate([getattr(f, n) for f in terms]) for n in _FIELDS))


_FIELDS = ("lower", "upper", "factors")


def _without_zeros(lower: Array, upper: Array, factors: Array) -> Form:
    kept = ((lower != 0) | (upper != 0)).reshape(len(lower), -1).any(axis=1)
    kept[:1] |= not kept.any()
    if kept.sum() > MOST_TERMS:
        raise TooLargeError
    return Form(lower[kept], upper[kept], factors[kept])


def multiply(first: Form, second: Form) -> Form:
    """Multiply term by term; raise TooLargeError where an atom would be squared."""
    if len(first.lower) * len(second.lower) > MOST_TERMS:
        raise TooLargeError
    product: Form | None = None
    for s in range(len(first.lower)):
        for t in range(len(second.lower)):
            low, high = _coefficient(first, s, second, t)
            both = np.concatenate([first.factors[s], second.factors[t]])
            both = np.sort(np.where((low != 0) | (high != 0), both, NONE), axis=0)
            squared = (both[1:] == both[:-1]) & (both[1:] != NONE)
            if squared.any() or (both[:-DEGREE] != NONE).any():
                raise TooLargeError
            term = Form(low[None], high[None], both[None, -DEGREE:])
            product = term if product is None else add(product, term)
    assert product is not None  # a form has a term at least
    return product


def _coefficient(first: Form, s: int, second: Form, t: int) -> tuple[Array, Array]:
    """Multiply two intervals by their corners."""
    pairs = [(a, b) for a in (first.lower[s], first.upper[s]) for b in _ends(second, t)]
    lows, highs = ([f(a, b) for a, b in pairs] for f in (times_down, times_up))
    return np.minimum.reduce(lows), np.maximum.reduce(highs)


def _ends(form: Form, t: int) -> tuple[Array, Array]:
    return form.lower[t], form.upper[t]

"""Whether intervals hold the truth: exact rationals, ball arithmetic, and samples of a box.

Beside them functions whose derivatives are not to be believed.
"""

from fractions import Fraction

import flint
import jax
import jax.numpy as jnp
import numpy as np

from separatrix.enclosure.interval import Enclosed, Interval

exactly = np.vectorize(Fraction, otypes=[object])
"""Numbers as rationals, whose sums and products are exact."""


def assert_holds(found, truths):
    """Intervals hold exact rationals."""
    bounds = zip(found.lower.flat, found.upper.flat, np.asarray(truths).flat, strict=True)
    for low, high, truth in bounds:
        assert low == -np.inf or Fraction(low) <= truth
        assert high == np.inf or truth <= Fraction(high)


in_balls = np.vectorize(lambda number: flint.arb(float(number)), otypes=[object])
"""Numbers in ball arithmetic; NumPy's functions of them are those of balls, too."""


def assert_overlaps(found, truths):
    """Intervals are not beside what ball arithmetic knows to many digits, where it knows it."""
    for low, high, truth in zip(found.lower.flat, found.upper.flat, truths, strict=True):
        if truth.is_finite():
            assert not truth < flint.arb(float(low)), (low, high, truth)
            assert not truth > flint.arb(float(high)), (low, high, truth)


def with_rule(function, slope):
    """A function with a derivative of its own: what `slope` makes of tangents."""
    ruled = jax.custom_jvp(function)
    ruled.defjvp(lambda primals, tangents: (ruled(*primals), slope(tangents[0])))
    return ruled


def with_backward_rule(function, slope):
    """A function with a pullback of its own: what `slope` makes of cotangents."""
    ruled = jax.custom_vjp(function)
    ruled.defvjp(lambda x: (ruled(x), None), lambda _, cotangent: (slope(cotangent),))
    return ruled


def enclose(function, box):
    """Bounds of the values of a function over a box."""
    return Enclosed(function, box.shape).bounds(box[None])[0]


def enclose_jacobian(function, box):
    """Bounds (output, input) of its slopes over a box, and why nothing may be concluded."""
    found = Enclosed(function, box.shape).slopes(box[None])
    return found.slopes[0], found.refusals[0]


def bounds_everywhere(function, size):
    """The least and the greatest values over all of space."""
    space = Interval(np.full((1, size), -np.inf), np.full((1, size), np.inf))
    found = Enclosed(function, (size,)).bounds(space)
    return found.lower[0], found.upper[0]


def assert_encloses(function, size, radii=(1e-3, 0.3, 3.0), boxes=1):
    """Values and slopes over random boxes hold those of their states; return what was found.

    What is compared with is rounded, for which there is room. A function may be refused where it
    is undecided which of two it is; it has bounds there, too.
    """
    enclosed, rng, answers = Enclosed(function, (size,)), np.random.default_rng(1), []
    with jax.enable_x64(True):
        both = jax.jit(jax.vmap(lambda x: (function(x), jax.jacfwd(function)(x))))
        for radius in np.repeat(radii, boxes):
            center = rng.standard_normal(size)
            box = Interval(center[None] - radius, center[None] + radius)
            found, bounds = enclosed.slopes(box), enclosed.bounds(box)
            states = center + rng.uniform(-radius, radius, (40, size))
            values, slopes = map(np.asarray, both(jnp.asarray(states)))
            assert_holds_rounded(bounds, values)
            if not found.refusals[0]:
                assert_holds_rounded(found.bounds, values)
                assert_holds_rounded(found.slopes, slopes)
                moved = states[:20] - states[20:]
                most = np.abs(moved) @ found.slopes.magnitude()[0].T
                assert (np.abs(values[:20] - values[20:]) <= most + 1e-12).all()
            answers.append(found)
    return answers


def assert_holds_rounded(found, values):
    """Intervals hold numbers that were computed in float64."""
    room = 1e-12 + 1e-13 * np.abs(values)
    assert (found.lower - room <= values).all() and (values <= found.upper + room).all()

"""The index theorem: sums of exactly 1 over complete sets, and no sum without its hypotheses."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from completeness_tools import float64, point_set, without

import separatrix as sx
from separatrix.analysis.completeness import find_domain, index_sum, point_indices
from separatrix.analysis.completeness.index import with_indices
from separatrix.enclosure.interval import Enclosed

COMPLETE = {
    **{
        f"tanh {w} {k}": (systems.tanh_unit, (w, 0.0, k))
        for w in (0.5, 1.1, 2.0, 5.0)
        for k in ("map", "flow")
    },
    **{f"ring {n} {k}": (systems.ring, (n, k)) for n in (2, 3, 4) for k in ("map", "flow")},
    **{f"hopf {k}": (systems.hopf, (1.5, 0.7, k)) for k in ("map", "flow")},
    "rank one": (systems.rank_one, ()),
    "wong-wang of 5": (systems.wong_wang, (0.0, 0.0)),
    "wong-wang of 3": (systems.wong_wang, (30.0, 0.14)),
    "wilson-cowan": (systems.wilson_cowan, ()),
}


def sum_of(system, points):
    velocity = Enclosed(system.velocity, (system.size,))
    points = with_indices(points, velocity, None, points.fixed)
    return index_sum(find_domain(system)[0], points), points


@pytest.mark.parametrize("name", COMPLETE)
def test_sum_over_a_complete_set_is_one_and_any_missing_point_breaks_it(name):
    make, arguments = COMPLETE[name]
    book = make(*arguments)
    system = float64(book.system)
    result, points = sum_of(system, point_set(system, book.states))
    assert result == 1 and not points.obstacles.any()
    for k in range(len(book.states)):
        result, _ = sum_of(system, without(points, k))
        assert result == 1 - points.indices[k] != 1


@pytest.mark.parametrize(("slope", "sign"), [(3, 0), (0.5, 1)])
def test_index_of_a_kink(slope, sign):
    """v = −x + 3 |x| is a minimum, of degree 0: its slopes contain 0, so nothing is claimed."""
    velocity = Enclosed(lambda x: -x + slope * jnp.abs(x), (1,))
    (found,), (why,) = point_indices(velocity, np.zeros((1, 1)), np.array([1e-9]))
    assert found == sign and bool(why) == (sign == 0)


SINGULAR = sx.DiscreteMap(lambda x: jnp.tanh(x), 1)
OTHER_ZERO = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1, residual=lambda x: x - 0.25 + 0.1 * x**2)
W2 = systems.TANH_UNIT[2.0]
NO_SUM = {  # a system, its points, and a word that tells why
    "a singular point": (SINGULAR, [[0.0]], "not certified"),
    "a zero that the step has not": (OTHER_ZERO, [[(np.sqrt(1.1) - 1) / 0.2]], "the step"),
    "a point twice": (
        systems.tanh_unit(2.0).system,
        [[W2], [-W2], [0.0], [W2 + 1e-16]],
        "error bounds",
    ),
    "a rectifier": (sx.DiscreteMap(lambda x: jnp.maximum(0.5 * x + 1, 0.0), 2), [[0, 0]], "unit"),
    "a saddle-node": (sx.DiscreteMap(lambda x: x + 0.1 * (x**2 - 0.25), 2), [[0, 0]], "unit"),
    "linear": (sx.DiscreteMap(lambda x: 0.5 * x + 0.25 * x[::-1], 2), [[0, 0]], "unit"),
}


@pytest.mark.parametrize("name", NO_SUM)
def test_no_sum_without_its_hypotheses(name):
    system, states, word = NO_SUM[name]
    system = float64(system)
    result, _ = sum_of(system, point_set(system, states))
    assert isinstance(result, str) and word in result


def test_no_points_sum_to_zero():
    system = float64(systems.tanh_unit(2.0).system)
    assert sum_of(system, point_set(system, np.zeros((0, 1))))[0] == 0

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix._types import (
    counted,
    nearest,
    require_count,
    require_kind,
    require_number,
    require_positive,
)


@pytest.mark.parametrize("value", [3, 2.5, np.float32(2.5), np.array(2), jnp.ones(())])
def test_numbers(value):
    assert require_number(value, "tau") == float(value)
    require_positive(value, "tau", "ms")


@pytest.mark.parametrize("value", ["3", "abc", True, None, [1.0], np.ones(1), 1j, np.bool_(True)])
def test_what_is_no_number(value):
    for check in (require_number, require_positive):
        with pytest.raises(sx.InvalidInputError) as caught:
            check(value, "tau")
        assert str(caught.value) == f"tau must be a number, got {value!r}."


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_what_is_not_positive(value):
    with pytest.raises(sx.InvalidInputError, match=f"tau must be positive, got {value:g} ms"):
        require_positive(value, "tau", "ms")


@pytest.mark.parametrize("value", [1, 7, np.int32(2)])
def test_counts(value):
    assert require_count(value, "size") == value
    assert type(require_count(value, "size")) is int


@pytest.mark.parametrize("value", [0, -1, 2.5, 2.0, "2", True, None])
def test_what_is_no_count(value):
    with pytest.raises(sx.InvalidInputError) as caught:
        require_count(value, "size")
    assert str(caught.value) == f"size must be a whole number of at least 1, got {value!r}."


def test_the_nearest_names():
    assert nearest("stps", ["steps", "seed"]) == "did you mean 'steps'?"
    assert nearest("xyz", ["b", "a"]) == "valid: a, b."
    assert nearest(None, ["b", "a"]) == "valid: a, b."


def test_one_is_not_several():
    assert [counted(n, "unit") for n in (0, 1, 2)] == ["0 units", "1 unit", "2 units"]
    assert [counted(n, "branch", "branches") for n in (1, 2)] == ["1 branch", "2 branches"]


def test_summaries_of_one_unit_say_so():
    system = sx.DiscreteMap(lambda x: 0.5 * x, 1)
    points = sx.find_fixed_points(system, np.ones((1, 1)))
    assert repr(points).startswith("FixedPoints of a map of 1 unit: 1 fixed")
    linear = sx.linearize(system, points)
    assert linear.summary() == "Linearization of a map of 1 unit at 1 point"


def test_what_is_of_another_kind_is_refused_by_name():
    require_kind(3, int, "steps", "a whole number")
    with pytest.raises(sx.InvalidInputError) as caught:
        require_kind("adam", int, "optimizer", "one of optax, as optax.adam(1e-3)")
    assert str(caught.value) == "optimizer must be one of optax, as optax.adam(1e-3), got 'adam'."

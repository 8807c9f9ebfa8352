import numpy as np
import pytest

import separatrix as sx
from separatrix._checked import Count, Positive, Seed, taken
from separatrix._types import label_array, nearest, real_array


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (float, ["3", "abc", True, None, [1.0], np.ones(1), 1j, np.bool_(True)]),
        (Positive, ["3", True, None, [1.0], 1j, 0, -1.0, np.nan]),
        (Count, [0, -1, 2.5, 2.0, "2", True, None, 10**15, 2**31, 10**400, np.ones((2, 3, 7))]),
        (Seed, ["", -1, None, 2.5, 2**32]),
    ],
)
def test_what_is_no_such_number(kind, values):
    for value in values:
        with pytest.raises(sx.InvalidInputError, match="tau") as found:
            taken(value, kind, "tau")
        assert "\n" not in str(found.value) and len(str(found.value)) < 500


@pytest.mark.parametrize(
    ("check", "values"),
    [
        (real_array, [[[10**400]], [[1.0], [1.0, 2.0]], {}, "3"]),
        (label_array, [[None, object()], [[1], [1, 2]], [{}, []]]),
    ],
)
def test_what_is_no_such_array(check, values):
    for value in values:
        with pytest.raises(sx.InvalidInputError, match="labels"):
            check(value, "labels")


def test_trials_of_unequal_length_are_named_by_their_shapes():
    with pytest.raises(sx.InvalidInputError, match=r"\(2, 5\) and \(3, 5\).*NaN"):
        real_array([np.zeros((3, 5)), np.zeros((2, 5))], "states")
    with pytest.raises(sx.InvalidInputError, match=r"a list of parts .* \(1,\) and \(2,\).*NaN"):
        real_array([[1.0], [2.0, 3.0]], "states")
    with pytest.raises(sx.InvalidInputError, match=r"inhomogeneous part\.$"):
        real_array([[[1.0], [2.0, 3.0]]], "states")


def test_the_nearest_names():
    assert nearest("stps", ["steps", "seed"]) == "did you mean 'steps'?"
    assert nearest("xyz", ["b", "a"]) == nearest(None, ["b", "a"]) == "valid: a, b."

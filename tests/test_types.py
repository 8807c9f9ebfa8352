import numpy as np
import pytest

import separatrix as sx
from separatrix._types import (
    nearest,
    real_array,
    require_count,
    require_number,
    require_positive,
)


@pytest.mark.parametrize(
    ("check", "values"),
    [
        (require_number, ["3", "abc", True, None, [1.0], np.ones(1), 1j, np.bool_(True)]),
        (require_positive, ["3", True, None, [1.0], 1j, 0, -1.0, np.nan]),
        (require_count, [0, -1, 2.5, 2.0, "2", True, None, 10**15, 2**31]),
    ],
)
def test_what_is_no_such_number(check, values):
    for value in values:
        with pytest.raises(sx.InvalidInputError, match="tau"):
            check(value, "tau")


def test_trials_of_unequal_length_are_named_by_their_shapes():
    with pytest.raises(sx.InvalidInputError, match=r"\(2, 5\) and \(3, 5\).*NaN"):
        real_array([np.zeros((3, 5)), np.zeros((2, 5))], "states")


def test_the_nearest_names():
    assert nearest("stps", ["steps", "seed"]) == "did you mean 'steps'?"
    assert nearest("xyz", ["b", "a"]) == nearest(None, ["b", "a"]) == "valid: a, b."

import numpy as np
import pytest

import separatrix as sx
from separatrix._types import (
    nearest,
    require_count,
    require_number,
    require_positive,
)


@pytest.mark.parametrize("value", ["3", "abc", True, None, [1.0], np.ones(1), 1j, np.bool_(True)])
def test_what_is_no_number(value):
    for check in (require_number, require_positive):
        with pytest.raises(sx.InvalidInputError) as caught:
            check(value, "tau")
        assert str(caught.value) == f"tau must be a number, got {value!r}."


@pytest.mark.parametrize("value", [0, -1, 2.5, 2.0, "2", True, None])
def test_what_is_no_count(value):
    with pytest.raises(sx.InvalidInputError) as caught:
        require_count(value, "size")
    assert str(caught.value) == f"size must be a whole number of at least 1, got {value!r}."


def test_the_nearest_names():
    assert nearest("stps", ["steps", "seed"]) == "did you mean 'steps'?"
    assert nearest("xyz", ["b", "a"]) == "valid: a, b."
    assert nearest(None, ["b", "a"]) == "valid: a, b."

"""Which parameters of a test `make test` takes, and which only `make test-laws` does."""

import pytest


def quick(values, *kept):
    """All of the values; `make test` takes those kept alone, `make test-laws` the others.

    A value is kept by itself or, where it is a case of several, by its number among the values.
    """
    values = list(values)
    numbers = [i for i, v in enumerate(values) if i in kept or (isinstance(v, str) and v in kept)]
    assert len(numbers) == len(kept), f"{kept} are not all among {values}"
    return [
        value if i in numbers else pytest.param(*_together(value), marks=pytest.mark.laws)
        for i, value in enumerate(values)
    ]


def _together(value):
    return value if isinstance(value, tuple) else (value,)

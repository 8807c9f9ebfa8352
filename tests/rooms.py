"""Which parameters of a test `make test` takes, and which `make test-laws` or `make test-runs`."""

import pytest


def quick(values, *kept, room="laws"):
    """All of the values; `make test` takes those kept alone, that of the room the others.

    A value is kept by itself or, where it is a case of several, by its number among the values.
    """
    values = list(values)
    numbers = [i for i, v in enumerate(values) if i in kept or (isinstance(v, str) and v in kept)]
    assert len(numbers) == len(kept), f"{kept} are not all among {values}"
    mark = getattr(pytest.mark, room)
    return [
        value if i in numbers else pytest.param(*_together(value), marks=mark)
        for i, value in enumerate(values)
    ]


def _together(value):
    return value if isinstance(value, tuple) else (value,)

"""The classical Runge–Kutta step, for what needs a flow as a map and its exact derivative."""

from collections.abc import Callable
from typing import Any


def rk4(field: Callable[[Any], Any], state: Any, step: Any) -> Any:
    """Return the state one step of x' = f(x) later; the error of a step is of order step⁵."""
    first = field(state)
    second = field(state + 0.5 * step * first)
    third = field(state + 0.5 * step * second)
    fourth = field(state + step * third)
    return state + step / 6 * (first + 2 * second + 2 * third + fourth)

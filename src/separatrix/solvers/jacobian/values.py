"""Values, and what is known of their derivatives by the coordinates of a state."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

_NOWHERE = np.zeros(0, int)


class ScaledMatrix(NamedTuple):
    """Derivatives of an entry i by a coordinate k: right_k matrix_ki left_i, and slope_i if i = k.

    Attributes
    ----------
    matrix (unit, entry)
        Does not depend on the state.
    left (entry,), right (unit,), slope (unit,)
        The latter two may be missing: 1, and 0.
    is_fixed
        Whether `left` does not depend on the state.
    """

    matrix: Any
    left: Any
    right: Any
    slope: Any
    is_fixed: bool

    def rows(self) -> Any:
        """Return the derivatives by every coordinate, `(unit, entry)`."""
        rows = self.matrix * self.left
        if self.right is not None:
            rows = self.right[:, None] * rows
        if self.slope is None:
            return rows
        return jnp.where(np.eye(len(rows), dtype=bool), rows + self.slope, rows)


class Value(NamedTuple):
    """A value and what is known of its derivative.

    Attributes
    ----------
    value (…)
        The value.
    slope (…)
        Where each entry depends on one coordinate at most: its derivative by that.
    source (…)
        Which coordinate that is, known while JAX traces.
    is_fixed
        Whether the slope does not depend on the state.
    scaled
        Else, where a matrix is scaled: the derivatives as that.
    dense (unit, …)
        Else the derivatives by every coordinate. A constant has none of them.
    """

    value: Any
    slope: Any = None
    source: np.ndarray = _NOWHERE
    is_fixed: bool = False
    scaled: ScaledMatrix | None = None
    dense: Any = None

    @property
    def is_varying(self) -> bool:
        return not (self.slope is None and self.scaled is None and self.dense is None)

    @property
    def is_diagonal(self) -> bool:
        """Whether each entry depends on one coordinate at most."""
        return self.scaled is None and self.dense is None

    def rows(self, size: int) -> Any:
        """Return the derivatives by every coordinate, `(unit, …)`."""
        if self.dense is not None:
            return self.dense
        if self.scaled is not None:
            return self.scaled.rows()
        coordinates = jnp.arange(size).reshape(-1, *[1] * self.source.ndim)
        return jnp.where(coordinates == self.source, self.slope, jnp.zeros_like(self.slope))


def identity(state: Any) -> Value:
    """Return a state as what depends on itself."""
    return Value(state, jnp.ones_like(state), np.arange(len(state)), is_fixed=True)

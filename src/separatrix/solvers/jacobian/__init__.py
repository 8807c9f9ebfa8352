"""Jacobians in forward mode, without products with a matrix that is diagonal.

Forward-mode differentiation pushes the unit directions through a function one and all. In
``W @ tanh(x)`` what reaches W is a diagonal matrix, and a product with it costs n³ operations
where scaling the columns of W costs n². So here a value of which each entry depends on one
coordinate at most carries the derivatives of its entries alone.

Elementwise operations on such a product keep the matrix apart from the scales of its rows and
columns: the Jacobian of ``tanh(W @ x) - x`` is diag(1 - tanh²) W - 1, in which W
is the same at every state.
"""

from .forward import scaled_jacobian, value_and_transposed_jacobian

__all__ = ["scaled_jacobian", "value_and_transposed_jacobian"]

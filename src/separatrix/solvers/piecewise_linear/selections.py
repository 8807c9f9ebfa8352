"""Selections on a sign (``where``, ``leaky_relu``, ``h * (h > 0)``) rewritten with rectifiers.

``where(z > 0, a, b) = b + step(z) (a - b)`` is continuous when ``a - b`` vanishes wherever ``z``
does.  Then ``step(z) (a - b)`` is a sum of rectifiers: of ``z`` itself and of gates of the same
quantity that lie on the side ``z > 0`` (as in ``hard_tanh``, two selections on one variable).
"""

from __future__ import annotations

import numpy as np

from .affine import Affine, Array, GateTable, UnrecognizedError

# Constants folded in float64 differ from the written ones by a few roundings; a real jump is
# far larger.  Anything in between is refused as a jump.
_ROUNDINGS = 64 * np.finfo(np.float64).eps


def select(table: GateTable, quantity: Affine, above: Affine, below: Affine) -> Affine:
    """Return ``where(quantity > 0, above, below)``, entry by entry."""
    shape = np.broadcast_shapes(quantity.shape, above.shape, below.shape)
    difference, quantity = above.minus(below).broadcast(shape), quantity.broadcast(shape)
    width = table.width
    (z_rows, z_constants), (d_rows, d_constants) = (
        (Affine(value.widened(width), value.constant).rows, value.constant.ravel())
        for value in (quantity, difference)
    )
    slopes = np.zeros(len(z_rows))
    extra = np.zeros((len(z_rows), width))
    extra_constants = np.zeros(len(z_rows))
    for i in range(len(z_rows)):
        if not z_rows[i].any():  # A constant comparison only chooses.
            if z_constants[i] > 0:
                extra[i], extra_constants[i] = d_rows[i], d_constants[i]
            continue
        slopes[i], extra[i], extra_constants[i] = _above_zero(
            table, z_rows[i], float(z_constants[i]), d_rows[i], float(d_constants[i])
        )
    kept = Affine(extra.T.reshape(width, *shape), extra_constants.reshape(shape))
    slope = slopes.reshape(shape)
    gated = table.relu(quantity.scaled(slope != 0)).scaled(slope)
    return below.plus(gated).plus(kept)


def _above_zero(
    table: GateTable, z_row: Array, z_constant: float, d_row: Array, d_constant: float
) -> tuple[float, Array, float]:
    """Write ``step(z) d`` as ``slope * relu(z) + row @ (x, g) + constant``."""
    n = table.size
    row, constant = np.zeros_like(d_row), 0.0
    rest, rest_constant = d_row.copy(), d_constant
    scale = abs(d_constant)
    for gate in np.flatnonzero(d_row[n:]):
        gate_row = np.zeros_like(d_row)
        gate_row[: len(table.rows[gate])] = table.rows[gate]
        ratio = _ratio(gate_row, z_row)
        if ratio is None:
            continue
        weight = float(d_row[n + gate])
        offset = table.constants[gate] - ratio * z_constant  # the gate is relu(ratio z + offset)
        scale += abs(weight) * (abs(table.constants[gate]) + abs(ratio * z_constant))
        rest[n + gate] = 0.0
        if -offset / ratio > 0:  # Its kink lies on the side z > 0.
            row[n + gate] += weight
            if ratio < 0:  # relu(y) = y + relu(-y), and relu(-y) is zero for z < 0.
                row -= weight * gate_row
                constant -= weight * table.constants[gate]
        if ratio < 0 < -offset / ratio or (ratio > 0 and -offset / ratio <= 0):
            rest += weight * gate_row
            rest_constant += weight * table.constants[gate]
    slope = _ratio(rest, z_row) if rest.any() else 0.0
    jump = np.inf if slope is None else abs(rest_constant - slope * z_constant)
    if slope is None or jump > _ROUNDINGS * (scale + abs(slope * z_constant)):
        raise UnrecognizedError(
            "a selection on a sign is discontinuous (or not recognized as continuous): its two "
            "branches do not meet where the compared quantity changes sign"
        )
    return slope, row, constant


def _ratio(row: Array, reference: Array) -> float | None:
    """Return ``a`` with ``row = a * reference`` to rounding, or None."""
    pivot = int(np.abs(reference).argmax())
    ratio = float(row[pivot] / reference[pivot])
    error = np.abs(row - ratio * reference)
    if ratio == 0.0 or (error > _ROUNDINGS * np.abs(ratio * reference)).any():
        return None
    return ratio

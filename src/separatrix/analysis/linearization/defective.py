"""Left vectors of the modes that a defective matrix has, beside those that it lacks."""

import numpy as np
from jaxtyping import Float
from scipy.linalg import eig

_ONE = 1e-10  # eigenvalues nearer than this part of the matrix's norm are one
_SINGULAR = 1e-13  # of the products of unit vectors: below, there is nothing to divide by


def modes_of_defective(
    jacobian: Float[np.ndarray, "unit source"], kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return eigenvalues, right vectors (columns) and left vectors (rows) of a defective matrix.

    The right vectors do not span the space, so their inverse does not exist; left vectors come from
    the transpose, and are paired with the right ones eigenvalue by eigenvalue. Those of a defective
    eigenvalue are orthogonal to its right vectors, and are NaN.
    """
    values, left, right = eig(jacobian, left=True)
    growth = np.abs(values) if kind == "map" else values.real
    order = np.argsort(-growth, kind="stable")
    values, right, left = values[order], right[:, order], left[:, order].conj().T
    paired = np.full(left.shape, np.nan + 0j)
    for together in _clusters(values, _ONE * float(np.linalg.norm(jacobian))):
        product = left[together] @ right[:, together]
        if np.linalg.svd(product, compute_uv=False)[-1] > _SINGULAR:
            paired[together] = np.linalg.solve(product, left[together])
    return values, right, paired


def _clusters(values: np.ndarray, near: float) -> list[np.ndarray]:
    """Return the modes whose eigenvalues are one, as groups of their numbers."""
    left, groups = np.arange(len(values)), []
    while len(left):
        here = np.abs(values[left] - values[left[0]]) <= near
        groups.append(left[here])
        left = left[~here]
    return groups

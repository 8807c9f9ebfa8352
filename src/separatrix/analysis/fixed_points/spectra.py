"""Eigenvalues at each point, and how many of them are proved to be unstable."""

from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from ...enclosure.krawczyk.spectrum import Kind
from ...solvers.batched import eigenvalues
from ...solvers.low_rank import latent_spectra
from .certificates import count_unstable_certified
from .evaluator import LEADING, Evaluator


class Spectra(NamedTuple):
    """The eigenvalues of each point (point, unit), and the proved number of unstable ones (point,).

    Eigenvalues are NaN where a Jacobian is not finite, the number is -1 where it is not proved.
    """

    eigenvalues: np.ndarray
    n_unstable: np.ndarray


def spectra_of(
    evaluator: Evaluator, states: np.ndarray, bounds: np.ndarray, proved: np.ndarray
) -> Spectra:
    """Work out the eigenvalues at each state, and prove how many are unstable where asked to.

    `bounds (point,)` are the proved distances to the exact points, `proved (point,)` tells which
    points are counted. Of large systems the eigenvalues are those that decide stability, (point,
    some), and only what latent variables tell is proved.
    """
    found = _by_latent(evaluator, states, bounds, proved)
    unknown = np.isnan(found.eigenvalues).any(1)
    if evaluator.is_large:
        width = found.eigenvalues.shape[1]
        found.eigenvalues[unknown] = evaluator.leading_eigenvalues(states[unknown], width)
        return found
    left = np.flatnonzero(unknown | (proved & (found.n_unstable < 0)))
    if len(left):
        rest = _of_all_units(evaluator, states[left], bounds[left], proved[left])
        found.eigenvalues[left], found.n_unstable[left] = rest
    return found


def _by_latent(
    evaluator: Evaluator, states: np.ndarray, bounds: np.ndarray, proved: np.ndarray
) -> Spectra:
    """Tell what the latent system tells, where there is one and all units leak alike."""
    latent, count = evaluator.latent_velocity, len(states)
    width = evaluator.size
    if evaluator.is_large:
        width = min(width, max(LEADING, 1 if latent is None else latent.rank + 1))
    found = Spectra(np.full((count, width), np.nan, complex), np.full(count, -1))
    if latent is None or not count:
        return found
    kind: Kind = "map" if evaluator.system.kind == "map" else "flow"
    known = latent_spectra(latent, kind, states, np.where(proved, bounds, 0.0))
    if known is None:
        return found
    found.n_unstable[proved] = known.n_unstable[proved]
    found.eigenvalues[:] = known.rest
    found.eigenvalues[:, : latent.rank] = known.eigenvalues
    return found


def _of_all_units(
    evaluator: Evaluator, states: np.ndarray, bounds: np.ndarray, proved: np.ndarray
) -> Spectra:
    """Do so by the Jacobian in all units."""
    found = Spectra(np.full(states.shape, np.nan, complex), np.full(len(states), -1))
    for rows in evaluator.chunks(len(states)):
        eigen = _Eigen(evaluator.jacobian(states[rows]))
        among = np.flatnonzero(proved[rows])
        counted = rows.start + among
        if len(counted):
            basis_of = partial(eigen.vectors, among)
            points = states[counted], bounds[counted]
            counts = count_unstable_certified(evaluator.system, *points, basis_of)
            found.n_unstable[counted] = [-1 if number is None else number for number in counts]
        found.eigenvalues[rows] = eigen.values()
    return found


@dataclass
class _Eigen:
    """Jacobians (point, unit, unit), whose eigenvalues come with eigenvectors where these do."""

    jacobians: np.ndarray
    _values: np.ndarray = field(init=False)
    _pending: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._values = np.full(self.jacobians.shape[:2], np.nan, complex)
        self._pending = np.isfinite(self.jacobians).all((1, 2))

    def vectors(self, among: np.ndarray, number: int) -> np.ndarray:
        """Return the eigenvectors of one among some rows."""
        row = among[number]
        self._values[row], vectors = np.linalg.eig(self.jacobians[row])
        self._pending[row] = False
        return vectors

    def values(self) -> np.ndarray:
        """Return the eigenvalues of each, NaN where a Jacobian is not finite."""
        rows = np.flatnonzero(self._pending)
        if len(rows):
            self._values[rows] = eigenvalues(self.jacobians[rows])
        return self._values

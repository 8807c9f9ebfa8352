"""Linear systems with a spectrum that is given."""

import equinox as eqx
import numpy as np

import separatrix as sx


def with_spectrum(values, seed=0):
    """Return a real matrix with the given eigenvalues, complex ones in conjugate pairs."""
    blocks = []
    for value in values:
        if np.imag(value) > 0:
            blocks.append(np.array([[value.real, -value.imag], [value.imag, value.real]]))
        elif np.imag(value) == 0:
            blocks.append(np.array([[np.real(value)]]))
    size = sum(len(b) for b in blocks)
    matrix, at = np.zeros((size, size)), 0
    for block in blocks:
        matrix[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    basis = np.random.default_rng(seed).standard_normal((size, size))
    return basis @ matrix @ np.linalg.inv(basis)


class Linear(eqx.Module):
    """x ↦ J x; the matrix is an argument of compiled programs, so one serves all of a size."""

    matrix: np.ndarray

    def evaluate(self, x):
        return self.matrix @ x


def linear_map(J, dt=10.0):
    return sx.DiscreteMap(Linear(np.asarray(J, float)).evaluate, len(J), dt)


def linear_flow(J, tau=100.0):
    return sx.Flow(Linear(np.asarray(J, float)).evaluate, len(J), tau)


def at_origin(J, kind="map", **kwargs):
    return sx.linearize((linear_map if kind == "map" else linear_flow)(J), np.zeros((1, len(J))))

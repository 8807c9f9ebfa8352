"""Closures over the cells of other libraries, as they are, are systems (`make test-interop`)."""

import equinox as eqx
import jax
import numpy as np

import separatrix as sx

UNITS, U = 6, np.array([0.5, -1.0, 0.2])
STARTS = np.random.default_rng(0).uniform(-1, 1, (20, UNITS))


def in_float64(tree):
    """Turn the arrays of a cell into NumPy's, which keep float64 outside `jax.enable_x64`."""
    return jax.tree.map(lambda a: np.asarray(a, float) if eqx.is_inexact_array(a) else a, tree)


def fixed_points_of(system):
    points = sx.find_fixed_points(system, STARTS)
    fixed = points[np.asarray(points.kind) == "fixed"]
    return fixed[np.lexsort(np.round(fixed.states, 6).T)]


def check_against_ours(closure, weights):
    """The closure has the certified fixed points and Jacobians of our network of its weights."""
    ours = sx.networks.from_state_dict(weights, dt=20.0).at_input(U)
    system = sx.DiscreteMap(closure, UNITS, 20.0)
    theirs, mine = fixed_points_of(system), fixed_points_of(ours)
    assert len(mine) >= 1 and theirs.certified.all(), theirs.certificate
    np.testing.assert_allclose(theirs.states, mine.states, rtol=0, atol=1e-12)
    a, b = (sx.linearize(s, mine.states) for s in (system, ours))
    np.testing.assert_allclose(a.jacobians, b.jacobians, rtol=0, atol=1e-12)


def test_an_equinox_cell():
    cell = eqx.nn.GRUCell(3, UNITS, key=jax.random.key(0))
    bias_hh = np.concatenate([np.zeros(2 * UNITS, np.float32), cell.bias_n])
    weights = {"weight_ih": cell.weight_ih, "weight_hh": cell.weight_hh, "bias_ih": cell.bias}
    wide = in_float64(cell)
    check_against_ours(lambda h: wide(U, h), weights | {"bias_hh": bias_hh})

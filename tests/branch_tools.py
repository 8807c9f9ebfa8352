"""How the tests follow branches, and the unit that most of them follow."""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

import separatrix as sx

END = "reached the end of the parameter range"


def follow(system_of, start, parameter, **options):
    return sx.continue_fixed_points(system_of, np.atleast_1d(start), parameter, **options)


def specials(branches, kind):
    """Indices of the special points of a type, in the order of the parameter."""
    here = np.flatnonzero(branches.special_type == kind)
    return here[np.argsort(branches.special_parameters[here], kind="stable")]


def tanh_unit(w, b=0.0):
    return sx.DiscreteMap(lambda x: jnp.tanh(w * x + b), 1)


def residuals(branches, system_of):
    """At up to a dozen points: each needs a system of its own."""
    rows = np.unique(np.linspace(0, len(branches) - 1, 12).astype(int))
    pairs = zip(branches.states[rows], branches.parameters[rows], strict=True)
    with jax.enable_x64(True):
        return np.array([float(system_of(p).speed(jnp.asarray(x))) for x, p in pairs])


def unexplained_changes(branches):
    """Pairs of neighboring points whose stability differs, with no special point between them."""
    sizes = np.append(np.full(branches.states.shape[1], 1.0), branches.parameters.std() or 1.0)
    points = np.column_stack([branches.states, branches.parameters]) / sizes
    places = np.column_stack([branches.special_states, branches.special_parameters]) / sizes
    known = branches.n_unstable >= 0  # on a kink, or marginal, nothing is claimed
    found = []
    for number in range(branches.n_branches):
        rows = np.flatnonzero((branches.branch == number) & known)
        for k, m in pairwise(rows):
            if branches.n_unstable[k] != branches.n_unstable[m]:
                chord = points[m] - points[k]
                part = np.clip((places - points[k]) @ chord / (chord @ chord), 0, 1)
                beside = np.linalg.norm(points[k] + part[:, None] * chord - places, axis=1)
                if not (beside < 0.5 * np.linalg.norm(chord)).any():
                    found.append((k, m))
    return found


def born_at(system_of, start, parameter, hopf, span=None, **options):
    """The branch of cycles from the Hopf point at a parameter, as far as a span of it."""
    fixed = sx.continue_fixed_points(system_of, start, parameter, disconnected=None)
    near = np.isclose(fixed.special_parameters, hopf, rtol=1e-4, atol=1e-6)
    number, *_ = np.flatnonzero(near & (fixed.special_type == "Hopf"))
    first = fixed.emerging_cycle(int(number))
    return sx.continue_cycles(system_of, first, span or parameter, **options)


def assert_closed(branch, system_of, every):
    """Other steps lead from phase to phase, and every cycle has a multiplier 1."""
    count = branch.states.shape[1]
    for k in range(0, len(branch), every):
        field = eqx.filter_jit(system_of(float(branch.parameters[k])).evaluate)
        states, size = branch.states[k], np.ptp(branch.states[k], axis=0)
        with jax.enable_x64(True):
            for j in range(0, count, 7):
                later = solve_ivp(
                    lambda _, x, field=field: np.asarray(field(x)),
                    (0, branch.period[k] / branch.time_unit / count),
                    states[j],
                    method="DOP853",
                    rtol=1e-11,
                    atol=1e-12 * size,
                ).y[:, -1]
                apart = np.abs(later - states[(j + 1) % count]) / size
                assert apart.max() < 1e-5, (k, j, branch.parameters[k], apart)
    assert np.abs(branch.multipliers[:, 0] - 1).max() < 1e-5

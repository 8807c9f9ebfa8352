"""How the tests follow branches, and the unit that most of them follow."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

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

"""How the tests follow branches, and the unit that most of them follow."""

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
    with jax.enable_x64(True):
        pairs = zip(branches.states, branches.parameters, strict=True)
        return np.array([float(system_of(p).speed(jnp.asarray(x))) for x, p in pairs])

"""Systems with known boundaries, and their fixed points."""

import jax.numpy as jnp
import numpy as np

import separatrix as sx


def points_of(book):
    return sx.find_fixed_points(book.system, book.candidates, completeness=False)


def stacked(one, other):
    """The product of two flows of one unit: its basins are products."""

    def field(x):
        return jnp.concatenate([one.evaluate(x[:1]), other.evaluate(x[1:])])

    return sx.Flow(field, 2)


BISTABLE = sx.Flow(lambda x: x - x**3, 1, tau=20.0)


EDGES = np.array([[-1.0], [0.0], [1.0]])

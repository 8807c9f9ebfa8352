"""What the analyses of basins refuse."""

import numpy as np
import pytest
import systems
from boundary_tools import BISTABLE, EDGES

import separatrix as sx

GHOST = systems.ghost(1e-3)
SLOW = sx.find_fixed_points(GHOST.system, np.ones((1, 1)))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: sx.basins(BISTABLE, EDGES + 0.1, EDGES), "3 of the points are not fixed points"),
        (
            lambda: sx.basins(BISTABLE, np.zeros((1, 2)), EDGES),
            r"points must have shape \(point, 1",
        ),
        (lambda: sx.basins(BISTABLE, EDGES, np.zeros((0, 1))), "there are no states"),
        (lambda: sx.basins(BISTABLE, EDGES, EDGES, confidence=1.0), "confidence must lie"),
        (lambda: sx.separatrix(BISTABLE, EDGES, segments=-1), "segments must be"),
        (lambda: sx.fixed_point_graph(BISTABLE, EDGES, rays=-1), "rays must be"),
        (lambda: sx.fixed_point_graph(GHOST.system, SLOW), "no fixed point among the points"),
        (lambda: sx.commitment(BISTABLE, np.zeros((2, 3, 2)), EDGES), r"\(trial, time, 1\)"),
        (lambda: sx.commitment(BISTABLE, np.zeros((2, 3, 1)), EDGES, dt=0.0), "dt must be pos"),
    ],
)
def test_what_does_not_fit_is_refused(call, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        call()

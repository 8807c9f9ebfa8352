"""The time of decision and the distance to the boundary."""

import numpy as np
import pytest
import systems
from boundary_tools import BISTABLE, EDGES, points_of
from fields import assert_fields

import separatrix as sx
from separatrix.analysis.following.end import What


def test_commitment_on_one_unit():
    walks = np.array([[0.2, -0.1, 0.3, 0.5], [-0.1, -0.2, -0.3, -0.4], [0.1, 0.2, 0.3, -0.1]])
    made = sx.commitment(BISTABLE, walks[:, :, None], EDGES, dt=10.0)
    assert_fields(
        made,
        choice=[2, 0, 0],
        decision_step=[2, 0, 3],
        decision_time=[30.0, 10.0, 40.0],
        distance=np.array([[1], [-1], [-1]]) * walks,
        nearest=np.abs(walks),
        atol=1e-11,
    )


@pytest.mark.laws
def test_commitment_in_wong_wang_is_the_distance_to_the_diagonal():
    book = systems.wong_wang(30.0, 0.0)
    points, steps = points_of(book), np.random.default_rng(0).standard_normal((6, 15, 2))
    walks = np.clip(0.3 + 0.05 * steps.cumsum(1), 0, 1)
    made = sx.commitment(book.system, walks, points, dt=20.0)
    ahead = (walks[:, :, 0] - walks[:, :, 1]) / np.sqrt(2)
    chosen = np.sign(points.states[made.choice] @ [1.0, -1.0])[:, None]
    np.testing.assert_allclose(made.distance, chosen * ahead, atol=1e-10)
    wrong = np.sign(ahead) != chosen
    last = np.where(wrong.any(1), 14 - wrong[:, ::-1].argmax(1), -1)
    np.testing.assert_array_equal(made.decision_step, last + 1)
    assert (wrong.any(1)).any()


def test_a_trajectory_that_settles_nowhere_decides_nothing():
    made = sx.commitment(BISTABLE, np.array([[[0.5], [0.0]], [[0.5], [0.5]]]), EDGES)
    assert_fields(made, choice=[-1, 2], decision_step=[-1, 0], dt=20.0)
    assert np.isnan(made.decision_time[0]) and np.isnan(made.distance[0]).all()
    assert made.reasons[0] == What.UNSTABLE.describe(0, 1)

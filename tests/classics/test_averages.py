import numpy as np
from fields import assert_fields

import separatrix as sx

RNG = np.random.default_rng(0)


def test_averages_are_those_of_each_label_by_itself():
    states, origin = RNG.standard_normal((12, 5, 4)), RNG.standard_normal(4)
    labels = {"a": np.repeat([-1.0, 1.0], 6), "b": np.tile([0.0, 5.0, 15.0], 4)}
    seen = sx.classics.targeted_averages(states, np.eye(4)[:2], labels, origin=origin, dt=20.0)
    values, trials = [-1.0, 1.0, 0.0, 5.0, 15.0], [6, 6, 4, 4, 4]
    assert_fields(seen, label=["a", "a", "b", "b", "b"], value=values, num_trials=trials)
    expected = states[labels["b"] == 5.0].mean(0)[:, :2] - origin[:2]
    np.testing.assert_allclose(seen.by("b").positions[1], expected, atol=1e-12)
    np.testing.assert_allclose(seen.project(origin), 0, atol=1e-12)
    np.testing.assert_allclose(seen.project_direction(np.eye(4)), np.eye(4)[:, :2], atol=1e-12)

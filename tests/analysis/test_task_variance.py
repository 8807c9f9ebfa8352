import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import separatrix as sx


def test_the_variance_is_across_trials_and_then_averaged_over_time():
    time = np.arange(6)
    gain = np.array([-1.0, 0.0, 1.0, 2.0])
    states = np.stack([gain[:, None] * time, np.broadcast_to(time, (4, 6))], -1).astype(float)
    found = sx.classics.condition_variance(states, slice(2, None))
    # one unit scales with the condition, the other moves in time alone
    np.testing.assert_allclose(found, [gain.var() * np.square(time[2:]).mean(), 0.0])
    by_mask = sx.classics.condition_variance(states, time >= 2)
    np.testing.assert_allclose(by_mask, found)


def test_a_variance_needs_trials_and_steps():
    with pytest.raises(sx.InvalidInputError, match="1 trials"):
        sx.classics.condition_variance(np.zeros((1, 4, 2)), slice(None))
    with pytest.raises(sx.InvalidInputError, match="0 steps"):
        sx.classics.condition_variance(np.zeros((3, 4, 2)), slice(4, None))


def populations(sizes=(12, 9, 15), scatter=0.05):
    """Units in as many groups as there are tasks; each group varies in the tasks of its number."""
    generator = np.random.default_rng(0)
    group = np.repeat(np.arange(len(sizes)), sizes)
    table = np.eye(len(sizes))[group] + scatter * generator.random((len(group), len(sizes)))
    table *= generator.uniform(0.1, 10, (len(group), 1))  # how strongly a unit varies at all
    return group, table


def test_populations_are_found_as_clusters_numbered_by_their_task():
    group, table = populations()
    mixed = np.random.default_rng(1).permutation(len(group))
    variances = {f"task {k}": table[mixed, k] for k in range(3)}
    found = sx.classics.task_variance(variances, most_clusters=8, restarts=3)
    assert found.best_num_clusters == 3
    np.testing.assert_array_equal(found.cluster, np.sort(group))
    np.testing.assert_array_equal(found.cluster, group[mixed][found.order])
    assert adjusted_rand_score(found.cluster, group[mixed][found.order]) == 1.0
    assert found.preferred_tasks() == ("task 0", "task 1", "task 2")
    np.testing.assert_array_equal(found.num_clusters, range(2, 9))
    assert found.silhouette.argmax() == 1 and found.silhouette.max() > 0.9
    np.testing.assert_allclose(found.normalized.max(1), 1.0)
    rows = table[mixed][found.order]
    np.testing.assert_allclose(found.normalized, rows / rows.max(1, keepdims=True))


def test_units_that_hardly_vary_are_left_out():
    _, table = populations()
    table[[3, 20]] = 1e-4 / 3
    found = sx.classics.task_variance(
        {str(k): table[:, k] for k in range(3)}, most_clusters=4, restarts=2
    )
    assert np.flatnonzero(~np.asarray(found.active)).tolist() == [3, 20]
    assert set(found.order) == set(range(36)) - {3, 20}
    assert found.variance.shape == (36, 3)


@pytest.mark.parametrize("count", [0, 2])
def test_too_few_active_units_for_clusters(count):
    variances = {"a": np.arange(4) < count, "b": np.zeros(4)}
    found = sx.classics.task_variance({k: v * 1.0 for k, v in variances.items()})
    assert len(found.order) == count and len(found.silhouette) == 0
    assert (found.cluster == 0).all()
    assert f"{count} of 4 units" in found.summary()


def test_units_that_all_vary_alike_are_one_cluster():
    found = sx.classics.task_variance({"a": np.ones(9), "b": 0.5 * np.ones(9)})
    assert found.best_num_clusters == 1


@pytest.mark.parametrize(
    ("variances", "text"),
    [
        ({}, "in every task"),
        ({"a": np.ones(3), "b": np.ones(4)}, "in every task"),
        ({"a": np.array([1.0, -1.0])}, "unit 1 has -1"),
        ({"a": np.array([1.0, np.nan])}, "NaN"),
    ],
)
def test_what_is_no_table_of_variances_is_refused(variances, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.classics.task_variance(variances)

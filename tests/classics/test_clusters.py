import numpy as np
import pytest
from fields import assert_fields

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
    rows = table[mixed][found.order]
    np.testing.assert_array_equal(found.cluster, np.sort(group))
    normalized = rows / rows.max(1, keepdims=True)
    clusters = {"cluster": group[mixed][found.order], "num_clusters": range(2, 9)}
    assert_fields(found, best_num_clusters=3, normalized=normalized, **clusters)
    assert found.preferred_tasks() == ("task 0", "task 1", "task 2")
    assert found.silhouette.argmax() == 1 and found.silhouette.max() > 0.9


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
    found = sx.classics.task_variance(
        {"a": np.where(np.arange(4) < count, 1.0, 0), "b": np.zeros(4)}
    )
    assert len(found.order) == count and len(found.silhouette) == 0
    assert (found.cluster == 0).all()


def test_units_that_all_vary_alike_are_one_cluster():
    found = sx.classics.task_variance({"a": np.ones(9), "b": 0.5 * np.ones(9)})
    assert found.best_num_clusters == 1

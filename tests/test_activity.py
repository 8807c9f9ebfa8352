import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx


@pytest.fixture(scope="module")
def network():
    return sx.networks.CTRNN(3, 10, 3, dt=100.0, tau=200.0, key=jax.random.key(0))


@pytest.fixture(scope="module")
def trials(task):
    return task.trials(6, key=jax.random.key(1))


@pytest.fixture(scope="module")
def activity(network, trials):
    return sx.simulate(network, trials)


def test_simulate_is_stepping_by_hand(network, trials, activity):
    for trial in range(2):
        state = network.initial_state()
        for time in range(trials.num_steps):
            state = network.step(state, trials.inputs[trial, time])
            np.testing.assert_allclose(activity.states[trial, time], state, atol=1e-5)
            np.testing.assert_allclose(
                activity.outputs[trial, time], network.readout(state), atol=1e-5
            )
    assert activity.states.shape == (6, 22, 10)
    assert (activity.inputs == trials.inputs).all()
    assert activity.dt == trials.dt


def test_the_choice_is_the_largest_output_where_it_is_scored(trials, activity):
    assert activity.choice.tolist() == np.argmax(activity.outputs[:, -1], -1).tolist()
    assert (activity.conditions["coherence"] == trials.conditions["coherence"]).all()


def test_padding_after_a_trial_is_no_activity(network):
    """Whatever a network does after the end of a short trial, nothing that sums states up sees."""
    task = sx.tasks.ReadySetGo(dt=20.0)
    trials = task.trials(8, key=jax.random.key(1))
    inside = np.asarray(trials.inside)
    ends = inside.sum(1)
    assert len(set(ends)) > 2
    assert (inside == (np.arange(trials.num_steps) < ends[:, None])).all()
    lasts = sum(np.asarray(trials.conditions.get(p, (b - a) * task.dt)) for p, (a, b) in
                task.period_steps().items())  # fmt: skip
    np.testing.assert_allclose(ends * task.dt, lasts)
    small = sx.networks.CTRNN(task.num_inputs, 10, task.num_outputs, dt=20.0, key=jax.random.key(0))
    activity = sx.simulate(small, trials)
    states = np.where(inside[..., None], np.asarray(activity.states, float), np.nan)
    elsewhere = dataclasses.replace(activity, states=np.nan_to_num(states, nan=1e3))
    np.testing.assert_array_equal(activity.flat_states, states[inside])
    for what in (activity, elsewhere):
        assert len(what.flat_states) == ends.sum()
        np.testing.assert_allclose(what.pca(2).mean, np.nanmean(states, (0, 1)), atol=1e-12)
        assert what.dimensionality(slice(5, None)).num_samples == (ends - 5).sum()
        _, means = what.average_over(np.zeros(8))
        np.testing.assert_allclose(means[0, : ends.max()], np.nanmean(states[:, : ends.max()], 0))
        assert np.isnan(means[0, ends.max() :]).all()
    assert (activity[2:3].inside == inside[2:3]).all()
    full = sx.figures.activity(activity, activity.pca(2)).axes[0].collections[0]
    assert len(full.get_offsets()) == ends.sum()


def test_principal_components_are_the_singular_vectors(activity):
    pca = activity.pca(4)
    states = activity.flat_states
    centered = states - states.mean(0)
    _, singular, rows = np.linalg.svd(centered, full_matrices=False)
    variance = singular**2 / (len(states) - 1)
    np.testing.assert_allclose(pca.mean, states.mean(0), atol=1e-14)
    np.testing.assert_allclose(pca.explained_variance, variance[:4], rtol=1e-10)
    np.testing.assert_allclose(
        pca.explained_variance_ratio, variance[:4] / variance.sum(), rtol=1e-10
    )
    np.testing.assert_allclose(np.abs((pca.components * rows[:4]).sum(1)), 1, rtol=1e-10)
    np.testing.assert_allclose(pca.components @ pca.components.T, np.eye(4), atol=1e-12)
    assert pca.participation_ratio == pytest.approx(
        variance.sum() ** 2 / (variance**2).sum(), rel=1e-10
    )


def test_the_sign_of_a_component_is_that_of_its_largest_entry(activity):
    basis = activity.pca(10).components
    assert (basis[np.arange(10), np.abs(basis).argmax(1)] > 0).all()
    mirrored = dataclasses.replace(activity, states=-activity.states).pca(10)
    np.testing.assert_allclose(mirrored.components[:3], basis[:3], atol=1e-8)


def made_up(states):
    shape = np.shape(states)[:2]
    return sx.records.Activity(
        states=jnp.asarray(states),
        outputs=jnp.zeros((*shape, 2)),
        inputs=jnp.zeros((*shape, 1)),
        choice=jnp.zeros(shape[0], int),
        conditions={"side": np.arange(shape[0]) % 2},
        dt=10.0,
    )


@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 1, 4)])
def test_activity_that_does_not_vary(shape):
    pca = made_up(np.full(shape, 0.1)).pca(1)
    assert pca.participation_ratio == 0
    assert pca.explained_variance.tolist() == pca.explained_variance_ratio.tolist() == [0]
    assert np.linalg.norm(pca.components) == pytest.approx(1)


def test_averages_by_label(activity):
    labels = np.array([1.0, -1.0, 1.0, 1.0, -1.0, 3.0])
    values, means = activity.average_over(labels)
    assert values.tolist() == [-1, 1, 3]
    assert means.shape == (3, 22, 10)
    states = np.asarray(activity.states, float)
    np.testing.assert_allclose(means[0], states[[1, 4]].mean(0))
    np.testing.assert_allclose(means[2], states[5])
    values, _ = activity.average_over(np.array(["b", "a", "b", "b", "a", "a"]))
    assert values.tolist() == ["a", "b"]


def test_labels_that_are_nan_are_refused(activity):
    labels = np.array([1.0, np.nan, 1.0, np.nan, 0.0, 0.0])
    with pytest.raises(sx.InvalidInputError, match="2 of the labels are NaN, the first of trial 1"):
        activity.average_over(labels)


def test_the_spectrum_is_that_of_all_principal_components(activity):
    got, pca = activity.dimensionality(), activity.pca(10)
    np.testing.assert_allclose(got.variances, pca.explained_variance, rtol=1e-8, atol=1e-15)
    assert got.participation_ratio == pytest.approx(pca.participation_ratio, rel=1e-10)
    np.testing.assert_allclose(
        got.cumulative_fraction, np.cumsum(pca.explained_variance_ratio), rtol=1e-10
    )
    assert got.num_samples == 132
    assert f"participation ratio {got.participation_ratio:.3g} of 10" in repr(got)


def test_what_has_no_dimension_is_refused(activity):
    with pytest.raises(sx.InvalidInputError, match="at least two states, got 0"):
        activity.dimensionality(slice(30, 40))
    with pytest.raises(sx.InvalidInputError, match="the activity has 1 values that are NaN"):
        made_up(np.array([[[0.0], [np.nan]]])).dimensionality()
    with pytest.raises(sx.InvalidInputError, match="above 0 and at most 1, got 95"):
        activity.dimensionality().num_components(95)


def test_projecting_is_principal_components_or_axes_of_ones_own(activity):
    seen, components = sx.project(activity, num=3)
    np.testing.assert_allclose(seen, activity.pca(3).project(activity.states), atol=1e-12)
    flat, again = sx.project(np.asarray(activity.flat_states))
    np.testing.assert_allclose(flat, seen[..., :2].reshape(-1, 2), atol=1e-12)
    assert (len(components), len(again), again.name) == (3, 2, "PC")
    onto, same = sx.project(activity, onto=components, num=2)
    np.testing.assert_array_equal(onto, seen[..., :2])
    np.testing.assert_array_equal(same.components, components.components[:2])


def test_directions_become_orthonormal_in_their_order():
    states = np.random.default_rng(0).standard_normal((4, 10, 3)) * [3.0, 2.0, 1.0]
    seen, axes = sx.project(states, onto=np.array([[2.0, 0.0, 0.0], [1.0, -3.0, 0.0]]))
    np.testing.assert_allclose(axes.components, [[1, 0, 0], [0, -1, 0]], atol=1e-12)
    mean = states.mean((0, 1))
    expected = (states - mean)[..., :2] * [1, -1]
    np.testing.assert_allclose(seen, expected, atol=1e-12)
    spread = states.reshape(-1, 3).var(0)
    np.testing.assert_allclose(axes.explained_variance_ratio, spread[:2] / spread.sum())
    assert axes.name == "axis"


def test_states_after_the_end_of_a_trial_take_no_part_in_a_projection():
    states = np.random.default_rng(0).standard_normal((4, 10, 3))
    padded = np.concatenate([states, np.full((4, 2, 3), np.nan)], 1)
    seen, _ = sx.project(padded)
    np.testing.assert_allclose(seen[:, :10], sx.project(states)[0], atol=1e-12)
    assert np.isnan(seen[:, 10:]).all()


def test_what_cannot_be_projected_is_refused():
    states = np.random.default_rng(0).standard_normal((4, 10, 3))
    for wrong, words in (
        ({"num": 4}, "between 1 and 3"),
        ({"onto": np.eye(4)}, "independent directions"),
        ({"onto": np.ones((2, 3))}, "independent directions"),
        ({"onto": np.eye(3), "num": 0}, "num must be between 1 and 3"),
        ({"onto": sx.project(np.eye(5))[1]}, "the axes are of 5 units, the states of 3"),
    ):
        with pytest.raises(sx.InvalidInputError, match=words):
            sx.project(states, **wrong)

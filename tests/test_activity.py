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
    state = jnp.tile(network.initial_state(), (6, 1))
    for time in range(trials.num_steps):
        state = jax.vmap(network.step)(state, trials.inputs[:, time])
        outputs = jax.vmap(network.readout)(state)
        np.testing.assert_allclose(activity.states[:, time], state, atol=1e-5)
        np.testing.assert_allclose(activity.outputs[:, time], outputs, atol=1e-5)
    assert activity.states.shape == (6, 22, 10) and activity.dt == trials.dt
    assert (activity.inputs == trials.inputs).all()
    assert (activity.conditions["coherence"] == trials.conditions["coherence"]).all()
    # the choice is the largest output where it is scored
    assert activity.choice.tolist() == np.argmax(activity.outputs[:, -1], -1).tolist()


def test_padding_after_a_trial_is_no_activity():
    """Whatever a network does after the end of a short trial, nothing that sums states up sees."""
    task = sx.tasks.ReadySetGo(dt=20.0)
    trials = task.trials(8, key=jax.random.key(1))
    inside, periods = np.asarray(trials.inside), task.period_steps().items()
    ends = inside.sum(1)
    assert len(set(ends)) > 2 and (inside == (np.arange(trials.num_steps) < ends[:, None])).all()
    lasts = sum(np.asarray(trials.conditions.get(p, (b - a) * 20.0)) for p, (a, b) in periods)
    np.testing.assert_allclose(ends * 20.0, lasts)
    small = sx.networks.CTRNN(task.num_inputs, 10, task.num_outputs, dt=20.0, key=jax.random.key(0))
    activity = sx.simulate(small, trials)
    states = np.where(inside[..., None], np.asarray(activity.states, float), np.nan)
    elsewhere = dataclasses.replace(activity, states=np.nan_to_num(states, nan=1e3))
    for what in (activity, elsewhere):
        np.testing.assert_array_equal(what.flat_states, states[inside])
        np.testing.assert_allclose(what.pca(2).mean, np.nanmean(states, (0, 1)), atol=1e-12)
        assert what.dimensionality(slice(5, None)).num_samples == (ends - 5).sum()
        _, means = what.average_over(np.zeros(8))
        np.testing.assert_allclose(means[0, : ends.max()], np.nanmean(states[:, : ends.max()], 0))
        assert np.isnan(means[0, ends.max() :]).all()
    assert (activity[2:3].inside == inside[2:3]).all()
    full = sx.figures.activity(activity, activity.pca(2)).axes[0].collections[0]
    assert len(full.get_offsets()) == ends.sum()


def test_principal_components_are_the_singular_vectors(activity):
    pca, whole, states = activity.pca(4), activity.dimensionality(), activity.flat_states
    _, singular, rows = np.linalg.svd(states - states.mean(0), full_matrices=False)
    variance = singular**2 / (len(states) - 1)
    part = variance / variance.sum()
    np.testing.assert_allclose(pca.mean, states.mean(0), atol=1e-14)
    np.testing.assert_allclose(pca.explained_variance, variance[:4], rtol=1e-10)
    np.testing.assert_allclose(pca.explained_variance_ratio, part[:4], rtol=1e-10)
    np.testing.assert_allclose(np.abs((pca.components * rows[:4]).sum(1)), 1, rtol=1e-10)
    np.testing.assert_allclose(pca.components @ pca.components.T, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(whole.variances, variance, rtol=1e-8, atol=1e-15)
    np.testing.assert_allclose(whole.cumulative_fraction, np.cumsum(part), rtol=1e-10)
    for found in (pca, whole):
        assert found.participation_ratio == pytest.approx(1 / (part**2).sum(), rel=1e-10)
    assert whole.num_samples == 132


def test_the_sign_of_a_component_is_that_of_its_largest_entry(activity):
    basis = activity.pca(10).components
    assert (basis[np.arange(10), np.abs(basis).argmax(1)] > 0).all()
    mirrored = dataclasses.replace(activity, states=-activity.states).pca(10)
    np.testing.assert_allclose(mirrored.components[:3], basis[:3], atol=1e-8)


def made_up(states):
    trials, steps, _ = np.shape(states)
    outputs, inputs = jnp.zeros((trials, steps, 2)), jnp.zeros((trials, steps, 1))
    choice, conditions = jnp.zeros(trials, int), {"side": np.arange(trials) % 2}
    return sx.records.Activity(jnp.asarray(states), outputs, inputs, choice, conditions, dt=10.0)


@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 1, 4)])
def test_activity_that_does_not_vary(shape):
    pca = made_up(np.full(shape, 0.1)).pca(1)
    assert pca.participation_ratio == 0
    assert pca.explained_variance.tolist() == pca.explained_variance_ratio.tolist() == [0]
    assert np.linalg.norm(pca.components) == pytest.approx(1)


def test_averages_by_label(activity):
    values, means = activity.average_over(np.array([1.0, -1.0, 1.0, 1.0, -1.0, 3.0]))
    states = np.asarray(activity.states, float)
    assert values.tolist() == [-1, 1, 3]
    np.testing.assert_allclose(
        means, [states[rows].mean(0) for rows in ([1, 4], [0, 2, 3], [5])], atol=1e-12
    )
    values, _ = activity.average_over(np.array(["b", "a", "b", "b", "a", "a"]))
    assert values.tolist() == ["a", "b"]


STATES = np.random.default_rng(0).standard_normal((4, 10, 3)) * [3.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda a: a.average_over(np.array([1.0, np.nan, 1.0, np.nan, 0.0, 0.0])), "trial 1"),
        (lambda a: a.dimensionality(slice(30, 40)), "got 0"),
        (lambda a: made_up(np.array([[[0.0], [np.nan]]])).dimensionality(), "NaN"),
        (lambda a: a.dimensionality().num_components(95), "95"),
        (lambda a: sx.project(STATES, num=4), "num"),
        (lambda a: sx.project(STATES, onto=np.eye(3), num=0), "num"),
        (lambda a: sx.project(STATES, onto=np.eye(4)), "independent"),
        (lambda a: sx.project(STATES, onto=np.ones((2, 3))), "direction 1"),
        (lambda a: sx.project(STATES, onto=sx.project(np.eye(5))[1]), "5 units"),
    ],
)
def test_what_cannot_be_summed_up_is_refused(activity, call, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        call(activity)


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
    seen, axes = sx.project(STATES, onto=np.array([[2.0, 0.0, 0.0], [1.0, -3.0, 0.0]]))
    np.testing.assert_allclose(axes.components, [[1, 0, 0], [0, -1, 0]], atol=1e-12)
    expected = (STATES - STATES.mean((0, 1)))[..., :2] * [1, -1]
    np.testing.assert_allclose(seen, expected, atol=1e-12)
    spread = STATES.reshape(-1, 3).var(0)
    np.testing.assert_allclose(axes.explained_variance_ratio, spread[:2] / spread.sum())
    assert axes.name == "axis"

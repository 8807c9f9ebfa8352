import numpy as np
import pytest

import separatrix as sx


def test_dprime_is_the_distance_of_means_in_standard_deviations():
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50_000)
    wanted = np.array([1.5, -0.5, 0.0])
    responses = generator.standard_normal((100_000, 3)) * 2.0 + 7.0
    responses[labels == 0] += 2.0 * wanted
    found = sx.classics.selectivity(responses, labels)
    np.testing.assert_allclose(found.dprime, wanted, atol=0.03)
    np.testing.assert_array_equal(found.preferred(0.2), [1, 2, 0])
    assert found.num_trials == (50_000, 50_000)


def test_units_that_do_not_vary():
    responses = np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 2.0], [0.0, 2.0]])
    found = sx.classics.selectivity(responses, np.array(["a", "a", "b", "b"]))
    np.testing.assert_array_equal(found.dprime, [0.0, -np.inf])
    assert found.labels == ("a", "b")


@pytest.mark.parametrize(
    ("labels", "text"),
    [([0, 0, 0], "1 different values"), ([0, 1, 2], "3 different values"), ([0, 1], "shape")],
)
def test_labels_must_make_two_groups(labels, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        sx.classics.selectivity(np.ones((3, 2)), np.array(labels))


def competition(n=40, num_excitatory=30, same=0.2, opposite=0.5):
    """Excitation within, inhibition across the two populations; everything else is weak."""
    excitatory = np.arange(n) < num_excitatory
    side = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    product = np.outer(side, side)
    excites = np.where(product > 0, opposite, same)
    inhibits = -np.where(product > 0, same, opposite)
    W = np.where(excitatory[None, :], excites, inhibits)
    np.fill_diagonal(W, 0)
    return W, side * np.linspace(1, 2, n), excitatory


def test_competition_is_seen_in_every_block():
    W, dprime, excitatory = competition()
    found = sx.classics.selective_connections(W, dprime, excitatory, num_shuffles=199)
    assert list(found.block) == ["E to E", "E to I", "I to E", "I to I"]
    np.testing.assert_allclose(found.same, [0.5, 0.5, 0.2, 0.2])
    np.testing.assert_allclose(found.opposite, [0.2, 0.2, 0.5, 0.5])
    np.testing.assert_array_equal(found.num_same, [2 * 15 * 14, 150, 150, 2 * 5 * 4])
    assert (found.num_same + found.num_opposite).sum() == 40 * 39
    np.testing.assert_allclose(found.p_value[:3], 1 / 200)  # no shuffle is as large


def test_weights_that_ignore_the_preferences_have_no_small_p_value():
    W, dprime, excitatory = competition()
    W = np.random.default_rng(3).random(W.shape)
    found = sx.classics.selective_connections(W, dprime, excitatory, num_shuffles=199)
    assert (found.p_value > 0.02).all()
    equal = sx.classics.selective_connections(np.ones_like(W), dprime, excitatory, num_shuffles=99)
    np.testing.assert_allclose(equal.same, equal.opposite)
    np.testing.assert_array_equal(equal.p_value, 1.0)


def test_units_are_sorted_by_type_then_selectivity_and_weights_with_them():
    W, dprime, excitatory = competition()
    scrambled = np.random.default_rng(5).permutation(40)
    found = sx.classics.selective_connections(
        W[np.ix_(scrambled, scrambled)], dprime[scrambled], excitatory[scrambled], num_shuffles=9
    )
    assert found.excitatory[:30].all() and not found.excitatory[30:].any()
    assert (np.diff(found.dprime[:30]) <= 0).all() and (np.diff(found.dprime[30:]) <= 0).all()
    origin = scrambled[found.order]
    np.testing.assert_array_equal(found.weights, W[np.ix_(origin, origin)])


def test_a_threshold_leaves_weakly_selective_units_out():
    W, dprime, excitatory = competition()
    found = sx.classics.selective_connections(W, dprime, excitatory, threshold=1.9, num_shuffles=9)
    kept = np.abs(dprime) > 1.9
    assert found.num_same[0] + found.num_opposite[0] == 0  # only the last, inhibitory units
    assert found.num_same[3] + found.num_opposite[3] == kept.sum() * (kept.sum() - 1)
    assert np.isnan([found.same[0], found.opposite[0], found.p_value[0]]).all()


def test_wrong_shapes_and_numbers_are_refused():
    W, dprime, excitatory = competition()
    with pytest.raises(sx.InvalidInputError, match="expected weights"):
        sx.classics.selective_connections(W[:5], dprime, excitatory)
    with pytest.raises(sx.InvalidInputError, match="NaN"):
        sx.classics.selective_connections(W, dprime * np.nan, excitatory)
    with pytest.raises(sx.InvalidInputError, match="threshold"):
        sx.classics.selective_connections(W, dprime, excitatory, threshold=-1.0)

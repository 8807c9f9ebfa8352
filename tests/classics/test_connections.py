import numpy as np
from fields import assert_fields

import separatrix as sx


def test_dprime_is_the_distance_of_means_in_standard_deviations():
    labels, wanted = np.repeat([0, 1], 50_000), np.array([1.5, -0.5, 0.0])
    responses = np.random.default_rng(0).standard_normal((100_000, 3)) * 2.0 + 7.0
    responses[labels == 0] += 2.0 * wanted
    found = sx.classics.selectivity(responses, labels)
    assert_fields(found, dprime=wanted, num_trials=(50_000, 50_000), atol=0.03)
    assert found.preferred(0.2).tolist() == [1, 2, 0]


def test_units_that_do_not_vary():
    responses = np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 2.0], [0.0, 2.0]])
    found = sx.classics.selectivity(responses, np.array(["a", "a", "b", "b"]))
    assert found.dprime.tolist() == [0.0, -np.inf] and found.labels == ("a", "b")


EXCITATORY = np.arange(40) < 30
SIDE = np.where(np.arange(40) % 2 == 0, 1.0, -1.0)
DPRIME = SIDE * np.linspace(1, 2, 40)
STRONG = (np.outer(SIDE, SIDE) > 0) == EXCITATORY
WEIGHTS = np.where(STRONG, 0.5, 0.2) * np.where(EXCITATORY, 1, -1) * (1 - np.eye(40))
"""Excitation within, inhibition across the two populations; everything else is weak."""


def connections(weights=WEIGHTS, order=slice(None), **options):
    return sx.classics.selective_connections(weights, DPRIME[order], EXCITATORY[order], **options)


def test_competition_is_seen_in_every_block():
    found = connections(num_shuffles=199)
    assert_fields(
        found,
        block=["E to E", "E to I", "I to E", "I to I"],
        same=[0.5, 0.5, 0.2, 0.2],
        opposite=[0.2, 0.2, 0.5, 0.5],
        num_same=[2 * 15 * 14, 150, 150, 2 * 5 * 4],
        num_opposite=[2 * 15 * 15, 150, 150, 2 * 5 * 5],
    )
    np.testing.assert_allclose(found.p_value[:3], 1 / 200)  # no shuffle is as large


def test_weights_that_ignore_the_preferences_have_no_small_p_value():
    found = connections(np.random.default_rng(3).random((40, 40)), num_shuffles=199)
    assert (found.p_value > 0.02).all()
    equal = connections(np.ones((40, 40)), num_shuffles=99)
    np.testing.assert_allclose(equal.same, equal.opposite)
    np.testing.assert_array_equal(equal.p_value, 1.0)


def test_units_are_sorted_by_type_then_selectivity_and_weights_with_them():
    scrambled = np.random.default_rng(5).permutation(40)
    found = connections(WEIGHTS[np.ix_(scrambled, scrambled)], scrambled, num_shuffles=9)
    assert found.excitatory[:30].all() and not found.excitatory[30:].any()
    assert (np.diff(found.dprime[:30]) <= 0).all() and (np.diff(found.dprime[30:]) <= 0).all()
    origin = scrambled[found.order]
    np.testing.assert_array_equal(found.weights, WEIGHTS[np.ix_(origin, origin)])


def test_a_threshold_leaves_weakly_selective_units_out():
    found = connections(threshold=1.9, num_shuffles=9)
    kept = (np.abs(DPRIME) > 1.9).sum()
    assert found.num_same[0] + found.num_opposite[0] == 0  # only the last, inhibitory units
    assert found.num_same[3] + found.num_opposite[3] == kept * (kept - 1)
    assert np.isnan([found.same[0], found.opposite[0], found.p_value[0]]).all()

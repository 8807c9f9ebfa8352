"""The 20 tasks against the numbers of the paper's code (gyyang/multitask)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.tasks.yang2019.rates import bump

KEY = jax.random.key(3)
N = 300


@pytest.fixture(scope="module")
def trials():
    """Trials of all rules."""
    return sx.tasks.Yang2019(sigma_x=0.0).trials(N, key=KEY)


@pytest.fixture(scope="module")
def said(trials):
    return columns(trials)


def columns(trials):
    return {name: np.asarray(values) for name, values in trials.conditions.items()}


def test_the_layout_of_inputs_and_outputs(trials, said):
    assert (trials.inputs.shape, trials.targets.shape) == ((N, 210, 85), (N, 210, 33))
    assert len(sx.tasks.RULES) == 20 and set(said["rule"]) == set(range(20))
    np.testing.assert_array_equal(np.asarray(trials.inputs)[:, 0, 65:], np.eye(20)[said["rule"]])


def test_a_bump_is_0_8_at_its_direction_and_falls_by_the_gauss_curve():
    rates = np.asarray(bump(jnp.float32(0.0)))
    assert rates[0] == pytest.approx(0.8)
    assert rates[2] == pytest.approx(0.8 * np.exp(-0.5))  # π/8 away
    assert rates[31] == pytest.approx(rates[1])
    assert rates[16] == pytest.approx(0.8 * np.exp(-32.0))


def test_targets_fixate_until_the_response_and_peak_at_0_85(trials, said):
    targets, (go, end) = np.asarray(trials.targets), (said[k] / 20 for k in ("go", "end"))
    responding = (np.arange(210) >= go[:, None]) & said["responds"][:, None]
    np.testing.assert_allclose(targets[..., 0], np.where(responding, 0.05, 0.8), atol=1e-6)
    np.testing.assert_allclose(targets[..., 1:][~responding], 0.05, atol=1e-6)
    assert 0.83 < targets[..., 1:].max() <= 0.85 + 1e-6
    assert (np.asarray(trials.scored).argmax(1) == end - 1).all()
    assert 0 < said["responds"].mean() < 1


def test_the_loss_is_the_papers():
    trials = sx.tasks.Yang2019(rules="contextdm1", shared=True).trials(8, key=KEY)
    outputs = jax.random.normal(jax.random.key(4), trials.targets.shape)
    said = columns(trials)
    assert len(set(said["go"])) == 1  # shared by the batch
    length, go = int(said["end"][0] / 20), int(said["go"][0] / 20)
    # as in the paper's code: the mask enters the square
    mask = np.zeros((8, length, 33))
    mask[:, go + 5 :] = 5.0
    mask[:, 5:go] = 1.0
    mask[:, :, 0] *= 2.0
    rates = 1 / (1 + np.exp(-np.asarray(outputs, float)))[:, :length]
    expected = np.mean(np.square((np.asarray(trials.targets, float)[:, :length] - rates) * mask))
    assert float(sx.training.rate_error(outputs, trials)) == pytest.approx(expected, rel=1e-5)
    assert float(sx.training.default_loss(outputs, trials)) == pytest.approx(expected, rel=1e-5)


def test_the_noise_has_a_standard_deviation_of_0_0316_on_all_inputs():
    noisy, clean = (
        np.asarray(sx.tasks.Yang2019(rules="fdgo", **silent).trials(20, key=KEY).inputs)
        for silent in ({}, {"sigma_x": 0.0})
    )
    noise = (noisy - clean)[:, :60].std((0, 1))
    np.testing.assert_allclose(noise, 0.01 * np.sqrt(10), rtol=0.15)


TIMES = {  # earliest and latest response, and end, in ms
    "fdgo": (800, 2200, 500),
    "reactgo": (500, 2500, 500),
    "delaygo": (700, 2900, 500),
    "dm1": (500, 2000, 500),
    "delaydm1": (900, 3700, 500),
    "dmsgo": (600, 2800, 500),
}


@pytest.mark.parametrize("rule", TIMES)
def test_responses_are_due_when_the_paper_says(rule, said):
    earliest, latest, response = TIMES[rule]
    of_family = said["rule"] == sx.tasks.RULES.index(rule)
    go, end = said["go"][of_family], said["end"][of_family]
    assert len(go) > 3 and (go >= earliest - 40).all() and (go <= latest).all()
    np.testing.assert_allclose(end - go, response)


@pytest.mark.parametrize(
    ("rule", "turn"), [("fdgo", 0), ("fdanti", np.pi), ("delaygo", 0), ("reactanti", np.pi)]
)
def test_anti_rules_ask_for_the_opposite_direction(rule, turn, said):
    here = said["rule"] == sx.tasks.RULES.index(rule)
    gap = (said["direction"] - said["stimulus_1"] - turn)[here]
    np.testing.assert_allclose(np.cos(gap), 1.0, atol=1e-5)


ALIGNED = ("fdgo", "contextdelaydm2", "dmcnogo")


@pytest.mark.parametrize("rule", ALIGNED)
def test_aligned_trials_differ_in_their_stimuli_alone(rule):
    task = sx.tasks.Yang2019(dt=50.0, rules=ALIGNED)
    trials = task.aligned_trials(rule, 64, key=KEY)
    said, inputs = columns(trials), np.asarray(trials.inputs)
    assert set(said["rule"]) == {sx.tasks.RULES.index(rule)}
    assert len(set(said["go"])) == len(set(said["end"])) == 1 < len(set(said["stimulus_1"])) - 7
    assert (inputs[:, :, 0] == inputs[0, :, 0]).all()
    rings = inputs[:, :, 1:65].reshape(64, -1, 2, 32).max((1, 3))
    assert (rings.max(0) > 0.5).all()  # both modalities are shown, in some trials
    assert inputs[:, 0, 1:65].max() == 0  # no noise
    other = columns(task.aligned_trials(rule, 64, key=jax.random.key(77)))
    assert other["stimulus_1"][0] != said["stimulus_1"][0]


def test_weights_choose_the_rules():
    task = sx.tasks.Yang2019(rules=["dm1", "contextdm1"], rule_weights=[1, 5])
    rule = columns(task.trials(1000, key=KEY))["rule"]
    share = (rule == sx.tasks.RULES.index("contextdm1")).mean()
    assert share == pytest.approx(5 / 6, abs=0.05)

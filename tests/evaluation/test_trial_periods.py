"""The periods of a trial, against what a plain loop over the steps gives."""

import json

import jax
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.following.end import What
from separatrix.analysis.verdicts.ending import NAMES
from separatrix.evaluation.readout import largest_of


@pytest.fixture(scope="module")
def flip_flop():
    """The GRU that PyTorch trained on three bits, and the task in its steps."""
    arrays = dict(np.load(systems.DATA / "flipflop_gru32.npz"))
    del arrays["x0"], arrays["initial_hiddens_1xd"]
    task = sx.tasks.FlipFlop(dt=1.0, duration=64.0, interval=1.0, pulse=1.0)
    network = sx.networks.from_state_dict(arrays)
    return network, task, sx.trial_periods(network, task, num_trials=24)


@pytest.mark.runs
def test_pulses_lead_from_memory_to_memory_as_the_truth_table_says(flip_flop):
    network, _, periods = flip_flop
    assert periods.counts(0) == {"fixed": 27, "slow": 0, "stable": 8, "proved": 27}
    assert (len(periods.pulse), periods.led_right) == (48, 48)
    # again, in single precision, step by step, without any search
    stable = np.asarray(periods.point_stability) == "stable"
    pulses = [sign * np.eye(3)[bit] for bit in range(3) for sign in (1, -1)]
    for state, pulse in ((s, p) for s in periods.point_states[stable] for p in pulses):
        bits = np.sign(network.readout(state.astype(np.float32)))
        state = network.step(state.astype(np.float32), pulse)
        for _ in range(50):
            state = network.step(state, np.zeros(3))
        assert (np.sign(network.readout(state)) == np.where(pulse != 0, pulse, bits)).all()


@pytest.mark.runs
def test_trials_end_in_the_basin_where_a_long_run_takes_them(flip_flop):
    network, task, periods = flip_flop
    trials = task.trials(24, key=jax.random.key(0))
    still = np.asarray(sx.simulate(network, trials).states)[:, -1]
    step = jax.jit(jax.vmap(lambda x: network.step(x, np.zeros(3))))
    for _ in range(500):
        still = step(still)
    ends = periods.end_states[periods.ended[0]]
    np.testing.assert_allclose(ends, still, atol=1e-4)
    shares = np.bincount(periods.ended[0], minlength=len(periods.end_share)) / 24
    np.testing.assert_allclose(periods.end_share, shares)


class Latch(sx.networks.AbstractNetwork):
    """x ↦ tanh(2 x + 3 (u₁ − u₂)): it chooses by the sign of x, and keeps its choice."""

    num_inputs: int = 3
    num_units: int = 1
    num_outputs: int = 3
    dt: float = 100.0

    def step(self, state, input):
        return jax.numpy.tanh(2 * state + 3 * (input[1] - input[2]))

    def readout(self, state):
        return jax.numpy.stack([0 * state[0], state[0], -state[0]])

    def initial_state(self):
        return jax.numpy.zeros(1)


def test_the_basin_at_the_end_of_a_period_predicts_the_choice():
    task = sx.tasks.PerceptualDecisionMaking(stimulus=500.0)
    periods = sx.trial_periods(Latch(), task, num_trials=40)
    assert periods.period.tolist() == ["fixation", "stimulus", "decision"]
    assert periods.input_differs.tolist() == [False, True, False]
    assert [periods.counts(k)["stable"] for k in range(3)] == [2, 2, 2]
    # trials with evidence stand on their side; without, x stays 0, on the point between
    signed = periods.conditions["signed_coherence"] if "signed_coherence" in periods.conditions \
        else (1 - 2 * periods.conditions["choice"]) * periods.conditions["coherence"]  # fmt: skip
    expected = np.where(signed > 0, 1, np.where(signed < 0, 2, -1))
    assert (periods.predicted[1:] == expected).all()
    decided = (expected > 0) & (periods.choice == expected)
    assert periods.agrees[1] == decided.sum() > 0


def test_a_period_says_what_happens_during_it():
    task = sx.tasks.PerceptualDecisionMaking(stimulus=500.0)
    periods = sx.trial_periods(Latch(), task, num_trials=40)
    during = [{one["label"]: one for one in json.loads(text)} for text in periods.decoded.tolist()]
    new, held = (row["choice made"] for row in during[1:])
    assert new["first"] <= new["chance"] < new["value"] > 0.9  # the stimulus brings it
    assert min(held["first"], held["value"]) > max(0.9, held["chance"])  # and the decision keeps it
    # the activity ends at about ±0.96, and begins at 0
    decided = np.mean(np.asarray(periods.conditions["coherence"]) > 0)
    assert decided > 0.5 and periods.moved == pytest.approx([0.0, 0.5, 0.0], abs=0.02)
    assert periods.order[2] > 0.99
    assert np.isnan(periods.slowed[0]) and periods.slowed[1] > 3  # at rest; come to a point
    assert ["more slowly" in text for text in periods.sentences[:2]] == [False, True]


class Forgetful(Latch):
    """x' = tanh(x/2 + 3 (s1 − s2)) + 1/3: without evidence, the two outputs tie at one end."""

    def step(self, state, input):
        drive = 3 * (input[1] - input[2])
        return jax.numpy.tanh(state / 2 + drive) + 1 / 3

    def readout(self, state):
        return jax.numpy.stack([0 * state[0], state[0], state[0] * 1.1 / 1.1 + 1e-15])


def test_outputs_that_tie_read_out_no_choice():
    periods = sx.trial_periods(Forgetful(), sx.tasks.PerceptualDecisionMaking(), num_trials=8)
    assert (np.asarray(periods.end_name) == NAMES[What.POINT]).all()
    assert (periods.predicted == -1).all() and not periods.predicts.any()
    assert periods._table()["choices predicted"] == ["no choice"] * 3
    clear = np.array([[0.2, 0.1], [0.1, 0.2], [0.1, 0.1 + 1e-12], [-1e-17, 1e-17], [np.nan, 1.0]])
    assert largest_of(clear).tolist() == [0, 1, -1, -1, -1]
    fixation_left_out = np.array([[-np.inf, 0.1, 0.2], [-np.inf, 0.2, 0.2]])
    assert largest_of(fixation_left_out).tolist() == [2, -1]


def test_points_are_given_by_the_names_of_periods():
    task = sx.tasks.PerceptualDecisionMaking()
    network = sx.networks.CTRNN(3, 4, 3, dt=task.dt, key=jax.random.key(0))
    found = sx.find_fixed_points(network.at_input([1.0, 0.0, 0.0]), np.zeros((1, 4)))
    with pytest.raises(sx.InvalidInputError, match="'delay'; the periods of the task are "):
        sx.trial_periods(network, task, points={"delay": found})


def test_a_start_at_rest_is_not_taken_for_the_scale_of_the_system():
    # all trials begin at 0, and go to 6: that is not growth without bound
    system = sx.DiscreteMap(lambda x: 0.5 * x + 3.0, size=1)
    for start in (0.0, 1e-9):
        found = sx.verdict(system, np.full((5, 1), start), duration=10.0)
        assert found.ends.tolist() == [NAMES[What.POINT]], found
    away = sx.DiscreteMap(lambda x: 2.0 * x + 3.0, size=1)
    assert sx.verdict(away, np.zeros((5, 1)), duration=10.0).ends.tolist() == [NAMES[What.INFINITY]]

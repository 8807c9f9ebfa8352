"""What single tasks promise beyond the laws of all."""

import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.tasks.durations import as_length

KEY = jax.random.key(5)


class Integral(sx.tasks.AbstractTask):
    """A task of one's own; some of its arrays may have other shapes."""

    reference = "none"
    dt: float = eqx.field(static=True, default=100.0)
    shapes: tuple = eqx.field(static=True, default=())
    periods = property(lambda self: {"trial": (0.0, 1000.0)})
    channels = property(lambda self: ("flow",))
    responses = property(lambda self: ("level",))

    def draw(self, key, n):
        flow, ones = jax.random.normal(key, (n, 10, 1)), jnp.ones((n, 10))
        trials = sx.tasks.Trials(flow, jnp.cumsum(flow, 1), ones, ones > 0, {}, self.dt)
        for name, shape in self.shapes:
            object.__setattr__(trials, name, jnp.zeros(shape))
        return trials


@pytest.mark.parametrize(
    ("name", "shape"),
    [("inputs", (3, 10, 2)), ("targets", (3, 10)), ("mask", (3, 9)), ("scored", (3, 10, 1))],
)
def test_trials_of_other_shapes_than_the_task_says_are_refused(name, shape):
    trials = Integral().trials(3, key=KEY)
    np.testing.assert_allclose(trials.targets, np.cumsum(trials.inputs, 1), rtol=1e-5, atol=1e-6)
    with pytest.raises(sx.InvalidInputError, match=rf"{name}.*{re.escape(str(shape))}"):
        Integral(shapes=((name, shape),)).trials(3, key=KEY)


@pytest.mark.parametrize(
    ("duration", "mean"),
    [
        (sx.tasks.Uniform(200.0, 600.0), 400.0),
        (sx.tasks.Choice((100.0, 400.0, 1000.0)), 500.0),
        # m + a − (b − a) / (e^{(b − a)/m} − 1)
        (sx.tasks.TruncatedExponential(600.0, 300.0, 3000.0), 900 - 2700 / np.expm1(4.5)),
    ],
)
def test_durations_have_the_mean_of_their_distribution(duration, mean):
    drawn = np.asarray(duration.draw(KEY, 20_000))
    assert drawn.mean() == pytest.approx(mean, rel=0.02)
    assert min(duration.possible) <= drawn.min() and drawn.max() <= max(duration.possible)
    assert as_length(duration.setting, "delay") == duration  # as a file would say it


def conditions(trials):
    return {name: np.asarray(values) for name, values in trials.conditions.items()}


def test_padding_comes_after_the_end_of_each_trial_only():
    trials = sx.tasks.DelayComparison(delay=[200.0, 1000.0]).trials(200, key=KEY)
    delay, lengths = conditions(trials)["delay"], np.asarray(trials.mask).sum(1)
    assert set(delay) == {200.0, 1000.0}
    np.testing.assert_array_equal(lengths, np.where(delay == 200, 18, 26))
    np.testing.assert_array_equal(np.asarray(trials.scored).argmax(1), lengths - 1)


def test_the_comparison_shows_the_frequencies_of_the_reference():
    trials = sx.tasks.DelayComparison(noise=0.0).trials(100, key=KEY)
    x, said = np.asarray(trials.inputs)[..., 1], conditions(trials)
    shown = 0.5 + (np.stack([said["f1"], said["f2"]], 1) - 10) / 48
    np.testing.assert_allclose(x[:, [5, 20]], shown, atol=1e-6)
    np.testing.assert_array_equal(said["choice"], np.where(said["f1"] > said["f2"], 0, 1))
    assert (np.abs(said["f1"] - said["f2"]) == 8).all()


def test_the_fixation_cue_goes_off_when_the_context_decision_is_due():
    trials = sx.tasks.ContextDecisionMaking(noise=0.0).trials(50, key=KEY)
    cue, deciding = np.asarray(trials.inputs)[..., 0], np.asarray(trials.scored)
    inside = np.asarray(trials.mask) > 0
    np.testing.assert_array_equal(cue[inside] == 0, deciding[inside])


def pulses_of(count, **settings):
    return np.asarray(sx.tasks.FlipFlop(**settings).trials(count, key=KEY).inputs)


def test_flip_flop_pulses_have_their_probability_and_begin_everywhere():
    pulses = pulses_of(200, bits=2, probability=0.25)
    assert (pulses[:, 0] != 0).all() and set(np.unique(pulses)) == {-1.0, 0.0, 1.0}
    assert (pulses[:, 1:] != 0).mean() == pytest.approx(0.25, abs=0.01)


def test_flip_flop_pulses_keep_to_the_clock():
    """Intervals of one and a half steps last one and two in turns; of 1.25, four times one."""
    how = {"bits": 1, "interval": 150.0, "probability": 1.0}
    assert ((pulses_of(50, **how)[..., 0] != 0) == (np.arange(64) % 3 != 1)).all()
    assert sx.tasks.FlipFlop(**how).ideal_mean_accuracy == 1.0
    assert (pulses_of(1, dt=80.0, probability=1.0)[0, :, 0] != 0).sum() == 64


def test_chance_is_the_best_that_can_be_had_blindly():
    assert sx.tasks.SineWave(frequencies=1).chance == 1.0
    task = sx.tasks.SineWave(frequencies=5)
    trials = task.trials(1000, key=KEY)
    grid = np.linspace(-1, 1, 81)
    near = np.abs(np.asarray(trials.targets)[..., 0][..., None] - grid) <= task.tolerance
    assert task.chance == pytest.approx(near.mean(0).max(1).mean(), abs=0.02)
    uneven = sx.tasks.ProbabilisticReasoning(weights=(0.3, 0.5))
    choice = np.asarray(uneven.trials(1000, key=KEY).conditions["choice"])
    assert uneven.chance == pytest.approx((choice == 0).mean(), abs=0.03) and uneven.chance > 0.9
    assert sx.tasks.ProbabilisticReasoning().chance == pytest.approx(0.5)


def test_the_interval_is_compared_with_the_threshold_in_time_not_in_steps():
    said = conditions(sx.tasks.HierarchicalReasoning(dt=10.0).trials(400, key=KEY))
    interval, long = said["interval"], said["long"]
    assert long[interval > 850].all() and not long[interval < 850].any()
    assert 0 < long[interval == 850].mean() < 1


@pytest.mark.parametrize("gain", [1.0, 1.5])
def test_ready_set_go_asks_for_the_measured_interval(gain):
    trials = sx.tasks.ReadySetGo(gain=gain, dt=20.0).trials(50, key=KEY)
    ramp, said = np.asarray(trials.targets)[..., 0], conditions(trials)
    lasted = 20 * ((ramp >= 1).argmax(1) + 1 - np.asarray(trials.scored).argmax(1))
    np.testing.assert_allclose(lasted, gain * said["measure"], atol=20.1)
    np.testing.assert_allclose(said["interval"], gain * said["measure"], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("EvidenceAccumulation", {"dt": 10.0, "interval": 0.0}),
        ("EvidenceAccumulation", {"dt": 10.0, "interval": [0.0, 50.0]}),
        ("PulseDecisionMaking", {"gap": 0.0}),
        ("PulseDecisionMaking", {"gap": [0.0, 20.0]}),
        ("DelayComparison", {"delay": 0.0, "fixation": [300.0, 500.0]}),
    ],
)
def test_what_follows_at_once_is_told_apart_by_its_duration(name, settings):
    task = getattr(sx.tasks, name)(noise=0.0, **settings)
    trials = task.trials(200, key=KEY)
    clear = np.asarray(trials.conditions.get("difference", 1)) != 0  # equal numbers: by chance
    right = np.asarray(task.score_each(task.solve(trials.inputs), trials))
    assert (right[np.broadcast_to(clear, right.shape)] == 1).all()


class Sides(sx.tasks.StagedTask):
    """Left or right, with one thing at a time that may be wrong."""

    reference = "none"
    dt: float = eqx.field(static=True, default=20.0)
    noise: float = eqx.field(static=True, default=0.0)
    noise_on: str = eqx.field(static=True, default="stimulus")
    lengths: tuple = eqx.field(static=True, default=(("cue", 100), ("decision", 100.0)))
    scene: str = eqx.field(static=True, default="")
    durations = property(lambda self: dict(self.lengths))
    channels = property(lambda self: ("side",))
    responses = property(lambda self: ("wait", "left", "right"))
    chance = property(lambda self: 0.5)

    def present(self, key, when):
        side = jax.random.bernoulli(key, 0.5, (when.num_trials,)).astype(int)
        cue, asked = when.during("cue"), when.during("decision")
        targets = jnp.where(asked, side[:, None] + 1, 0)
        signal = (cue * (2 * side - 1)[:, None])[..., None] * 1.0
        made = sx.tasks.Scene(signal, cue[..., None], targets, asked, {"side": side})
        if self.scene == "noisy":
            object.__setattr__(made, "noisy", cue)
        return (signal, targets) if self.scene == "pair" else made

    def solve(self, inputs):
        right = jnp.cumsum(inputs[..., 0], axis=1) > 0
        asked = jnp.arange(inputs.shape[1]) >= self.period_steps()["decision"][0]
        return jax.nn.one_hot(jnp.where(asked, 1 + right, 0), 3)


class Unsolved(Sides):
    """The task without a solution."""

    solve, chance = sx.tasks.StagedTask.solve, sx.tasks.StagedTask.chance


@pytest.mark.parametrize("task", [Unsolved(), Integral()], ids=["periods", "its own trials"])
def test_a_task_needs_no_solution(task):
    """It trains, is scored and is told of without an ideal observer and a chance level."""
    assert not task.is_solved and Sides().is_solved
    net = sx.networks.GRU(task.num_inputs, 4, task.num_outputs, dt=task.dt, key=KEY)
    fit = sx.train(net, task, steps=2, batch_size=4, key=KEY, progress=False)
    done = sx.performance(fit.network, task, num_trials=20, key=KEY)
    assert np.isnan([done.chance, done.ideal_mean_score, *done.ideal_score]).all()
    assert "nan" not in done.summary().replace("score nan", "")
    assert sx.figures.performance(done).texts


def test_a_staged_task_of_ones_own_can_be_done():
    assert Sides().ideal_mean_accuracy == 1.0
    lengths = ("cue", sx.tasks.Choice((40.0, 80.0))), ("decision", sx.tasks.Multiple("cue", 2))
    drawn = conditions(Sides(lengths=lengths).trials(20, key=KEY))
    np.testing.assert_array_equal(drawn["decision"], 2 * drawn["cue"])


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"noise": -1.0}, "noise"),
        ({"lengths": (("cue", "a"),)}, r"durations\['cue'\]"),
        ({"lengths": (("cue", sx.tasks.Uniform(5.0, 1.0)),)}, "end"),
        ({"lengths": (("cue", sx.tasks.Multiple("decision", 2)),)}, "earlier"),
        ({"scene": "noisy"}, r"noisy.*\(4, 10, 1\)"),
        ({"scene": "pair"}, "Scene"),
    ],
)
def test_what_a_staged_task_of_ones_own_gets_wrong_is_named(settings, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        Sides(**settings).trials(4, key=KEY)

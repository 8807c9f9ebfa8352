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
    """A task of one's own, with the shape of one array left open."""

    reference = "none"
    dt: float = eqx.field(static=True, default=100.0)
    shapes: tuple = eqx.field(static=True, default=())

    @property
    def periods(self):
        return {"trial": (0.0, 1000.0)}

    @property
    def channels(self):
        return ("flow",)

    @property
    def responses(self):
        return ("level",)

    def draw(self, key, n):
        flow, ones = jax.random.normal(key, (n, 10, 1)), jnp.ones((n, 10))
        drawn = {"inputs": flow, "targets": jnp.cumsum(flow, 1), "mask": ones}
        drawn |= {name: jnp.zeros(shape) for name, shape in self.shapes}
        trials = sx.tasks.Trials(
            inputs=flow, targets=flow, mask=ones, scored=ones > 0, conditions={}, dt=self.dt
        )
        for name, values in drawn.items():
            object.__setattr__(trials, name, values)
        return trials


def test_a_task_of_ones_own_is_drawn():
    trials = Integral().trials(3, key=KEY)
    np.testing.assert_allclose(trials.targets, np.cumsum(trials.inputs, 1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("inputs", (3, 10, 2)), ("targets", (3, 10)), ("mask", (3, 9)), ("scored", (3, 10, 1))],
)
def test_trials_of_other_shapes_than_the_task_says_are_refused(name, shape):
    text = rf"Integral\.draw gives {name} of shape {re.escape(str(shape))} for 3 trials of 10 steps"
    with pytest.raises(sx.InvalidInputError, match=text):
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


@pytest.mark.parametrize(
    "wrong", ["long", [], {"uniform": [1.0]}, {"normal": [1.0, 2.0]}, {"uniform": [5.0, 2.0]}]
)
def test_durations_that_make_no_sense(wrong):
    with pytest.raises(sx.InvalidInputError, match="delay must"):
        sx.tasks.DelayComparison(delay=wrong)


def test_padding_comes_after_the_end_of_each_trial_only():
    task = sx.tasks.DelayComparison(delay=[200.0, 1000.0])
    trials = task.trials(200, key=KEY)
    delay = np.asarray(trials.conditions["delay"])
    assert set(delay) == {200.0, 1000.0}
    lengths = np.asarray(trials.mask).sum(1)
    np.testing.assert_array_equal(lengths, np.where(delay == 200, 18, 26))
    decision = np.asarray(trials.scored).argmax(1)
    np.testing.assert_array_equal(decision, lengths - 1)


def test_the_comparison_shows_the_frequencies_of_the_reference():
    task = sx.tasks.DelayComparison(noise=0.0)
    trials = task.trials(100, key=KEY)
    x, said = np.asarray(trials.inputs)[..., 1], trials.conditions
    np.testing.assert_allclose(x[:, 5], 0.5 + (np.asarray(said["f1"]) - 10) / 48, atol=1e-6)
    np.testing.assert_allclose(x[:, 20], 0.5 + (np.asarray(said["f2"]) - 10) / 48, atol=1e-6)
    first = np.asarray(said["f1"]) > np.asarray(said["f2"])
    np.testing.assert_array_equal(np.asarray(said["choice"]), np.where(first, 0, 1))
    assert (np.abs(np.asarray(said["f1"]) - np.asarray(said["f2"])) == 8).all()


def test_the_fixation_cue_goes_off_when_the_context_decision_is_due():
    trials = sx.tasks.ContextDecisionMaking(noise=0.0).trials(50, key=KEY)
    cue, deciding = np.asarray(trials.inputs)[..., 0], np.asarray(trials.scored)
    inside = np.asarray(trials.mask) > 0
    np.testing.assert_array_equal(cue[inside] == 0, deciding[inside])


def test_flip_flop_pulses_have_their_probability_and_begin_everywhere():
    task = sx.tasks.FlipFlop(bits=2, probability=0.25)
    pulses = np.asarray(task.trials(200, key=KEY).inputs)
    assert (pulses[:, 0] != 0).all()
    assert (pulses[:, 1:] != 0).mean() == pytest.approx(0.25, abs=0.01)
    assert set(np.unique(pulses)) == {-1.0, 0.0, 1.0}


def test_flip_flop_pulses_keep_to_the_clock():
    """Intervals of one and a half steps last one and two in turns; of 1.25, four times one."""
    task = sx.tasks.FlipFlop(bits=1, interval=150.0, probability=1.0)
    pulses = np.asarray(task.trials(50, key=KEY).inputs)[..., 0] != 0
    assert (pulses == (np.arange(64) % 3 != 1)).all()
    assert task.ideal_mean_accuracy == 1.0
    shows = np.asarray(sx.tasks.FlipFlop(dt=80.0, probability=1.0).trials(1, key=KEY).inputs)
    assert (shows[0, :, 0] != 0).sum() == 64


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
    said = sx.tasks.HierarchicalReasoning(dt=10.0).trials(400, key=KEY).conditions
    interval, long = np.asarray(said["interval"]), np.asarray(said["long"])
    assert long[interval > 850].all() and not long[interval < 850].any()
    assert 0 < long[interval == 850].mean() < 1


@pytest.mark.parametrize("gain", [1.0, 1.5])
def test_ready_set_go_asks_for_the_measured_interval(gain):
    task = sx.tasks.ReadySetGo(gain=gain, dt=20.0)
    trials = task.trials(50, key=KEY)
    ramp, said = np.asarray(trials.targets)[..., 0], trials.conditions
    start = np.asarray(trials.scored).argmax(1)
    reached = (ramp >= 1).argmax(1) + 1
    np.testing.assert_allclose(
        (reached - start) * 20, gain * np.asarray(said["measure"]), atol=20.1
    )
    np.testing.assert_allclose(said["interval"], gain * np.asarray(said["measure"]), rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: sx.tasks.EvidenceAccumulation(num_cues=6), "num_cues must be odd"),
        (lambda: sx.tasks.EvidenceAccumulation(cue=0), "needs a cue 1 period longer than 0 ms"),
        (lambda: sx.tasks.DelayComparison(pairs=[(1, 2)]), "the larger one first"),
        (lambda: sx.tasks.FlipFlop(pulse=200.0), "no longer than the interval"),
        (
            lambda: sx.tasks.ReadySetGo(gain=0.1, measure={"uniform": [80.0, 1500.0]}),
            "production period lasts 0.2 times the measure period, .* as short as 1 step of 80 ms",
        ),
        (lambda: sx.tasks.GoNoGo(noise_on="fixation"), '"stimulus" or "all"'),
        (lambda: sx.tasks.PulseDecisionMaking(probabilities=[0.5, 2]), "between 0 and 1"),
    ],
)
def test_settings_that_make_no_task(make, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        make()


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

    @property
    def durations(self):
        return dict(self.lengths) if self.lengths[0] != "list" else list(self.lengths)

    @property
    def channels(self):
        return ("side",)

    @property
    def responses(self):
        return ("wait", "left", "right")

    def present(self, key, when):
        side = jax.random.bernoulli(key, 0.5, (when.num_trials,)).astype(int)
        cue = when.during("cu" if self.scene == "period" else "cue")
        asked = when.during("decision")
        noisy = cue if self.scene == "noisy" else cue[..., None]
        targets = jnp.where(asked, side[:, None] + 1, 0)
        signal = (cue * (2 * side - 1)[:, None])[..., None] * 1.0
        made = sx.tasks.Scene(signal, cue[..., None], targets, asked, {"side": side})
        object.__setattr__(made, "noisy", noisy)
        return (signal, targets) if self.scene == "pair" else made

    def solve(self, inputs):
        right = jnp.cumsum(inputs[..., 0], axis=1) > 0
        asked = jnp.arange(inputs.shape[1]) >= self.period_steps()["decision"][0]
        return jax.nn.one_hot(jnp.where(asked, 1 + right, 0), 3)

    @property
    def chance(self):
        return 0.5


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
    assert "nan" not in done.summary().replace("score nan", "") and task.dt > 0
    assert [text.get_text() for text in sx.figures.performance(done).texts]


def test_a_staged_task_of_ones_own_can_be_done():
    task = Sides()
    assert task.ideal_mean_accuracy == 1.0
    varied = Sides(
        lengths=(("cue", sx.tasks.Choice((40.0, 80.0))), ("decision", sx.tasks.Multiple("cue", 2)))
    )
    drawn = varied.trials(20, key=KEY).conditions
    np.testing.assert_array_equal(drawn["decision"], 2 * drawn["cue"])


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"noise": -1.0}, "Sides: noise must be 0 or more, got -1"),
        ({"lengths": (("cue", "a"),)}, r"durations\['cue'\] must be a number .* got 'a'"),
        ({"lengths": (("cue", sx.tasks.Uniform(5.0, 1.0)),)}, "between a low and a higher end"),
        (
            {"lengths": (("cue", sx.tasks.Multiple("decision", 2)),)},
            "multiple of an earlier period",
        ),
        (
            {"scene": "noisy"},
            r"noisy of shape \(4, 10\), expected that of the signal, \(4, 10, 1\)",
        ),
        ({"scene": "pair"}, "what Sides.present gives must be an sx.tasks.Scene, got "),
    ],
)
def test_what_a_staged_task_of_ones_own_gets_wrong_is_named(settings, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        Sides(**settings).trials(4, key=KEY)

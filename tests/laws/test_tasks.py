"""Laws over all tasks: what a user may count on whatever the task."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix.experiment import TASKS
from separatrix.tasks.task import without_noise

N = 256
# Small settings where the default is long, so that the laws are quick to check.
SMALL = {
    "EvidenceAccumulation": {"dt": 10.0},
    "PerceptualDecisionMakingDelayResponse": {"dt": 50.0},
    "Yang2019": {"rules": ["dm1", "delaygo"]},
}
# The score of the solution at the default settings, where it is not 1: what cannot be done better.
IDEAL = {
    "PerceptualDecisionMaking": 0.895696,  # Φ(c/100 √(T/2)), averaged over c
    "PerceptualDecisionMakingDelayResponse": 0.887299,
    "SingleContextDecisionMaking": 0.940902,  # T = 700 ms at dt = 100 ms
    "ContextDecisionMaking": 0.940902,
    "MultiSensoryIntegration": 0.907408,  # half the evidence in each modality, twice the noise
    "DelayComparison": 0.995801,  # Φ(√(T/2)/6)
    "PulseDecisionMaking": 0.960376,  # 1 − P(as many pulses on both sides)/2
    "ProbabilisticReasoning": 0.915469,  # max(p, 1 − p), averaged over the shapes
    "HierarchicalReasoning": 1 - 7 / 17 / 18,  # one in nine a tie, in 7 of 17 scored steps
    "DelayMatchCategory": 0.97,  # measured: directions near the border of the categories
    "PostDecisionWager": 0.80,  # measured: noise hides whether the coherence was low
}
every = pytest.mark.parametrize("name", TASKS)


def make(name, **settings):
    return TASKS[name](**{**SMALL.get(name, {}), **settings})


@functools.cache
def drawn(name, n=N, seed=0, **settings):
    task = make(name, **settings)
    return task, task.trials(n, key=jax.random.key(seed))


@every
def test_shapes_follow_from_the_settings_and_targets_are_classes_or_values(name):
    task, trials = drawn(name)
    n, steps = N, task.num_steps
    assert trials.inputs.shape == (n, steps, task.num_inputs)
    assert trials.targets.shape[:2] == (n, steps)
    assert trials.mask.shape[:2] == trials.scored.shape == (n, steps)
    assert len(task.channels) == task.num_inputs == len(set(task.channels))
    assert len(task.responses) == task.num_outputs == len(set(task.responses))
    assert all(len(values) == n for values in trials.conditions.values())
    assert trials.inputs.dtype == trials.mask.dtype == jnp.float32
    assert set(task.units) <= set(trials.conditions)
    assert set(task.condition_words) <= set(trials.conditions)
    assert task.reference and trials.dt == task.dt
    targets = np.asarray(trials.targets)
    if targets.ndim == 2:
        assert targets.dtype.kind == "i"
        assert set(np.unique(targets)) <= set(range(task.num_outputs))
        scored = targets[np.asarray(trials.scored)]
        assert len(np.unique(scored)) > 1
    else:
        assert targets.shape[-1] == task.num_outputs and np.isfinite(targets).all()


@every
def test_the_mask_covers_the_answer_and_ends_with_the_trial(name):
    _, trials = drawn(name)
    mask = np.asarray(trials.mask).reshape(N, trials.num_steps, -1)
    assert (mask >= 0).all() and (mask[np.asarray(trials.scored)] > 0).all()
    assert np.asarray(trials.scored).any(1).all()
    last = np.where(mask.any(-1), np.arange(trials.num_steps), 0).max(1)
    after = np.arange(trials.num_steps) > last[:, None]
    assert (np.asarray(trials.inputs)[after] == 0).all()
    assert not np.asarray(trials.scored)[after].any()


@every
def test_the_same_key_gives_the_same_trials_and_another_key_others(name):
    (_, a), (_, b), (_, c) = drawn(name), drawn(name), drawn(name, seed=1)
    assert all(map(np.array_equal, jax.tree.leaves(a), jax.tree.leaves(b)))
    assert not np.array_equal(a.inputs, c.inputs)


@every
def test_the_solution_sees_only_what_the_network_sees_in_time(name):
    task, trials = drawn(name)
    inputs, solve = np.asarray(trials.inputs), jax.jit(task.solve)
    answers = np.asarray(solve(inputs))
    assert answers.shape == (N, task.num_steps, task.num_outputs)
    for cut in (task.num_steps // 3, 2 * task.num_steps // 3, task.num_steps - 1):
        later = inputs.copy()
        later[:, cut:] = np.roll(later[:, cut:], 1, axis=0) + 0.3
        np.testing.assert_allclose(
            np.asarray(solve(later))[:, :cut], answers[:, :cut], rtol=1e-4, atol=1e-4
        )


@every
def test_the_task_can_be_done_and_not_by_chance(name):
    task = make(name) if name != "Yang2019" else TASKS[name]()
    reached = task.ideal_mean_accuracy
    assert task.chance + 0.2 < reached
    assert reached == pytest.approx(IDEAL.get(name, 1.0), abs=0.015 if name in IDEAL else 0.002)


def outputs_of(targets, task, trials):
    """Return the outputs whose classes or values are the targets."""
    if targets.ndim == 2:
        return jax.nn.one_hot(targets, task.num_outputs)
    if trials.output_function == "sigmoid":
        return jnp.log(targets) - jnp.log1p(-targets)
    return targets


@every
def test_the_targets_score_one_and_a_single_answer_no_better_than_chance(name):
    task, trials = drawn(name)
    score = jax.jit(task.score)
    outputs = outputs_of(trials.targets, task, trials)
    assert float(score(outputs, trials)) == 1.0
    assert float(score(jnp.roll(outputs, 1, axis=0), trials)) < 1.0
    answers = outputs[:8]  # what is right in one trial, for all of them
    if trials.targets.ndim == 2:
        answers = jnp.eye(task.num_outputs)[:, None]
    shape = (N, task.num_steps, task.num_outputs)
    best = max(float(score(jnp.broadcast_to(answer, shape), trials)) for answer in answers)
    assert best <= task.chance + 0.1


# The shortest period, where it is below 100 ms.
LARGEST_DT = {"PulseDecisionMaking": 10.0, "EvidenceAccumulation": 50.0, "ReadySetGo": 83.0}


@every
@pytest.mark.parametrize("dt", [5.0, 100.0])
def test_timing_does_not_depend_on_dt(name, dt):
    if dt > LARGEST_DT.get(name, 100.0):
        with pytest.raises(sx.InvalidInputError, match=f"{LARGEST_DT[name]:g} ms"):
            make(name, dt=dt)
        make(name, dt=LARGEST_DT[name])  # the largest step that is named works
        return
    task = make(name, dt=dt)
    lengths = {p: (b - a) * dt for p, (a, b) in task.period_steps().items()}
    for period, (begin, end) in task.periods.items():
        assert end - begin - dt < lengths[period] <= end - begin + 1e-6
    trials = jax.eval_shape(lambda key: task.draw(key, 2), jax.random.key(0))
    assert trials.inputs.shape[1] == task.num_steps


@pytest.mark.parametrize("name", [n for n in TASKS if n != "Yang2019"])
def test_the_task_can_be_done_whatever_the_step(name):
    task = make(name, dt=5.0)
    trials = task.trials(100, key=jax.random.key(5))
    reached = float(task.score(jax.jit(task.solve)(trials.inputs), trials))
    assert reached >= IDEAL.get(name, 1.0) - 0.13  # three standard errors of the least


@pytest.mark.parametrize("dt", [5.0, 100.0])
def test_each_of_the_twenty_rules_can_be_done_whatever_the_step(dt):
    task = sx.tasks.Yang2019(dt=dt)

    @jax.jit
    def drawn_and_done(key):
        trials = task.draw(key, 100)
        right = task.right(task.solve(trials.inputs), trials) & trials.scored
        return trials.conditions, right.any(1)

    said, right = drawn_and_done(jax.random.key(6))
    assert set(np.asarray(said["rule"])) == set(range(20))
    assert np.asarray(right).mean() >= 0.98
    # the same trials in steps of 20 ms, but for the rounding of their four or fewer parts
    finer = sx.tasks.Yang2019().trials(100, key=jax.random.key(6)).conditions
    np.testing.assert_array_equal(said["rule"], finer["rule"])
    for time in ("go", "end"):
        gap = np.abs(np.asarray(said[time]) - np.asarray(finer[time]))
        assert (gap <= 5 * (dt + 20.0)).all() and gap.mean() <= 2 * (dt + 20.0)


VARYING = [
    "ContextDecisionMaking",
    "IntervalDiscrimination",
    "PostDecisionWager",
    "ReadySetGo",
    "ProbabilisticReasoning",
]


@pytest.mark.parametrize("name", VARYING)
def test_drawn_durations_do_not_depend_on_dt(name):
    (fine, a), (coarse, b) = drawn(name, dt=2.0), drawn(name, dt=40.0)
    varying = set(a.conditions) & set(fine.periods)
    assert varying
    for period in varying:
        x, y = np.asarray(a.conditions[period]), np.asarray(b.conditions[period])
        assert len(np.unique(x)) > 5
        factor = 2 if period == "production" else 1
        assert (np.abs(x - y) <= factor * (coarse.dt + fine.dt)).all()


NOISY = [n for n, c in TASKS.items() if hasattr(c, "noise_on") and n != "PerceptualDecisionMaking"]


@pytest.mark.parametrize("name", NOISY)
def test_noise_has_variance_sigma_squared_over_dt_where_the_stimulus_is(name):
    dt, settings = 10.0, {"dt": 10.0, "noise": 0.7}
    _, noisy = drawn(name, **settings)
    _, clean = drawn(name, **{**settings, "noise": 0.0})
    difference = np.asarray(noisy.inputs) - np.asarray(clean.inputs)
    there = difference[difference != 0]
    assert there.size > 200
    assert there.std() == pytest.approx(0.7 / np.sqrt(dt), rel=4 / np.sqrt(2 * there.size) + 1e-3)
    assert abs(there.mean()) < 5 * there.std() / np.sqrt(there.size)


STAGED = [n for n, c in TASKS.items() if issubclass(c, sx.tasks.StagedTask)]


# The score of the solution without noise, where it is not 1: what is drawn by chance.
NOISELESS = {
    "PerceptualDecisionMakingDelayResponse": 0.9,  # no evidence in a fifth of the trials
    "PostDecisionWager": 1 - 1 / 24,  # nor in a sixth here, of which half may be declined
    **{n: IDEAL[n] for n in ("PulseDecisionMaking", "ProbabilisticReasoning")},
    "HierarchicalReasoning": IDEAL["HierarchicalReasoning"],
}


def done(name, n, **settings):
    """Return the score of the solution of a task in steps of 20 ms, or less where it needs that."""
    settings = {"dt": min(20.0, LARGEST_DT.get(name, 20.0))} | settings
    task = TASKS[name](**settings)
    trials = task.trials(n, key=jax.random.key(5))
    return float(task.score(jax.jit(task.solve)(trials.inputs), trials))


def at_least(expected, n, lost=0.0):
    """Return what is reached of an expected frequency in n trials, but for one time in 1,000."""
    return expected - lost - 3 * np.sqrt(max(expected * (1 - expected), 1e-3) / n)


def varied(name):
    """Return settings that draw every period between once and twice its usual length."""
    usual, known = make(name), inspect.signature(TASKS[name]).parameters
    return {
        period: [float(getattr(usual, period)), 2 * float(getattr(usual, period))]
        for period in {k.split(" ")[0] for k in usual.durations} & set(known)
        if isinstance(getattr(usual, period), float) and getattr(usual, period) > 0
    }


@pytest.mark.parametrize("name", STAGED)
def test_without_noise_the_solution_is_exact_where_the_periods_vary(name):
    reached = done(name, 200, noise=0.0, **varied(name))
    assert reached >= (at_least(NOISELESS[name], 200) if name in NOISELESS else 1.0)


NOISY_STAGED = [name for name in STAGED if make(name).noise > 0]


@pytest.mark.parametrize("name", NOISY_STAGED)
def test_noise_on_what_is_no_stimulus_does_not_mislead(name):
    """It changes no answer where the clock tells what counts; else the cue has to be noticed."""
    reached, usual = done(name, 400, noise_on="all"), done(name, 400)
    if all(isinstance(length, float) for length in make(name).durations.values()):
        assert reached == usual
    else:
        assert usual - 0.13 <= reached <= usual


def test_noisy_pulses_are_counted_where_they_may_come():
    """A pulse of one step is seen with d' = √10 in it, and the noise in between is left out."""
    assert done("PulseDecisionMaking", 400, noise=1.0) >= at_least(0.93, 400)


NEEDED = [
    (name, period)
    for name in STAGED
    for period in TASKS[name].needed
    if period in inspect.signature(TASKS[name]).parameters
]


@pytest.mark.parametrize(("name", "period"), NEEDED)
def test_a_missing_decision_is_refused(name, period):
    with pytest.raises(sx.InvalidInputError, match=period):
        make(name, **{period: 0.0})


# One for each loss and each kind of score.
KINDS = [
    "DelayComparison",
    "EvidenceAccumulation",
    "FlipFlop",
    "Reaching1D",
    "ReadySetGo",
    "Yang2019",
]


@pytest.mark.parametrize("name", KINDS)
def test_a_network_learns_from_it(name):
    task = make(name, **({"rules": ["fdgo"]} if name == "Yang2019" else {}))
    network = sx.networks.CTRNN(
        task.num_inputs, 8, task.num_outputs, dt=task.dt, key=jax.random.key(0)
    )
    fit = sx.train(
        network, task, steps=2, batch_size=4, epoch_steps=2, key=jax.random.key(1), progress=False
    )
    assert np.isfinite(fit.history.loss).all()
    assert ((fit.history.accuracy >= 0) & (fit.history.accuracy <= 1)).all()


@every
def test_the_mean_input_of_a_period_lies_among_those_of_its_trials(name):
    """Without noise; evidence for either side cancels, so that like channels are alike."""
    task = make(name) if name != "Yang2019" else TASKS[name](rules=["delaygo"])
    inputs = np.asarray(without_noise(task).trials(N, key=jax.random.key(1)).inputs)
    low, high = inputs.min((0, 1)) - 1e-6, inputs.max((0, 1)) + 1e-6
    assert task.period_before_answer in task.periods
    u = task.period_input(task.period_before_answer)
    assert u.shape == (task.num_inputs,) and ((u >= low) & (u <= high)).all()
    assert task.describe_input(u)

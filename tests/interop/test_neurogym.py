"""Tasks from real NeuroGym environments (`make test-interop`)."""

import warnings

import jax
import numpy as np
import pytest

import separatrix as sx

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    ngym = pytest.importorskip("neurogym")
from neurogym.envs.registration import all_envs
from neurogym.utils import spaces

from_neurogym = sx.tasks.from_neurogym
KEY = jax.random.key(3)

# Why an environment is no task; every other one that NeuroGym has must become one.
REFUSED = {
    "AnnubesEnv-v0": r"cannot be made with no settings: TypeError.*'session' and 'catch_prob'",
    "MotorTiming-v0": r"set period \(timing 50\) is shorter than one step \(dt = 80 ms\)",
    "ReachingDelayResponse-v0": r"shows Box.* and takes Box.*\. A task needs",
    "SpatialSuppressMotion-v0": r"shows Box.* and takes Box.*\. A task needs",
} | dict.fromkeys(
    (
        "Bandit-v0",
        "DawTwoStep-v0",
        "EconomicDecisionMaking-v0",
        "Null-v0",
        "Reaching1D-v0",
        "Reaching1DWithSelfDistraction-v0",
    ),
    "does not say before a trial what it shows and which of its",
)
ENVIRONMENTS = [name for name in all_envs(collections=True) if name not in REFUSED]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    with pytest.raises(sx.InvalidInputError, match=REFUSED[name]):
        from_neurogym(name)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_environment(name):
    task = from_neurogym(name)
    trials, again = (task.trials(12, key=KEY) for _ in range(2))
    assert trials.inputs.shape == (12, task.num_steps, task.num_inputs)
    assert np.isfinite(trials.inputs).all()
    assert len(set(task.channels)) == task.num_inputs
    targets, mask, scored = map(np.asarray, (trials.targets, trials.mask, trials.scored))
    assert ((targets >= 0) & (targets < task.num_outputs)).all()
    ends = mask.sum(1).astype(int)
    assert (mask == (np.arange(task.num_steps) < ends[:, None])).all()
    assert not np.asarray(trials.inputs)[mask == 0].any()
    assert scored.any(1).all() and not scored[mask == 0].any()
    for a, b in zip(jax.tree.leaves(trials), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    other = task.trials(12, key=jax.random.key(4))
    assert any((np.asarray(a) != b).any() for a, b in zip(
        jax.tree.leaves(trials), jax.tree.leaves(other), strict=True))  # fmt: skip
    steps = task.period_steps()
    lengths = sum(
        np.asarray(trials.conditions[p]) / task.dt if p in task.varying else stop - start
        for p, (start, stop) in steps.items()
    )  # fmt: skip
    np.testing.assert_allclose(lengths, ends)
    perfect = np.eye(task.num_outputs)[targets]
    assert float(task.score(perfect, trials)) == 1.0


def test_the_primers_environment_and_ours_are_the_same_task():
    theirs, ours = from_neurogym("PerceptualDecisionMaking-v0"), sx.tasks.PerceptualDecisionMaking()
    assert (theirs.dt, theirs.periods) == (ours.dt, ours.periods)
    assert theirs.channels == ("fixation", "stimulus 1", "stimulus 2")
    assert theirs.responses == ("fixation", "choice 1", "choice 2")
    assert theirs.reference.startswith("The analysis of visual motion")
    n = 2000
    a, b = theirs.trials(n, key=KEY), ours.trials(n, key=KEY)
    for name in ("mask", "scored"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    np.testing.assert_allclose(np.unique(a.conditions["coh"]), [0, 6.4, 12.8, 25.6, 51.2])
    right = np.asarray(a.conditions["ground_truth"]) == 1
    np.testing.assert_array_equal(np.asarray(a.targets)[:, -1] == 2, right)
    # evidence: the mean difference of the two channels during the stimulus is signed coherence
    x = np.asarray(a.inputs)[:, 1:21, 1:]
    signed = np.where(right, 1, -1) * np.asarray(a.conditions["coh"]) / 100
    error = (x[..., 1] - x[..., 0]).mean(1) - signed
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(n)
    deviations = [np.asarray(t.inputs)[:, 1:21, 1].std(1).mean() for t in (a, b)]
    np.testing.assert_allclose(*deviations, rtol=0.02)


def test_settings_and_the_scored_period():
    timing = {"fixation": 100, "stimulus": 800, "delay": 200, "decision": 100}
    task = from_neurogym("PerceptualDecisionMaking-v0", scored="delay", dt=20, timing=timing)
    assert (task.dt, task.num_steps) == (20.0, 60)
    np.testing.assert_array_equal(np.flatnonzero(task.trials(1, key=KEY).scored[0]), range(45, 55))


class Echo(ngym.core.TrialEnv):
    """A task of one's own: repeat a number after a while, as long as nobody knows beforehand."""

    def __init__(self, dt=50):
        super().__init__(dt=dt)
        self.timing = {"stimulus": 100, "delay": ("choice", [50, 100, 150]), "decision": 100}
        self.observation_space = spaces.Box(-np.inf, np.inf, shape=(4,), dtype=np.float32)
        self.action_space = spaces.Discrete(4)

    def _new_trial(self, **kwargs):
        number = int(self.rng.randint(1, 4))
        self.add_period(["stimulus", "delay", "decision"])
        self.add_ob(np.eye(4)[number], "stimulus")
        self.add_ob(np.eye(4)[0], "decision")
        self.set_groundtruth(number, "decision")
        return {"number": number, "sure": None if number == 1 else 0.5}


def test_an_environment_of_ones_own():
    task = from_neurogym(Echo(dt=50))
    assert task.name == "Echo"
    assert task.channels == ("input 0", "input 1", "input 2", "input 3")
    trials, again = (task.trials(30, key=KEY) for _ in range(2))
    np.testing.assert_array_equal(trials.inputs, again.inputs)
    number = np.asarray(trials.conditions["number"])
    np.testing.assert_array_equal(np.asarray(trials.inputs)[:, 0].argmax(1), number)
    np.testing.assert_array_equal(np.isnan(trials.conditions["sure"]), number == 1)
    with pytest.raises(sx.InvalidInputError, match="only with the name of an environment"):
        from_neurogym(Echo(), dt=20)


@pytest.mark.parametrize(
    ("what", "settings", "text"),
    [
        (
            "PerceptualDecisionMaking-v0",
            {"dt": 500},
            r"fixation period \(timing 100\) is shorter than one step \(dt = 500 ms\)",
        ),
        ("PerceptualDecisionMakin-v0", {}, "did you mean 'PerceptualDecisionMaking-v0'"),
        ("CartPole-v1", {}, "expected the name of a NeuroGym environment.*got CartPoleEnv"),
        ("PerceptualDecisionMaking-v0", {"coherence": 1}, "cannot be made with.*coherence"),
        ("PerceptualDecisionMaking-v0", {"scored": "decison"}, "did you mean 'decision'"),
        (3, {}, "got int"),
    ],
)
def test_bad_input(what, settings, text):
    with pytest.raises(sx.InvalidInputError, match=text):
        from_neurogym(what, **settings)


EXPERIMENT = """
name = "own"
[task]
name = "neurogym"
environment = "DelayComparison-v0"
dt = 50
timing = {delay = ["uniform", [200, 600]]}
[network]
name = "GRU"
num_units = 6
[training]
steps = 4
epoch_steps = 2
[analysis]
input = [1.0, 0.0]
num_trials = 8
test_trials = 32
num_candidates = 4
slow_points = false
[analysis.geometry]
slow_curve = false
branches = false
graph = false
lyapunov = false
"""


def test_an_experiment_with_an_environment(tmp_path):
    (tmp_path / "own.toml").write_text(EXPERIMENT)
    done = sx.run_experiment(str(tmp_path / "own.toml"), tmp_path / "run", progress=False)
    table = done.experiment["task"]
    assert table["environment"] == "DelayComparison-v0" and table["dt"] == 50
    assert table["timing"] == {"delay": ["uniform", [200, 600]]}
    read = sx.load_run(tmp_path / "run")
    delay = read.activity.condition("delay")
    assert 200 <= delay.min() < delay.max() <= 600
    assert len(read.activity.flat_states) < read.activity.states[..., 0].size
    assert read.performance.task == "NeuroGymTask"
    page = sx.write_report(read, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "choice 1" in page  # the outputs by the names that the environment gives them

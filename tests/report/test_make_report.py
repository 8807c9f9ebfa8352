"""The page of a network of a user's own."""

import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx
from separatrix._tables import describe_number
from separatrix.analysis.following.end import What
from separatrix.analysis.verdicts.ending import NAMES
from separatrix.report.agreement import Agreement, agreement
from separatrix.report.answer import opening
from separatrix.report.places import places
from separatrix.report.statements import statements

WENT = np.resize([1.0, -1.0], 12)[:, None] * [1.0, -1.0]
BISTABLE = sx.DiscreteMap(lambda x, u: jnp.tanh(2 * x + u), size=2, input=np.zeros(2))
RNG = np.random.default_rng(0)
TRIALS = np.tanh(np.cumsum(RNG.normal(0, 0.5, (12, 10, 2)), axis=1))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "own.html"
    run = sx.make_report(
        BISTABLE,
        TRIALS,
        path,
        inputs=np.zeros((12, 10, 2)),
        readout=np.array([[1.0, -1.0]]),
        labels=np.repeat(["left", "right"], 6),
        periods={"cue": ((0, 4), [0.5, 0.0]), "delay": slice(4, 10)},
        question="points",
        title="two <bits>",
    )
    return run, path


def test_all_that_is_known_is_on_the_page(made):
    run, path = made
    text = path.read_text()
    assert "two &lt;bits&gt;" in text
    assert set(run.records) >= {"fixed_points", "verdict", "trial_periods", "topology"}
    assert run.frozen_inputs.names.tolist() == ["delay"]  # the longest one
    assert run.trial_periods.period.tolist() == ["cue", "delay"]
    assert run.trial_periods.input_words.tolist() == ["0.5, 0", "all channels 0"]
    assert run.verdict.duration == 6
    assert statements(run)[0].text.startswith("The states given do NOT agree with this network")
    assert opening(run).evidence[-1] == statements(run)[0].text
    for one in statements(run):
        assert one.known and one.call
    links = set(re.findall(r'href="#([\w-]+)"', text))
    assert links <= set(re.findall(r'id="([\w-]+)"', text))
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)  # nothing is loaded


def test_a_slow_path_stands_beside_the_speed_of_the_activity(tmp_path):
    drift = sx.DiscreteMap(lambda x: jnp.stack([x[0] + 0.05, 0.5 * x[1]]), size=2)
    starts, steps = np.linspace(0, 1, 12), 0.1 * np.arange(20)
    states = np.stack([starts[:, None] + steps, np.zeros((12, 20))], axis=2)
    run = sx.make_report(drift, states, tmp_path / "drift.html")
    assert run.verdict.held == "slow path" and run.verdict.speed == pytest.approx(0.05)
    said = [one.text for one in statements(run)]
    assert "From 20 steps to 40 steps, their median speed is 50 % of the activity's." in said


def test_the_choice_read_out_at_the_end_of_a_basin(tmp_path):
    """States go to (±1, ∓1); at the second input all go to the first of them."""
    run = sx.make_report(
        BISTABLE,
        np.linspace(0.2, 0.9, 10)[:, None] * WENT[:, None],
        tmp_path / "page.html",
        readout=np.array([[0, 0], [1.0, -1], [-1, 1]]),
        labels={
            "choice": ["right", "left"] * 6,
            "side L/R": list("ab" * 6),
            "coherence": [25.6, -25.6] * 6,
        },
        periods={"free": ((0, 5), [0, 0]), "pushed": ((5, 10), [3.0, -3.0])},
    )
    found = run.trial_periods
    assert found.agrees.tolist() == [12, 6]
    assert np.array(found.responses)[found.predicted[0]].tolist() == ["right", "left"] * 6
    assert np.array(found.responses)[found.predicted[1]].tolist() == ["right"] * 12
    assert [found.tells_choices(k) for k in range(2)] == [True, False]
    said = {one.text for one in statements(run)}
    assert "Period pushed: at every end where a choice is read out, it is the same." in said
    page = (tmp_path / "page.html").read_text()
    assert "reads out left" in page and "side L/R" in page
    again = sx.load_records(tmp_path / "page.nc")
    assert set(again) == set(run.records)


def test_every_script_of_the_page_draws_from_the_file_beside_it(made, monkeypatch):
    _, path = made
    monkeypatch.chdir(path.parent)
    scripts = re.findall(
        r"<summary>Draw it again</summary>\s*<pre>(.*?)</pre>", path.read_text(), re.S
    )
    assert len(scripts) == 5
    for script in scripts:
        exec(script.replace("&#34;", '"').replace("&quot;", '"'), {})


def test_a_system_and_states_are_enough(tmp_path):
    run = sx.make_report(sx.Flow(lambda x: -x, size=2, tau=10.0), RNG.normal(size=(40, 2)),
                         tmp_path / "page.html")  # fmt: skip
    assert run.verdict.held == "" and run.verdict.ends.tolist() == [NAMES[What.POINT]]
    assert run.frozen_inputs.words[0] == "not given"
    again = sx.load_records(tmp_path / "page.nc")
    assert set(again) == set(run.records)


def test_states_of_the_network_are_known_as_its_own(tmp_path):
    network = sx.networks.CTRNN(2, 8, 1, dt=20.0, tau=100.0, key=jax.random.key(0))
    inputs = RNG.normal(size=(5, 12, 2)).astype(np.float32)
    states = network.unroll(inputs)
    run = sx.make_report(network, states, tmp_path / "page.html", inputs=inputs)
    compared = run.experiment["compared"]
    assert compared.steps == 50 and compared.word == Agreement.ROUNDING
    assert compared.sentence in {one.text for one in statements(run)}


UNITS, SHOWN = 24, np.repeat(RNG.normal(size=(30, 6, 2)), 5, axis=1)
RECURRENT = RNG.normal(size=(UNITS, UNITS)) * 1.2 / np.sqrt(UNITS)
FROM_INPUT = RNG.normal(size=(UNITS, 2))


def rate(x, u, part=0.2, recurrent=RECURRENT, offset=0.0):
    return (1 - part) * x + part * jnp.tanh(recurrent @ x + FROM_INPUT @ u) + offset


@pytest.fixture(scope="module")
def noisy_trials():
    """The same network without noise, with private noise and observed in noise."""
    found, step = {}, jax.jit(jax.vmap(rate))
    for name, private, observed in (("none", 0, 0), ("private", 0.05, 0), ("observed", 0, 0.05)):
        x, states = np.zeros((30, UNITS)), []
        for k in range(SHOWN.shape[1]):
            x = np.asarray(step(x, SHOWN[:, k])) + private * RNG.normal(size=x.shape)
            states.append(x)
        states = np.stack(states, 1)
        found[name] = states + observed * RNG.normal(size=states.shape)
    return found


@pytest.mark.parametrize(
    ("noise", "step", "shown", "word"),
    {
        "private noise": ("private", rate, SHOWN, Agreement.PRIVATE),
        "observed in noise": ("observed", rate, SHOWN, Agreement.OBSERVATION),
        "dt": ("none", lambda x, u: rate(x, u, 0.1), SHOWN, Agreement.TIME),
        "dt in noise": ("private", lambda x, u: rate(x, u, 0.1), SHOWN, Agreement.TIME),
        "dt observed in noise": ("observed", lambda x, u: rate(x, u, 0.1), SHOWN, Agreement.TIME),
        "inputs": ("private", rate, 2 * SHOWN, Agreement.INPUT),
        "offset": ("none", lambda x, u: rate(x, u, offset=0.05), SHOWN, Agreement.OFFSET),
        "weights": ("none", lambda x, u: rate(x, u, recurrent=0.8 * RECURRENT), SHOWN,
                    Agreement.STEP),
        "other weights in noise": ("private", lambda x, u: rate(x, u, recurrent=-RECURRENT), SHOWN,
                                   Agreement.STEP),
    }.values(),
)  # fmt: skip
def test_noise_is_told_from_a_wrong_step_input_or_time_base(noisy_trials, noise, step, shown, word):
    compared = agreement(step, noisy_trials[noise], shown)
    assert compared.word == word
    if word == Agreement.TIME:
        assert compared.times == pytest.approx(2, abs=0.1)


def test_what_the_time_limit_leaves_is_not_claimed(tmp_path):
    run = sx.make_report(BISTABLE, TRIALS, tmp_path / "page.html", max_seconds=1e-9)
    assert "verdict" not in run.records
    assert "time limit" in run.analyses.why_not("verdict")
    held = sx.verdict(BISTABLE, TRIALS[:, -1], duration=20.0, max_seconds=1e-9)
    assert (held.held, held.answer) == ("unknown", "unknown")


STATES = RNG.normal(size=(30, 2))
REFUSED = {
    "states of other units": lambda: sx.make_report(BISTABLE, np.zeros((5, 3))),
    "one state": lambda: sx.make_report(BISTABLE, np.zeros(2)),
    "inputs of other trials": lambda: sx.make_report(BISTABLE, TRIALS, inputs=np.zeros((3, 10, 2))),
    "a readout of other units": lambda: sx.make_report(BISTABLE, STATES, readout=np.ones((1, 5))),
    "labels of other trials": lambda: sx.make_report(BISTABLE, TRIALS, labels=np.array([1, 2])),
    "a period beyond the trial": lambda: sx.make_report(
        BISTABLE, TRIALS, periods={"late": ((5, 50), [0, 0])}
    ),
    "a period without input": lambda: sx.make_report(BISTABLE, TRIALS, periods={"cue": (0, 4)}),
    "no such claim": lambda: sx.make_report(BISTABLE, TRIALS, question="a plane"),
    "NaN within a trial": lambda: sx.make_report(
        BISTABLE, np.where(np.arange(10)[:, None] == 4, np.nan, TRIALS)
    ),
    "NaN in a state": lambda: sx.make_report(BISTABLE, np.full((5, 2), np.nan)),
    "inputs of other channels": lambda: sx.make_report(
        BISTABLE, TRIALS, inputs=np.zeros((12, 10, 3))
    ),
    "a flow whose time is not known": lambda: sx.make_report(sx.Flow(lambda x: -x, size=2), TRIALS),
    "a readout that is no function of arrays": lambda: sx.make_report(
        BISTABLE, STATES, readout=len
    ),
    "records in place of the page": lambda: sx.make_report(BISTABLE, STATES, "page.nc"),
    "a folder that is not there": lambda: sx.make_report(BISTABLE, STATES, "nowhere/page.html"),
    "a name of labels that no file can hold": lambda: sx.make_report(
        BISTABLE, TRIALS, labels={"side \ud800": [0, 1] * 6}
    ),
    "no duration": lambda: sx.make_report(BISTABLE, TRIALS, duration=-1.0),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_refused_before_any_work(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(sx.InvalidInputError):
        REFUSED[what]()
    assert not list(tmp_path.iterdir())


def test_points_are_visited_near_or_outside():
    task = sx.tasks.PerceptualDecisionMaking()
    network = sx.networks.CTRNN(3, 32, 3, dt=task.dt, key=jax.random.key(1))
    trials = np.asarray(sx.simulate(network, task.trials(60, key=jax.random.key(2))).states, float)
    left_out = [places(trials[k], np.delete(trials, k, 0).reshape(-1, 32)) for k in range(0, 60, 3)]
    assert np.mean(np.concatenate(left_out) != "visited") <= 0.01
    flat = trials.reshape(-1, 32)
    away = flat - flat.mean(0)
    radius = np.linalg.norm(away, axis=1)
    planted = flat.mean(0) + 2 * away[radius > np.quantile(radius, 0.9)]
    scattered = RNG.normal(size=(50, 32))
    scattered *= np.sqrt(np.mean(radius**2)) / np.linalg.norm(scattered, axis=1, keepdims=True)
    assert not (
        places(np.concatenate([planted, flat.mean(0) + scattered]), flat) == "visited"
    ).any()


@pytest.mark.runs
def test_the_command_makes_a_page_of_files(tmp_path):
    network = sx.networks.CTRNN(2, 4, 1, dt=20.0, key=jax.random.key(0))
    sx.save_network(network, tmp_path / "weights.safetensors")
    np.savez(tmp_path / "states.npz", states=RNG.uniform(0, 1, (20, 5, 4)))
    command = [
        sys.executable,
        "-m",
        "separatrix",
        "report",
        "--network",
        "weights.safetensors",
        "--states",
        "states.npz",
    ]
    done = subprocess.run(
        [*command, "--input", "1,0.5"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "report.html" in done.stdout and (tmp_path / "report.html").stat().st_size > 1e4
    for wrong in (["--input", "1"], ["--out", "/nowhere/page.html"]):
        refused = subprocess.run([*command, *wrong], cwd=tmp_path, capture_output=True, text=True)
        assert refused.returncode == 2 and "Traceback" not in refused.stderr


def test_times_of_a_map_whose_step_is_the_unit_are_counted_in_steps(tmp_path):
    """Nothing on the page, and no table of its records, gives a time in ms."""
    run = sx.make_report(
        BISTABLE, TRIALS, tmp_path / "page.html", inputs=np.zeros((12, 10, 2)), readout=np.eye(2)
    )
    page = (tmp_path / "page.html").read_text()
    shown = re.sub(r"<(script|style|svg).*?</\1>", "", page, flags=re.S)
    assert "steps" in shown and not re.findall(r".{40}\d m?s\b", shown)
    assert {record.time_units for record in run.records.values() if has_times(record)} == {"steps"}
    figure = sx.figures.trials(run.activity, softmax=False)
    assert "time (steps)" in {axes.get_xlabel() for axes in figure.axes}


def has_times(record):
    return any(info.units == "ms" for info in record.field_infos())


def test_panels_without_inputs_are_said_to_be_empty(tmp_path):
    sx.make_report(BISTABLE, TRIALS, tmp_path / "page.html", readout=np.eye(2))
    page = " ".join((tmp_path / "page.html").read_text().split())
    assert "No inputs were given" in page and "Above: the input channels" not in page
    assert "Below: the outputs of the network." in page


@pytest.mark.parametrize(
    ("value", "words"),
    [(1 - 4.2e-5, "1 − 4.2e−05"), (1 + 1e-6, "1 + 1e−06"), (1.0, "1"), (1 + 2e-16, "1"),
     (0.9998, "0.9998"), (1 - 1e-5 + 0.1j, "1 ± 0.1i")],
)  # fmt: skip
def test_an_eigenvalue_near_1_is_told_from_1(value, words):
    assert describe_number(complex(value)) == words

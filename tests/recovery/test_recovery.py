"""Mechanism recovery: numbers with known answers, judgments by hand, and nothing lost."""

import dataclasses
import functools
import json
import math

import numpy as np
import pytest

import separatrix as sx
from separatrix.recovery.data import Kind, Statistic, recording_of, statistics
from separatrix.recovery.fitted import closure, fitted, residuals
from separatrix.recovery.judgment import Controls, Reason, Support, judge

DT, TAU = 10.0, 100.0


def autoregressive(rng, factor, shape):
    """Independent units x' = factor x + noise, with variance 1."""
    x = rng.normal(size=(shape[0], shape[2]))
    found = []
    for _ in range(shape[1]):
        x = factor * x + math.sqrt(1 - factor**2) * rng.normal(size=x.shape)
        found.append(x)
    return np.stack(found, 1)


def recording(activity, inputs=None, duration=500.0):
    return recording_of(activity, inputs, dt=DT, tau=TAU, duration=duration)


def test_statistics_of_independent_units_are_those_of_the_formulas():
    rng = np.random.default_rng(0)
    clean = autoregressive(rng, 0.95, (40, 400, 6))
    noisy = clean + 0.5 * rng.normal(size=clean.shape)
    found = dict(zip(Statistic, statistics(recording(noisy), 0.25), strict=True))
    assert found[Statistic.AUTOCORRELATION] == pytest.approx(-DT / math.log(0.95), rel=0.1)
    assert found[Statistic.DIMENSION] == pytest.approx(6, rel=0.05)
    assert found[Statistic.TRIALS] == pytest.approx(39 / 40, abs=0.02)
    # 0.25 of 1.25 is white; the rest falls along its straight line but for the second difference.
    bend = (1 - 2 * 0.95 + 0.95**2) / 1.25
    assert found[Statistic.WHITE] == pytest.approx(0.2 + bend, abs=0.01)
    common = noisy.mean(0) + 1e-3 * noisy
    assert statistics(recording(common), 0.0)[2] < 0.01


@pytest.mark.parametrize(
    ("activity", "kind"),
    [
        (lambda x: np.round(np.abs(3 * x)), Kind.COUNTS),
        (lambda x: (x - x.mean((0, 1))) / x.std((0, 1)), Kind.ZSCORED),
        (lambda x: 2 * x + 1, Kind.RATES),
    ],
)
def test_the_kind_of_a_recording_is_seen(activity, kind):
    x = autoregressive(np.random.default_rng(1), 0.9, (4, 60, 3))
    assert recording(activity(x)).kind == kind


def line_with_slow_unseen_modes(seen, unseen, seed=0):
    """A line and two modes of 0.95 beside it; the units that are recorded, or all."""
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.normal(size=(40, 40)))[0]
    values = np.full(40, 0.2)
    values[0], values[1 : 1 + unseen] = 0.999, 0.95
    x, found = np.zeros((20, 40)), []
    for _ in range(500):
        x = 0.9 * x + 0.1 * x @ (q * values) @ q.T + 0.05 * rng.normal(size=x.shape)
        found.append(x)
    return np.stack(found, 1)[:, :, :seen]


def closure_of(activity):
    given = recording(activity)
    found = fitted(sx.fits.least_squares()(activity, None), given)
    return closure(given, residuals(found, given))


def test_closure_is_nothing_where_all_units_are_seen_and_shows_slow_unseen_modes():
    whole = closure_of(line_with_slow_unseen_modes(40, 8))
    part = closure_of(line_with_slow_unseen_modes(6, 8))
    assert -0.05 < whole < 0.0 < part


def by_hand(controls, word, recorded, claimed):
    """The rates of agreement by a dumber loop."""
    own = sorted(abs(c - recorded) for c in controls[claimed].closure)
    reach = own[math.ceil(0.9 * (len(own) - 1))]
    return {
        name: sum(
            w == word and abs(c - recorded) <= reach
            for w, c in zip(each.word, each.closure, strict=True)
        )
        for name, each in controls.items()
    }


def planted(right, words, closures):
    nothing = np.full(len(words), np.nan)
    return Controls(right, np.array(words, str), np.array(closures, float), nothing)


def judged(controls, word, value):
    recorded = {"closure": value, "response": math.nan}
    return judge(controls, word, recorded, seen=0.1, duration=500.0, time_unit=DT)


def test_rates_are_those_of_a_loop_and_the_rule_is_that_of_the_intervals():
    rng = np.random.default_rng(2)
    for _ in range(20):
        controls = {
            name: planted(
                (name,), rng.choice(["line", "ring"], 20, p=[p, 1 - p]), rng.normal(size=20)
            )
            for name, p in (("line", 0.95), ("ring", 0.1), ("chain", rng.uniform(0, 0.6)))
        }
        found = judged(controls, "line", 0.3)
        agree = by_hand(controls, "line", 0.3, "line")
        assert dict(zip(found.mechanism, found.agree, strict=True)) == agree
        z, rates = 1.959964, {}
        for name, k in agree.items():
            middle = (k + z**2 / 2) / (20 + z**2)
            half = z / (20 + z**2) * math.sqrt(k * (20 - k) / 20 + z**2 / 4)
            rates[name] = middle - half, middle + half
        ratio = rates["line"][0] / max(rates["ring"][1], rates["chain"][1])
        assert (found.outcome == Support.SUPPORTED) == (ratio >= 3)


def test_twelve_controls_without_a_miss_are_the_least():
    def controls(number):
        same = planted(("line",), ["line"] * number, [0.0] * number)
        other = planted(("moving",), ["moving"] * number, [0.0] * number)
        return {"line": same, "chain": other}

    assert judged(controls(12), "line", 0.0).outcome == Support.SUPPORTED
    fewer = judged(controls(11), "line", 0.0)
    assert (fewer.outcome, fewer.needed) == (Support.NOT_KNOWN, 12)
    assert judged(controls(20), "ring", 0.0).reason == Reason.NO_SUCH
    assert judged(controls(20), "line", 9.0).reason == Reason.CLOSURE
    rival = planted((), ["line"] * 20, [0.0] * 20)
    assert judged(controls(20) | {"chain": rival}, "line", 0.0).reason == Reason.RATES
    unlike = {"line": planted(("line",), [], []), "chain": controls(20)["chain"]}
    assert judged(unlike, "line", 0.0).reason == Reason.CLAIMED_UNLIKE
    assert judged({"line": unlike["line"]}, "line", 0.0).reason == Reason.NONE_ALIKE


def small_recording(seed=0):
    """Activity of 10 of 20 units that leak, and the pulses that drive them."""
    circuit = sx.models.circuit("leak", 20, seed=seed)
    rng, x, found = np.random.default_rng(seed), np.zeros((8, 20)), []
    pulses = rng.choice([-3.0, 0, 3.0], p=[0.02, 0.96, 0.02], size=(8, 90, 1))
    for t in range(90):
        x = circuit.step(x, pulses[:, t]) + 0.05 * rng.normal(size=x.shape)
        found.append(x)
    return np.stack(found, 1)[:, :, :10], pulses


@functools.cache
def recovered():
    """The recovery that several tests look at."""
    activity, inputs = small_recording()
    return sx.mechanism_recovery(sx.fits.least_squares(), activity, inputs=inputs, **ASKED)


ASKED = {"fraction": 0.5, "mechanisms": ["leak", "line"], "seeds": 2, "progress": False}


class Refusing:
    """A fit that fails on all recordings but the first that it sees."""

    def __init__(self):
        self.seen = 0

    def __call__(self, activity, inputs):
        self.seen += 1
        if self.seen > 1:
            raise ValueError("did not converge")
        return sx.fits.least_squares()(activity, inputs)


@pytest.mark.runs
def test_controls_are_kept_and_taken_back_and_failures_are_rows(tmp_path):
    activity, inputs = small_recording()
    fit, folder = sx.fits.least_squares(), tmp_path / "controls"
    first = sx.mechanism_recovery(fit, activity, inputs=inputs, directory=folder, **ASKED)
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("control.json")}
    assert len(files) == len(first.mechanism) >= 2 and first.missing == 0
    again = sx.mechanism_recovery(fit, activity, inputs=inputs, directory=folder, **ASKED)
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert again.closure.tolist() == first.closure.tolist() == recovered().closure.tolist()
    with pytest.raises(sx.InvalidInputError):  # another fit
        sx.mechanism_recovery(
            sx.fits.pca_linear(2), activity, inputs=inputs, directory=folder, **ASKED
        )
    failed = sx.mechanism_recovery(Refusing(), activity, inputs=inputs, **ASKED)
    assert all("did not converge" in text for text in failed.failure)
    assert failed.confusion.failed.sum() == len(failed.failure) and not failed.is_counted.any()


@pytest.mark.runs
def test_fits_that_are_made_elsewhere_are_read_and_missing_ones_are_counted(tmp_path):
    activity, inputs = small_recording()
    fit = sx.fits.least_squares()
    written = sx.mechanism_recovery(
        None, activity, inputs=inputs, directory=tmp_path / "c", **ASKED
    )
    number = len(written.mechanism)
    assert written.missing == number and (tmp_path / "c" / "leak-000" / "activity.npy").exists()

    def load(folder):
        if folder.name == "leak-001":
            raise FileNotFoundError
        return fit(np.load(folder / "activity.npy"), np.load(folder / "inputs.npy"))

    read = written.read(tmp_path / "c", load)
    here = recovered()
    assert read.missing == 1
    known = [k for k, word in enumerate(read.word) if word]
    keys = list(zip(here.mechanism, here.seed, strict=True))
    rows = [keys.index((read.mechanism[k], read.seed[k])) for k in known]
    np.testing.assert_allclose(read.closure[known], here.closure[rows], atol=1e-12)
    np.testing.assert_allclose(read.pictures[known], here.pictures[rows], atol=1e-9)
    assert read.word[known].tolist() == here.word[rows].tolist()
    with pytest.raises(sx.UnreadableFileError):
        dataclasses.replace(written, activity=activity + 1).read(tmp_path / "c", load)


@pytest.mark.runs
def test_a_mechanism_of_ones_own_and_a_model_of_ones_own_are_judged():
    activity, inputs = small_recording()

    def own(units, seed):
        circuit = sx.models.circuit("leak", units, seed=seed)
        return circuit.system

    asked = ASKED | {"mechanisms": {"mine": own, "line": None}}
    recovery = sx.mechanism_recovery(sx.fits.least_squares(), activity, inputs=inputs, **asked)
    assert set(recovery.right["mine"]) <= {"point", "moving"}
    decays = 0.5 * np.eye(10)
    for model in (decays, (decays, np.zeros(10)), sx.DiscreteMap(lambda x: x / 2, 10, DT)):
        assert recovery.judge(model).word == "point"
    components = activity[:, :, :2]
    assert recovery.judge(0.5 * np.eye(2), components).word == "point"
    with pytest.raises(sx.InvalidInputError):
        recovery.judge(np.eye(3))


@pytest.mark.runs
def test_kicks_are_compared_with_what_the_fit_predicts():
    activity, inputs = small_recording()
    fit = sx.fits.least_squares()
    system, _ = fit(activity, inputs)
    kicked = activity[:, 10] + 0.1
    exact = system.run(kicked, 20)[:, 1:]
    asked = ASKED | {"mechanisms": ["leak"]}
    recovery = sx.mechanism_recovery(fit, activity, inputs=inputs, kicks=(kicked, exact), **asked)
    assert recovery.recorded_response == pytest.approx(1.0)
    assert (recovery.response < 1).all()


@pytest.mark.parametrize(
    ("change", "arguments"),
    [
        (lambda x: np.where(np.arange(90)[None, :, None] == 4, np.nan, x), {}),
        (lambda x: x[:1], {}),
        (lambda x: x[:, :15], {}),
        (lambda x: x * (np.arange(10) > 2), {}),
        (lambda x: x, {"fraction": 0.0}),
        (lambda x: x, {"fraction": 1.5}),
        (lambda x: x, {"mechanisms": ["lines"]}),
        (lambda x: x, {"mechanisms": []}),
        (lambda x: x, {"inputs": np.zeros((3, 90, 1))}),
        (lambda x: x, {"kicks": (np.zeros((2, 9)), np.zeros((2, 5, 10)))}),
        (lambda x: x, {"workers": 2, "fit": lambda activity, inputs: np.eye(10)}),
        (lambda x: x, {"fit": lambda activity, inputs: np.eye(3)}),
        (lambda x: x, {"fit": lambda activity, inputs: "a model"}),
        (lambda x: x, {"fit": lambda activity, inputs: 1 / 0}),
        (lambda x: x, {"fit": None}),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_line(change, arguments):
    activity, _ = small_recording()
    given = ASKED | {"fit": sx.fits.least_squares()} | arguments
    with pytest.raises(sx.InvalidInputError) as caught:
        sx.mechanism_recovery(given.pop("fit"), change(activity), **given)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.runs
def test_a_record_of_a_recovery_is_saved_with_its_judgment(tmp_path):
    recovery, file = recovered(), tmp_path / "recovery.nc"
    sx.save_records({"recovery": recovery, "judgment": recovery.judge()}, file)
    kept = sx.load_records(file)
    assert kept["recovery"].judge().sentences == kept["judgment"].sentences
    assert json.loads(recovery.right_text)["line"] == ["line"]

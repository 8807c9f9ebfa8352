"""`tools/check_verdict.py` passes what is true of systems with closed forms, and catches lies."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import binomtest

TOOL = Path(__file__).parents[1] / "tools" / "check_verdict.py"
tool = runpy.run_path(str(TOOL))
check, word = tool["check"], tool["word"]
NAN, TURN = float("nan"), 2 * np.pi


def cloud(count, units, size=1.0, seed=0):
    return size * np.random.default_rng(seed).normal(size=(count, units))


def turned(x, angle):
    c, s = np.cos(angle), np.sin(angle)
    return x @ np.array([[c, -s], [s, c]]).T


def hopf(period):
    def field(x):
        pull = x * (1 - (x**2).sum(1, keepdims=True))
        return pull + TURN / period * np.stack([-x[:, 1], x[:, 0]], 1)

    return field


def rotation(part):
    return lambda x: turned(x, TURN * part) * (1.1 - 0.1 * np.linalg.norm(x, axis=1)[:, None])


def locked(x):
    """Goes round 13 times in 289 steps, and comes to such a cycle by a tenth in each of them."""
    angle, size = np.arctan2(x[:, 1], x[:, 0]), np.linalg.norm(x, axis=1)
    angle = angle + TURN * 13 / 289 + 0.1 / 289**2 * np.sin(289 * angle)
    return (0.9 * size + 0.1)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)


def slowing(x):
    """Turns, ever more slowly, on a circle so wide that the third unit hardly moves beside it."""
    y, z = x[:, :2] / 10, x[:, 2:]
    pull = y * (1 - (y**2).sum(1, keepdims=True))
    return np.c_[10 * (pull + TURN / 3 * (1 + z) * np.stack([-y[:, 1], y[:, 0]], 1)), -0.03 * z]


def van_der_pol(x):
    return np.stack([x[:, 1], (1 - x[:, 0] ** 2) * x[:, 1] - x[:, 0]], 1)


def wells(x):
    return np.stack([x[:, 0] - x[:, 0] ** 3, -x[:, 1]], 1)


def end(what, rows, of, **numbers):
    low, high = binomtest(len(rows), of).proportion_ci(method="wilson")
    numbers = {"what": what, "rows": list(rows), "share": len(rows) / of, **numbers}
    return {"kind": "end", "numbers": {"low": low, "high": high, **numbers}}


def curve(period, *, of=24, steps=0, turn=NAN, diameter=NAN, family=False, state=(1.0, 0.0)):
    numbers = {"period": period, "steps": steps, "turn": turn, "diameter": diameter}
    return end("curve", range(of), of, state=state, family=family, **numbers)


def point(state, rows=range(24), of=24, what="point", **numbers):
    return end(what, rows, of, state=state, **numbers)


def bounded(exponent, error=0.02, of=24):
    return end("bounded", range(of), of, exponent=exponent, exponent_error=error)


def held(word, *, first=True, **numbers):
    return {"kind": "held", "numbers": {"word": word, "first": first, "answer": "yes", **numbers}}


def number(kind, **numbers):
    return {"kind": kind, "numbers": numbers}


ALL = range(24)
X1, X2, X3 = cloud(24, 1), cloud(24, 2), cloud(24, 3)
RIGHT, LEFT = np.flatnonzero(X2[:, 0] > 0), np.flatnonzero(X2[:, 0] < 0)
PASS = np.stack([np.repeat([-1, 1], 12) * np.linspace(1e-5, 2e-5, 24), np.linspace(1, 2, 24)], 1)
GATE = np.stack([np.linspace(-2, -1, 24), 0.1 * X1[:, 0]], 1)
MANY = cloud(100, 3)
GOLD = (5**0.5 - 1) / 6
BOX = np.linspace(0.1, 0.9, 24)[:, None]

SYSTEMS = {
    "leak": (
        ("map", lambda x: 0.9 * x, X3, 100),
        {"axis": [1, 0, 0]},
        [
            point([0, 0, 0], slowest=-1 / np.log(0.9)),
            held("point", places=1),
            number("spread time", value=-1 / np.log(0.9)),
            number("order", value=1.0, low=NAN, high=NAN),
            number("spread", value=0.9**100),
            number("kept", value=False, reversed=False),
        ],
        [
            point([0.02, 0, 0]),
            point([0, 0, 0], slowest=10.0),
            point([0, 0, 0], what="unstable point"),
            curve(5.0, steps=5),
            bounded(0.0),
            end("infinity", ALL, 24),
            held("line"),
            held("still"),
            held("moving"),
            number("spread time", value=8.0),
            number("order", value=-1.0),
            number("spread", value=0.1),
            number("kept", value=True, reversed=False),
        ],
    ),
    "leak in ms": (
        ("flow", lambda x: -x, X3, 1000.0),
        {"axis": [1, 0, 0], "time_unit": 100.0},
        [point([0, 0, 0], slowest=100.0), held("point"), number("spread time", value=100.0)],
        [
            point([0, 0, 0], slowest=1.0),
            number("spread time", value=50.0),
            number("spread time", value=-100.0),
        ],
    ),
    "line": (
        ("flow", lambda x: x * [0, -1, -2], MANY, 10.0),
        {"axis": [1, 0, 0]},
        [
            end("continuum", range(100), 100),
            held("line", pieces=1, dimension=1, attracting=1.0),
            number("moved", value=0.0),
            number("order", value=1.0, low=1.0, high=1.0),
            number("spread", value=1.0),
            number("kept", value=True, reversed=False),
        ],
        [
            point([0, 0, 0], range(100), 100),
            held("ring"),
            held("surface"),
            held("still"),
            held("slow path"),
            held("line", pieces=2),
            held("line", dimension=2),
            held("line", attracting=0.5),
            {**held("line"), "numbers": {**held("line")["numbers"], "answer": "approximately"}},
            number("moved", value=0.2),
            number("order", value=0.9),
            number("kept", value=True, reversed=True),
        ],
    ),
    "leaky line": (
        ("map", lambda x: x * [0.994, 0.7], cloud(100, 2), 50),
        {},
        [
            {**held("line"), "numbers": {**held("line")["numbers"], "answer": "approximately"}},
            point([0, 0], range(100), 100),
        ],
        [held("line"), end("continuum", range(100), 100), held("slow path")],
    ),
    "plane": (
        ("map", lambda x: x * [1, 1, 0.6], MANY, 50),
        {},
        [end("continuum", range(100), 100), held("surface", dimension=2)],
        [held("line"), held("ring"), held("still"), held("moving")],
    ),
    "ring": (
        ("flow", lambda x: x * (1 - (x**2).sum(1, keepdims=True)), cloud(100, 2), 20.0),
        {},
        [end("continuum", range(100), 100), held("ring", pieces=1, dimension=1, attracting=1.0)],
        [held("line"), held("surface"), held("point"), curve(5.0, of=100)],
    ),
    "van der Pol": (
        ("flow", van_der_pol, X2, 40.0),
        {},
        [curve(6.6632868593, state=[2.00861986087, 0.0]), held("cycle")],
        [
            curve(6.6632868593 / 2, state=[2.00861986087, 0.0]),
            curve(6.6632868593 * 2, state=[2.00861986087, 0.0]),
            curve(6.6632868593 / 5, state=[2.00861986087, 0.0]),
            held("recurrent"),
            held("moving"),
        ],
    ),
    "turns that slow down": (
        ("flow", slowing, np.c_[10 * X2[:8], np.full(8, 0.15)], 20.0),
        {},
        [curve(3.0, of=8, state=[10, 0, 0], diameter=20.0), held("cycle")],
        [curve(2.78, of=8, state=[10, 0, 0]), curve(6.0, of=8, state=[10, 0, 0])],
    ),
    "a fifth of a turn": (
        ("map", rotation(1 / 5), X2, 100),
        {},
        [curve(5.0, steps=5, family=True, diameter=2 * np.cos(np.pi / 10)), held("cycle")],
        [curve(2.5, steps=5), curve(10.0, steps=10), curve(1.0, steps=1), curve(5.0, steps=0)],
    ),
    "an eighth of a turn": (
        ("map", rotation(1 / 8), X2, 100),
        {},
        [curve(8.0, steps=8, family=True, diameter=2.0), held("cycle")],
        [curve(4.0, steps=4), curve(16.0, steps=16), curve(8.0, steps=8, diameter=2.0)],
    ),
    "three fortieths of a turn": (
        ("map", rotation(3 / 40), X2, 100),
        {"time_unit": 1.0},
        [curve(40.0, steps=40, turn=40 / 3, family=True), held("cycle")],
        [curve(40.0, steps=40, turn=20.0, family=True), curve(20.0, steps=20, family=True)],
    ),
    "an irrational turn": (
        ("map", rotation(GOLD), X2, 1000.0),
        {"time_unit": 10.0},
        [curve(10 / GOLD, diameter=2.0), held("cycle")],
        [curve(5 / GOLD), curve(20 / GOLD), curve(50.0, steps=5), bounded(0.0)],
    ),
    "x to -x": (
        ("map", lambda x: -x, X2, 20),
        {"axis": [1, 0]},
        [
            curve(2.0, steps=2, family=True, state=X2[0]),
            held("cycle"),
            number("order", value=1.0, low=-1.0, high=1.0),
            number("kept", value=False, reversed=False),
        ],
        [
            curve(1.0, steps=1, family=True),
            curve(4.0, steps=4, family=True),
            curve(2.0, steps=2, state=X2[0]),
            held("line"),
            held("points"),
            number("kept", value=True, reversed=False),
        ],
    ),
    "chaos at 3.62": (
        ("map", lambda x: 3.62 * x * (1 - x), BOX, 100),
        {},
        [bounded(0.18), held("recurrent")],
        [bounded(0.0), bounded(-0.18), bounded(0.36), held("cycle"), curve(2.0, steps=2)],
    ),
    "chaos at 3.9": (
        ("map", lambda x: 3.9 * x * (1 - x), BOX, 100),
        {},
        [bounded(0.4945), held("recurrent")],
        [bounded(0.0), bounded(-0.49), bounded(1.0), held("moving"), curve(3.0, steps=3)],
    ),
    "a cycle of three": (
        ("map", lambda x: 3.83 * x * (1 - x), BOX, 100),
        {},
        [curve(3.0, steps=3, state=[0.15614931568560495]), held("cycle")],
        [curve(6.0, steps=6, state=[0.15614931568560495]), bounded(-0.3), held("recurrent")],
    ),
    "two wells": (
        ("flow", wells, X2, 15.0),
        {},
        [point([1, 0], RIGHT), point([-1, 0], LEFT), held("points", places=2)],
        [
            point([1, 0], LEFT),
            point([1, 0], ALL),
            point([1, 0], [*RIGHT, LEFT[0], LEFT[1]]),
            point([1, 0], RIGHT, share=len(RIGHT) / 24 + 0.1),
            point([1, 0], RIGHT, low=0.0),
            held("point"),
            held("points", places=3),
            held("still"),
            held("mixture"),
        ],
    ),
    "divergence": (
        ("flow", lambda x: x * [1, -1], X2, 5.0),
        {},
        [end("infinity", ALL, 24), held("diverging")],
        [point([0, 0]), held("moving"), held("recurrent"), bounded(1.0)],
    ),
    "divergence within the limit": (  # 20 T, doubled until it is 2,000 steps: 2,400
        ("map", lambda x: 1.0085 * x, X2 / np.linalg.norm(X2, axis=1)[:, None], 60.0),
        {},
        [end("infinity", ALL, 24), held("diverging")],
        [point([0, 0]), held("moving")],
    ),
    "saddle": (
        ("flow", wells, PASS, 8.0),
        {"axis": [0, 1]},
        [point([1, 0], range(12, 24)), point([-1, 0], range(12)), number("passes", state=[0, 0])],
        [
            number("passes", state=[1, 0]),
            number("passes", state=[0, 0.05]),
            number("no fixed point"),
            held("ghost"),
            held("points"),
            point([0, 0], what="unstable point"),
        ],
    ),
    "stable set": (
        ("flow", wells, X2 * [0, 1], 40.0),
        {},
        [point([0, 0], what="unstable point"), held("unstable point")],
        [point([0, 0]), held("moving"), end("continuum", ALL, 24)],
    ),
    "ghost": (
        ("flow", lambda x: np.stack([0.01 + x[:, 0] ** 2, -x[:, 1]], 1), GATE, 25.0),
        {},
        [end("infinity", ALL, 24), held("ghost"), number("no fixed point")],
        [number("passes", state=[0, 0]), held("diverging"), held("moving"), bounded(0.0)],
    ),
    "slow spiral": (
        ("flow", lambda x: turned(x, TURN / 4) - 0.001 * x, X2, 20.0),
        {},
        [point([0, 0]), held("moving")],
        [curve(TURN, family=True), curve(TURN), held("cycle"), held("point"), bounded(0.0)],
    ),
    "neutral oscillation": (
        ("flow", lambda x: turned(x, TURN / 4), X2, 20.0),
        {},
        [curve(TURN, family=True), held("cycle")],
        [curve(TURN / 2, family=True), curve(2 * TURN, family=True), curve(TURN), bounded(0.0)],
    ),
    "wells and a cycle": (
        (
            "flow",
            lambda x: (
                np.where(x[:, 2:] > 0, np.c_[hopf(3.0)(x[:, :2]), 0 * x[:, 2]], -x)
                + np.c_[0 * x[:, :2], x[:, 2] - x[:, 2] ** 3 + x[:, 2] * (x[:, 2] < 0)]
            ),
            np.c_[X2, np.repeat([-0.5, 0.5], 12)],
            15.0,
        ),
        {},
        [
            point([0, 0, -1], range(12)),
            end("curve", range(12, 24), 24, state=[1, 0, 1], period=3.0, steps=0, family=False),
            held("mixture"),
        ],
        [held("points"), held("cycle"), held("moving"), curve(3.0, state=[1, 0, 1])],
    ),
}
for part in (0.004, 0.05, 0.3, 3.0):
    period = 20 * part
    SYSTEMS[f"Hopf, period {part} T"] = (
        ("flow", hopf(period), X2[:8], 20.0),
        {},
        [curve(period, of=8, diameter=2.0), held("cycle" if part < 1 else "slow path")],
        [
            *(curve(period * wrong, of=8) for wrong in (0.5, 2.0, 0.2, 1.03)),
            curve(period, of=8, diameter=3.0),
            curve(period, of=8, state=[1.2, 0.0]),
            curve(period, of=8, family=True),
            bounded(0.0, of=8),
            point([0, 0], range(8), 8),
        ],
    )


SLOW = "Hopf, period 0.004 T"
QUICK = [name for name in SYSTEMS if name != SLOW]


@pytest.mark.parametrize("name", [*QUICK, pytest.param(SLOW, marks=pytest.mark.runs)])
def test_true_claims_pass_and_lies_are_false(name):
    system, options, true, lies = SYSTEMS[name]
    wanted = ["true"] * len(true) + ["false"] * len(lies)
    answers = check(*system, [*true, *lies], **options)
    found = [(claim["numbers"], *each) for claim, each in zip([*true, *lies], answers, strict=True)]
    assert [each for each, want in zip(found, wanted, strict=True) if each[1] != want] == []


@pytest.mark.parametrize(
    "name",
    ["leak", "stable set", "plane", "van der Pol", "x to -x", "an irrational turn", "chaos at 3.9",
     "divergence"],
)  # fmt: skip
def test_what_ends_is_not_unknown(name):
    system, rows = SYSTEMS[name][0], range(len(SYSTEMS[name][0][2]))
    assert check(*system, [end("unknown", rows, len(rows), grows=NAN)])[0][0] == "missed"


def test_what_leaves_in_the_last_steps_may_be_unknown():
    """Steps are taken in blocks, of other lengths here: 3,200 at least, 3,328 at most."""
    start = X2 / abs(X2).max(1)[:, None]
    growth = (1e8 * cdist(start, start).max()) ** (1 / 3260)
    claims = [end("unknown", ALL, 24, grows=NAN), end("infinity", ALL, 24)]
    claims += [held("diverging", first=False), held("still")]
    answers = check("map", lambda x: growth * x, start, 20.0, claims)
    assert not {"false", "missed"} & {answer for answer, _ in answers}


def test_one_of_seven_that_comes_back_is_chance():
    """Whether a few states in chaos come back for long enough, others may tell otherwise."""
    seen = [tool["End"]("bounded" if k == 3 else "unknown") for k in range(7)]
    run = SimpleNamespace(N=7, few=range(7), rows=range(7), ends=seen, early=set(), map=False)
    claim = {"what": "unknown", "rows": range(7)}
    assert tool["check_end"](run, claim)[0][0] is None
    run.ends = [end._replace(what="bounded") for end in seen]
    assert tool["check_end"](run, claim)[0][0] == "missed"


@pytest.mark.parametrize(
    ("change", "answer"),
    [({}, "cannot tell"), ({"steps": 288, "period": 288.0}, "false"), ({"turn": 23.0}, "false"),
     ({"state": [-np.cos(1.0), np.sin(1.0)]}, "false")],
)  # fmt: skip
def test_a_cycle_on_a_circle_that_it_has_not_closed_is_stepped_round(change, answer):
    numbers = {"period": 289.0, "steps": 289, "turn": 289 / 13, "state": [-1.0, 0.0]} | change
    claim = curve(numbers.pop("period"), diameter=2.0, **numbers)
    assert check("map", locked, X2, 20.0, [claim])[0][0] == answer


T = np.arange(200.0)


@pytest.mark.parametrize(
    ("away", "arrives"),
    [(np.exp(-0.02 * T), True), (5 - 4.1 * np.cos(TURN / 44.4 * (T - 199)) ** 8, False)],
)
def test_what_circles_beside_a_point_does_not_arrive_when_it_is_nearest(away, arrives):
    run = SimpleNamespace(E0=1.0, go=lambda x: 0.0 * x + 1)
    point = tool["End"]("point", np.zeros(1), rate=0.02, loop=np.zeros((1, 1)))
    assert tool["Run"].arrives(run, point, T, away[:, None], False) == arrives


def test_an_algebraic_approach_is_unknown():
    claims = [end("unknown", ALL, 24, grows=NAN), point([0.0]), end("continuum", ALL, 24)]
    answers = [verdict for verdict, _ in check("flow", lambda x: -(x**3), X1, 10.0, claims)]
    assert answers[0] == "cannot tell"
    assert "true" not in answers


@pytest.mark.parametrize(("place", "code"), [(0.0, 0), (0.1, 1)])
def test_the_command_line(tmp_path, place, code):
    case = {"kind": "map", "states": X2.tolist(), "duration": 50, "claims": [point([place, 0.0])]}
    (tmp_path / "case.json").write_text(json.dumps(case))
    (tmp_path / "system.py").write_text("def function(x):\n    return 0.5 * x\n")
    line = [sys.executable, TOOL, tmp_path / "case.json", "--module", tmp_path / "system.py"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith("false: end" if code else "true: end")

"""Words, ends and numbers of verdicts on systems whose answer is known in closed form."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from systems import turned

import separatrix as sx
from separatrix.analysis.verdicts import sentences

RNG = np.random.default_rng(0)
W = np.array([[0.0, -1.0], [-1.0, 0.0]])
AXIS = np.array([1.0, -1.0])
STARTS = RNG.uniform(0, 1, (60, 2))
PLANE = RNG.normal(size=(60, 2))
LINE = RNG.normal(size=(60, 1))
COIN = np.random.default_rng(1).permutation(np.arange(60) % 2)


def pair(gain=1.0):
    """Two units that inhibit each other: a line for a gain of 1, and a leak below."""
    return sx.Flow(lambda r: -r + jax.nn.relu(gain * W @ r + 1.0), size=2, tau=10.0)


def turning(angle, growth=1.0):
    """A map that turns, and comes to the unit circle."""
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return sx.DiscreteMap(lambda x: R @ x * (1 + 0.1 * (growth - jnp.sqrt(x @ x))), size=2)


def spiral(rate):
    return sx.Flow(lambda z: rate * z + turned(z), size=2)


VAN_DER_POL = systems.van_der_pol()
HOPF = sx.Flow(lambda z: 0.05 * (1 - z @ z) * z + 2 * np.pi / 25 * turned(z), size=2, tau=10.0)
WELLS = sx.Flow(lambda x: x - x**3, size=1)
BESIDE_INFINITY = sx.Flow(lambda x: -x + x**3, size=1)
PASSING = sx.Flow(lambda x: jnp.stack([x[0] * (1 - x[0] / 20), -6 * x[1]]), size=2)
GHOST = sx.Flow(lambda x: jnp.stack([0.05**2 + x[0] ** 2, -x[1]]), size=2)
ON_THE_WAY = np.stack(
    [np.exp(-RNG.uniform(2, 3, 60)), RNG.choice([-1, 1], 60) * RNG.uniform(3, 6, 60)], axis=1
)
BEFORE = np.stack([RNG.uniform(-1.0, -0.8, 60), RNG.normal(size=60)], 1)

CASES = {
    "line": (pair(), STARTS, 200.0, "line", {"continuum": 1.0}),
    "few conditions on a line": (pair(), STARTS[:5], 200.0, "line", {"continuum": 1.0}),
    "ring": (sx.Flow(lambda z: z * (1 - z @ z), 2), PLANE, 20.0, "ring", {"continuum": 1.0}),
    "stable set of a saddle": (
        sx.Flow(lambda x: jnp.stack([x[0] - x[0] ** 3, -x[1]]), 2),
        PLANE * [0, 1],
        40.0,
        "unstable point",
        {"unstable point": 1.0},
    ),
    "two wells": (WELLS, LINE, 5.0, "points", {"point": 1.0}),
    "saturated": (
        sx.Flow(lambda x: -x + jnp.tanh(-100.0 * x), 3),
        RNG.uniform(-1, 1, (60, 3)),
        20.0,
        "point",
        {"point": 1.0},
    ),
    "van der Pol": (VAN_DER_POL, PLANE, 10.0, "cycle", {"curve": 1.0}),
    "Hopf": (HOPF, PLANE, 500.0, "cycle", {"curve": 1.0}),
    "five steps": (turning(2 * np.pi / 5), PLANE, 200, "cycle", {"curve": 1.0}),
    "alternation": (sx.DiscreteMap(lambda x: -x, 1), LINE, 100, "cycle", {"curve": 1.0}),
    "invariant circle": (turning(1.0), PLANE, 20, "cycle", {"curve": 1.0}),
    "spiral": (spiral(-1 / 200), PLANE, 20.0, "moving", {"point": 1.0}),
    "growing spiral": (spiral(1 / 200), PLANE, 20.0, "moving", {"unknown": 1.0}),
    "chaos of one variable": (
        systems.logistic(3.62),
        RNG.uniform(0.3, 0.7, (60, 1)),
        2400.0,
        "recurrent",
        {"bounded": 1.0},
    ),
    "infinity": (
        BESIDE_INFINITY,
        np.linspace(-1.8, 1.8, 61)[:, None],
        20.0,
        "mixture",
        {"infinity": 28 / 61, "point": 33 / 61},
    ),
    "at rest beside a curve": (
        sx.DiscreteMap(lambda z: jnp.where(z @ z < 1.008, turning(0.4 * np.pi).evaluate(z), z), 2),
        np.repeat([1.0, 1.008], 20)[:, None] * [1.0, 0.0],
        20.0,
        "mixture",
        {"curve": 0.5, "continuum": 0.5},
    ),
    "ghost": (GHOST, BEFORE, 40.0, "ghost", {"infinity": 1.0}),
    "past a saddle": (PASSING, ON_THE_WAY, 3.0, None, {"point": 1.0}),
}


PERIODS = {  # and steps
    "van der Pol": (6.6632868593, 0),
    "five steps": (5.0, 5),
    "invariant circle": (2 * np.pi, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_what_holds_states_and_where_they_end(name):
    system, states, duration, held, shares = CASES[name]
    found = sx.verdict(system, states, duration=duration)
    if held is None:
        assert found.claim("passes").numbers["state"] == pytest.approx([0.0, 0.0], abs=1e-6)
    else:
        assert found.held == held
        assert found.is_held_by(held) in ("yes", "approximately")
    ends = [claim.numbers for claim in found.claims if claim.kind == "end"]
    assert {end["what"] for end in ends} == set(shares)
    for what, share in shares.items():
        assert sum(e["share"] for e in ends if e["what"] == what) == pytest.approx(share)
    if name in PERIODS:
        assert (ends[0]["period"], ends[0]["steps"]) == pytest.approx(PERIODS[name], rel=0.01)
    assert 1 <= len(found.sentences) <= 4
    assert max(len(sentence.replace(" %", "%").split()) for sentence in found.sentences) <= 45


@pytest.mark.parametrize(
    ("system", "states", "period", "steps"),
    [
        (HOPF, PLANE, 250.0, 0),
        (turning(2 * np.pi * 3 / 70), PLANE, 70.0, 70),
        (systems.logistic(3.73891491), RNG.uniform(0.3, 0.7, (60, 1)), 50.0, 5),
        (sx.DiscreteMap(lambda x: -2 * jnp.tanh(x), 1), LINE, 2.0, 2),
    ],
)
def test_periods_are_those_of_the_system(system, states, period, steps):
    found = sx.verdict(system, states, duration=30 * system.time_unit)
    curves = [c.numbers for c in found.claims if c.kind == "end" and c.numbers["what"] == "curve"]
    assert curves
    for curve in curves:
        assert curve["period"] == pytest.approx(period, rel=0.01)
        assert curve["steps"] == steps
    if steps == 70:  # it goes round three times
        assert curves[0]["turn"] == pytest.approx(70 / 3)


@pytest.mark.parametrize("part", [0.004, 1.0, 3.0])
def test_periods_of_any_length_beside_the_duration(part):
    rate = 2 * np.pi / (10.0 * part)
    system = sx.Flow(lambda z: 20 * z * (1 - z @ z) + rate * turned(z), size=2)
    found = sx.verdict(system, PLANE, duration=10.0)
    assert (found.held == "cycle") is (part <= 1)
    assert found.claim("end").numbers["period"] == pytest.approx(10.0 * part, rel=0.01)


def test_a_leak_ends_a_line_after_a_while():
    early, later, late = (
        sx.verdict(pair(0.99), STARTS, duration=t, axis=AXIS) for t in (50.0, 300.0, 20_000.0)
    )
    assert (early.held, later.held, late.held) == ("line", "line", "point")
    assert later.answer == "approximately"
    # Along the line states come back with 10 ms / (1 − 0.99).
    assert later.claim("spread time").numbers["value"] == pytest.approx(1000.0, rel=0.05)
    assert later.claim("spread").numbers["value"] == pytest.approx(np.exp(-0.3), abs=0.02)
    assert later.keeps_differences and not late.keeps_differences
    assert early.claim("end").numbers["what"] == "point"  # left alone, it ends at a point


def test_what_is_kept_and_for_how_long_is_said_first():
    value = STARTS @ AXIS
    side = np.where(value > 0, "left", "right")
    found, late = (
        sx.verdict(pair(0.99), STARTS, duration=t, axis=AXIS,
                   labels={"value": np.round(value, 1), "side": side, "coin": COIN})
        for t in (300.0, 20_000.0)
    )  # fmt: skip
    assert [kind for _, kind in sentences.parts(found)][:3] == ["kept", "decoded", "held"]
    # every state comes back along the line with 1 s, so all draws of them do
    time = found.claim("spread time").numbers
    assert [time[key] for key in ("low", "value", "high")] == pytest.approx([1000] * 3, rel=0.02)
    # where they began is known, so how far they go is too: onto the line, and along it
    runs = sx.Flow(lambda r: -r + jax.nn.relu(0.99 * W @ r + 1.0), 2, tau=10.0)
    path = np.asarray(runs.run(STARTS, np.linspace(0, 300.0, 301)))
    far = np.linalg.norm(path - STARTS[:, None], axis=2).max(1)
    extent = np.linalg.norm(STARTS[:, None] - STARTS, axis=2).max()
    drift = found.claim("drift").numbers["value"]
    assert drift == pytest.approx(np.quantile(far, 0.95, method="inverted_cdf") / extent, abs=0.01)
    told = {c.numbers["label"]: c.numbers for c in found.claims if c.kind == "decoded"}
    assert told["value"]["value"] > 0.98 and told["side"]["value"] > 0.9
    assert told["coin"]["value"] <= max(0.65, told["coin"]["chance"])
    gone = {c.numbers["label"]: c.numbers for c in late.claims if c.kind == "decoded"}
    assert gone["side"]["value"] < 0.7 < gone["side"]["first"]


def test_a_line_that_is_none_is_denied_by_the_number_that_fails():
    slow = sx.Flow(lambda x: -1e-6 * x, size=6)
    cloud = np.random.default_rng(0).normal(size=(30, 6))
    still = sx.verdict(slow, cloud, duration=20.0)
    assert still.held == "still" and still.is_held_by("line") == "no"
    assert "put beside" in still.why("line")
    later = sx.verdict(pair(0.99), STARTS, duration=300.0)
    assert later.is_held_by("line") == "approximately" and "5 %" in later.why("line")
    assert sx.verdict(WELLS, LINE, duration=20.0).is_held_by("line") == "no"
    grows = sx.verdict(spiral(1 / 200), PLANE, duration=20.0)
    assert grows.is_held_by("cycle") == "unknown" and "not known" in grows.why("cycle")


def test_the_order_is_that_at_the_end_of_the_duration():
    swap = sx.DiscreteMap(lambda x: np.array([-1.0, 0.1]) * x, size=2, dt=10.0)
    even, odd = (
        sx.verdict(swap, PLANE, duration=t, axis=np.array([1.0, 0.0])) for t in (200.0, 210.0)
    )
    order = even.claim("order").numbers
    assert (order["value"], order["low"]) == (pytest.approx(1.0), pytest.approx(-1.0))
    assert odd.claim("order").numbers["value"] == pytest.approx(-1.0)
    assert not even.keeps_differences  # at some instants the order is the opposite one
    assert even.claim("spread time") is None


def test_differences_that_turn_over_are_not_kept_though_other_states_leave():
    swap = sx.DiscreteMap(lambda x: jnp.where(jnp.abs(x) < 1, -x, 3 * x), size=1)
    states = np.linspace(-1.2, 1.2, 60)[:, None]
    found = sx.verdict(swap, states, duration=20.0, axis=np.array([1.0]))
    assert 0.05 < sum(c.numbers["share"] for c in found.claims
                      if c.kind == "end" and c.numbers["what"] == "infinity") < 0.3  # fmt: skip
    assert found.claim("order").numbers["value"] > 0.5 > found.claim("order").numbers["low"]
    assert not found.keeps_differences


def test_points_that_are_given_are_the_ends_with_their_proofs():
    points = sx.find_fixed_points(WELLS, np.linspace(-1.5, 1.5, 40)[:, None])
    found = sx.verdict(WELLS, LINE, duration=20.0, points=points)
    ends = [c for c in found.claims if c.kind == "end"]
    assert {c.known for c in ends} == {"proved"} and not found.defects
    assert sorted(float(c.numbers["state"][0]) for c in ends) == pytest.approx([-1.0, 1.0])
    lacking = dataclasses.replace(points.filter(points.stability != "stable"), complete=True)
    assert sx.verdict(WELLS, LINE, duration=20.0, points=lacking).defects


def test_without_a_duration_or_of_two_states_nothing_is_held():
    found = sx.verdict(WELLS, LINE)
    assert found.held == "" and {c.kind for c in found.claims} == {"end"}
    assert len(found.sentences) == 1
    assert sx.verdict(WELLS, LINE[:2], duration=5.0).held == ""


@pytest.mark.parametrize("start", [0.0, 3.0])
@pytest.mark.parametrize(("duration", "held"), [(0.1, "moving"), (6.0, "point"), (30.0, "point")])
def test_states_that_begin_in_one_place_have_the_size_of_their_first_move(start, duration, held):
    """ẋ = 1 − x: what is left to go at T is e⁻ᵀ of the way."""
    approach = sx.Flow(lambda x: 1 - x, size=1)
    found = sx.verdict(approach, np.full((4, 1), start), duration=duration)
    assert found.held == held and {c.numbers["what"] for c in found.claims if c.kind == "end"} == {
        "point"
    }


LEAK = sx.Flow(lambda x: 100.0 - x, size=1)
ON_A_LINE = sx.Flow(
    lambda r: -r + jax.nn.relu(np.array([[0.0, -1.0], [-1.0, 0.0]]) @ r + 1), size=2
)
SIDES = np.linspace(-1, 1, 40)[:, None]
CLOSE = {
    "from near zero to far away": (LEAK, 0.01 * SIDES, 40.0, "point", {"point"}),
    "as near as errors are": (LEAK, 100 + 3e-5 * SIDES, 30.0, "point", {"point"}),
    "from near a saddle": (
        sx.Flow(lambda x: jnp.tanh(2 * x) - x, size=1), 1e-4 * SIDES, 40.0, "points", {"point"}
    ),
    "on a short line": (
        ON_A_LINE, [0.3, 0.7] + 1e-3 * SIDES * [1, -1], 20.0, "line", {"continuum"}
    ),
    "in one place of a line": (
        ON_A_LINE, np.tile([0.3, 0.7], (9, 1)), 20.0, "moving", {"continuum"}
    ),
    "beside a large unit": (
        sx.Flow(lambda x: jnp.stack([-65 - x[0], 1e-6 * jnp.tanh(2e6 * x[1]) - x[1]]), size=2),
        np.concatenate([np.full((40, 1), -65.0), 1e-6 * SIDES], 1), 50.0, "points", {"point"},
    ),
    "in one unit, for a while": (
        sx.Flow(lambda x: -x, size=1), SIDES, 0.01, "still", {"point"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSE)
def test_states_that_are_close_together(name):
    system, states, duration, held, ends = CLOSE[name]
    found = sx.verdict(system, np.asarray(states, float), duration=duration)
    assert found.held == held
    assert {c.numbers["what"] for c in found.claims if c.kind == "end"} == ends


def test_states_that_go_from_saddle_to_saddle_are_not_said_to_end_there():
    # May & Leonard (1975): they stay at each for longer and longer, and always leave
    A = np.array([[1.0, 0.8, 1.5], [1.5, 1.0, 0.8], [0.8, 1.5, 1.0]])
    starts = np.random.default_rng(6).uniform(0.05, 1, (40, 3))
    found = sx.verdict(sx.Flow(lambda x: x * (1 - A @ x), size=3), starts, duration=100.0)
    assert set(found.known) == {"watched"}
    assert " end at " not in str(found)
    assert found.sentences[-1] == (
        "States come to rest at one of three unstable points and still are there after 2000 τ."
    )


def test_the_long_run_has_the_time_constant_of_a_point_that_is_slow_beside_t():
    states = np.random.default_rng(0).normal(size=(40, 2))
    slow = sx.DiscreteMap(lambda x: np.array([0.98, 0.5]) * x, size=2, dt=20.0)
    constant = f"{-20 / np.log(0.98):.0f} ms"
    found, later = (sx.verdict(slow, states, duration=each) for each in (200.0, 4000.0))
    said = f"n the long run (with a time constant of {constant} near the end), all end"
    assert said in found.summary() and "near the end" not in later.summary()
    assert later.detail[0] == f"time constant {constant}"


def test_chaos_that_ends_is_said_of_the_time_that_was_watched():
    # Lorenz (1963) at ρ = 22: all come to one of two stable points, some after 200 τ
    def velocity(x):
        return jnp.stack(
            [10 * (x[1] - x[0]), x[0] * (22 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]]
        )

    starts = np.random.default_rng(0).normal([0, 0, 20], 10, (40, 3))
    found = sx.verdict(sx.Flow(velocity, size=3), starts, duration=1.0)
    (moving,) = (c for c in found.claims if c.numbers.get("what") == "bounded")
    assert moving.numbers["until"] >= 20.0
    assert "still move within bounds after" in str(found) and "do not come to rest" not in str(
        found
    )


@pytest.mark.parametrize("angle", [2.0944, 0.7854])
def test_a_circle_that_is_not_filled_yet_is_not_several_curves(angle):
    found = sx.verdict(turning(angle), PLANE, duration=10.0)
    assert "curve" not in {c.numbers.get("what") for c in found.claims}


def test_a_circle_is_the_cycle_on_it_to_which_all_come():
    """Some close after 289 steps within the time, others fill the circle (13 times round)."""

    def step(x):
        angle = jnp.arctan2(x[1], x[0])
        angle = angle + 2 * jnp.pi * 13 / 289 + 0.33 / 289**2 * jnp.sin(289 * angle)
        return (0.9 * jnp.hypot(x[0], x[1]) + 0.1) * jnp.stack([jnp.cos(angle), jnp.sin(angle)])

    starts = np.random.default_rng(0).normal(size=(256, 2))
    found = sx.verdict(sx.DiscreteMap(step, 2), starts, duration=20.0)
    (end,) = (c.numbers for c in found.claims if c.kind == "end")
    assert (end["what"], end["steps"], end["share"]) == ("curve", 289, 1.0)


@pytest.mark.parametrize(("units", "count"), [(3, 12), (4, 30)])
def test_cycles_that_attract_are_counted_however_few_states_there_are(units, count):
    starts = np.random.default_rng(0).normal(0, 1, (count, units))
    found = sx.verdict(sx.DiscreteMap(lambda x: jnp.tanh(-1.2 * x), units), starts, duration=50.0)
    corners = np.sign(starts) * np.sign(starts[:, :1])
    assert len(found.ends) == len(np.unique(corners, axis=0))


def test_a_fast_unit_does_not_hide_how_states_differ():
    stiff = sx.Flow(lambda x: jnp.stack([-1000 * (x[0] - x[1] ** 2), 0.1 - x[1]]), size=2)
    found = sx.verdict(stiff, PLANE, duration=0.3, axis=np.array([0.0, 1.0]))
    assert found.held != "point"
    np.testing.assert_allclose(found.claim("spread").numbers["value"], np.exp(-0.3), rtol=0.01)


def test_claims_survive_a_file(tmp_path):
    found = sx.verdict(WELLS, LINE, duration=20.0)
    sx.save_records({"verdict": found}, tmp_path / "results.nc")
    again = sx.load_records(tmp_path / "results.nc")["verdict"]
    assert again.claims == found.claims
    assert again.sentences == found.sentences


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_the_unit_of_the_states_changes_no_word(unit):
    wells = sx.Flow(lambda x: x - x**3 / unit**2, size=1)
    ring = sx.Flow(lambda z: z * (1 - z @ z / unit**2), size=2)
    assert sx.verdict(wells, unit * LINE, duration=5.0).held == "points"
    assert sx.verdict(ring, unit * PLANE, duration=20.0).held == "ring"


@pytest.mark.parametrize(
    ("duration", "growth", "what"),
    [
        (20.0, 1.0062, "infinity"),
        (20.0, 1.0052, "unknown"),
        (99.0, 1.0052, "infinity"),
        (None, 1.0085, "unknown"),
    ],
)
def test_a_map_is_followed_until_20_durations_doubled_are_2000_steps(duration, growth, what):
    """States leave at 2e8: after 3,150, 3,685 and 2,299 steps.

    20 T = 400, 800, 1600, 3200 steps, or 1980, 3960; without a duration there are 2,000.
    """
    starts = PLANE / np.linalg.norm(PLANE, axis=1)[:, None]
    found = sx.verdict(sx.DiscreteMap(lambda x: growth * x, size=2), starts, duration=duration)
    assert [c.numbers["what"] for c in found.claims if c.kind == "end"] == [what]


def test_a_ghost_is_one_over_any_duration_that_sees_it_passed():
    # speeds fall twentyfold, away from the only fixed point, and peak again after 460 ms
    W = np.array([[1.5, -0.75], [-0.75, 1.5]])
    drive = 0.72 * np.array([1.0, -1.0])
    system = sx.Flow(lambda x: -x + jnp.tanh(W @ x + drive), size=2, tau=10.0)
    starts = np.array([-0.95, 0.95]) + np.random.default_rng(0).normal(0, 0.03, (20, 2))
    for duration in (300.0, 800.0):
        found = sx.verdict(system, starts, duration=duration)
        assert found.is_held_by("ghost") == "yes", duration


@pytest.mark.parametrize("system", [turning(0.1), HOPF], ids=["map", "flow"])
def test_steps_that_are_not_stored_are_stepped_again(system, monkeypatch):
    stored = sx.verdict(system, PLANE[:5], duration=50.0)
    monkeypatch.setattr("separatrix.analysis.following.history._STORED", 0)
    assert sx.verdict(system, PLANE[:5], duration=50.0).sentences == stored.sentences

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from fields import assert_fields
from systems import henon, logistic, turned

import separatrix as sx
from separatrix.analysis.cycles.found import LED
from separatrix.analysis.following.end import What
from separatrix.analysis.orbits import minimal_length

MultipleShooting = sx.solvers.MultipleShooting


def scyfi(a1):
    """The two-dimensional PLRNN of SCYFI's tests: z ↦ A z + W relu(z) + h."""
    A = np.diag([a1, 0.96461297])
    W = np.array([[0, -0.64375], [0.52505308, 0]])
    h = np.array([0.37298253, -0.97931491])
    return sx.DiscreteMap(lambda z: A @ z + W @ jnp.maximum(z, 0) + h, 2, dt=5.0)


def really_closed(system, cycles):
    """The orbit is one of the system, it closes, and not before its length."""
    step = jax.jit(jax.vmap(system.evaluate))
    for k, length in enumerate(cycles.length):
        orbit = cycles.orbit(k)
        with jax.enable_x64(True):
            following = np.asarray(step(jnp.asarray(cycles.states[k])))
        np.testing.assert_allclose(following[:length], np.roll(orbit, -1, axis=0), atol=1e-10)
        assert minimal_length(orbit, 1e-9) == len(orbit) == length
        assert np.isnan(cycles.states[k, length:]).all()


def test_the_two_cycles_of_sixteen_steps():
    """SCYFI's example."""
    system, starts = scyfi(0.8377689), systems.box(2, -10, 10)
    cycles = sx.find_cycles(system, starts, length=16)
    really_closed(system, cycles)
    cycles = cycles[np.argsort(np.abs(cycles.multipliers[:, 0]))]
    np.testing.assert_allclose(np.abs(cycles.multipliers[:, 0]), [0.518900, 1.610218], atol=5e-7)
    stability = {"stability": ["stable", "saddle"], "n_unstable": [0, 1]}
    assert_fields(cycles, length=[16, 16], period=[80.0, 80.0], exact=[True, True], **stability)
    assert (cycles.error_bound < 1e-9).all()


def test_a_selection_lacks_no_cycle_of_a_complete_length():
    tent = sx.DiscreteMap(lambda x: 1 - 1.7 * jnp.abs(x), 1)
    cycles = sx.find_cycles(tent, systems.box(1, -1, 1, 50), length=[1, 2, 3, 4])
    assert cycles.complete_lengths.tolist() == [1, 2, 3, 4] and (cycles.length == 4).any()
    assert cycles[::-1].complete_lengths.tolist() == [1, 2, 3, 4]
    assert cycles[cycles.length == 4].complete_lengths.tolist() == [4]
    assert not len(cycles[[0, 0]].complete_lengths)


def test_the_cycles_of_the_henon_map_are_all_there():
    """Their numbers are known: 2, 1, 0, 1, 0, 2 of 1 to 6 steps (Galias 1998)."""
    cycles = sx.find_cycles(henon(), systems.box(2, -1, 1, 300) * [1, 0.3], length=range(1, 7))
    assert np.bincount(cycles.length).tolist() == [0, 2, 1, 0, 1, 0, 2]
    really_closed(henon(), cycles)
    products = cycles.multipliers.prod(1)
    np.testing.assert_allclose(products, (-0.3) ** np.asarray(cycles.length), rtol=1e-6, atol=1e-9)
    assert (np.diff(cycles.period) >= 0).all() and (cycles.hits > 0).all()


def test_the_two_cycle_of_the_logistic_map():
    """x± = (r + 1 ± √((r + 1)(r − 3)))/2r with multiplier 4 + 2r − r²."""
    r = 3.2
    cycles = sx.find_cycles(logistic(r), np.array([[0.2], [0.6]]), length=2)
    root = np.sqrt((r + 1) * (r - 3))
    expected = np.array([r + 1 - root, r + 1 + root]) / (2 * r)
    np.testing.assert_allclose(np.sort(cycles.orbit(0)[:, 0]), expected, atol=1e-13)
    known = {"multipliers": [[4 + 2 * r - r**2]], "amplitude": [[root / r]], "period": [20.0]}
    assert_fields(cycles, **known, stability=["stable"], atol=1e-11)


@pytest.mark.parametrize("length", [4, 6, (2, 4, 6)])
def test_a_cycle_gone_round_several_times_has_its_minimal_period(length):
    cycles = sx.find_cycles(logistic(3.2), np.array([[0.2], [0.6], [0.9]]), length=length)
    assert cycles.length.tolist() == [2] and cycles.hits.tolist() == [3]
    assert (cycles.reached == 0).all()


def switching(A, b, R, r):
    return [(A[k], b[k]) for k in range(len(A))], lambda x: (R @ x + r).argmax()


def rectified(A, W, h):
    gates = np.array([*np.ndindex(*[2] * len(h))])
    weights = 2 ** np.arange(len(h))[::-1]
    return [(np.diag(A) + W * gate, h) for gate in gates], lambda z: (z > 0) @ weights


def of_every_sequence(pieces, piece_at, longest):
    """Solve each sequence of pieces, and keep what visits them: sets of rounded states."""
    found, size = set(), 2
    for length in range(1, longest + 1):
        for sequence in np.ndindex(*[len(pieces)] * length):
            M, c = np.eye(size), np.zeros(size)
            for k in sequence:
                M, c = pieces[k][0] @ M, pieces[k][0] @ c + pieces[k][1]
            orbit = [np.linalg.solve(np.eye(size) - M, c)]
            for k in sequence[:-1]:
                orbit.append(pieces[k][0] @ orbit[-1] + pieces[k][1])
            if tuple(piece_at(x) for x in orbit) == sequence:
                found.add(frozenset(tuple(np.round(x, 6) + 0.0) for x in orbit))
    return found


@pytest.mark.parametrize("seed", [1, 3, 8])
@pytest.mark.parametrize("model", ["plrnn", "rslds"])
def test_with_few_pieces_no_short_cycle_is_missing(model, seed):
    """The starts are of no use: one state, far away."""
    rng = np.random.default_rng(seed)
    if model == "plrnn":
        A, W, h = rng.uniform(-1, 1, 2), 2 * rng.standard_normal((2, 2)), rng.standard_normal(2)
        system, parts = sx.models.plrnn(A, W, h), rectified(A, W, h)
    else:
        A, b = rng.standard_normal((3, 2, 2)), rng.standard_normal((3, 2))
        R, r = rng.standard_normal((3, 2)), rng.standard_normal(3)
        system, parts = sx.models.rslds(A, b, R, r), switching(A, b, R, r)
    cycles = sx.find_cycles(system, np.full((1, 2), 1e3), length=range(1, 6))
    listed = [frozenset(map(tuple, np.round(cycles.orbit(k), 6) + 0.0)) for k in range(len(cycles))]
    assert set(listed) == of_every_sequence(*parts, 5) and len(listed) == len(set(listed))
    assert cycles.complete_lengths.tolist() == [1, 2, 3, 4, 5] and cycles.exact.all()
    assert "1 to 5" in cycles.summary()
    really_closed(system, cycles)


def test_of_many_pieces_or_none_nothing_is_said_to_be_complete():
    curved = sx.find_cycles(logistic(3.2), np.array([[0.2]]), length=(1, 2))
    long = sx.find_cycles(scyfi(0.8377689), systems.box(2, -10, 10), length=16)
    turn = sx.DiscreteMap(turned, 2)
    endless = sx.find_cycles(turn, np.ones((1, 2)), length=(1, 2, 4))
    assert [c.complete_lengths.tolist() for c in (curved, long, endless)] == [[], [], [1, 2]]


@pytest.mark.parametrize("turns", [None, 1, 3])
def test_the_circle_of_a_normal_form(turns):
    """r' = r − r³, θ' = 2: radius 1, period π τ, multiplier e^{−2π} across, whatever is given."""
    system = sx.Flow(lambda x: x * (1 - x @ x) + 2 * turned(x), 2, tau=10.0)
    options = {"length": turns * 31.0, "method": MultipleShooting(transient=0)} if turns else {}
    cycles = sx.find_cycles(system, np.array([[0.9, 0.2]]), **options)
    np.testing.assert_allclose(np.linalg.norm(cycles.orbit(0), axis=1), 1, atol=1e-8)
    assert abs(cycles.period[0] - 10 * np.pi) < cycles.period_error[0] < 1e-6
    assert_fields(
        cycles,
        period=[10 * np.pi],
        multipliers=[[1, np.exp(-2 * np.pi)]],
        stability=["stable"],
        n_unstable=[0],
        system="flow",
        atol=1e-8,
    )


@pytest.mark.laws
def test_the_shortest_cycle_within_the_lorenz_attractor():
    """Unstable, and known to 15 digits: T = 1.558652210716175 (Viswanath 2003)."""
    candidates = 5 * np.random.default_rng(0).standard_normal((20, 3))
    cycles = sx.find_cycles(systems.lorenz(28.0), candidates, length=1.56)
    assert set(cycles.stability) == {"saddle"}
    assert abs(cycles.period[0] - 1.558652210716175) < cycles.period_error[0] < 1e-6
    assert cycles.multipliers[0, 0].real == pytest.approx(4.7129, abs=2e-4)
    np.testing.assert_allclose(np.abs(cycles.multipliers - 1).min(1), 0, atol=1e-5)


@pytest.mark.parametrize("length", [None, 34.682323])
def test_a_relaxation_oscillation(length):
    """Van der Pol's: most of the period is slow, the rest is over within a fiftieth of it or less.

    Steps, pieces and their places are chosen by the library; the period is of other integrators.
    From the start, which is off the cycle, and from where it leads, one cycle is found.
    """
    cycles = sx.find_cycles(systems.van_der_pol(20.0), np.array([[2.0, 0.0]]), length=length)
    assert cycles.period == pytest.approx([34.682323], abs=1e-5)
    assert cycles.period_error[0] < 2e-6 * 34.7
    assert cycles.stability.tolist() == ["stable"]


def test_two_cycles_that_mirror_one_another_are_two():
    """x ↦ −x maps each to the other, with the same period: a pair of circles beside the origin."""

    def field(x):
        y = x - jnp.stack([jnp.where(x[0] > 0, 2.0, -2.0), 0.0])
        return y * (1 - y @ y) + turned(y)

    candidates = np.array([[2.5, 0.3], [-2.5, 0.3], [1.8, -0.5]])
    cycles = sx.find_cycles(sx.Flow(field, 2), candidates)
    assert len(cycles) == 2
    assert cycles.reached[0] == cycles.reached[2] != cycles.reached[1]
    np.testing.assert_allclose(cycles.period, 2 * np.pi, atol=1e-7)


def test_cycles_of_a_continuum_are_none():
    turn = sx.DiscreteMap(turned, 2)
    got = sx.find_cycles(turn, np.array([[1.0, 0.5]]), length=4)
    assert len(got) == 0 and got.reached.tolist() == [-1]
    assert len(sx.find_cycles(turn, np.zeros((0, 2)), length=3).reasons) == 0


def test_cycles_of_forty_steps_of_a_chaotic_tent_map_are_found():
    tent = sx.DiscreteMap(lambda x: 0.97 * (1 - jnp.abs(2 * x - 1)), 1)
    cycles = sx.find_cycles(tent, np.linspace(0.01, 0.99, 40)[:, None], length=40)
    assert len(cycles) > 20 and set(cycles.length.tolist()) == {40}
    orbits = cycles.states[:, :40, 0]
    images = 0.97 * (1 - np.abs(2 * orbits - 1))
    off = np.abs(images - np.roll(orbits, -1, axis=1)).max(axis=1)
    assert (off <= 10 * cycles.error_bound).all() and (cycles.error_bound < 1e-4).all()
    np.testing.assert_allclose(np.abs(cycles.multipliers[:, 0]), 1.94**40, rtol=1e-9)


@pytest.mark.parametrize(("r", "steps"), [(3.2, 2), (3.5, 4), (3.55, 8), (3.83, 3)])
def test_the_number_of_steps_need_not_be_given(r, steps):
    """The periods of the logistic map: doublings, and the window of three steps."""
    system, starts = logistic(r), np.random.default_rng(0).uniform(0.1, 0.9, (12, 1))
    cycles = sx.find_cycles(system, starts)
    really_closed(system, cycles)
    assert cycles.length.tolist() == [steps] and cycles.stability.tolist() == ["stable"]
    assert cycles.hits.tolist() == [12] and set(cycles.led) == {LED[What.CURVE]}
    assert cycles.period.tolist() == [10.0 * steps]


def turning(x):
    """Turn by a radian; the radius goes to 1."""
    return (1 + 0.2 * (1 - x @ x)) * (np.cos(1.0) * x + np.sin(1.0) * turned(x))


def euler(mu, h):
    """A step of Euler's method for van der Pol's oscillator: x'' = μ (1 − x²) x' − x."""
    return lambda x: x + h * jnp.stack([x[1], mu * (1 - x[0] ** 2) * x[1] - x[0]])


def turn_of_euler(mu, h):
    """The steps from one upward crossing of 0 to another, in the mean, and the range of x."""
    x, y, path, crossings = 2.0, 0.0, [], []
    for step in range(60_000):
        path.append(x)
        x, y = x + h * y, y + h * (mu * (1 - x**2) * y - x)
        if path[-1] < 0 <= x and step > 10_000:
            crossings.append(step - x / (x - path[-1]))
    return (crossings[-1] - crossings[0]) / (len(crossings) - 1), np.ptp(path[10_000:])


BOX = systems.box(2, -1, 1, 10)
CIRCLES = {  # a map, starts, and how many steps a turn takes, with the range of the first unit
    "turning": (turning, BOX, lambda: (2 * np.pi, 2.0)),
    "many turns": (euler(1.0, 0.1), BOX, lambda: turn_of_euler(1.0, 0.1)),
    "few turns": (euler(0.5, 0.01), BOX, lambda: turn_of_euler(0.5, 0.01)),
    "relaxation": (euler(4.0, 0.05), BOX, lambda: turn_of_euler(4.0, 0.05)),
    "relaxation, in one turn": (euler(8.0, 0.01), BOX, lambda: turn_of_euler(8.0, 0.01)),
}


LATER = ("few turns", "relaxation")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.runs] * (n in LATER)) for n in CIRCLES]
)
def test_an_invariant_circle_is_listed_and_a_verdict_says_the_same(name):
    step, starts, counted = CIRCLES[name]
    system, (turn, swing) = sx.DiscreteMap(step, 2, dt=20.0), counted()
    cycles = sx.find_cycles(system, starts)
    assert cycles.kind.tolist() == ["invariant circle"] and cycles.length.tolist() == [0]
    assert cycles.stability.tolist() == ["stable"] and cycles.hits.tolist() == [len(starts)]
    assert set(cycles.led) == {LED[What.CIRCLE]} and set(cycles.reached) == {0}
    for times in (cycles.turn, cycles.period, cycles.once_round):
        np.testing.assert_allclose(times, 20.0 * turn, rtol=1e-3)
    assert cycles.amplitude[0, 0] == pytest.approx(swing, rel=0.01)
    assert abs(cycles.multipliers - 1).min() < 0.1  # along the circle
    (end,) = (c.numbers for c in sx.verdict(system, starts).claims if c.kind == "end")
    assert (end["what"], end["steps"]) == ("curve", 0)
    assert end["period"] == pytest.approx(20.0 * turn, rel=1e-3)


def test_the_multiplier_across_a_circle_is_the_one_of_its_turn():
    """The radius r goes to (1.2 − 0.2 r²) r, of slope 0.6 at 1: 0.6^(2 π) once round."""
    cycles = sx.find_cycles(sx.DiscreteMap(turning, 2), BOX)
    np.testing.assert_allclose(cycles.multipliers, [[1, 0.6 ** (2 * np.pi)]], rtol=0.01)


def test_a_locked_circle_is_a_cycle_that_names_its_lock():
    """θ' = θ + 2 π 3/20 + 0.05 sin 20 θ is drawn to every second multiple of π/20."""

    def locked(x):
        angle, radius = jnp.arctan2(x[1], x[0]), jnp.sqrt(x @ x)
        angle = angle + 2 * np.pi * 3 / 20 + 0.05 * jnp.sin(20 * angle)
        return (0.7 * radius + 0.3) * jnp.stack([jnp.cos(angle), jnp.sin(angle)])

    cycles = sx.find_cycles(sx.DiscreteMap(locked, 2, dt=10.0), BOX)
    assert cycles.kind.tolist() == ["locked 3/20"] and cycles.length.tolist() == [20]
    np.testing.assert_allclose(cycles.once_round, [200 / 3])
    np.testing.assert_allclose(cycles.turn, 200 / 3)


def spiral(angle, growth):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return lambda x: growth * (turn @ x)


def torus(x):
    """Two circles: once round the first in 12.6 steps, the second in 8.9, a fortieth as wide."""
    one, two = x[:2], 40 * x[2:]
    turned_by = lambda z, a: (1.1 - 0.1 * z @ z) * spiral(a, 1.0)(z)  # noqa: E731
    return jnp.concatenate([turned_by(one, 0.5), turned_by(two, 0.5 * np.sqrt(2)) / 40])


NO_CIRCLE = {  # a map, starts, and whether a verdict leaves it open that a cycle holds them
    "Henon": (systems.henon(), 0.1 * BOX, False),
    "chaos that goes round": (
        sx.DiscreteMap(lambda x: jnp.stack([2.27 * x[0] * (1 - x[1]), x[0]]), 2),
        0.5 + 0.05 * BOX,
        False,
    ),
    "a torus": (sx.DiscreteMap(torus, 4), systems.box(4, -1, 1, 8) / [1, 1, 40, 40], True),
    "a decaying spiral": (sx.DiscreteMap(spiral(2 * np.pi / 100, 1 - 1e-6), 2), BOX, False),
    "a growing spiral": (sx.DiscreteMap(spiral(1.0, 1 + 1e-5), 2), BOX, False),
}


@pytest.mark.parametrize("name", NO_CIRCLE)
def test_what_does_not_close_is_no_circle(name):
    system, starts, is_open = NO_CIRCLE[name]
    cycles, held = sx.find_cycles(system, starts), sx.verdict(system, starts, duration=50.0)
    assert LED[What.CIRCLE] not in cycles.led and "invariant circle" not in cycles.kind
    assert "curve" not in {c.numbers.get("what") for c in held.claims}
    assert (LED[What.CHAOS] in cycles.led) == (name in ("Henon", "chaos that goes round"))
    assert (LED[What.QUASIPERIODIC] in cycles.led) == is_open
    assert held.is_held_by("cycle") != "yes"
    assert held.is_held_by("cycle") == "unknown" or not is_open


@pytest.mark.parametrize(("exponent", "is_chaos"), [(0.025, False), (0.035, True)])
def test_chaos_is_an_exponent_of_three_errors_here_and_in_a_verdict(
    exponent, is_chaos, monkeypatch
):
    where, known = "separatrix.analysis.following.exponents._exponents", (exponent, -1.0, 0.01)
    monkeypatch.setattr(where, lambda *given: known)
    system, starts = logistic(3.9), np.array([[0.2], [0.4], [0.6]])
    held = sx.verdict(system, starts, duration=1000.0)
    assert (LED[What.CHAOS] in sx.find_cycles(system, starts).led) == is_chaos
    assert held.is_held_by("cycle") == ("no" if is_chaos else "unknown")


def two_circles(x):
    one, two = x[:2], x[2:]
    fields = one * (1 - one @ one) + turned(one), two * (1 - two @ two) + np.sqrt(2.0) * turned(two)
    return jnp.concatenate(fields)


def nested_circles(x):
    """r' = −r (r² − 1)(r² − 4): rest at 0 and radius 2 attract, radius 1 is between them."""
    r2 = x @ x
    return -x * (r2 - 1) * (r2 - 4) + turned(x)


LEADS = {  # a system, starts, and where they lead
    "chaos": (logistic(3.9), [[0.2], [0.4]], [LED[What.CHAOS]] * 2),
    "a torus": (sx.Flow(two_circles, 4), systems.box(4, -1, 1, 6), [LED[What.QUASIPERIODIC]] * 6),
    "a point": (logistic(2.5), [[0.2], [np.nan]], [LED[What.POINT], LED[What.UNKNOWN]]),
    "a focus": (systems.hopf(0.9, 1.0).system, systems.box(2, -1, 1, 3), [LED[What.POINT]] * 3),
    "growth": (sx.DiscreteMap(lambda x: 2 * x, 1), [[1.0]], [LED[What.INFINITY]]),
    "a growing flow": (sx.Flow(lambda x: x, 2), [[1.0, 1.0]], [LED[What.INFINITY]]),  # to e⁴¹⁰
    "a slow cycle": (
        sx.Flow(lambda x: 0.0005 * x * (4 - x @ x) + turned(x), 2),
        [[1.0, 0.0], [0.0, 3.0]],
        [LED[What.CURVE]] * 2,
    ),
    "a cycle beside a point": (
        sx.Flow(nested_circles, 2),
        [[0.5, 0.0], [1.5, 0.0], [0.0, 2.5]],
        [LED[What.POINT], LED[What.CURVE], LED[What.CURVE]],
    ),
}


@pytest.mark.parametrize("name", LEADS)
def test_where_starts_lead_is_told(name):
    system, starts, led = LEADS[name]
    cycles = sx.find_cycles(system, np.array(starts))
    assert cycles.led.tolist() == led
    assert len(cycles) == (LED[What.CURVE] in led) and cycles.amplitude.shape[1] == system.size
    if len(cycles):
        np.testing.assert_allclose(np.linalg.norm(cycles.orbit(0), axis=1), 2, atol=1e-7)


def test_a_fixed_point_is_no_cycle_of_more_steps():
    assert len(sx.find_cycles(logistic(2.5), np.array([[0.2], [0.6]]), length=4)) == 0

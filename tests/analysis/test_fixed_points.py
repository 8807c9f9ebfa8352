import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.fixed_points.certificates import certify
from separatrix.analysis.point_table import Evidence, PointTable
from separatrix.solvers.endings import Ending
from separatrix.solvers.levenberg_marquardt import LevenbergMarquardt

TEXTBOOK = {
    "tanh unit": lambda: systems.tanh_unit(2.0, kind="flow"),
    "saddle and node": lambda: systems.ghost(-0.25),
    "after the Hopf bifurcation": lambda: systems.hopf(1.05, 1.0),
    "after the Neimark-Sacker bifurcation": lambda: systems.hopf(0.8, 0.7, kind="map"),
    "rank one": systems.rank_one,
    "Wong-Wang": lambda: systems.wong_wang(30.0, 0.14),
    "FitzHugh-Nagumo": lambda: systems.fitzhugh_nagumo(0.8),
    "Wilson-Cowan": systems.wilson_cowan,
    "ring of 3, as a map": lambda: systems.ring(3, "map"),
}


def match(found, expected):
    """Return, for each expected state, the index of the nearest found one and its distance."""
    distance = np.abs(found[:, None] - expected[None]).max(-1)
    return distance.argmin(0), distance.min(0)


@pytest.mark.parametrize("name", TEXTBOOK)
def test_all_points_of_textbook_systems_with_their_stability(name):
    known = TEXTBOOK[name]()
    points = sx.find_fixed_points(known.system, known.candidates)
    fixed = points.fixed
    assert len(fixed) == len(known.states)
    nearest, distance = match(fixed.states, known.states)
    assert sorted(nearest) == list(range(len(fixed)))
    assert distance.max() <= known.tolerance + fixed.error_bound.max()
    assert fixed.n_unstable[nearest].tolist() == known.n_unstable
    names = {0: "stable", known.system.size: "unstable"}
    expected = [names.get(n, "saddle") for n in known.n_unstable]
    assert fixed.stability[nearest].tolist() == expected
    assert (fixed.speed < 1e-13).all() and (fixed.residual <= fixed.rounding_level).all()


@pytest.mark.parametrize("mu", [1e-2, 1e-10])
def test_a_ghost_is_slow_with_the_right_speed_and_never_fixed(mu):
    known = systems.ghost(mu)
    points = sx.find_fixed_points(known.system, known.candidates)
    assert points.kind.tolist() == ["slow"] and set(points.outcomes) == {"slow"}
    assert points.speed[0] == pytest.approx(mu, rel=1e-12)
    assert abs(points.states[0, 0]) < 1e-6 * np.sqrt(mu)
    assert set(points.outcome_reasons) == {Ending.SPEED_MINIMUM.text}


def test_a_ghost_that_rounding_hides_is_never_proved_to_be_fixed():
    known = systems.ghost(1e-15)
    points = sx.find_fixed_points(known.system, known.candidates)
    assert not points.fixed.certified.any()


def test_a_slow_point_past_a_fold_is_found_once():
    known = systems.tanh_unit(2.0, 0.532839975353552 + 1e-6)
    points = sx.find_fixed_points(known.system, known.candidates)
    assert points.kind.tolist() == ["fixed", "slow"]


@pytest.mark.parametrize(("n", "place", "flat"), [(6, 0.0, 1e-4), (50, 0.3, 1e-6)])
def test_a_slow_point_in_a_flat_valley_is_found_once(n, place, flat):
    """Rounding of the gradient leaves it anywhere along the valley, 1e-12 apart and more."""
    rng = np.random.default_rng(0)
    turned, _ = np.linalg.qr(rng.standard_normal((n, n)))
    strengths = np.append(np.ones(n - 2), flat)

    def field(x):
        u = turned @ x
        return turned.T @ jnp.concatenate([0.1 + u[:1] ** 2 / 2, strengths * (u[1:] - place)])

    points = sx.find_fixed_points(sx.Flow(field, n), rng.uniform(-1, 1, (200, n)))
    assert points.kind.tolist() == ["slow"] and points.hits.tolist() == [200]
    assert points.speed == pytest.approx([0.1], rel=1e-12)


def test_slow_points_that_are_not_one_stay_apart():
    apart = 2e-3

    def field(x):
        return jnp.stack([0.1 + x[1] ** 2 / 2, (x[0] - 3) ** 2 - apart**2 / 4])

    points = sx.find_fixed_points(sx.Flow(field, 2), systems.box(2, 2, 4, 60))
    assert points.kind.tolist() == ["slow", "slow"]
    np.testing.assert_allclose(np.ptp(points.states[:, 0]), apart, rtol=1e-6)


RUNAWAY = sx.Flow(lambda x: 1 / jnp.log(2 + x**2), 1)
RISING = sx.Flow(lambda x: x**2 + 1, 1)
ONE_STEP = {
    "method": LevenbergMarquardt(max_steps=1),
    "slow_points": False,
    "completeness": False,
}


@pytest.mark.parametrize(
    ("system", "options", "ending"),
    [
        (RUNAWAY, {}, Ending.RAN_AWAY),
        (RISING, {"slow_points": False}, Ending.MINIMUM),
        (systems.rank_one().system, ONE_STEP, Ending.MAX_STEPS),
    ],
)
def test_candidates_that_lead_nowhere_say_so(system, options, ending):
    points = sx.find_fixed_points(system, np.ones((2, system.size)), **options)
    assert not points.hits.any() and (points.reached == -1).all()
    assert set(points.outcomes) == {"rejected"} and set(points.outcome_reasons) == {ending.text}


@pytest.mark.parametrize("masked", [False, True])
def test_candidates_that_are_not_there_are_marked_and_do_not_disturb_the_others(masked):
    known = systems.tanh_unit(2.0)
    bad = np.ma.array(known.candidates) if masked else known.candidates.copy()
    bad[[0, 7]] = np.ma.masked if masked else np.nan
    bad[9] = np.inf
    points = sx.find_fixed_points(known.system, bad)
    assert len(points.fixed) == 3
    rejected = np.flatnonzero(points.outcomes == "rejected")
    assert rejected.tolist() == [0, 7, 9]
    assert (points.reached[rejected] == -1).all()
    assert set(points.outcome_reasons[rejected]) == {Ending.NOT_FINITE.text}


def test_candidates_of_any_leading_shape():
    known = systems.tanh_unit(2.0)
    flat = sx.find_fixed_points(known.system, known.candidates)
    stacked = sx.find_fixed_points(known.system, known.candidates.reshape(4, 50, 1))
    assert (flat.states == stacked.states).all()
    assert (flat.reached == stacked.reached).all()
    single = sx.find_fixed_points(known.system, known.candidates[0], completeness=False)
    assert single.outcomes.shape == (1,)


GHOST_BESIDE = sx.Flow(lambda x: x**3 - x + 0.4, 1), np.linspace(-2, 2, 40)[:, None]
"""One fixed point and the ghost of two."""


@pytest.mark.parametrize(
    ("system", "starts"),
    [(systems.ring(4, "map").system, systems.box(4, -1, 1, 300)), GHOST_BESIDE],
)
def test_labels_outcomes_and_hits_agree_also_in_parts(system, starts):
    points = sx.find_fixed_points(system, starts)
    assert (points.label == np.arange(len(points))).all()
    assert (np.bincount(points.reached, minlength=len(points)) == points.hits).all()
    assert (points.outcomes == points.kind[points.reached]).all()
    for part, kind in ((points.fixed, "fixed"), (points.slow, "slow")):
        assert part.label.tolist() == points.label[points.kind == kind].tolist()
        assert (part.outcomes == points.outcomes).all() and (part.reached == points.reached).all()


def test_the_middle_point_is_the_median_along_a_direction():
    known = systems.tanh_unit(2.0)
    points = sx.find_fixed_points(known.system, known.candidates)
    assert points.states[points.middle(np.ones(1)), 0] == pytest.approx(0, abs=1e-15)


def test_the_same_search_twice_gives_the_same_bits():
    system, starts = systems.flip_flop("tanh16")
    one, two = (sx.find_fixed_points(system, starts[:256]) for _ in range(2))
    assert (one.states == two.states).all()
    assert (one.reached == two.reached).all()


def test_a_part_does_not_claim_what_holds_of_the_whole():
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    whole = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    assert whole.complete and whole.index_sum == 1
    for same in (whole.fixed, whole[::-1], whole.filter(np.ones(3, bool))):
        assert same.complete and same.index_sum == 1 and same.chao1 == whole.chao1
        assert same.completeness == whole.completeness
    stable = whole.filter(whole.stability == "stable")
    for part in (stable, stable[0], whole.slow, whole[:0], whole[[0, 0, 1, 2]]):
        assert not part.complete and part.completeness != whole.completeness
        assert part.index_sum is part.coverage is part.chao1 is None


@pytest.mark.parametrize("slow_points", [True, False])
def test_the_tolerance_curve_counts_points_below_a_threshold(slow_points):
    system, starts = GHOST_BESIDE
    points = sx.find_fixed_points(system, starts, slow_points=slow_points)
    q = 0.5 * sx.find_fixed_points(system, starts).slow.speed[0] ** 2
    curve = points.tolerance_curve(np.array([0.0, 0.99 * q, 1.01 * q]))
    assert curve.count[1:].tolist() == [1, 1 + slow_points]
    assert curve.rejected == (points.outcomes == "rejected").sum()
    assert (curve.rejected == 0) == slow_points
    default = points.tolerance_curve()
    assert (np.diff(default.count) >= 0).all() and default.count[-1] == 1 + slow_points
    assert points.tolerance_curve(1e-8).count.tolist() == [1]
    assert "no tolerances" in repr(points.tolerance_curve(np.array([])))
    assert points[:0].tolerance_curve().count.max() == 0


def test_states_that_are_proved_to_be_one_point_are_merged():
    """Derivatives of x/(eˣ − 1) are noise about 0: the last step tells nothing of the distance."""
    noisy = sx.DiscreteMap(lambda x: jnp.tanh(x + 0.5 * (x / (jnp.exp(x) - 1) - 1)), 1)
    fixed = sx.find_fixed_points(noisy, systems.box(1, -4, 4, 60)).fixed
    assert fixed.certified.tolist() == [True]
    assert fixed.hits[0] > 30  # of all that were merged


def test_what_is_no_zero_does_not_join_two_that_are_each_alone():
    """x³ = x at 0 and at 1, and a state where either is proved to be the only one."""
    states = np.array([[0.0], [0.5], [1.0]])
    table = PointTable.empty(0, 1).with_points(states, True, 1e-15)
    table = table.with_values(np.array([0, 2]), evidence=Evidence.UNIQUE, radii=0.6)
    refused = {"evidence": Evidence.REFUSED, "errors": 1e-9, "details": "not shown"}
    table = table.with_values(np.array([1]), **refused)
    assert certify(sx.Flow(lambda x: x - x**3, 1), table).states.tolist() == [[0.0], [1.0]]


def test_a_proof_overrules_eigenvalues_that_are_not_those_of_the_function():
    """A rule of the user's own says that the slope of tanh 2x is 0."""

    @jax.custom_jvp
    def flat(x):
        return jnp.tanh(2 * x)

    flat.defjvp(lambda primals, tangents: (flat(*primals), 0.0 * tangents[0]))
    points = sx.find_fixed_points(sx.DiscreteMap(flat, 1), np.linspace(-1, 1, 11)[:, None])
    middle = int(np.abs(points.states[:, 0]).argmin())
    assert points.stability[middle] == "unstable" and points.n_unstable[middle] == 1
    assert points.n_unstable_certified.all() and points.index_sum == 1
    assert np.isnan(points.largest_eigenvalue[middle])


@pytest.mark.parametrize(("band", "name"), [(1e-6, "stable"), (1e-3, "marginal")])
def test_points_within_the_band_are_called_marginal(band, name):
    near = sx.DiscreteMap(lambda x: (1 - 1e-4) * x, 1)
    points = sx.find_fixed_points(near, np.ones((1, 1)), marginal_band=band)
    assert points.stability.tolist() == [name]
    assert points.marginal_band == band

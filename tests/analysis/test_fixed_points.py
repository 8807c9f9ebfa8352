import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems

import separatrix as sx
from separatrix.analysis.fixed_points.certificates import certify
from separatrix.analysis.point_table import Evidence, PointKind, PointTable
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
    size = known.system.size
    expected = ["stable" if n == 0 else "unstable" if n == size else "saddle"
                for n in known.n_unstable]  # fmt: skip
    assert fixed.stability[nearest].tolist() == expected
    assert (fixed.speed < 1e-13).all() and (fixed.residual <= fixed.rounding_level).all()


@pytest.mark.parametrize("architecture", ["tanh16", "gru32"])
def test_flip_flop_networks_have_27_points(architecture):
    system, starts = systems.flip_flop(architecture)
    points = sx.find_fixed_points(system, starts)
    assert len(points.fixed) == 27
    counts = [8, 12, 6, 1] if architecture == "gru32" else [0, 8, 12, 6, 1]
    assert np.bincount(points.fixed.n_unstable).tolist() == counts
    assert points.hits.sum() == (points.outcomes != "rejected").sum()
    assert points.fixed.error_bound.max() < 1e-13
    jacobians = sx.linearize(system, points.fixed).jacobians
    assert np.sign(np.linalg.det(np.eye(system.size) - jacobians)).sum() == 1


@pytest.mark.parametrize("mu", [1e-2, 1e-10])
def test_a_ghost_is_slow_with_the_right_speed_and_never_fixed(mu):
    known = systems.ghost(mu)
    points = sx.find_fixed_points(known.system, known.candidates)
    assert len(points.fixed) == 0
    assert len(points.slow) == 1
    assert points.speed[0] == pytest.approx(mu, rel=1e-12)
    assert abs(points.states[0, 0]) < 1e-6 * np.sqrt(mu)
    assert set(points.outcomes) == {"slow"}
    assert set(points.outcome_reasons) == {"a local minimum of the speed that is not zero"}


def test_a_ghost_that_rounding_hides_is_never_proved_to_be_fixed():
    known = systems.ghost(1e-15)
    points = sx.find_fixed_points(known.system, known.candidates)
    assert not points.fixed.certified.any()


def test_a_slow_point_past_a_fold_is_found_once():
    known = systems.tanh_unit(2.0, 0.532839975353552 + 1e-6)
    points = sx.find_fixed_points(known.system, known.candidates)
    assert len(points.fixed) == 1
    assert len(points.slow) == 1


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
    assert len(points.fixed) == 0
    assert points.hits.tolist() == [200]
    assert points.speed == pytest.approx([0.1], rel=1e-12)


def test_slow_points_that_are_not_one_stay_apart():
    apart = 2e-3

    def field(x):
        return jnp.stack([0.1 + x[1] ** 2 / 2, (x[0] - 3) ** 2 - apart**2 / 4])

    starts = np.random.default_rng(0).uniform(2, 4, (60, 2))
    points = sx.find_fixed_points(sx.Flow(field, 2), starts)
    assert len(points.fixed) == 0
    np.testing.assert_allclose(np.ptp(points.states[:, 0]), apart, rtol=1e-6)
    assert len(points.slow) == 2


def test_slow_points_can_be_left_out():
    known = systems.ghost(0.01)
    points = sx.find_fixed_points(known.system, known.candidates, slow_points=False)
    assert len(points) == 0
    assert set(points.outcomes) == {"rejected"}
    assert (points.reached == -1).all()


def test_candidates_that_are_not_finite_are_marked_and_do_not_disturb_the_others():
    known = systems.tanh_unit(2.0)
    bad = known.candidates.copy()
    bad[[0, 7]] = np.nan
    bad[9] = np.inf
    points = sx.find_fixed_points(known.system, bad)
    assert len(points.fixed) == 3
    rejected = np.flatnonzero(points.outcomes == "rejected")
    assert rejected.tolist() == [0, 7, 9]
    assert (points.reached[rejected] == -1).all()
    assert all("NaN or infinite" in reason for reason in points.outcome_reasons[rejected])


@pytest.mark.parametrize("bad", [np.full((4, 2), np.nan), np.array([[0.0, np.inf], [np.nan, 1.0]])])
def test_candidates_of_which_none_is_finite_are_refused(bad):
    with pytest.raises(sx.InvalidInputError, match="candidates: no state is finite"):
        sx.find_fixed_points(systems.hopf(0.5, 1.0).system, bad)


def test_candidates_that_run_away_say_so():
    points = sx.find_fixed_points(sx.Flow(lambda x: 1 / jnp.log(2 + x**2), 1), np.ones((2, 1)))
    assert len(points.fixed) == 0
    assert set(points.outcomes) == {"rejected"}
    (reason,) = set(points.outcome_reasons)
    assert reason == Ending.RAN_AWAY.text


def test_too_few_steps_say_so():
    known = systems.rank_one()
    method = LevenbergMarquardt(max_steps=1)
    points = sx.find_fixed_points(known.system, known.candidates, method=method, slow_points=False)
    assert set(points.outcomes) == {"rejected"}
    assert set(points.outcome_reasons) == {
        "ran out of steps; give it more with LevenbergMarquardt(max_steps=…)"
    }


@pytest.mark.parametrize(
    ("shape", "remedy"),
    [
        ((5, 3), "give states of this system, 2 numbers each"),
        ((6,), "if it holds one state after the other, reshape it to (-1, 2)"),
        ((2, 5, 1), "if axis 0 is that of the units, move it to the end with np.moveaxis"),
    ],
)
def test_wrong_width_is_refused(shape, remedy):
    with pytest.raises(sx.InvalidInputError) as caught:
        sx.find_fixed_points(systems.hopf(0.5, 1.0).system, np.zeros(shape))
    assert str(caught.value) == (
        f"candidates must have shape (…, 2), one column for each unit of the system, got {shape}: "
        f"{remedy}."
    )


@pytest.mark.parametrize("none", [np.zeros((0, 2)), np.zeros(0)])
def test_no_candidates_are_refused(none):
    with pytest.raises(sx.InvalidInputError, match="there are no candidates"):
        sx.find_fixed_points(systems.hopf(0.5, 1.0).system, none)


def test_the_number_of_candidates_compiles_nothing(caplog):
    """Batches that shrink, and searches of other lengths, run the programs that there are."""
    weights = np.random.default_rng(0).standard_normal((6, 6))
    system = sx.DiscreteMap(lambda x: jnp.tanh(weights @ x), 6)
    starts = np.random.default_rng(1).uniform(-1, 1, (300, 6))

    def compiled(count):
        caplog.clear()
        with jax.log_compiles():
            sx.find_fixed_points(system, starts[:count], completeness=False, slow_points=False)
        return [r.getMessage() for r in caplog.records if "Compiling" in r.getMessage()]

    assert any("residual" in message for message in compiled(300))
    for count in (299, 277, 290):
        assert compiled(count) == []


def test_a_system_of_the_same_form_compiles_nothing(caplog):
    """The weights are arguments of programs: also where steps are taken in single precision."""
    rng = np.random.default_rng(0)
    starts = rng.uniform(-1, 1, (100, 50))

    def compiled():
        network = sx.networks.CTRNN(
            2, 50, 1, activation="tanh", key=jax.random.key(rng.integers(9))
        )
        caplog.clear()
        with jax.log_compiles():
            sx.find_fixed_points(
                network.at_input([0.0, 0.0]), starts, completeness=False, slow_points=False
            )
        return [r.getMessage() for r in caplog.records if "Compiling" in r.getMessage()]

    assert any("shared_matrix" in message for message in compiled())
    assert compiled() == []


def test_candidates_of_any_leading_shape():
    known = systems.tanh_unit(2.0)
    flat = sx.find_fixed_points(known.system, known.candidates)
    stacked = sx.find_fixed_points(known.system, known.candidates.reshape(4, 50, 1))
    assert (flat.states == stacked.states).all()
    assert (flat.reached == stacked.reached).all()
    single = sx.find_fixed_points(known.system, known.candidates[0], completeness=False)
    assert single.outcomes.shape == (1,)


def test_masked_candidates_are_marked_and_not_followed():
    hidden = np.zeros((5, 2), bool)
    hidden[[1, 3], [0, 1]] = True
    starts = np.ma.array(np.ones((5, 2)), mask=hidden)
    system = sx.DiscreteMap(lambda x: jnp.tanh(0.5 * x), 2)
    points = sx.find_fixed_points(system, starts, completeness=False)
    assert points.outcomes.tolist() == ["fixed", "rejected", "fixed", "rejected", "fixed"]
    assert "NaN or infinite" in points.outcome_reasons[1]
    whole = sx.find_fixed_points(system, np.ma.array(np.ones((5, 2))), completeness=False)
    assert set(whole.outcomes) == {"fixed"}


def test_labels_outcomes_and_hits_agree():
    known = systems.ring(4, "map")
    points = sx.find_fixed_points(known.system, known.candidates)
    assert (points.label == np.arange(len(points))).all()
    assert (np.bincount(points.reached, minlength=len(points)) == points.hits).all()
    assert (points.outcomes == points.kind[points.reached]).all()


def test_parts_keep_the_candidates_and_the_labels():
    system = sx.Flow(lambda x: x**3 - x + 0.4, 1)  # one fixed point and the ghost of two
    points = sx.find_fixed_points(system, np.linspace(-2, 2, 40)[:, None])
    assert points.kind.tolist() == ["fixed", "slow"]
    assert (points.fixed.label.tolist(), points.slow.label.tolist()) == ([0], [1])
    assert (points.slow.outcomes == points.outcomes).all()
    assert (points.slow.reached == points.reached).all()


def test_the_middle_point_is_the_median_along_a_direction():
    known = systems.tanh_unit(2.0)
    points = sx.find_fixed_points(known.system, known.candidates)
    assert points.states[points.middle(np.ones(1)), 0] == pytest.approx(0, abs=1e-15)
    with pytest.raises(sx.InvalidInputError, match="no points to choose"):
        points[:0].middle(np.ones(1))
    for direction in (np.ones(2), np.array([np.nan])):
        with pytest.raises(sx.InvalidInputError, match="direction "):
            points.middle(direction)


def test_the_same_search_twice_gives_the_same_bits():
    system, starts = systems.flip_flop("tanh16")
    one, two = (sx.find_fixed_points(system, starts[:256]) for _ in range(2))
    assert (one.states == two.states).all()
    assert (one.reached == two.reached).all()


def _given(known):
    return known.system, known.candidates


def test_a_part_does_not_claim_what_holds_of_the_whole():
    system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1)
    whole = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    assert whole.complete and whole.index_sum == 1
    for same in (whole.fixed, whole[::-1], whole.filter(np.ones(3, bool))):
        assert same.complete and same.index_sum == 1 and same.chao1 == whole.chao1
        assert same.completeness == whole.completeness
    stable = whole.filter(whole.stability == "stable")
    for part in (stable, stable[0], whole[:0], whole[[0, 0, 1, 2]]):
        assert not part.complete
        assert part.index_sum is part.coverage is part.chao1 is None
        begins = "a part of what a search found; of the whole search: complete:"
        assert part.completeness.startswith(begins)
    assert len(whole.slow) == 0 and not whole.slow.complete


def test_a_tolerance_curve_may_have_one_tolerance_or_none():
    points = sx.find_fixed_points(sx.DiscreteMap(lambda x: jnp.tanh(0.5 * x), 1), np.ones((1, 1)))
    assert points.tolerance_curve(1e-8).count.tolist() == [1]
    assert "1 to 1 points" in repr(points.tolerance_curve(1e-8))
    assert "no tolerances" in repr(points.tolerance_curve(np.array([])))


def test_a_tolerance_curve_says_how_many_candidates_it_leaves_out():
    ghost = systems.ghost(0.01)
    with_slow, without = (
        sx.find_fixed_points(ghost.system, ghost.candidates, slow_points=slow).tolerance_curve()
        for slow in (True, False)
    )
    assert (with_slow.count[-1], with_slow.rejected) == (1, 0)
    assert (without.count[-1], without.rejected) == (0, len(ghost.candidates))
    assert "candidate" not in with_slow.summary()
    left_out = f"without {len(ghost.candidates)} rejected candidates: those at slow points"
    assert left_out in without.summary()


def test_states_that_are_proved_to_be_one_point_are_merged():
    """Derivatives of x/(eˣ − 1) are noise about 0: the last step tells nothing of the distance."""
    noisy = sx.DiscreteMap(lambda x: jnp.tanh(x + 0.5 * (x / (jnp.exp(x) - 1) - 1)), 1)
    candidates = np.random.default_rng(0).uniform(-4, 4, (60, 1))
    fixed = sx.find_fixed_points(noisy, candidates).fixed
    assert len(fixed) == 1 and fixed.certified.all()
    assert fixed.hits[0] > 30  # of all that were merged


def test_what_is_no_zero_does_not_join_two_that_are_each_alone():
    """x³ = x at 0 and at 1, and a state where either is proved to be the only one."""
    table = PointTable.empty(0, 1).with_points(
        np.array([[0.0], [0.5], [1.0]]), PointKind.FIXED, 1e-15
    )
    table = table.with_proofs(np.array([0, 2]), evidence=Evidence.UNIQUE, radii=0.6)
    table = table.with_proofs(
        np.array([1]), evidence=Evidence.REFUSED, errors=1e-9, details="not shown"
    )
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

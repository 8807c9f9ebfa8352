"""Branches of fixed points against textbook bifurcations with known numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rooms import quick
from scipy.optimize import brentq

import separatrix as sx
from separatrix.analysis.branches import atlas, isolating

END = "reached the end of the parameter range"


def follow(system_of, start, parameter, **options):
    return sx.continue_fixed_points(system_of, np.atleast_1d(start), parameter, **options)


def specials(branches, kind):
    """Indices of the special points of a type, in the order of the parameter."""
    here = np.flatnonzero(branches.special_type == kind)
    return here[np.argsort(branches.special_parameters[here], kind="stable")]


def tanh_unit(w, b=0.0):
    return sx.DiscreteMap(lambda x: jnp.tanh(w * x + b), 1)


def residuals(branches, system_of):
    with jax.enable_x64(True):
        pairs = zip(branches.states, branches.parameters, strict=True)
        return np.array([float(system_of(p).speed(jnp.asarray(x))) for x, p in pairs])


def test_tanh_unit_has_a_supercritical_pitchfork_at_gain_1():
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), name="w")
    assert branches.special_type.tolist() == ["pitchfork"]
    assert branches.special_parameters[0] == pytest.approx(1.0, abs=1e-12)
    assert branches.special_criticality.tolist() == ["supercritical"]
    assert branches.special_coefficient[0] == pytest.approx(-1 / 3, abs=1e-9)  # tanh = x − x³/3
    assert (branches.special_branch[0], branches.special_other[0]) == (0, 1)
    known = [-0.9575040240772687, 0.0, 0.9575040240772687]
    assert np.sort(branches.states_at(2.0)[:, 0]) == pytest.approx(known, abs=1e-12)
    straight, curved = branches.of_branch(0), branches.of_branch(1)
    assert np.array_equal(straight.n_unstable, (straight.parameters > 1).astype(int))
    off = np.abs(curved.states[:, 0]) > 1e-3
    assert (curved.stability[off] == "stable").all()
    w = np.arctanh(curved.states[off, 0]) / curved.states[off, 0]
    assert curved.parameters[off] == pytest.approx(w, abs=1e-9)


@pytest.mark.parametrize(
    ("w", "state"),
    [
        (1.1, 0.5029405749446416),
        (1.5, 0.8585596366401104),
        (2.0, 0.9575040240772687),
        (3.0, 0.9949015284526289),
    ],
)
def test_a_branch_from_gain_5_ends_at_the_known_state(w, state):
    branches = follow(
        tanh_unit, 0.9999091217152326, (5.0, w), name="w", switch=False, disconnected=None
    )
    assert branches.states_at(5.0)[:, 0] == pytest.approx(0.9999091217152326, abs=1e-15)
    (end,) = branches.states_at(w)[:, 0]
    assert end == pytest.approx(state, abs=1e-13)
    here = branches.parameters == w
    assert branches.largest_eigenvalue[here] == pytest.approx(w * (1 - end**2), abs=1e-12)
    if w == 2:
        assert branches.largest_eigenvalue[here] == pytest.approx(0.166372087752, abs=1e-11)


def test_the_cusp_of_the_tanh_unit():
    """At w = 1 the two folds have met at b = 0: the branch stands still there, and has no fold."""
    branches = follow(lambda b: tanh_unit(1.0, b), -0.98, (-1.0, 1.0), name="b", disconnected=None)
    assert branches.special_type.tolist() == ["tangency"]
    assert branches.special_parameters == pytest.approx([0.0], abs=1e-9)


@pytest.mark.parametrize(
    ("w", "fold"),
    quick([(1.5, 0.2075464553220303), (2.0, 0.532839975353552), (3.0, 1.303273908002589)], 1),
)
def test_tanh_unit_has_folds_in_its_bias(w, fold):
    branches = follow(lambda b: tanh_unit(w, b), -1.0, (-2.0, 2.0), name="b")
    assert branches.special("fold") == pytest.approx([-fold, fold], abs=1e-10)
    states = branches.special_states[specials(branches, "fold"), 0]
    assert states == pytest.approx(np.array([1, -1]) * np.sqrt(1 - 1 / w), abs=1e-10)
    assert branches.n_branches == 1
    assert set(branches.n_unstable.tolist()) == {0, 1}


@pytest.mark.parametrize("w", quick([5.0, 8.0], 0))
def test_beers_logistic_unit_has_its_folds(w):
    s = (1 + np.array([1, -1]) * np.sqrt(1 - 4 / w)) / 2
    known = np.log(s / (1 - s)) - w * s
    branches = follow(
        lambda b: sx.Flow(lambda y: w * jax.nn.sigmoid(y + b) - y, 1), 0.0, (-8.0, 2.0)
    )
    assert branches.special("fold") == pytest.approx(np.sort(known), abs=1e-9)


def test_tanh_unit_flips_where_its_gain_is_minus_1():
    branches = follow(tanh_unit, 0.0, (0.0, -2.0))
    assert branches.special("flip") == pytest.approx([-1.0], abs=1e-12)
    assert branches.special_criticality.tolist() == ["supercritical"]
    assert branches.special_coefficient[0] == pytest.approx(1 / 3, abs=1e-9)


def test_two_units_have_a_supercritical_hopf_point():
    def system(a):
        return sx.Flow(lambda x: -x + jnp.array([[a, -1.5], [1.5, a]]) @ jnp.tanh(x), 2)

    branches = follow(system, np.zeros(2), (0.5, 1.5), name="a")
    assert branches.special_type.tolist() == ["Hopf"]
    assert branches.special_parameters[0] == pytest.approx(1.0, abs=1e-10)
    assert branches.special_angle[0] == pytest.approx(1.5, abs=1e-10)
    # averaging gives r' = (a − 1) r − r³ a/4, that is Re c₁ = −1/2 for |q| = 1; l₁ = Re c₁ / ω
    assert branches.special_coefficient[0] == pytest.approx(-0.5 / 1.5, abs=1e-9)
    assert branches.special_criticality.tolist() == ["supercritical"]


def test_the_map_of_two_units_has_a_neimark_sacker_point():
    def system(a):
        return sx.DiscreteMap(lambda x: jnp.tanh(jnp.array([[a, -0.6], [0.6, a]]) @ x), 2)

    branches = follow(system, np.zeros(2), (0.0, 1.0), name="a")
    assert branches.special_type.tolist() == ["Neimark–Sacker"]
    assert branches.special_parameters[0] == pytest.approx(0.8, abs=1e-10)  # |a + 0.6 i| = 1
    assert branches.special_angle[0] == pytest.approx(np.arctan2(0.6, 0.8), abs=1e-10)
    assert branches.special_coefficient[0] == pytest.approx(-0.5, abs=1e-9)  # as for the flow
    assert branches.special_criticality.tolist() == ["supercritical"]


def test_a_strong_resonance_is_named():
    def system(a):
        return sx.DiscreteMap(lambda x: jnp.tanh(a * jnp.stack([-x[1], x[0]])), 2)

    branches = follow(system, np.zeros(2), (0.5, 1.5))
    assert branches.special("Neimark–Sacker") == pytest.approx([1.0], abs=1e-10)
    assert branches.special_criticality.tolist() == ["strong resonance"]  # θ = π/2
    assert np.isnan(branches.special_coefficient[0])


def test_rank_one_network_of_50_units():
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal(50), rng.standard_normal(50)
    n += (1.8 - n @ m / 50) * m / (m @ m / 50)

    def system(gain):
        return sx.Flow(lambda x: -x + gain * m * (n @ jnp.tanh(x)) / 50, 50)

    branches = follow(system, np.zeros(50), (0.0, 1.0), name="gain")
    assert branches.special("pitchfork") == pytest.approx([1 / 1.8], abs=1e-10)
    kappa = np.sort(branches.states_at(1.0) @ m / (m @ m))
    assert kappa == pytest.approx([-1.2991568555472, 0, 1.2991568555472], abs=1e-11)
    last = branches.parameters == 1.0
    largest = np.sort(branches.largest_eigenvalue[last])
    assert largest == pytest.approx([-0.6796801113, -0.6796801113, 0.8], abs=1e-9)


def wong_wang(mu, coherence):
    JE, JI, JA, IB = 0.2609, -0.0497, 0.00052, 0.3255

    def field(s):
        evidence = JA * mu * (1 + coherence * jnp.array([1.0, -1.0]))
        drive = 270.0 * (JE * s + JI * s[::-1] + IB + evidence) - 108.0
        return -s / 0.1 + (1 - s) * 0.641 * drive / -jnp.expm1(-0.154 * drive)

    return sx.Flow(field, 2, domain=(0.0, 1.0))


MEAN_FIELD = {1.1: 0.330871042, 1.5: 0.843417399, 2.0: 1.337108896, 3.0: 2.222313510}


@pytest.mark.parametrize("overlap", quick([3.0, 1.1, 1.5, 2.0], 0))
def test_rank_one_network_of_many_units(overlap):
    """κ' = −κ + s κ ⟨φ'(κz)⟩ with Gaussian z: the mean field of Mastrogiuseppe & Ostojic (2018)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    weights = weights / weights.sum()

    def system(s):
        def field(kappa):
            slope = 1 - jnp.tanh(kappa[0] * nodes) ** 2
            return -kappa + s * kappa * (weights @ slope)

        return sx.Flow(field, 1)

    branches = follow(system, 0.0, (0.5, overlap), disconnected=None)
    assert branches.special_names == ["supercritical pitchfork"]
    assert branches.special_parameters[0] == pytest.approx(1.0, abs=1e-10)
    ends = branches.states[branches.parameters == overlap, 0]
    known = MEAN_FIELD[overlap]
    assert np.sort(ends) == pytest.approx([-known, 0.0, known], abs=1e-8)


def test_wong_wang_in_stimulus_strength():
    start = np.full(2, 0.102651249565)
    branches = follow(lambda mu: wong_wang(mu, 0.0), start, (-20.0, 80.0), at=0.0, name="μ")
    folds, forks = specials(branches, "fold"), specials(branches, "pitchfork")
    assert branches.n_special == 6
    low, high = -7.731826998201019, 65.68198606519489
    assert branches.special_parameters[folds] == pytest.approx([low, low, high, high], abs=1e-8)
    known = [10.67680576467845, 43.01818677701672]
    assert branches.special_parameters[forks] == pytest.approx(known, abs=1e-8)
    states = branches.special_states[forks]
    assert states[:, 0] == pytest.approx([0.1440105421167553, 0.5309013504826715], abs=1e-8)
    assert states[:, 1] == pytest.approx(states[:, 0], abs=1e-10)
    assert branches.special_criticality[forks].tolist() == ["subcritical", "subcritical"]
    # one closed curve runs through both pitchforks and the four folds
    assert branches.n_branches == 2
    assert branches.endings[1].tolist() == ["closed on itself", "closed on itself"]
    counts = [len(branches.states_at(mu)) for mu in (-10.0, 0.0, 30.0, 50.0, 70.0)]
    assert counts == [1, 5, 3, 5, 1]


WONG_WANG_POINTS = {
    (0.0, 0.0): [
        (0.102651249565, 0.102651249565),
        (0.566987180557, 0.0318914198205),
        (0.313844924265, 0.0557853305247),
    ],
    (30.0, 0.0): [(0.658694233523, 0.0518071991493), (0.424455591643, 0.424455591643)],
    (30.0, 0.14): [
        (0.66797761994, 0.0458301437228),
        (0.0591100360917, 0.64810466846),
        (0.384558607208, 0.453630916848),
    ],
    (30.0, 1.0): [(0.709280520282, 0.0239636646117)],
}


@pytest.mark.parametrize(("mu", "coherence"), WONG_WANG_POINTS)
def test_branches_end_at_the_known_points_of_wong_wang(mu, coherence):
    """Followed in the stimulus, from each known point, and back to where they began."""
    known = np.array(WONG_WANG_POINTS[mu, coherence])
    branches = follow(
        lambda p: wong_wang(p, coherence), known, (mu, mu + 1.0), switch=False, disconnected=None
    )
    there = branches.states_at(mu)
    assert len(there) == len(known)
    assert np.abs(there[:, None] - known).max(2).min(0).max() < 2e-11


def test_wong_wang_in_coherence():
    start = np.array([0.709280520282, 0.0239636646117])
    branches = follow(lambda c: wong_wang(30.0, c), start, (1.0, -1.0), name="coherence")
    edge = 0.6847012902209954
    assert branches.special("fold") == pytest.approx([-edge, edge], abs=1e-8)
    right = branches.special_states[specials(branches, "fold")[1]]
    assert right == pytest.approx([0.15558657, 0.55120795], abs=1e-7)
    assert branches.n_branches == 1


def test_fitzhugh_nagumo_has_two_subcritical_hopf_points():
    def system(current):
        def field(x):
            v, w = x
            return jnp.stack([v - v**3 / 3 - w + current, (v + 0.7 - 0.8 * w) / 12.5])

        return sx.Flow(field, 2)

    branches = follow(system, np.array([-1.2, -0.6]), (0.0, 2.0), name="I")
    assert branches.special_type.tolist() == ["Hopf", "Hopf"]
    assert branches.special("Hopf") == pytest.approx([0.33128133745475, 1.4187186625453], abs=1e-9)
    assert branches.special_angle == pytest.approx(0.27550680572356, abs=1e-10)
    voltage = np.sqrt(1 - 0.8 / 12.5)
    assert np.sort(branches.special_states[:, 0]) == pytest.approx([-voltage, voltage], abs=1e-10)
    # with q₀ = 1, |q|² = 1 + |b/τ − iω|²; the reference has 1.0497 in that normalization
    square = 1 + (0.8 / 12.5) ** 2 + branches.special_angle[0] ** 2
    assert branches.special_coefficient * square == pytest.approx(1.0497, abs=5e-5)
    assert branches.special_criticality.tolist() == ["subcritical", "subcritical"]


def test_cubic_normal_forms():
    edge = 2 / (3 * np.sqrt(3))
    branches = follow(lambda i: sx.Flow(lambda x: x**3 - x + i, 1), 0.0, (-1.0, 1.0), at=0.0)
    assert branches.special("fold") == pytest.approx([-edge, edge], abs=1e-12)
    for slope in (0.5, 1.5):
        cusp = 2 * (slope / 3) ** 1.5
        branches = follow(
            lambda mu, a=slope: sx.Flow(lambda x: mu + a * x - x**3, 1), -1.5, (-2.0, 2.0)
        )
        assert branches.special("fold") == pytest.approx([-cusp, cusp], abs=1e-12)
    sine = follow(
        lambda i: sx.Flow(lambda x: jnp.sin(x) + i, 1, domain=(-2.0, 2.0)), 0.0, (-2, 2), at=0.0
    )
    assert sine.special("fold") == pytest.approx([-1.0, 1.0], abs=1e-10)
    assert set(sine.endings.ravel().tolist()) == {"left the domain of the system"}


def test_a_transcritical_point_and_its_coefficient():
    branches = follow(lambda p: sx.Flow(lambda x: p * x - x**2, 1), 0.0, (-1.0, 1.0))
    assert branches.special_type.tolist() == ["transcritical"]
    assert branches.special_parameters[0] == pytest.approx(0.0, abs=1e-12)
    assert branches.special_coefficient[0] == pytest.approx(-1.0, abs=1e-12)
    assert np.sort(branches.states_at(1.0)[:, 0]) == pytest.approx([0.0, 1.0], abs=1e-12)


@pytest.mark.laws
def test_a_subcritical_pitchfork_is_told_from_a_supercritical_one():
    branches = follow(lambda p: sx.Flow(lambda x: p * x + x**3 - x**5, 1), 0.0, (-1.0, 1.0))
    assert branches.special("pitchfork") == pytest.approx([0.0], abs=1e-12)
    assert branches.special_criticality[specials(branches, "pitchfork")] == ["subcritical"]
    assert branches.special_coefficient[specials(branches, "pitchfork")] == pytest.approx(1.0)
    assert branches.special("fold") == pytest.approx([-0.25, -0.25], abs=1e-12)


def test_an_imperfect_pitchfork_has_no_branch_point():
    branches = follow(lambda p: sx.Flow(lambda x: p * x - x**3 + 1e-3, 1), 0.0, (-1.0, 1.0))
    assert branches.special_type.tolist() == ["fold"]
    assert branches.special_parameters[0] == pytest.approx(3 * (1e-3 / 2) ** (2 / 3), abs=1e-10)
    assert branches.n_branches == 2  # the second is not connected: deflation found it
    assert branches.origin[1].startswith("deflation at")


def test_deflation_finds_an_isola():
    def system(p):
        return sx.Flow(lambda x: -(x - 3) * (x**2 + p**2 - 0.25), 1)

    branches = follow(system, 3.0, (-1.0, 1.0))
    assert branches.special("fold") == pytest.approx([-0.5, 0.5], abs=1e-10)
    assert branches.endings[1].tolist() == ["closed on itself", "closed on itself"]
    isola = branches.of_branch(1)
    assert isola.states[:, 0] ** 2 + isola.parameters**2 == pytest.approx(0.25, abs=1e-9)
    assert follow(system, 3.0, (-1.0, 1.0), disconnected=None).n_branches == 1


@pytest.mark.laws
def test_symmetric_inhibition_of_three_units_is_unfolded():
    J = -np.ones((3, 3)) + np.eye(3)
    branches = follow(
        lambda g: sx.Flow(lambda x: jnp.tanh(g * (J @ x)) - x, 3), [0.0] * 3, (0.2, 2)
    )
    assert branches.special_type.tolist() == ["crossing"]  # two modes at once
    assert branches.special_parameters[0] == pytest.approx(1.0, abs=1e-6)
    assert branches.n_branches == 7  # the origin, and six lines through it by symmetry
    assert len(branches.states_at(2.0)) == 13


@pytest.mark.parametrize("kind", quick(["CTRNN", "GRU", "LSTM"], "CTRNN"))
def test_a_network_is_followed_in_its_input(kind):
    options = {"activation": "tanh"} if kind == "CTRNN" else {}
    network = getattr(sx.networks, kind)(3, 8, 3, key=jax.random.key(0), **options)

    def system_of(coherence):
        return network.at_input([1.0, 0.5 + coherence / 200, 0.5 - coherence / 200])

    size = system_of(0.0).size
    points = sx.find_fixed_points(system_of(0.0), np.zeros((1, size)), completeness=False)
    branches = sx.continue_fixed_points(
        system_of, points, (-51.2, 51.2), at=0.0, name="coherence", disconnected=None
    )
    assert branches.endings.ravel().tolist() == [END, END]
    assert residuals(branches, system_of).max() < 1e-12
    assert (branches.parameters.min(), branches.parameters.max()) == (-51.2, 51.2)


@pytest.mark.laws
@pytest.mark.parametrize("bend", quick([np.sin, lambda p: np.cbrt(p) ** 3 + abs(p) * p], 0))
def test_arrays_that_bend_with_the_parameter_are_followed_too(bend):
    def system_of(p):
        # numpy cannot be traced, and the input is no linear function of p
        return sx.DiscreteMap(step, 1, input=np.array([bend(float(p))]))

    def step(x, u):
        return jnp.tanh(2.0 * x + u)

    method = sx.solvers.PseudoArclength(max_step=0.1)
    branches = follow(system_of, -1.0, (-1.5, 1.5), method=method, disconnected=None)
    fold = brentq(lambda p: bend(p) - 0.532839975353552, 0.0, 1.5, xtol=1e-14)
    assert branches.special("fold") == pytest.approx([-fold, fold], abs=1e-9)


def test_a_change_of_the_parameter_compiles_nothing():
    traces = []

    def system_of(w):
        traces.append(w)
        return tanh_unit(w)

    follow(system_of, 0.0, (0.5, 2.0), disconnected=None)
    first = len(traces)
    assert first < 12
    method = sx.solvers.PseudoArclength(max_step=0.007)
    follow(system_of, 0.0, (0.5, 2.0), disconnected=None, method=method)
    assert len(traces) == 2 * first


def test_stability_of_a_flow_and_of_its_map_differ_as_they_should():
    def leaky(a):
        return lambda x: (1 - a) * x + a * jnp.tanh(-4.0 * x)

    branches = follow(lambda a: sx.DiscreteMap(leaky(a), 1), 0.0, (0.1, 1.0), name="dt/tau")
    assert branches.special("flip") == pytest.approx([0.4], abs=1e-10)  # 1 − 5a = −1


def test_a_kink_is_turned_and_named():
    # x = relu(p) − |x| …: f = p − |x| has two branches that meet in a corner at p = 0
    branches = follow(lambda p: sx.Flow(lambda x: p - jnp.abs(x), 1), 1.0, (1.0, -1.0))
    assert branches.special_type.tolist() == ["border collision"]
    assert branches.special_parameters[0] == pytest.approx(0.0, abs=1e-6)
    assert np.sort(branches.states_at(1.0)[:, 0]) == pytest.approx([-1.0, 1.0], abs=1e-12)


def test_a_branch_that_blows_up_keeps_what_it_has():
    method = sx.solvers.PseudoArclength(largest_state=20.0)
    branches = follow(
        lambda p: sx.Flow(lambda x: 1 - p * x, 1),
        1.0,
        (1.0, -1.0),
        method=method,
        disconnected=None,
    )
    assert sorted(branches.endings[0].tolist()) == ["a unit exceeded largest_state = 20", END]
    assert branches.states[:, 0] * branches.parameters == pytest.approx(1.0, abs=1e-10)


def test_a_pole_is_approached_in_longer_and_longer_steps():
    """x = 1/p: with steps that grow with the state a branch of 1e4 needs some hundred points."""
    method = sx.solvers.PseudoArclength(largest_state=1e4)
    branches = follow(
        lambda p: sx.Flow(lambda x: 1 / p - x, 1),
        1.0,
        (1.0, -1.0),
        method=method,
        disconnected=None,
    )
    assert "a unit exceeded largest_state = 10000" in branches.endings[0]
    assert len(branches) < 1200
    assert np.abs(np.diff(branches.parameters)).max() <= 2 * 0.02 * 1.1
    assert branches.states[:, 0] * branches.parameters == pytest.approx(1.0, abs=1e-6)


def test_an_asymptote_ends_a_branch_before_rounding_does():
    """p eˣ = x has a fold at p = 1/e; beyond it p → 0 and nothing but rounding is left of it."""
    branches = follow(lambda p: sx.Flow(lambda x: p * jnp.exp(x) - x, 1), 0.0, (0.0, 1.0))
    assert branches.special_type.tolist() == ["fold"]
    assert branches.special_parameters[0] == pytest.approx(np.exp(-1), abs=1e-12)
    assert any("the parameter stands still: an asymptote" in end for end in branches.endings[0])
    assert len(branches) < 600


def test_a_continuum_at_one_value_is_no_row_of_folds():
    branches = follow(lambda p: sx.Flow(lambda x: p * x, 1), 0.0, (-1.0, 1.0), disconnected=None)
    assert branches.special_names == ["degenerate pitchfork"]
    assert all("a continuum of fixed points at one value" in end for end in branches.endings[1])
    everywhere = follow(lambda p: sx.Flow(lambda x: 0 * x, 1), 0.0, (-1.0, 1.0), disconnected=None)
    assert len(everywhere) == 1
    assert any("the Jacobian has lost rank" in end for end in everywhere.endings[0])


def test_what_lies_outside_the_domain_is_not_followed():
    inside = (-0.5, 0.5)
    branches = follow(lambda p: sx.Flow(lambda x: p - x, 1, domain=inside), 0.0, (0.0, 1.0))
    assert branches.n_branches == 1
    assert "left the domain of the system" in branches.endings[0]
    assert branches.states.max() < 0.53


def test_a_search_where_signs_are_rounding_has_an_end(monkeypatch):
    monkeypatch.setattr(atlas, "Budget", lambda: isolating.Budget(1))
    branches = follow(tanh_unit, 0.0, (-2.0, 2.0), at=0.0, disconnected=None)
    assert any("special points may lack" in remark for remark in branches.remarks)


def test_bounds_are_kept_and_told():
    method = sx.solvers.PseudoArclength(max_points=10)
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), method=method, disconnected=None)
    assert "reached max_points = 10" in branches.endings[0]
    assert len(branches.of_branch(0)) <= 19
    assert "max_points = 10" in branches.describe()
    method = sx.solvers.PseudoArclength(max_branches=1)
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), method=method)
    assert branches.remarks == ("reached max_branches = 1: there may be more",)
    assert branches.n_branches == 1


def test_a_start_near_a_fixed_point_is_corrected():
    root = brentq(lambda x: np.tanh(2 * x) - x, 0.5, 1)
    branches = follow(tanh_unit, 0.9, (2.0, 3.0), disconnected=None)
    assert branches.states_at(2.0)[:, 0] == pytest.approx([root], abs=1e-12)


def test_a_start_at_a_branch_point_is_a_start():
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), at=1.0, disconnected=None)
    assert branches.special("pitchfork") == pytest.approx([1.0], abs=1e-12)
    assert branches.n_branches == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": [40.0]}, "the start is no fixed point at w = 0.5: its residual is 39"),
        ({"at": 3.0}, "the start lies at w = 3.0, outside the range from 0.5 to 2"),
        ({"parameter": (1.0, 1.0)}, "the range of w is empty"),
        ({"parameter": (0.0, np.nan)}, "must be a pair of finite numbers"),
        ({"start": [0.0, 0.0]}, "start must be a state (1,)"),
        ({"start": [np.nan]}, "NaN or infinite"),
        ({"system_of": lambda w: w}, "must return a DiscreteMap or a Flow, got float"),
        (
            {"system_of": lambda w: sx.DiscreteMap(lambda x: np.float64(w) * x, 1)},
            "cannot be traced by JAX",
        ),
        (
            {"system_of": lambda w: sx.DiscreteMap(lambda x: jnp.tanh(x.astype(jnp.float32)), 1)},
            "computes in float32",
        ),
    ],
)
def test_what_cannot_work_is_said(change, message):
    given = {"system_of": tanh_unit, "start": [0.0], "parameter": (0.5, 2.0), "name": "w"} | change
    given["start"] = np.array(given["start"])
    with pytest.raises(sx.InvalidInputError) as caught:
        sx.continue_fixed_points(**given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [{"max_step": 0.0}, {"max_points": 0}, {"max_angle": 90.0}, {"first_step": 1.0}],
)
def test_options_that_cannot_work_are_refused(options):
    with pytest.raises(sx.InvalidInputError):
        sx.solvers.PseudoArclength(**options)


def test_branches_survive_xarray_and_know_their_parts():
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), name="w")
    lines = branches.describe().split("\n")
    assert lines == [branches.summary(), "  supercritical pitchfork at w = 1"]
    assert lines[0].endswith(f"2 branches, {len(branches)} points, 1 special point")
    again = sx.Record.from_xarray(branches.to_xarray())
    assert again.summary() == branches.summary()
    assert np.array_equal(again.states, branches.states)
    with pytest.raises(sx.InvalidInputError, match="there is no branch 2"):
        branches.of_branch(2)
    with pytest.raises(sx.InvalidInputError, match="no special point is called 'hopf'"):
        branches.special("hopf")


def takens(p, b):
    return sx.Flow(lambda z: jnp.stack([z[1], p + b * z[1] + z[0] ** 2 + z[0] * z[1]]), 2)


@pytest.mark.parametrize(
    ("system_of", "start", "words"),
    [
        # x' = y, y' = p + b y + x² + x y at b = 0: the Hopf point has come to the fold
        (lambda p: takens(p, 0.0), [-1.0, 0.0], ("fold", "Bogdanov–Takens")),
        (lambda p: sx.Flow(lambda x: p - x**4, 1), [1.0], ("fold", "degenerate")),
        (lambda p: sx.Flow(lambda x: p * x - x**5, 1), [0.0], ("pitchfork", "degenerate")),
        # r' = r (p − r⁴): the cubic coefficient is 0, as at a Bautin point
        (
            lambda p: sx.Flow(lambda z: (p - (z @ z) ** 2) * z + jnp.stack([-z[1], z[0]]), 2),
            [0.0, 0.0],
            ("Hopf", "degenerate"),
        ),
        # 1:1 resonance of a map
        (
            lambda p: sx.DiscreteMap(lambda z: jnp.stack([z[0] + z[1], z[1] + p + z[0] ** 2]), 2),
            [-1.0, 0.0],
            ("fold", "strong resonance"),
        ),
    ],
)
def test_what_no_normal_form_of_codimension_one_decides_is_called_so(system_of, start, words):
    begin = -1.0 if len(start) == 2 or start == [0.0] else 1.0
    branches = follow(system_of, start, (begin, -begin), disconnected=None)
    assert (branches.special_type[0], branches.special_criticality[0]) == words
    assert branches.special_parameters == pytest.approx([0.0], abs=1e-6)


def test_the_hopf_point_beside_a_bogdanov_takens_point():
    """b = 0.3: trace b + x = 0 at x = −b, so p = −b²; l₁ > 0 all along, as at the BT point."""
    branches = follow(lambda p: takens(p, 0.3), [-1.0, 0.0], (-1.0, 1.0), disconnected=None)
    assert branches.special("Hopf") == pytest.approx([-0.09], abs=1e-12)
    assert branches.special("fold") == pytest.approx([0.0], abs=1e-12)
    assert branches.special_criticality.tolist() == ["subcritical", ""]
    # ½ p·B(q, q) with q = (1, 0), p = (·, 1/b) of the sign for p·q = 1
    assert abs(branches.special_coefficient[1]) == pytest.approx(1 / 0.3, rel=1e-9)


def test_other_modes_at_the_boundary_give_a_fold_its_name():
    """w' = p − w², and beside it a pair with real part p: a fold–Hopf point at 0."""

    def system(p):
        def field(z):
            r2 = z[0] ** 2 + z[1] ** 2
            return jnp.stack([(p - r2) * z[0] - z[1], z[0] + (p - r2) * z[1], p - z[2] ** 2])

        return sx.Flow(field, 3)

    branches = follow(system, [0.0, 0.0, 1.0], (1.0, -0.5), disconnected=None)
    assert branches.special_type.tolist() == ["fold"]
    assert branches.special_names == ["fold (fold–Hopf)"]


@pytest.mark.parametrize("gap", [1e-6, 2e-8])
def test_two_hopf_points_next_to_one_another_are_two(gap):
    def system(p):
        rates = jnp.array([p, p, p - gap, p - gap])
        spin = jnp.array([1.0, 1.0, 2.2, 2.2]) * jnp.array([-1.0, 1.0, -1.0, 1.0])
        return sx.Flow(lambda z: (rates - z @ z) * z + spin * z[jnp.array([1, 0, 3, 2])], 4)

    branches = follow(system, np.zeros(4), (-1.0, 1.1), disconnected=None)
    assert branches.special_type.tolist() == ["Hopf", "Hopf"]
    assert branches.special("Hopf") == pytest.approx([0.0, gap], abs=1e-12)
    near = gap < 1e-7
    why = "double Hopf" if near else "supercritical"
    assert branches.special_criticality.tolist() == [why] * 2


def spun(z, p, sign, turn):
    """p + sign |z|² along z, and what turns it."""
    return (p + sign * (z @ z)) * z + turn * jnp.stack([-z[1], z[0]])


def spiral(p, sign):
    """x ↦ R x (1 + p + sign |x|²): by a turn of 1 radian."""
    turn = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    return sx.DiscreteMap(lambda x: (1 + p + sign * (x @ x)) * (turn @ x), 2)


def delayed_logistic(r):
    return sx.DiscreteMap(lambda x: jnp.stack([r * x[0] * (1 - x[1]), x[0]]), 2)


@pytest.mark.parametrize(
    ("system_of", "start", "span", "kind", "criticality", "coefficient"),
    [
        (lambda p: sx.Flow(lambda x: p - x**2, 1), [1.0], (1, -1), "fold", "", -1.0),
        (
            lambda p: sx.DiscreteMap(lambda x: x + p + 2 * x**2, 1),
            [-0.5],
            (-0.5, 1),
            "fold",
            "",
            2.0,
        ),
        # ½ (−2r)(−2r) / (1 − μ) at r = 3, μ = −1
        (
            lambda r: sx.DiscreteMap(lambda x: r * x * (1 - x), 1),
            [0.6],
            (2.5, 3.5),
            "flip",
            "supercritical",
            9.0,
        ),
        (
            lambda p: sx.DiscreteMap(lambda x: p * x - x**3, 1),
            [0.0],
            (-0.5, -1.5),
            "flip",
            "subcritical",
            -1.0,
        ),
        # |q| = 1 makes |x|² = 2 |z|²
        (
            lambda p: sx.Flow(lambda z: spun(z, p, 1, 2.0), 2),
            [0, 0],
            (-1, 1),
            "Hopf",
            "subcritical",
            1.0,
        ),
        (
            lambda p: sx.Flow(lambda z: spun(z, p, -1, 2.0), 2),
            [0, 0],
            (-1, 1),
            "Hopf",
            "supercritical",
            -1.0,
        ),
        # z ↦ e^{iθ} z (1 + p ± |z|²), |x|² = 2 |z|²
        (lambda p: spiral(p, 1), [0, 0], (-0.5, 0.5), "Neimark–Sacker", "subcritical", 2.0),
        (lambda p: spiral(p, -1), [0, 0], (-0.5, 0.5), "Neimark–Sacker", "supercritical", -2.0),
        (
            lambda p: sx.DiscreteMap(lambda x: (1 + p) * x + x**3, 1),
            [0.0],
            (-0.5, 0.5),
            "pitchfork",
            "subcritical",
            1.0,
        ),
        (
            lambda p: sx.Flow(lambda x: p * x - 2 * x**3, 1),
            [0.0],
            (-0.5, 0.5),
            "pitchfork",
            "supercritical",
            -2.0,
        ),
        (
            lambda p: sx.DiscreteMap(lambda x: (1 + p) * x - 3 * x**2, 1),
            [0.0],
            (-0.5, 0.5),
            "transcritical",
            "",
            -3.0,
        ),
        # Kuznetsov's example 4.2 has −2 for q₂ = 1, that is |q|² = 2
        (delayed_logistic, [0.4, 0.4], (5 / 3, 2.2), "Neimark–Sacker", "supercritical", -1.0),
    ],
)
def test_coefficients_of_normal_forms(system_of, start, span, kind, criticality, coefficient):
    branches = follow(system_of, np.array(start, float), span, disconnected=None)
    (here,) = specials(branches, kind)
    assert branches.special_criticality[here] == criticality
    assert branches.special_coefficient[here] == pytest.approx(coefficient, rel=1e-8)

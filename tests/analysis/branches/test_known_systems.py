"""Branches of systems whose bifurcations are known: one unit, two, and networks of rank one."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import follow, specials, tanh_unit

import separatrix as sx


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


def test_tanh_unit_has_folds_in_its_bias():
    w, fold = 2.0, 0.532839975353552
    branches = follow(lambda b: tanh_unit(w, b), -1.0, (-2.0, 2.0), name="b")
    assert branches.special("fold") == pytest.approx([-fold, fold], abs=1e-10)
    states = branches.special_states[specials(branches, "fold"), 0]
    assert states == pytest.approx(np.array([1, -1]) * np.sqrt(1 - 1 / w), abs=1e-10)
    assert branches.n_branches == 1
    assert set(branches.n_unstable.tolist()) == {0, 1}


def test_an_imperfect_pitchfork_has_no_branch_point():
    branches = follow(lambda p: sx.Flow(lambda x: p * x - x**3 + 1e-3, 1), 0.0, (-1.0, 1.0))
    assert branches.special_type.tolist() == ["fold"]
    assert branches.special_parameters[0] == pytest.approx(3 * (1e-3 / 2) ** (2 / 3), abs=1e-10)
    assert branches.n_branches == 2  # the second is not connected: deflation found it
    assert branches.origin[1].startswith("deflation at")


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


def wong_wang(mu, coherence=0.0):
    def field(s):
        evidence = 0.00052 * mu * (1 + coherence * jnp.array([1.0, -1.0]))
        drive = 270.0 * (0.2609 * s - 0.0497 * s[::-1] + 0.3255 + evidence) - 108.0
        return -s / 0.1 + (1 - s) * 0.641 * drive / -jnp.expm1(-0.154 * drive)

    return sx.Flow(field, 2, domain=(0.0, 1.0))


def test_wong_wang_in_stimulus_strength():
    start = np.full(2, 0.102651249565)
    branches = follow(wong_wang, start, (-20.0, 80.0), at=0.0, name="μ")
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


def test_wong_wang_in_coherence():
    start = np.array([0.709280520282, 0.0239636646117])
    branches = follow(lambda c: wong_wang(30.0, c), start, (1.0, -1.0), name="coherence")
    edge = 0.6847012902209954
    assert branches.special("fold") == pytest.approx([-edge, edge], abs=1e-8)
    right = branches.special_states[specials(branches, "fold")[1]]
    assert right == pytest.approx([0.15558657, 0.55120795], abs=1e-7)
    assert branches.n_branches == 1

"""Branches of rank-one networks and of Wong and Wang's two populations, against known numbers."""

import jax.numpy as jnp
import numpy as np
import pytest
from branch_tools import follow, specials
from rooms import quick

import separatrix as sx


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


def wong_wang(mu, coherence):
    JE, JI, JA, IB = 0.2609, -0.0497, 0.00052, 0.3255

    def field(s):
        evidence = JA * mu * (1 + coherence * jnp.array([1.0, -1.0]))
        drive = 270.0 * (JE * s + JI * s[::-1] + IB + evidence) - 108.0
        return -s / 0.1 + (1 - s) * 0.641 * drive / -jnp.expm1(-0.154 * drive)

    return sx.Flow(field, 2, domain=(0.0, 1.0))


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

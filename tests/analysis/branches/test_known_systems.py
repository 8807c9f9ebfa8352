"""Branches of systems whose bifurcations are known: one unit, two, and networks of rank one."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from branch_tools import follow, tanh_unit
from fields import assert_fields

import separatrix as sx


def test_the_branches_of_a_tanh_unit_in_its_gain():
    branches = follow(tanh_unit, 0.0, (0.5, 2.0), name="w")
    known = [-0.9575040240772687, 0.0, 0.9575040240772687]
    assert np.sort(branches.states_at(2.0)[:, 0]) == pytest.approx(known, abs=1e-12)
    straight, curved = branches.of_branch(0), branches.of_branch(1)
    assert np.array_equal(straight.n_unstable, (straight.parameters > 1).astype(int))
    off = np.abs(curved.states[:, 0]) > 1e-3
    assert (curved.stability[off] == "stable").all()
    w = np.arctanh(curved.states[off, 0]) / curved.states[off, 0]
    assert curved.parameters[off] == pytest.approx(w, abs=1e-9)


def of_gain(gain):
    return systems.rank_one(gain).system


def wong_wang(mu, coherence=0.0):
    """Written by hand: a quotient of the drive and what vanishes with it."""

    def field(s):
        evidence = 0.00052 * mu * (1 + coherence * jnp.array([1.0, -1.0]))
        drive = 270.0 * (0.2609 * s - 0.0497 * s[::-1] + 0.3255 + evidence) - 108.0
        return -s / 0.1 + (1 - s) * 0.641 * drive / -jnp.expm1(-0.154 * drive)

    return sx.Flow(field, 2, domain=(0.0, 1.0))


def takens(p, b):
    return sx.Flow(lambda z: jnp.stack([z[1], p + b * z[1] + z[0] ** 2 + z[0] * z[1]]), 2)


def turned(z, rate, omega, others=0.0):
    """A pair of modes with real part `rate`, and what keeps it small."""
    return (rate - z @ z - others) * z + omega * jnp.stack([-z[1], z[0]])


def two_pairs(p, other):
    """Pairs with real parts p and `other`, of frequencies 1 and 2.2."""

    def field(z):
        one, two = z[:2], z[2:]
        return jnp.concatenate([turned(one, p, 1.0, two @ two), turned(two, other, 2.2, one @ one)])

    return sx.Flow(field, 4)


def flow(field, size=1):
    return lambda p: sx.Flow(lambda x: field(x, p), size)


LOW, HIGH = -7.731826998201019, 65.68198606519489
STRENGTHS = [LOW, LOW, 10.67680576467845, 43.01818677701672, HIGH, HIGH]
FOLD, EDGE, GAP = 0.532839975353552, 0.6847012902209954, np.sqrt(0.5)
DEGENERATE = {"parameters": [0.0], "criticality": ["degenerate"]}
SPECIAL = {  # a family, a start, a span, the special points, and how well their place is known
    "a unit in its gain": (
        tanh_unit,
        [0.0],
        (0.5, 2.0),
        {
            "type": ["pitchfork"],
            "parameters": [1.0],
            "criticality": ["supercritical"],
            "coefficient": [-1 / 3],  # tanh = x − x³/3
            "branch": [0],
            "other": [1],
        },
        1e-9,
    ),
    "rank one in its gain": (
        of_gain,
        np.zeros(50),
        (0.0, 1.0),
        {"type": ["pitchfork"], "parameters": [1 / 1.8]},
        1e-10,
    ),
    "Wong-Wang in strength": (
        wong_wang,
        [0.102651249565] * 2,
        (-20.0, 80.0),
        {
            "type": ["fold"] * 2 + ["pitchfork"] * 2 + ["fold"] * 2,
            "parameters": STRENGTHS,
            "criticality": [*[""] * 2, *["subcritical"] * 2, *[""] * 2],
        },
        1e-8,
    ),
    "a unit in its bias": (
        lambda b: tanh_unit(2.0, b),
        [-1.0],
        (-2.0, 2.0),
        {"type": ["fold"] * 2, "parameters": [-FOLD, FOLD], "states": [[GAP], [-GAP]]},
        1e-10,
    ),
    "an imperfect pitchfork": (
        flow(lambda x, p: p * x - x**3 + 1e-3),
        [0.0],
        (-1.0, 1.0),
        {"type": ["fold"], "parameters": [3 * (1e-3 / 2) ** (2 / 3)]},
        1e-10,
    ),
    "a strong resonance": (  # θ = π/2
        lambda a: sx.DiscreteMap(lambda x: jnp.tanh(a * jnp.stack([-x[1], x[0]])), 2),
        [0.0, 0.0],
        (0.5, 1.5),
        {
            "type": ["Neimark–Sacker"],
            "parameters": [1.0],
            "criticality": ["strong resonance"],
            "coefficient": [np.nan],
        },
        1e-10,
    ),
    "Wong-Wang in coherence": (
        lambda c: wong_wang(30.0, c),
        [0.709280520282, 0.0239636646117],
        (1.0, -1.0),
        {
            "type": ["fold"] * 2,
            "parameters": [-EDGE, EDGE],
            "states": [[0.55120795, 0.15558657], [0.15558657, 0.55120795]],
        },
        1e-8,
    ),
    # b = 0.3: trace b + x = 0 at x = −b, so p = −b²; l₁ > 0 all along, as at the BT point
    "beside a Bogdanov-Takens point": (
        lambda p: takens(p, 0.3),
        [-1.0, 0.0],
        (-1.0, 1.0),
        {"type": ["Hopf", "fold"], "parameters": [-0.09, 0.0], "criticality": ["subcritical", ""]},
        1e-12,
    ),
    "two Hopf points": (
        lambda p: two_pairs(p, p - 1e-6),
        np.zeros(4),
        (-1.0, 1.1),
        {"type": ["Hopf"] * 2, "parameters": [0.0, 1e-6], "criticality": ["supercritical"] * 2},
        1e-12,
    ),
    "two Hopf points, nearer": (
        lambda p: two_pairs(p, p - 2e-8),
        np.zeros(4),
        (-1.0, 1.1),
        {"type": ["Hopf"] * 2, "parameters": [0.0, 2e-8], "criticality": ["degenerate"] * 2},
        1e-12,
    ),
    # w' = p − w², and beside it a pair with real part p
    "a fold with other modes": (
        flow(lambda z, p: jnp.append(turned(z[:2], p, 1.0), p - z[2] ** 2), 3),
        [0.0, 0.0, 1.0],
        (1.0, -0.5),
        {"type": ["fold"], **DEGENERATE},
        1e-6,
    ),
    # x' = y, y' = p + b y + x² + x y at b = 0: the Hopf point has come to the fold
    "a Bogdanov-Takens point": (
        lambda p: takens(p, 0.0),
        [-1.0, 0.0],
        (-1.0, 1.0),
        {"type": ["fold"], **DEGENERATE},
        1e-6,
    ),
    "a flat fold": (
        flow(lambda x, p: p - x**4),
        [1.0],
        (1.0, -1.0),
        {"type": ["fold"], **DEGENERATE},
        1e-6,
    ),
    "a flat pitchfork": (
        flow(lambda x, p: p * x - x**5),
        [0.0],
        (-1.0, 1.0),
        {"type": ["pitchfork"], **DEGENERATE},
        1e-6,
    ),
    # r' = r (p − r⁴): the cubic coefficient is 0, as at a Bautin point
    "a Bautin point": (
        flow(lambda z, p: (p - (z @ z) ** 2) * z + jnp.stack([-z[1], z[0]]), 2),
        [0.0, 0.0],
        (-1.0, 1.0),
        {"type": ["Hopf"], **DEGENERATE},
        1e-6,
    ),
    "a 1:1 resonance": (
        lambda p: sx.DiscreteMap(lambda z: jnp.stack([z[0] + z[1], z[1] + p + z[0] ** 2]), 2),
        [-1.0, 0.0],
        (-1.0, 1.0),
        {"type": ["fold"], **DEGENERATE},
        1e-6,
    ),
}
SEPARATE = {  # the number of branches, where those that are not connected are looked for, too
    "a unit in its bias": 1,
    "an imperfect pitchfork": 2,
    "Wong-Wang in coherence": 1,
    "Wong-Wang in strength": 2,
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_points_are_where_they_are_known_to_be(name):
    system_of, start, span, expected, error = SPECIAL[name]
    options = {} if name in SEPARATE else {"disconnected": None}
    at = {"at": 0.0} if "strength" in name else {}
    branches = follow(system_of, np.array(start), span, **options, **at)
    order = np.argsort(branches.special_parameters, kind="stable")
    found = {field: getattr(branches, f"special_{field}")[order] for field in expected}
    assert_fields(SimpleNamespace(**found), **expected, atol=error)
    if name in SEPARATE:
        assert branches.n_branches == SEPARATE[name]
    if name == "beside a Bogdanov-Takens point":
        # ½ p·B(q, q) with q = (1, 0), p = (·, 1/b) of the sign for p·q = 1
        assert abs(branches.special_coefficient[order[1]]) == pytest.approx(1 / 0.3, rel=1e-9)


@pytest.mark.parametrize(
    ("system_of", "kind"),
    [
        (lambda p: two_pairs(p, p), "several modes"),
        (lambda p: two_pairs(jnp.sin(p), p * jnp.exp(p)), "several modes"),
        (
            lambda p: sx.Flow(
                lambda z: jnp.append(turned(z[:2], p, 1.0, 0.0), p * z[2] - z[2] ** 3), 3
            ),
            "branch point",
        ),
    ],
)
def test_where_several_modes_cross_the_place_is_known_within_its_error(system_of, kind):
    branches = sx.continue_fixed_points(
        system_of, np.zeros(system_of(0.0).size), (-1.0, 1.3), switch=False, disconnected=None
    )
    assert branches.special_type.tolist() == [kind]
    assert branches.special_criticality.tolist() == [""]
    assert abs(branches.special_parameters[0]) <= branches.special_error[0] < 1e-8


@pytest.mark.parametrize("power", [2, 4])
def test_branches_that_touch_have_no_special_point_and_a_remark(power):
    """x (p^k − x) = 0: the curve touches the line at 0 and crosses nothing."""
    branches = sx.continue_fixed_points(
        lambda p: sx.Flow(lambda x: x * (p**power - x), 1), np.zeros(1), (-1.0, 1.3)
    )
    assert branches.n_special == 0 and branches.remarks
    for p in (-0.9, 0.9):
        states = branches.states_at(p)[:, 0]
        assert np.unique(states.round(3)).tolist() == pytest.approx([0.0, p**power], abs=2e-3)

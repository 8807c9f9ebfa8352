"""Laws of branches of fixed points and of cycles: the bifurcations of textbook systems.

Every answer is in print or was confirmed by another program. A text has the digits that are known,
a pair has the ends of an interval, and a number is exact.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from branch_tools import assert_closed, born_at, specials

import separatrix as sx
from separatrix.solvers.continuation.curve import CurveEnd


def known(value):
    if isinstance(value, str):
        return pytest.approx(float(value), abs=10.0 ** -len(value.partition(".")[2]))
    if isinstance(value, tuple):
        low, high = value
        return pytest.approx((low + high) / 2, abs=(high - low) / 2)
    return pytest.approx(value, rel=1e-8, abs=1e-8)


def special_points(branches):
    kinds = np.unique(branches.special_type).tolist()
    return {kind: branches.special(kind).tolist() for kind in kinds}


def all_known(table):
    return {kind: [known(value) for value in values] for kind, values in table.items()}


# Systems


def flow(slopes, size):
    """Return the flows of a function of the parameter and of each variable."""
    return lambda p: sx.Flow(lambda x: jnp.stack(slopes(p, *x)), size)


def reaction(p, u, v):
    """AUTO's `ab`: a reactor of one exothermic reaction."""
    rate = p * (1 - u) * jnp.exp(v)
    return -u + rate, -v + 14 * rate - 2 * v


def lorenz_84(G):
    return lambda F, x, y, z: (
        -y * y - z * z - 0.25 * x + 0.25 * F,
        x * y - 4 * x * z - y + G,
        4 * x * y + x * z - z,
    )


def rosenzweig_macarthur(K, x, y):
    eaten = 2 * x * y / (1 + x)
    return x * (1 - x / K) - eaten, eaten - 0.8 * y


def bazykin(delta, x, y):
    eaten = x * y / (1 + 0.1 * x)
    return x - eaten - 0.01 * x * x, -y + eaten - delta * y * y


def oregonator(f, x, y, z):
    """Field & Noyes (1974) in the scaling of Tyson (1985), with both of his ε at 0.04."""
    q = 8e-4
    return (q * y - x * y + x * (1 - x)) / 0.04, (-q * y - x * y + f * z) / 0.04, x - z


def lorenz_96(size):
    def system_of(F):
        return sx.Flow(lambda x: (jnp.roll(x, -1) - jnp.roll(x, 2)) * jnp.roll(x, 1) - x + F, size)

    return system_of


def goldbeter(v, c, m, x):
    """Goldbeter (1991): cyclin, and the active parts of a kinase and of a protease."""
    switch = lambda on, off, s: on * (1 - s) / (1.005 - s) - off * s / (0.005 + s)  # noqa: E731
    return (
        v - 0.25 * x * c / (0.02 + c) - 0.01 * c,
        switch(3 * c / (0.5 + c), 1.5, m),
        switch(m, 0.5, x),
    )


def wilson_cowan(p):
    cycle = {"gain": (1.3, 2.0), "threshold": (4.0, 3.7)}
    return sx.models.wilson_cowan((p, 0.0), weights=((16.0, 12.0), (15.0, 3.0)), **cycle)


def ikeda(u):
    def step(z):
        angle = 0.4 - 6 / (1 + z @ z)
        c, s = jnp.cos(angle), jnp.sin(angle)
        return jnp.stack([1 + u * (z[0] * c - z[1] * s), u * (z[0] * s + z[1] * c)])

    return sx.DiscreteMap(step, 2)


# Branches of fixed points


@dataclass(frozen=True)
class Points:
    """A start at the first end of a range, and the special points of its branch by kind."""

    system_of: Callable[[float], sx.AbstractSystem]
    start: list[float] | list[list[float]]
    span: tuple[float, float]
    special: dict[str, list[str | float]]
    coefficients: dict[str, list[str | float]] = field(default_factory=dict)


CLASS_I = {"phi": 1 / 15}
CLASS_II = {"v3": 2.0, "v4": 30.0, "g_ca": 4.4, "phi": 0.04}

POINTS = {
    "AUTO's ab": Points(
        flow(reaction, 2), [0.0, 0.0], (0.0, 0.2),
        {"fold": ["0.0889318462", "0.1057389783"], "Hopf": ["0.1309000448"]},
    ),
    "Brusselator": Points(
        systems.brusselator, [1.0, 1.5], (1.5, 3.0), {"Hopf": [2.0]}, {"Hopf": [-0.5]}
    ),
    "Lorenz": Points(
        systems.lorenz, [0.0, 0.0, 0.0], (0.5, 30.0),
        {"pitchfork": [1.0], "Hopf": [470 / 19, 470 / 19]},
        {"Hopf": ["0.00026551897", "0.00026551897"]},
    ),
    "Lorenz-84, G = 0.25": Points(
        flow(lorenz_84(0.25), 3), [0.0, 0.0, 0.25], (0.0, 3.0), {"Hopf": ["1.0194089760"]}
    ),
    "Lorenz-84, G = 2": Points(
        flow(lorenz_84(2.0), 3), [-0.923, 0.222, -0.426], (0.0, 8.0), {"Hopf": ["6.578985297"]}
    ),
    "Morris-Lecar, class I": Points(
        lambda i: systems.morris_lecar(i, **CLASS_I), [-60.0, 0.0], (-20.0, 150.0),
        {"fold": ["-9.949039", "39.963153"], "Hopf": ["97.787889"]},
    ),
    "Morris-Lecar, class II": Points(
        lambda i: systems.morris_lecar(i, **CLASS_II), [-60.0, 0.01], (0.0, 250.0),
        {"Hopf": ["93.857618", "212.018816"]},
    ),
    "Morris-Lecar, homoclinic": Points(
        systems.morris_lecar, [5.09, 0.311], (45.0, -20.0),
        {"fold": ["-9.949039", "39.963153"], "Hopf": ["36.316217"]},
    ),
    "Hodgkin-Huxley": Points(
        systems.hodgkin_huxley, [0.0, 0.053, 0.596, 0.318], (0.0, 160.0),
        {"Hopf": ["9.77933799", "154.52633367"]}, {"Hopf": ["0.01479364813", "-0.00472850270"]},
    ),
    "Jansen-Rit": Points(
        systems.jansen_rit, systems.JANSEN_RIT_AT_REST, (-50.0, 350.0),
        {"fold": ["-41.3014", "113.5863"], "Hopf": ["-12.1475", "89.8291", "315.6964"]},
        {"Hopf": ["0.0000182183130", "-0.0000032070790", "-0.0000041928164"]},
    ),
    "FitzHugh-Nagumo": Points(
        lambda i: systems.fitzhugh_nagumo(i).system, [-1.2, -0.62], (0.0, 2.0),
        {"Hopf": ["0.3312813375", "1.4187186625"]}, {"Hopf": ["0.971971082", "0.971971082"]},
    ),
    "delayed logistic": Points(
        lambda r: sx.DiscreteMap(lambda n: jnp.stack([r * n[0] * (1 - n[1]), n[0]]), 2),
        [0.4, 0.4], (5 / 3, 2.2),
        {"Neimark–Sacker": [2.0]}, {"Neimark–Sacker": [-1.0]},
    ),
    "Rosenzweig-MacArthur": Points(
        flow(rosenzweig_macarthur, 2), [2 / 3, 0.5], (2.0, 3.0), {"Hopf": [7 / 3]},
        {"Hopf": [-36 / 215 / np.sqrt(12 / 35)]},
    ),
    "Sel'kov": Points(
        flow(lambda b, x, y: (-x + 0.08 * y + x * x * y, b - (0.08 * y + x * x * y)), 2),
        [0.1, 1.0], (0.1, 1.0), {"Hopf": ["0.346410", "0.848528"]}
    ),
    "Bazykin": Points(
        flow(bazykin, 2), [1.2, 1.1], (0.01, 0.2), {"Hopf": ["0.0864869"]}
    ),
    "Oregonator": Points(
        flow(oregonator, 3), [0.7, 0.3, 0.7], (0.3, 2.0), {"Hopf": ["0.533117", "1.263471"]},
        {"Hopf": ["2.305775139", "-5.507630075"]},
    ),
    "Hindmarsh-Rose": Points(
        flow(
            lambda current, x, y, z: (
                y - x**3 + 3 * x * x - z + current,
                1 - 5 * x * x - y,
                0.006 * (4 * (x + 1.6) - z),
            ),
            3,
        ),
        [-1.6, -11.8, 0.0], (0.0, 30.0),
        {"Hopf": ["1.358671", "5.393529", "6.179344", "25.265121"]},
        {"Hopf": ["0.0138767374", "-102.463285", "1.425924018", "-0.0105374078"]},
    ),
    "Chua": Points(  # the circuit with a cubic diode
        flow(lambda alpha, x, y, z: (alpha * (y - x**3 / 16 + x / 6), x - y + z, -14 * y), 3),
        [1.632993, 0.0, -1.632993], (5.0, 8.0), {"Hopf": ["6.577747"]}
    ),
    "Lorenz-96, N = 5": Points(
        lorenz_96(5), [0.5] * 5, (0.5, 2.0), {"Hopf": ["0.894427"]}
    ),
    "Lorenz-96, N = 8": Points(
        lorenz_96(8), [0.5] * 8, (0.5, 2.0), {"Hopf": [1.0, 2**0.5]}
    ),
    "Goldbeter": Points(
        flow(goldbeter, 3), [0.06, 0.003, 0.001], (0.003, 0.025), {"Hopf": ["0.0119169"]}
    ),
    "Wilson-Cowan": Points(
        wilson_cowan, [0.0, 0.0], (0.0, 3.0),
        {"fold": ["0.903197", "1.083016"], "Hopf": ["1.909253"]},
    ),
    "Ikeda": Points(
        ikeda, [[0.53, 0.25], [1.11, -2.29]], (0.9, 0.0),
        {"flip": ["0.4027006"], "fold": ["0.7083763"]}
    ),
    "Bogdanov-Takens": Points(
        flow(lambda b, x, y: (y, b - x + x * x - x * y), 2),
        [-0.1, 0.0], (-0.11, 0.2), {"Hopf": [0.0]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", POINTS)
def test_special_points_of_fixed_points(name):
    row = POINTS[name]
    branches = sx.continue_fixed_points(
        row.system_of, np.array(row.start), row.span, disconnected=None
    )
    assert special_points(branches) == all_known(row.special)
    coefficients = {
        kind: branches.special_coefficient[specials(branches, kind)].tolist()
        for kind in row.coefficients
    }
    assert coefficients == all_known(row.coefficients)


# Branches of cycles


@dataclass(frozen=True)
class Cycles:
    """The branch from a Hopf point of a row above, and its special points by kind."""

    points: str
    hopf: float
    span: tuple[float, float]
    special: dict[str, list[str | float | tuple[float, float]]]
    homoclinic: str | tuple[float, float] | None = None


CYCLES = {
    "Lorenz": Cycles("Lorenz", 470 / 19, (5.0, 30.0), {}, "13.926557"),
    "Morris-Lecar": Cycles(
        "Morris-Lecar, homoclinic", 36.316217, (34.0, 45.0), {"fold": ["40.59335"]},
        systems.MORRIS_LECAR["homoclinic"],
    ),
    "Bogdanov-Takens": Cycles("Bogdanov-Takens", 0.0, (-0.3, 0.2), {}, "-0.2136022"),
    "Hodgkin-Huxley": Cycles(
        "Hodgkin-Huxley", 9.77933799, (0.0, 160.0),
        {"fold": ["6.264", "7.846", "7.922"], "flip": ["7.849"]},
    ),
    "Jansen-Rit": Cycles("Jansen-Rit", -12.1475, (-50.0, 350.0), {"fold": ["137.3793"]}),
    "Jansen-Rit, alpha": Cycles("Jansen-Rit", 89.8291, (-50.0, 350.0), {}),
    # once bracketed by simulation; I ↦ 1.75 − I maps the system to itself
    "FitzHugh-Nagumo": Cycles(
        "FitzHugh-Nagumo", 0.3312813375, (0.0, 2.0),
        {"fold": [(0.3241758, 0.3241797), (1.4258203, 1.4258242)]},
    ),
    "Oregonator": Cycles("Oregonator", 0.533117, (0.4, 0.6), {"fold": ["0.52275152"]}),
    "Hindmarsh-Rose": Cycles("Hindmarsh-Rose", 25.265121, (3.0, 30.0), {"flip": ["3.49425474"]}),
    "Chua": Cycles("Chua", 6.577747, (6.0, 8.5), {"flip": ["8.19784864"]}),
    "Lorenz-96, N = 5": Cycles("Lorenz-96, N = 5", 0.894427, (0.5, 4.2), {"flip": ["3.93785282"]}),
    "Lorenz-96, N = 8": Cycles(
        "Lorenz-96, N = 8", 1.0, (0.5, 5.5), {"flip": ["2.77465201"], "branch point": ["5.0584"]}
    ),
    "Goldbeter": Cycles("Goldbeter", 0.0119169, (0.005, 0.02), {"fold": ["0.01082442"]}),
}  # fmt: skip
LONG = ("Hodgkin-Huxley", "Jansen-Rit", "FitzHugh-Nagumo", "Lorenz-96, N = 8", "Goldbeter")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.weekly if name in LONG else ()) for name in CYCLES],
)
def test_special_points_of_cycles(name):
    row = CYCLES[name]
    points = POINTS[row.points]
    branch = born_at(points.system_of, np.array(points.start), points.span, row.hopf, row.span)
    assert special_points(branch) == all_known(row.special)
    for end, parameter in zip(branch.endings, branch.parameters[[0, -1]], strict=True):
        if end == CurveEnd.FIXED_POINT.value:
            places = [float(value) for value in points.special["Hopf"]]
            assert np.isclose(parameter, places, rtol=5e-3, atol=1e-4).any()
        if end == CurveEnd.HOMOCLINIC.value:
            assert parameter == known(row.homoclinic)
    assert CurveEnd.OPEN.value not in branch.endings
    assert (CurveEnd.HOMOCLINIC.value in branch.endings) == (row.homoclinic is not None)
    assert_closed(branch, points.system_of, len(branch) // 2)


ROSSLER = flow(lambda c, x, y, z: (-y - z, x + 0.2 * y, 0.2 + z * (x - c)), 3)
VAN_DER_POL = flow(lambda mu, x, y: (y, mu * (1 - x**2) * y - x), 2)


@pytest.mark.parametrize(
    ("at", "span", "doubling"),
    [(2.6, (2.0, 3.5), "2.83244503"), (3.3, (2.9, 3.95), "3.83735817")],
    ids=["one turn", "two turns"],
)
def test_the_cycle_of_rossler_doubles(at, span, doubling):
    """SciPy at 1e-13, Newton on the orbit and det(M + I) = 0: the second at 3.83735816841."""
    cycle = sx.find_cycles(ROSSLER(at), np.array([[1.0, 1.0, 0.0]]))
    branch = sx.continue_cycles(ROSSLER, cycle, span, at=at)
    assert special_points(branch) == {"flip": [known(doubling)]}
    assert_closed(branch, ROSSLER, len(branch) // 2)


# Cycles


@pytest.mark.parametrize(
    ("mu", "period"),
    [
        (1.0, "6.6632868593"),
        (5.0, "11.6122306678"),
        (10.0, "19.0783695669"),
        (100.0, "162.8370693"),
    ],
)
def test_periods_of_van_der_pol(mu, period):
    cycles = sx.find_cycles(VAN_DER_POL(mu), np.array([[2.0, 1.0]]))
    assert cycles.period == pytest.approx([float(period)], rel=1e-7)
    assert abs(cycles.period[0] - float(period)) < cycles.period_error[0]
    assert cycles.stability.tolist() == ["stable"]


def test_henon_has_as_many_cycles_as_are_known():
    """Of 1 to 8 steps; Galias (1998)."""
    henon = lambda x: jnp.stack([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]])  # noqa: E731
    starts = systems.box(2, -1.5, 1.5, 400)
    cycles = sx.find_cycles(sx.DiscreteMap(henon, 2), starts, length=range(1, 9))
    assert np.bincount(cycles.length)[1:].tolist() == [2, 1, 0, 1, 0, 2, 4, 7]

"""Coefficients of normal forms against those of systems that are normal forms."""

import jax.numpy as jnp
import numpy as np
import pytest
import systems
from branch_tools import follow, specials

import separatrix as sx


def spun(z, p, sign):
    """p + sign |z|² along z, and what turns it."""
    return (p + sign * (z @ z)) * z + 2.0 * jnp.stack([-z[1], z[0]])


def flow(field, size=1):
    return lambda p: sx.Flow(lambda x: field(x, p), size)


def iterated(step, size=1):
    return lambda p: sx.DiscreteMap(lambda x: step(x, p), size)


ZERO, TURN = [0.0, 0.0], np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
FORMS = [
    (flow(lambda x, p: p - x**2), [1.0], (1, -1), "fold", "", -1.0),
    (iterated(lambda x, p: x + p + 2 * x**2), [-0.5], (-0.5, 1), "fold", "", 2.0),
    # ½ (−2r)(−2r) / (1 − μ) at r = 3, μ = −1
    (iterated(lambda x, r: r * x * (1 - x)), [0.6], (2.5, 3.5), "flip", "supercritical", 9.0),
    (iterated(lambda x, p: p * x - x**3), [0.0], (-0.5, -1.5), "flip", "subcritical", -1.0),
    # |q| = 1 makes |x|² = 2 |z|²
    (flow(lambda z, p: spun(z, p, 1), 2), ZERO, (-1, 1), "Hopf", "subcritical", 1.0),
    (flow(lambda z, p: spun(z, p, -1), 2), ZERO, (-1, 1), "Hopf", "supercritical", -1.0),
    # z ↦ e^{iθ} z (1 + p ± |z|²), |x|² = 2 |z|²
    (
        iterated(lambda x, p: (1 + p + x @ x) * (TURN @ x), 2),
        ZERO,
        (-0.5, 0.5),
        "Neimark–Sacker",
        "subcritical",
        2.0,
    ),
    (flow(lambda x, p: p * x - 2 * x**3), [0.0], (-0.5, 0.5), "pitchfork", "supercritical", -2.0),
    (
        iterated(lambda x, p: (1 + p) * x + x**3),
        [0.0],
        (-0.5, 0.5),
        "pitchfork",
        "subcritical",
        1.0,
    ),
    (iterated(lambda x, p: (1 + p) * x - 3 * x**2), [0.0], (-0.5, 0.5), "transcritical", "", -3.0),
    # Kuznetsov's example 4.2 has −2 for q₂ = 1, that is |q|² = 2
    (
        iterated(lambda x, r: jnp.stack([r * x[0] * (1 - x[1]), x[0]]), 2),
        [0.4, 0.4],
        (5 / 3, 2.2),
        "Neimark–Sacker",
        "supercritical",
        -1.0,
    ),
]


@pytest.mark.parametrize(
    ("system_of", "start", "span", "kind", "criticality", "coefficient"), FORMS
)
def test_coefficients_of_normal_forms(system_of, start, span, kind, criticality, coefficient):
    branches = follow(system_of, np.array(start, float), span, disconnected=None)
    (here,) = specials(branches, kind)
    assert branches.special_criticality[here] == criticality
    assert branches.special_coefficient[here] == pytest.approx(coefficient, rel=1e-8)


def measured(system_of, sizes, unit=1.0):
    """The same systems with states, and the parameter, in other units."""
    sizes = np.asarray(sizes, float)

    def make(p):
        system = system_of(p / unit)
        function = lambda x: sizes * system.evaluate(x / sizes)  # noqa: E731
        return (sx.Flow if system.kind == "flow" else sx.DiscreteMap)(function, system.size)

    return make


DEGENERATE = [
    (flow(lambda x, p: p - x**4), [1.0], (1, -1), "fold", "degenerate", 0.0),
    (flow(lambda x, p: p * x - x**5), [0.0], (-1, 1), "pitchfork", "degenerate", 0.0),
    (flow(lambda z, p: spun(z, p - (z @ z) ** 2, 0), 2), ZERO, (-1, 1), "Hopf", "degenerate", 0.0),
]
TRANSCRITICAL = flow(lambda x, p: p * x - x**2), [0.0], (-0.5, 0.5), "transcritical", "", -1.0


OTHERS = [
    pytest.param(*form, marks=pytest.mark.laws) for form in [*FORMS[4:8], *FORMS[9:], *DEGENERATE]
]


@pytest.mark.parametrize(
    "size", [1e-5, *(pytest.param(size, marks=pytest.mark.laws) for size in (1e-6, 1e6))]
)
@pytest.mark.parametrize(
    ("system_of", "start", "span", "kind", "criticality", "coefficient"),
    [*FORMS[:4], TRANSCRITICAL, *OTHERS],
)
def test_units_of_the_states_change_no_word(
    system_of, start, span, kind, criticality, coefficient, size
):
    sizes = np.full(len(start), size)
    branches = follow(measured(system_of, sizes), start * sizes, span, disconnected=None)
    (here,) = specials(branches, kind)
    assert branches.special_criticality[here] == criticality
    power = 1 if kind in ("fold", "transcritical") else 2
    found = branches.special_coefficient[here] * size**power
    assert found == pytest.approx(coefficient, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("unit", [1e-5, 1e5])
def test_units_of_the_parameter_change_no_word(unit):
    system_of, start, span, *_ = TRANSCRITICAL
    in_others = measured(system_of, [1.0], unit)
    branches = follow(in_others, start, (span[0] * unit, span[1] * unit), disconnected=None)
    assert branches.special_names == ["transcritical"]


@pytest.mark.parametrize(
    ("system_of", "start", "span", "names"),
    [
        (
            lambda p: systems.fitzhugh_nagumo(p).system,
            [-1.2, -0.62],
            (0.0, 2.0),
            ["subcritical Hopf"] * 2,
        ),
        (systems.brusselator, [1.0, 1.5], (1.5, 3.0), ["supercritical Hopf"]),
        (systems.morris_lecar, [-60.0, 0.01], (0.0, 60.0), ["fold"]),
        pytest.param(
            systems.jansen_rit,
            systems.JANSEN_RIT_AT_REST,
            (-50.0, 350.0),
            ["fold", "fold", "subcritical Hopf", "supercritical Hopf", "supercritical Hopf"],
            marks=pytest.mark.runs,
        ),
        pytest.param(
            systems.lorenz,
            np.zeros(3),
            (0.5, 30.0),
            ["subcritical Hopf", "subcritical Hopf", "supercritical pitchfork"],
            marks=pytest.mark.runs,
        ),
        # what drives the second unit does not hear of it at the start
        (
            flow(lambda z, p: jnp.stack([p * z[0] - z[0] * z[1], -z[1] + z[0] ** 2]), 2),
            ZERO,
            (-1, 1),
            ["supercritical pitchfork"],
        ),
        (
            flow(lambda z, p: jnp.stack([(p - z[0] + 0.3 * z[1]) * z[0], 0.2 * z[0] - z[1]]), 2),
            ZERO,
            (-1, 1),
            ["transcritical"],
        ),
    ],
)
def test_units_of_their_own_for_every_unit_change_nothing(system_of, start, span, names):
    sizes = 10.0 ** np.linspace(-5, 5, len(start))
    plain, other = (
        follow(measured(system_of, units), start * units, span, disconnected=None)
        for units in (np.ones(len(start)), sizes)
    )
    assert sorted(plain.special_names) == sorted(other.special_names) == names
    places = [np.sort(branches.special_parameters) for branches in (plain, other)]
    np.testing.assert_allclose(*places, rtol=1e-8, atol=1e-8)


def test_the_cycle_that_is_born_is_as_large_as_the_units_are():
    system_of = flow(lambda z, p: spun(z, p, -1), 2)
    swings = []
    for sizes in ([1.0, 1.0], [1e5, 1e5], [1e5, 1e-5]):
        branches = follow(measured(system_of, sizes), ZERO, (-1, 1), disconnected=None)
        swings.append(branches.emerging_cycle(0, 0.01).amplitude / sizes)
    np.testing.assert_allclose(swings, 0.2, rtol=1e-8)  # r² = p, from −r to r


def test_a_kink_at_the_start_or_poles_at_the_ends_tell_no_units():
    """|x| bends at every distance, and has no size; p log p has no value at p = 0."""
    kink = follow(flow(lambda x, p: p - x + 0.5 * jnp.abs(x)), [0.0], (0.0, 1.0))
    assert kink.states_at(1.0) == pytest.approx(np.array([[2.0]]))
    pole = follow(flow(lambda x, p: p * jnp.log(p) - x - x**3), [0.0], (1.0, 0.0))
    assert pole.parameters.min() < 0.1

"""Phase portraits and cycles: what is drawn is where the field says, and where the cycles are."""

import jax.numpy as jnp
import numpy as np
import pytest
from figure_texts import assert_texts_are_clear
from matplotlib.contour import QuadContourSet
from matplotlib.quiver import Quiver

import separatrix as sx
from separatrix import figures

SQUARE = ((-1.5, 1.5), (-1.5, 1.5))
FLOW = sx.Flow(lambda x: jnp.stack([x[0] - x[0] ** 3, -x[1]]), 2)
"""Nodes at (±1, 0), a saddle at 0; units do not change on x₁ ∈ {−1, 0, 1}, and on x₂ = 0."""
MAP = sx.DiscreteMap(lambda x: jnp.stack([0.5 * x[0], -0.5 * x[1]]), 2)
HALVING = sx.DiscreteMap(lambda x: x / 2, 1)
STATES = np.random.default_rng(0).uniform(-1.4, 1.4, (30, 2))


def portrait(system, *given, **options):
    """Return the axes of a phase portrait over the square."""
    return figures.phase_portrait(system, *given, **{"limits": SQUARE} | options).axes[0]


def drawn(axes, kind):
    return [c for c in axes.collections if isinstance(c, kind)]


def nullclines(axes):
    return [found.get_paths()[0].vertices for found in drawn(axes, QuadContourSet)]


def test_nullclines_are_where_a_unit_does_not_change():
    first, second = nullclines(portrait(FLOW))
    assert np.abs(first[:, 0] - first[:, 0].round()).max() < 1e-3
    assert {-1.0, 0.0, 1.0} == set(first[:, 0].round() + 0.0)
    assert np.abs(second[:, 1]).max() < 1e-9
    half = sx.Flow(lambda x: jnp.stack([jnp.log(x[0]), -x[1]]), 2)  # finite on one side
    assert np.abs(nullclines(portrait(half))[0][:, 0] - 1).max() < 1e-3


def test_arrows_of_a_map_point_to_where_a_step_leads():
    (quiver,) = drawn(portrait(MAP), Quiver)
    at = np.asarray(quiver.get_offsets())
    arrow, step = np.stack([quiver.U, quiver.V], 1), at * [-0.5, -1.5]
    across = arrow[:, 0] * step[:, 1] - arrow[:, 1] * step[:, 0]
    assert np.abs(across).max() < 1e-12 and (arrow * step).sum(1).min() >= 0
    assert np.linalg.norm(arrow, axis=1).max() <= np.diff(np.unique(at[:, 0]))[0]


@pytest.mark.parametrize(("field", "arrows"), [("arrows", 1), ("streamlines", 0), (False, 0)])
@pytest.mark.parametrize("system", [FLOW, MAP])
def test_the_field_is_drawn_as_it_is_asked_for(system, field, arrows):
    axes = portrait(system, field=field)
    assert len(drawn(axes, Quiver)) == arrows
    assert (len(axes.patches) > 0) == (field == "streamlines")  # the heads of streamlines


def test_points_are_drawn_by_stability_and_trajectories_as_they_are():
    leaning = sx.Flow(lambda x: jnp.stack([x[0] - x[0] ** 3, 0.5 * x[0] - x[1]]), 2)
    points, paths = sx.find_fixed_points(leaning, STATES), STATES[:6].reshape(2, 3, 2)
    axes = portrait(leaning, points, paths, limits=None)
    labels = axes.get_legend_handles_labels()[1]
    assert {"fixed, stable (2)", "saddle, 1 unstable direction (1)"} <= set(labels)
    lines = [np.column_stack(line.get_data()) for line in axes.lines]
    for path in paths:
        assert any(np.array_equal(line, path) for line in lines)
    seen = np.concatenate([np.asarray(points.states), STATES[:6]])
    (low, high) = np.transpose([axes.get_xlim(), axes.get_ylim()])
    assert (seen > low).all() and (seen < high).all()
    axes.figure.draw_without_rendering()
    assert_texts_are_clear(axes.figure)


@pytest.mark.parametrize(
    ("draw", "word"),
    [
        (lambda: figures.phase_portrait(sx.Flow(lambda x: -x, 3)), "units"),
        (lambda: figures.phase_portrait(FLOW), "limits"),
        (lambda: figures.phase_portrait(FLOW, limits=((1, -1), (0, 1))), "limits"),
        (lambda: figures.phase_portrait(FLOW, limits=SQUARE, field="quiver"), "quiver"),
        (lambda: figures.cycle(sx.find_cycles(HALVING, np.ones((1, 1)))), "no cycle"),
        (lambda: figures.cycle(np.zeros((3, 2))), "Cycles"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, word):
    with pytest.raises(sx.InvalidInputError, match=word):
        draw()


def circle(radius, size=2, tau=10.0):
    """A flow that turns once in 2π τ at a radius, in the first two of some units."""

    def field(x):
        y = x[:2]
        turn = y * (radius**2 - y @ y) + jnp.stack([-y[1], y[0]])
        return jnp.concatenate([turn, -x[2:]])

    return sx.find_cycles(sx.Flow(field, size, tau=tau), np.full((1, size), 0.4 * radius))


@pytest.mark.parametrize("size", [2, 5])
def test_a_cycle_of_a_flow_is_a_closed_curve_over_its_period(size):
    """Along its own components a circle is a circle, in as many units as may be."""
    left, above, below = figures.cycle(circle(0.5, size)).axes
    curve = np.column_stack(left.lines[0].get_data())
    np.testing.assert_array_equal(curve[0], curve[-1])
    np.testing.assert_allclose(np.linalg.norm(curve, axis=1), 0.5, atol=1e-6)
    for axes, values in zip((above, below), curve.T, strict=True):
        times, shown = axes.lines[0].get_data()
        assert (times[0], times[-1]) == pytest.approx((0, 20 * np.pi))
        np.testing.assert_array_equal(shown, values)
    assert below.get_xlabel() == "time (ms)"
    assert left.get_legend_handles_labels()[1] == ["stable, 62.8 ms"]


def test_cycles_of_a_map_are_steps_by_phase():
    """Two cycles of the logistic map of 4 and of 2 steps, the second one unstable, as states."""
    system = sx.DiscreteMap(lambda x: 3.5 * x * (1 - x), 1)
    cycles = sx.find_cycles(system, np.linspace(0.1, 0.9, 9)[:, None], length=[2, 4])
    left, right = figures.cycle(cycles).axes
    handles, labels = left.get_legend_handles_labels()
    assert labels == ["cycle 0: unstable, 2 steps", "cycle 1: stable, 4 steps"]
    for dots, line, length in zip(handles, right.lines, cycles.length, strict=True):
        now, later = dots.get_data()
        np.testing.assert_allclose(later, 3.5 * now * (1 - now), atol=1e-9)
        assert len(now) == length and line.get_xdata()[-1] == 1.0
    assert [line.get_linestyle() for line in right.lines] == ["--", "-"]


def test_cycles_are_drawn_over_the_activity_along_given_components():
    cycles, states = circle(0.5, 5), np.random.default_rng(0).standard_normal((4, 9, 5))
    axes = sx.project(states, num=3)[1]
    left = figures.cycle(cycles, states, axes).axes[0]
    curve = next(line for line in left.lines if len(line.get_xdata()) > 200)
    expected = axes[:2].project(cycles.orbit(0))
    np.testing.assert_allclose(np.column_stack(curve.get_data())[:-1], expected, atol=1e-12)
    assert "activity (4 trials)" in left.get_legend_handles_labels()[1]

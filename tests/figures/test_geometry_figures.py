"""Figures of slow curves, boundaries and commitment, as all others (test_figures.py)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sample_records import RECORDS

import separatrix as sx
from separatrix import figures
from separatrix.figures.point_looks import INDEX_COLORS

SWAP = np.array([[0.0, -1.0], [-1.0, 0.0]])
LINE = sx.Flow(lambda r: -r + jax.nn.relu(SWAP @ r + 1.0), 2, tau=10.0)


def test_the_line_is_drawn_at_rest():
    figure = figures.slow_curve(
        sx.slow_curve(LINE, np.array([1.0, -1.0]), np.linspace(-1.5, 1.5, 13))
    )
    labels = [t.get_text() for t in figure.legends[0].get_texts()]
    assert "at rest" in labels and "drift" in labels
    (rests,) = [line for line in figure.axes[0].lines if line.get_label() == "at rest"]
    np.testing.assert_allclose(rests.get_xdata(), np.linspace(-1, 1, 9), atol=1e-12)


@pytest.mark.parametrize("count", [2, 3])
def test_every_link_of_a_saddle_is_drawn(count):
    topology, components = RECORDS["topology"], RECORDS["principal_components"][:count]
    (axes,) = figures.fixed_point_topology(topology, components).axes
    saddles = topology.n_unstable > 0
    links = [
        line
        for line in axes.lines
        if line.get_marker() == "None" and line.get_color() in INDEX_COLORS
    ]
    assert len(links) == topology.links[saddles].sum() == 2
    assert [text.get_text() for text in axes.texts] == ["++", "−−", "−+"]
    assert count == 2 or axes.get_zlabel().startswith("PC 3 (")


def test_stability_changes_at_the_special_points_of_a_coarse_branch():
    """Rest of x = tanh(g x) is stable up to g = 1, its other fixed points from there on."""
    coarse = sx.solvers.PseudoArclength(first_step=0.3, max_step=0.3)
    branches = sx.continue_fixed_points(
        lambda g: sx.DiscreteMap(lambda x: jnp.tanh(g * x), 1), np.zeros(1), (0.5, 2.0),
        name="g", method=coarse, disconnected=None,
    )  # fmt: skip
    assert branches.special("pitchfork") == pytest.approx([1.0], abs=1e-8)
    lines = sx.figures.bifurcation_diagram(branches).axes[0].lines
    at_rest = [line for line in lines if len(line.get_xdata()) > 1 and not any(line.get_ydata())]
    ends = {str(line.get_label()): np.ptp(line.get_xdata()) for line in at_rest}
    assert ends == {"fixed, stable": pytest.approx(0.5), "fixed, unstable": pytest.approx(1.0)}


def test_cycles_are_drawn_by_their_extremes_or_periods_with_the_fold_between():
    """r' = r (p + r² − r⁴): the radius is that of r² = (1 ± √(1 + 4 p)) / 2, from p = −1/4 on."""

    def system_of(p):
        def field(x):
            r2 = x @ x
            return (p + r2 - r2**2) * x + 0.3 * (1 + r2) * jnp.stack([-x[1], x[0]])

        return sx.Flow(field, size=2, tau=10.0)

    at_rest = sx.continue_fixed_points(system_of, np.zeros(2), (-0.5, 0.1))
    start = at_rest.emerging_cycle(0, -0.04)
    cycles = sx.continue_cycles(system_of, start, (-0.5, 0.1))
    (axes,) = sx.figures.bifurcation_diagram(cycles, np.array([1.0, 0.0])).axes
    drawn = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert {str(line.get_label()) for line in drawn} == {"cycle, stable", "cycle, unstable"}
    assert sorted(line.get_ydata().mean() < 0 for line in drawn) == [False, False, True, True]
    for line in drawn:
        p, sign = np.asarray(line.get_xdata()), 1 if line.get_label() == "cycle, stable" else -1
        radius = np.sqrt((1 + sign * np.sqrt(np.maximum(1 + 4 * p, 0))) / 2)
        assert np.abs(line.get_ydata()) == pytest.approx(radius, abs=0.01)
    (folds,) = [line for line in axes.lines if line.get_label() == "fold of cycles"]
    assert folds.get_xdata() == pytest.approx([-0.25, -0.25], abs=1e-5)
    (axes,) = sx.figures.bifurcation_diagram(cycles, period=True).axes
    times = np.concatenate([line.get_ydata() for line in axes.lines if len(line.get_xdata()) > 2])
    assert set(np.asarray(cycles.period)) <= set(times)
    with pytest.raises(sx.InvalidInputError, match="cycles"):
        sx.figures.bifurcation_diagram(at_rest, period=True)

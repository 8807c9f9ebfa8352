"""Where candidates end that the residual led to no zero: slow points, zeros after all, nowhere."""

import jax.numpy as jnp
import numpy as np
import pytest

import separatrix as sx


def caught(velocity, where):
    """A map whose residual has a minimum of its own at a state."""

    def residual(x):
        return velocity(x) * (1 - 0.999 * jnp.exp(-4 * jnp.sum((x - jnp.asarray(where)) ** 2)))

    return sx.DiscreteMap(lambda x: x + 0.1 * velocity(x), len(where), residual=residual)


def valley(steepness, drift=None):
    """A long curved valley that leads to (1, 1), where a third unit may drift on."""

    def velocity(x):
        bent = jnp.stack([steepness * (x[1] - x[0] ** 2), 1 - x[0]])
        return bent if drift is None else jnp.append(bent, drift + x[2] ** 2)

    return velocity


def around(state, count):
    """States within 0.1 of one."""
    return state + np.random.default_rng(0).uniform(-0.1, 0.1, (count, len(state)))


BEGIN = np.array([-3.0, 9.0])


@pytest.mark.parametrize(
    ("steepness", "count", "slow_points"),
    [(3.0, 1, False), (30.0, 1, True), (100.0, 1, True), (3.0, 70, False)],
)
def test_a_zero_beyond_a_minimum_of_the_residual_and_a_long_curved_valley_is_reached(
    steepness, count, slow_points
):
    system = caught(valley(steepness), BEGIN)
    points = sx.find_fixed_points(system, around(BEGIN, count), slow_points=slow_points)
    assert points.outcomes.tolist() == ["fixed"] * count
    assert points.states == pytest.approx(np.ones((1, 2)), abs=1e-10)
    assert points.certified.all()


def test_a_slow_point_beyond_a_minimum_of_the_residual_is_reached():
    begin = np.array([-1.0, 1.0, 0.3])
    system = caught(valley(1, drift=0.1), begin)
    points = sx.find_fixed_points(system, begin + np.array([[0.05, 0.02, 0.0]]))
    assert points.outcomes.tolist() == ["slow"]
    assert points.states == pytest.approx(np.array([[1.0, 1.0, 0.0]]), abs=1e-8)
    assert points.speed == pytest.approx([0.01])


def test_slow_points_are_told_beside_the_speed_of_the_candidates():
    """The speed is least at −2, where nearly all candidates are, and at 2, where others move."""

    def field(x):
        return 1.05 - jnp.exp(-((x + 2) ** 2)) - 0.3 * jnp.exp(-((x - 2) ** 2))

    starts = np.concatenate([np.linspace(-3, -1, 95), np.linspace(1.9, 2.1, 5)])
    points = sx.find_fixed_points(sx.Flow(field, size=1), starts[:, None])
    speeds = np.asarray(field(starts))
    assert points.typical_speed == pytest.approx(np.median(speeds[speeds > speeds.max() / 100]))
    assert points.states == pytest.approx(np.array([[-2.0], [2.0]]), abs=1e-5)
    shares = [f"{100 * speed / points.typical_speed:.2g} %" for speed in points.speed]
    assert points._table()["of typical"] == shares
    assert float(shares[1][:-2]) > 100

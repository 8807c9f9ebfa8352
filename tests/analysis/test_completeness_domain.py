"""The box that holds every fixed point, for functions written in many ways."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from scipy import linalg, special

import separatrix as sx
from separatrix.analysis.completeness import Domain, find_domain
from separatrix.systems import in_float64

N = 5
RNG = np.random.default_rng(0)
W, U = RNG.standard_normal((2, N, N))
V = RNG.standard_normal((4 * N, N))
sigmoid = jax.nn.sigmoid


def domain(system, **kwargs):
    with jax.enable_x64(True):
        return find_domain(in_float64(system), **kwargs)


def handwritten_sigmoid(x):
    return 1 / (1 + jnp.exp(-x))


def tanh_gate(x):
    return 0.5 * (1 + jnp.tanh(x / 2))


def pytorch_gru(gate):
    def step(h):
        z = gate(U @ h)
        return (1 - z) * jnp.tanh(W @ h) + z * h

    return step


def other_gru(gate):
    def step(h):
        z = gate(U @ h)
        return (1 - z) * h + z * jnp.tanh(W @ h)

    return step


def incremental_gru(gate):
    return lambda h: h + gate(U @ h) * (jnp.tanh(W @ h) - h)


def slow_gru(gate):
    return lambda h: h + 0.2 * (1 - gate(U @ h)) * (jnp.tanh(W @ h) - h)


def split_gru(gate):
    weights = jnp.concatenate([jnp.asarray(U), jnp.asarray(W)])

    def step(h):
        a, b = jnp.split(weights @ h, 2)
        z = gate(a)
        return (h * z + jnp.tanh(b) * (1 - z)).reshape(N, 1)[:, 0]

    return step


def joint_gru(gate):
    weights = jnp.concatenate([jnp.asarray(W), jnp.asarray(U)])

    def step(h):
        r, z = jnp.split(gate(weights @ h), 2)  # both gates at once
        return (1 - z) * jnp.tanh(W @ (r * h)) + z * h

    return step


def two_gate_gru(gate):
    def step(h):
        return gate(-(U @ h)) * jnp.tanh(W @ h) + gate(U @ h) * h

    return step


def test_units_that_saturate_at_once_have_a_box():
    for activation, low in ((lambda x: jnp.clip(x, -1, 1), -1), (jax.nn.hard_sigmoid, 0)):
        found = domain(sx.Flow(lambda x, f=activation: -x + f(W @ x), N))
        np.testing.assert_allclose([found.lower, found.upper], [[low] * N, [1] * N], rtol=1e-12)
        assert found.inward


def test_gates_of_opposite_currents_add_up_to_one():
    for cell in (two_gate_gru(sigmoid), lambda h: two_gate_gru(sigmoid)(-h)):
        found = domain(sx.DiscreteMap(cell, N))
        np.testing.assert_allclose(found.upper, 1, rtol=1e-12)
        assert found.inward


MOVED = {
    "stacked": lambda h: jnp.stack([pytorch_gru(sigmoid)(h)[k] for k in range(N)]),
    "concatenated": lambda h: jnp.concatenate([pytorch_gru(sigmoid)(h)[:2], 0.9 * h[2:]]),
    "set": lambda h: (
        h.at[1:3]
        .set(pytorch_gru(sigmoid)(h)[1:3].astype(h.dtype))
        .at[jnp.array([0, 3, 4])]
        .set(0.5)
    ),
    "mapped": lambda h: jax.vmap(lambda a, b: jax.jit(lambda c: c * a + (1 - c) * b)(sigmoid(a)))(
        h, jnp.tanh(W @ h)
    ),
    "batched": lambda h: jax.vmap(pytorch_gru(sigmoid))(h[None])[0],
    "checkpointed": jax.checkpoint(lambda h: pytorch_gru(sigmoid)(h)),
}


@pytest.mark.parametrize("name", MOVED)
def test_values_are_followed_where_they_are_moved(name):
    with jax.enable_x64(True):
        found = domain(sx.DiscreteMap(MOVED[name], N))
    assert found.inward
    held = {"concatenated": [0, 1], "set": [1, 2]}.get(name, list(range(N)))
    limits = np.zeros(N)
    limits[held] = 1
    if name == "set":
        limits[[0, 3, 4]] = 0.5
    np.testing.assert_allclose(found.upper, limits, rtol=1e-12, atol=1e-300)


def gru_flow(gate):
    return lambda h: (1 - gate(U @ h)) * (jnp.tanh(W @ h) - h) / 30.0


MAPS = (pytorch_gru, other_gru, incremental_gru, slow_gru, split_gru, joint_gru)


WRITTEN = [(cell, sigmoid) for cell in (*MAPS, gru_flow)]
WRITTEN += [(pytorch_gru, handwritten_sigmoid), (slow_gru, tanh_gate), (gru_flow, tanh_gate)]


@pytest.mark.parametrize(("cell", "gate"), WRITTEN)
def test_gru_written_by_hand_has_the_unit_box(cell, gate):
    with jax.enable_x64(True):
        found = domain((sx.DiscreteMap if cell in MAPS else sx.Flow)(cell(gate), N))
    np.testing.assert_allclose(found.upper, 1, rtol=1e-12)
    np.testing.assert_allclose(found.lower, -1, rtol=1e-12)
    assert found.inward and not found.given and str(found) == "[-1, 1]^5"


NO_BOX = {
    "more than the whole": lambda h: (
        (1 - sigmoid(U @ h)) * jnp.tanh(W @ h) + 1.2 * sigmoid(U @ h) * h
    ),
    "two different gates": lambda h: (1 - sigmoid(U @ h)) * h + sigmoid(W @ h) * jnp.tanh(W @ h),
    "a constant outside the gate": lambda h: pytorch_gru(sigmoid)(h) + 0.1,
    "a gate that closes": lambda h: pytorch_gru(lambda a: jnp.clip(a, 0, 1))(h),
    "wrong sign": lambda h: (1 - sigmoid(U @ h)) * jnp.tanh(W @ h) - 2 * sigmoid(U @ h) * h + 2 * h,
    "translation": lambda h: h + 1,
    "identity": lambda h: h,
    "growth": lambda h: 1.1 * h + jnp.tanh(W @ h),
    "linear coupling": lambda h: 0.5 * h + W @ h,
    "rectifier": lambda h: jax.nn.relu(W @ h),
    "square": lambda h: h * h,
    "the largest number that there is": lambda h: jnp.nan_to_num(jnp.tanh(h / jnp.abs(h))),
}


@pytest.mark.parametrize("name", NO_BOX)
def test_no_box_without_a_proof(name):
    found = domain(sx.DiscreteMap(NO_BOX[name], N))
    assert not found.bounded and not found.inward
    assert "not shown to be driven back" in found.evidence or "not bounded" in found.evidence


@pytest.mark.parametrize("gate", [sigmoid, handwritten_sigmoid])
def test_a_gate_that_infinity_holds_open_lets_its_unit_rest_anywhere(gate):
    def step(h):
        z = gate(U[:, 1:] @ h[1:] + jnp.zeros(N).at[0].set(np.inf))
        return (1 - z) * jnp.tanh(W @ h) + z * h

    found = domain(sx.DiscreteMap(step, N))
    assert not found.bounded and not found.inward


def rate(x):
    """Return what is zero from 2 on, and positive below."""
    return jax.nn.relu(4.0 - x**2)


CLOSED_AT_ZERO_RATE = {
    "logistic of a logarithm": lambda x: sigmoid(2 * jnp.log(rate(x))),
    "exponential of a logarithm": lambda x: jnp.exp(2 * jnp.log(rate(x)) - 2),
    "logarithm written with log1p": lambda x: sigmoid(jnp.log1p(rate(x) - 1)),
    "quotient": lambda x: sigmoid(-1 / rate(x)),
    "power": lambda x: sigmoid(-(rate(x) ** -1.5)),
    "in a loop": lambda x: sigmoid(
        jax.lax.scan(lambda c, _: (c + jnp.log(rate(x)), None), 0 * x, None, 2)[0]
    ),
    "masked": lambda x: sigmoid(jnp.where(rate(x) > 0, x, -jnp.inf)),
    "looked up": lambda x: jnp.exp(jnp.array([-jnp.inf, 0.0])[(rate(x) > 0).astype(int)] - 1),
    "masked after a sum": lambda x: sigmoid(jnp.where(rate(x) > 0, x, x - jnp.inf)),
}


@pytest.mark.parametrize("name", CLOSED_AT_ZERO_RATE)
def test_a_gate_that_closes_where_a_rate_is_zero_lets_its_unit_rest_there(name):
    gate = CLOSED_AT_ZERO_RATE[name]
    found = domain(sx.DiscreteMap(lambda x: x + gate(x) * (0.5 * jnp.tanh(x) - x), 1))
    assert not found.bounded and not found.inward


@pytest.mark.parametrize(
    "current",
    [
        lambda x: W @ x / (1 + jnp.abs(x)) + jnp.sin(x) ** 3,
        lambda x: jnp.minimum(W @ x, 1.0) - jax.nn.softplus(U @ x),
        lambda x: jax.lax.scan(lambda c, _: (W @ jnp.tanh(c) + x, None), x, None, 2)[0],
    ],
)
def test_gates_of_finite_currents_never_close(current):
    def step(h):
        z = sigmoid(current(h))
        return (1 - z) * jnp.tanh(W @ h) + z * h

    assert domain(sx.DiscreteMap(step, N)).inward


def test_rectifier_is_bounded_on_one_side():
    found = domain(sx.DiscreteMap(lambda h: jax.nn.relu(W @ h), N))
    np.testing.assert_array_equal(found.lower, 0)
    assert np.isinf(found.upper).all() and found.evidence.startswith("what drives 5 of 5 units")


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("leak", ["inside", "outside"])
def test_rate_networks_have_the_range_of_their_activation(activation, leak, key):
    network = sx.networks.CTRNN(3, 8, 3, dt=20.0, activation=activation, leak=leak, key=key)
    found = domain(network.at_input([1, 0.5, 0.5]))
    lower, upper = network.domain()
    np.testing.assert_allclose(found.lower, lower, atol=1e-12)
    np.testing.assert_allclose(found.upper, upper, rtol=1e-12)
    assert found.inward and not found.given


def test_rank_one_network_is_bounded_by_its_weights():
    system = systems.rank_one().system
    rng = np.random.default_rng(0)
    m, n = rng.standard_normal(50), rng.standard_normal(50)
    n += (1.8 - n @ m / 50) * m / (m @ m / 50)
    bound = np.abs(m) * np.abs(n).sum() / 50
    found = domain(system)
    np.testing.assert_allclose(found.upper, bound, rtol=1e-12)
    np.testing.assert_allclose(found.lower, -bound, rtol=1e-12)
    assert found.inward


def lstm(scale):
    def step(state):
        h, c = state[:N], state[N:]
        i, f, g, o = jnp.split(scale * (V @ h), 4)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
        return jnp.concatenate([sigmoid(o) * jnp.tanh(c), c])

    return sx.DiscreteMap(step, 2 * N)


def test_a_clipped_network_is_bounded_by_its_heights():
    """z = z/2 + clip(z + 1, 0, 1) and, downward, z = z/2 − clip(z, 0, 1)."""
    network = sx.models.shallow_plrnn(
        [0.5, 0.5], np.eye(2), np.eye(2), [0.0, 0.0], [1.0, -1.0], clipped=True
    )
    box = domain(network)
    np.testing.assert_allclose([box.lower, box.upper], [[0.0, -2.0], [2.0, 0.0]], atol=1e-12)
    points = sx.find_fixed_points(network, np.zeros((1, 2)))
    np.testing.assert_allclose(points.fixed.states, [[2.0, 0.0]], atol=1e-14)
    assert points.complete and points.index_sum == 1


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_a_hopfield_network_of_softmax_is_bounded_by_its_patterns(kind):
    """Of orthogonal patterns every subset may be recalled at once: p = softmax(β N p)."""
    patterns = linalg.hadamard(16)[1:4].astype(float)
    recall = lambda x: patterns.T @ jax.nn.softmax(patterns @ x / 2)  # noqa: E731
    system = sx.DiscreteMap(recall, 16)
    if kind == "flow":
        system = sx.Flow(lambda x: recall(x) - x, 16, 10.0)
    box = domain(system)
    np.testing.assert_allclose([box.lower, box.upper], [patterns.min(0), patterns.max(0)])
    points = sx.find_fixed_points(system, np.zeros((1, 16)))
    assert points.index_sum == 1 and points.complete and points.certified.all()
    shares = points.states @ patterns.T / 16
    assert shares == pytest.approx(special.softmax(8 * shares, axis=1), abs=1e-12)
    assert np.unique(shares > 0.2, axis=0).sum(1).tolist().count(1) == 3 and len(points) == 7


def test_lstm_cells_are_bounded_by_the_largest_forget_gate():
    found = domain(lstm(0.3))
    rows = 0.3 * np.abs(V).sum(axis=1).reshape(4, N)  # |h| ≤ 1, so |pre-activation| ≤ rows
    gate = 1 / (1 + np.exp(-rows))
    bound = gate[0] * np.tanh(rows[2]) / (1 - gate[1])
    np.testing.assert_allclose(found.upper[N:], bound, rtol=1e-12)
    assert found.inward and (found.upper[:N] <= 1).all()


def test_lstm_of_huge_weights_has_no_box():
    # In float64 the forget gate's bound is 1: nothing bounds the cells.
    found = domain(lstm(1e3))
    np.testing.assert_array_equal(found.upper[:N], 1)
    assert not found.bounded
    assert found.evidence == "what drives 5 of 10 units (first unit 5) is not bounded"


def test_bounds_rest_on_bounds_of_earlier_units():
    def field(x):
        driven = jnp.concatenate([jnp.tanh(x[3:]), 2.0 * x[:1], x[1:2] * 3.0, 0.5 * x[2:3]])
        return driven[:4] - x

    found = domain(sx.Flow(field, 4))
    np.testing.assert_allclose(found.upper, [1, 2, 6, 3], rtol=1e-12)
    assert found.inward


def test_jump_leaves_the_box_but_not_the_index():
    found = domain(sx.DiscreteMap(lambda x: jnp.where(x > 0, 1.0, -1.0), 2))
    assert found.bounded and not found.inward and "not shown to be continuous" in found.obstacle


def test_float32_has_no_box():
    found = domain(sx.DiscreteMap(lambda x: jnp.tanh(x.astype(jnp.float32)), 2))
    assert not found.bounded and "float32" in found.evidence


@pytest.mark.parametrize("parameters", systems.WONG_WANG)
def test_gating_variables_of_unbounded_rates_have_the_unit_box(parameters):
    """s' = −s/τ + (1 − s) γ H with a rate H ≥ 0 that nothing bounds from above."""
    found = domain(systems.wong_wang(*parameters).system)
    np.testing.assert_allclose(found.upper, 1, rtol=1e-12)
    np.testing.assert_allclose(found.lower, 0, atol=1e-300)


HALF_BOUNDED = {
    "gain": (lambda x: -x + (1 - x) * jnp.exp(W @ x), 0, 1),
    "falling": (lambda x: -x - (x + 1) * jnp.square(W @ x), -1, 0),
    "mirrored": (lambda x: -x - (1 - x) * -jnp.exp(W @ x), 0, 1),
}


@pytest.mark.parametrize("name", HALF_BOUNDED)
def test_gains_without_an_upper_bound(name):
    field, low, high = HALF_BOUNDED[name]
    found = domain(sx.Flow(field, N))
    np.testing.assert_allclose(found.lower, low, atol=1e-12)
    np.testing.assert_allclose(found.upper, high, atol=1e-12)


UNBOUNDED_GAINS = {
    "drive": lambda x: -x + jnp.exp(W @ x),
    "another gain": lambda x: -x + jnp.exp(W @ x) - x * jnp.exp(U @ x),
    "growth": lambda x: -x + x * jnp.exp(W @ x),
    "weaker than the drive": lambda x: -x + (1 - 0.5 * x + jnp.tanh(x) * x) * jnp.exp(W @ x),
}


@pytest.mark.parametrize("name", UNBOUNDED_GAINS)
def test_no_box_where_a_gain_may_win(name):
    assert not domain(sx.Flow(UNBOUNDED_GAINS[name], N)).bounded


def saturating(**kwargs):
    """x' = x − x³, whose cubic is not looked into."""
    return sx.Flow(lambda x: x - x**3, 2, **kwargs)


def test_given_domain_is_used_where_nothing_is_proved():
    assert not domain(saturating()).bounded
    found = domain(saturating(domain=(0.0, np.array([1.0, 2.0]))))
    assert found.bounded and found.given and not found.inward
    np.testing.assert_array_equal(found.upper, [1, 2])


def test_a_given_domain_without_end_says_so():
    found = domain(sx.Flow(lambda x: x - x**3, 1, domain=(0, np.inf)))
    assert not found.bounded
    assert "was given has no end, and unit 0 is not shown" in found.evidence


def test_given_domain_is_dropped_when_a_fixed_point_lies_outside():
    known = np.array([[1.0, 1.0]]), np.array([1e-9])
    found = domain(saturating(domain=(0.0, 0.9)), known=known)
    assert not found.bounded and "does not hold every fixed point" in found.evidence
    assert domain(saturating(domain=(0.0, 1.1)), known=known).bounded


def test_proved_box_outweighs_a_given_one():
    found = domain(sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1, domain=(-0.5, 0.5)))
    assert found.upper[0] == 1 and not found.given


BOXES = {
    "gru": lambda: sx.DiscreteMap(pytorch_gru(sigmoid), N),
    "slow gru": lambda: sx.DiscreteMap(slow_gru(tanh_gate), N),
    "lstm": lambda: lstm(0.3),
    "wilson-cowan": lambda: systems.wilson_cowan().system,
    "rank one": lambda: systems.rank_one().system,
    "ring": lambda: systems.ring(4, "flow").system,
    "gru flip-flop": lambda: systems.flip_flop("gru32")[0],
}


@pytest.mark.parametrize("name", BOXES)
def test_velocity_points_back_wherever_one_unit_leaves_the_box(name):
    with jax.enable_x64(True):
        system = in_float64(BOXES[name]())
        found = find_domain(system)
        rng = np.random.default_rng(1)
        half = (found.upper - found.lower) / 2
        states = found.lower + half + half * rng.uniform(-1, 1, (300, system.size))
        which = rng.integers(system.size, size=300)
        above = rng.uniform(size=300) < 0.5
        outside = np.where(above, found.upper[which], found.lower[which])
        excess = half[which] * 10.0 ** rng.uniform(-3, 0, 300)
        states[np.arange(300), which] = outside + np.where(above, excess, -excess)
        velocity = jax.jit(jax.vmap(system.velocity))(states)
        velocity = np.asarray(velocity)[np.arange(300), which]
    assert (np.sign(velocity) == np.where(above, -1, 1)).all()


def random_expression(rng, depth, x):
    """Return a random expression of gates, sums and products of the state's entries."""
    if depth == 0:
        leaves = [x, jnp.roll(x, 1), jnp.tanh(W[:3, :3] @ x), sigmoid(U[:3, :3] @ x)]
        leaves += [-x, 1 - sigmoid(U[:3, :3] @ x), float(rng.choice([-1.0, 0.3, 1.0]))]
        leaves += [jnp.exp(U[:3, :3] @ x), jax.nn.relu(W[:3, :3] @ x), -jnp.square(W[:3, :3] @ x)]
        return leaves[rng.integers(len(leaves))]
    a, b = (random_expression(rng, depth - 1, x) for _ in range(2))
    kind = rng.integers(4)
    if kind == 3:
        gate = sigmoid(U[:3, :3] @ x)
        return (1 - gate) * a + gate * b
    return (a + b, a * b, a - b)[kind]


@pytest.mark.parametrize(
    ("count", "least"), [(15, 3), pytest.param(60, 12, marks=pytest.mark.laws)]
)
def test_random_expressions_are_bounded_only_where_they_point_back(count, least):
    rng, boxes = np.random.default_rng(3), 0
    with jax.enable_x64(True):
        for seed in range(count):

            def field(x, seed=seed):
                return random_expression(np.random.default_rng(seed), 1 + seed % 2, x) - x

            found = find_domain(in_float64(sx.Flow(field, 3)))
            finite = np.isfinite(found.upper)
            boxes += found.bounded
            states = rng.uniform(-1, 1, (200, 3)) * 10.0 ** rng.uniform(-2, 2, (200, 3))
            velocity = np.asarray(jax.jit(jax.vmap(field))(states))
            inside = np.where(np.isfinite(found.lower), states >= found.lower, True)
            inside &= np.where(finite, states <= found.upper, True)
            # A unit beyond a bound moves back, if the others are within theirs.
            alone = inside.sum(axis=1) == 2
            above, below = (
                alone[:, None] & (states > found.upper),
                alone[:, None] & (states < found.lower),
            )
            # (Not strictly: in floating point a gate does reach 1.)
            assert (velocity[above] <= 0).all() and (velocity[below] >= 0).all(), seed
    assert boxes >= least  # the test is not empty


@pytest.mark.parametrize(
    ("size", "text"), [(1e-12, "[-1e-12, 1e-12]^2"), (2.5e300, "[-2.5e+300, 2.5e+300]^2")]
)
def test_a_box_of_any_size_is_written_as_it_is(size, text):
    side = np.array([size, size * (1 + 1e-12)])
    assert str(Domain(-side, side, True, "", "")) == text
    assert str(Domain(0 * side, 0 * side, True, "", "")) == "[0, 0]^2"


def test_rounding_leads_out_of_no_domain_without_an_upper_end():
    half = Domain(np.zeros(1), np.full(1, np.inf), True, "", "")
    assert half.excludes(np.array([[-1e-35], [-0.1], [5.0]])).tolist() == [False, True, False]


def test_a_box_without_width_at_zero_can_be_searched():
    """A unit that only decays rests at 0, between bounds of 0 and of −0."""
    system = sx.Flow(lambda x: jnp.stack([x[0] - x[0] ** 3, -x[1]]), 2)
    points = sx.find_fixed_points(system, np.random.default_rng(0).uniform(-1.4, 1.4, (30, 2)))
    assert len(points) == 3 and points.certified.all()

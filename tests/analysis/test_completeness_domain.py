"""The box that holds every fixed point, for functions written in many ways."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import systems
from scipy import special

import separatrix as sx
from separatrix.analysis.completeness import Domain, find_domain
from separatrix.systems import in_float64

N = 5
RNG = np.random.default_rng(0)
W, U = RNG.standard_normal((2, N, N))
V = RNG.standard_normal((4 * N, N))
UNITS = np.arange(N)
sigmoid = jax.nn.sigmoid


def domain(system, **kwargs):
    with jax.enable_x64(True):
        return find_domain(in_float64(system), **kwargs)[0]


def handwritten_sigmoid(x):
    return 1 / (1 + jnp.exp(-x))


def tanh_gate(x):
    return 0.5 * (1 + jnp.tanh(x / 2))


def pytorch_gru(h, gate=sigmoid):
    z = gate(U @ h)
    return (1 - z) * jnp.tanh(W @ h) + z * h


def other_gru(h):
    z = sigmoid(U @ h)
    return (1 - z) * h + z * jnp.tanh(W @ h)


def incremental_gru(h):
    return h + sigmoid(U @ h) * (jnp.tanh(W @ h) - h)


def difference_gru(h):
    """As PyTorch writes it, of a new state that is a sum."""
    n = jnp.tanh(W @ h) + jnp.sin(U @ h)
    return (h - n) * sigmoid(U @ h) + n


def slow_gru(h, gate=sigmoid):
    return h + 0.2 * (1 - gate(U @ h)) * (jnp.tanh(W @ h) - h)


def two_gate_gru(h):
    return sigmoid(-(U @ h)) * jnp.tanh(W @ h) + sigmoid(U @ h) * h


def gru_flow(h, gate=sigmoid):
    return (1 - gate(U @ h)) * (jnp.tanh(W @ h) - h) / 30.0


def driven_gate(current):
    return lambda h: pytorch_gru(h, lambda _: sigmoid(current(h)))


def lstm(scale):
    def step(state):
        h, c = state[:N], state[N:]
        i, f, g, o = jnp.split(scale * (V @ h), 4)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
        return jnp.concatenate([sigmoid(o) * jnp.tanh(c), c])

    return sx.DiscreteMap(step, 2 * N)


def bounds_of_lstm(scale):
    """Of its rates and cells: the cells by the largest forget gate, of |h| ≤ 1, and tanh by 1."""
    rows = scale * np.abs(V).sum(axis=1).reshape(4, N)
    gate = special.expit(rows)
    cells = gate[0] * np.tanh(rows[2]) / (1 - gate[1])
    return np.concatenate([gate[3], cells])


def bound_of_rank_one():
    m, n = systems.RANK_ONE
    return np.abs(m) * np.abs(n).sum() / 50


def driven_in_turn(x):
    """Each unit is bounded by what bounds an earlier one."""
    return jnp.concatenate([jnp.tanh(x[3:]), 2.0 * x[:1], x[1:2] * 3.0, 0.5 * x[2:3]])[:4] - x


def rate_network(activation, leak):
    key = jax.random.key(0)
    network = sx.networks.CTRNN(3, 8, 3, dt=20.0, activation=activation, leak=leak, key=key)
    return network.at_input([1, 0.5, 0.5]), *network.domain()


def gate_map(step):
    return sx.DiscreteMap(step, N), -1, 1


CLIPPED = sx.models.shallow_plrnn(
    [0.5, 0.5], np.eye(2), np.eye(2), [0.0, 0.0], [1.0, -1.0], clipped=True
)
"""z = z/2 + clip(z + 1, 0, 1) and, downward, z = z/2 − clip(z, 0, 1)."""
BOXES = {
    "gru": gate_map(pytorch_gru),
    "gru of a handwritten sigmoid": gate_map(partial(pytorch_gru, gate=handwritten_sigmoid)),
    "other gru": gate_map(other_gru),
    "incremental gru": gate_map(incremental_gru),
    "gru of a difference": (sx.DiscreteMap(difference_gru, N), -2, 2),
    "slow gru": gate_map(slow_gru),
    "slow gru of tanh": gate_map(partial(slow_gru, gate=tanh_gate)),
    "gru flow": (sx.Flow(gru_flow, N), -1, 1),
    "gru flow of tanh": (sx.Flow(partial(gru_flow, gate=tanh_gate), N), -1, 1),
    "two gates": gate_map(two_gate_gru),
    "two gates, turned": gate_map(lambda h: two_gate_gru(-h)),
    "stacked": gate_map(lambda h: jnp.stack([pytorch_gru(h)[k] for k in range(N)])),
    "batched": gate_map(lambda h: jax.vmap(pytorch_gru)(h[None])[0]),
    "checkpointed": gate_map(jax.checkpoint(pytorch_gru)),
    "concatenated": (
        sx.DiscreteMap(lambda h: jnp.concatenate([pytorch_gru(h)[:2], 0.9 * h[2:]]), N),
        -1.0 * (UNITS < 2),
        1.0 * (UNITS < 2),
    ),
    "a quotient as current": gate_map(
        driven_gate(lambda x: W @ x / (1 + jnp.abs(x)) + jnp.sin(x) ** 3)
    ),
    "a minimum as current": gate_map(
        driven_gate(lambda x: jnp.minimum(W @ x, 1.0) - jax.nn.softplus(U @ x))
    ),
    "a loop as current": gate_map(
        driven_gate(lambda x: jax.lax.scan(lambda c, _: (W @ jnp.tanh(c) + x, None), x, None, 2)[0])
    ),
    "clip": (sx.Flow(lambda x: -x + jnp.clip(W @ x, -1, 1), N), -1, 1),
    "hard sigmoid": (sx.Flow(lambda x: -x + jax.nn.hard_sigmoid(W @ x), N), 0, 1),
    "rates of tanh": rate_network("tanh", "inside"),
    "rates of tanh, leak outside": rate_network("tanh", "outside"),
    "rates of a sigmoid": rate_network("sigmoid", "inside"),
    "rates of a sigmoid, leak outside": rate_network("sigmoid", "outside"),
    "rank one": (systems.rank_one().system, -bound_of_rank_one(), bound_of_rank_one()),
    "lstm": (lstm(0.3), -bounds_of_lstm(0.3), bounds_of_lstm(0.3)),
    "clipped": (CLIPPED, np.array([0.0, -2.0]), np.array([2.0, 0.0])),
    "units in turn": (sx.Flow(driven_in_turn, 4), -np.array([1, 2, 6, 3]), np.array([1, 2, 6, 3])),
    "a gain": (sx.Flow(lambda x: -x + (1 - x) * jnp.exp(W @ x), N), 0, 1),
    "a falling gain": (sx.Flow(lambda x: -x - (x + 1) * jnp.square(W @ x), N), -1, 0),
    "a mirrored gain": (sx.Flow(lambda x: -x - (1 - x) * -jnp.exp(W @ x), N), 0, 1),
    # s' = −s/τ + (1 − s) γ H with a rate H ≥ 0 that nothing bounds from above
    **{f"Wong-Wang {p}": (systems.wong_wang(*p).system, 0, 1) for p in systems.WONG_WANG},
}


@pytest.mark.parametrize("name", BOXES)
def test_the_box_is_that_on_paper(name):
    system, lower, upper = BOXES[name]
    found = domain(system)
    expected = np.broadcast_to(lower, system.size), np.broadcast_to(upper, system.size)
    np.testing.assert_allclose([found.lower, found.upper], expected, rtol=1e-12, atol=1e-12)
    assert found.inward and not found.given


def rate(x):
    """Return what is zero from 2 on, and positive below."""
    return jax.nn.relu(4.0 - x**2)


def looped_logarithm(x):
    return jax.lax.scan(lambda c, _: (c + jnp.log(rate(x)), None), 0 * x, None, 2)[0]


def open_gate(h, gate):
    """The gate of the first unit is held open by an infinite current."""
    z = gate(U[:, 1:] @ h[1:] + jnp.zeros(N).at[0].set(np.inf))
    return (1 - z) * jnp.tanh(W @ h) + z * h


def gated(gate):
    """One unit whose gate closes where a rate is zero: it may rest there."""
    return sx.DiscreteMap(lambda x: x + gate(x) * (0.5 * jnp.tanh(x) - x), 1)


def unbounded(step):
    return sx.DiscreteMap(step, N)


NO_BOX = {
    "more than the whole": unbounded(
        lambda h: (1 - sigmoid(U @ h)) * jnp.tanh(W @ h) + 1.2 * sigmoid(U @ h) * h
    ),
    "two different gates": unbounded(
        lambda h: (1 - sigmoid(U @ h)) * h + sigmoid(W @ h) * jnp.tanh(W @ h)
    ),
    "a constant outside the gate": unbounded(lambda h: pytorch_gru(h) + 0.1),
    "a gate that closes": unbounded(partial(pytorch_gru, gate=lambda a: jnp.clip(a, 0, 1))),
    "wrong sign": unbounded(
        lambda h: (1 - sigmoid(U @ h)) * jnp.tanh(W @ h) - 2 * sigmoid(U @ h) * h + 2 * h
    ),
    "translation": unbounded(lambda h: h + 1),
    "identity": unbounded(lambda h: h),
    "growth": unbounded(lambda h: 1.1 * h + jnp.tanh(W @ h)),
    "linear coupling": unbounded(lambda h: 0.5 * h + W @ h),
    "rectifier": unbounded(lambda h: jax.nn.relu(W @ h)),
    "square": unbounded(lambda h: h * h),
    "the largest number": unbounded(lambda h: jnp.nan_to_num(jnp.tanh(h / jnp.abs(h)))),
    "float32": unbounded(lambda h: jnp.tanh(h.astype(jnp.float32))),
    "lstm of huge weights": lstm(1e3),  # in float64 the forget gate's bound is 1
    "a cubic that is not looked into": sx.Flow(lambda x: x - x**3, 2),
    "held open": unbounded(partial(open_gate, gate=sigmoid)),
    "held open, by hand": unbounded(partial(open_gate, gate=handwritten_sigmoid)),
    "logistic of a logarithm": gated(lambda x: sigmoid(2 * jnp.log(rate(x)))),
    "exponential of a logarithm": gated(lambda x: jnp.exp(2 * jnp.log(rate(x)) - 2)),
    "logarithm written with log1p": gated(lambda x: sigmoid(jnp.log1p(rate(x) - 1))),
    "quotient": gated(lambda x: sigmoid(-1 / rate(x))),
    "power": gated(lambda x: sigmoid(-(rate(x) ** -1.5))),
    "in a loop": gated(lambda x: sigmoid(looped_logarithm(x))),
    "masked": gated(lambda x: sigmoid(jnp.where(rate(x) > 0, x, -jnp.inf))),
    "looked up": gated(
        lambda x: jnp.exp(jnp.array([-jnp.inf, 0.0])[(rate(x) > 0).astype(int)] - 1)
    ),
    "masked after a sum": gated(lambda x: sigmoid(jnp.where(rate(x) > 0, x, x - jnp.inf))),
    "a drive that wins": sx.Flow(lambda x: -x + jnp.exp(W @ x), N),
    "another gain": sx.Flow(lambda x: -x + jnp.exp(W @ x) - x * jnp.exp(U @ x), N),
    "a growth that wins": sx.Flow(lambda x: -x + x * jnp.exp(W @ x), N),
    "weaker than the drive": sx.Flow(
        lambda x: -x + (1 - 0.5 * x + jnp.tanh(x) * x) * jnp.exp(W @ x), N
    ),
}


@pytest.mark.parametrize("name", NO_BOX)
def test_no_box_without_a_proof(name):
    found = domain(NO_BOX[name])
    assert not found.bounded and not found.inward
    if name in ("rectifier", "lstm of huge weights"):  # bounded in part
        half = found.lower if name == "rectifier" else found.upper[:N] - 1
        np.testing.assert_array_equal(half, 0)


def test_a_jump_leaves_the_box_but_not_the_index():
    found = domain(sx.DiscreteMap(lambda x: jnp.where(x > 0, 1.0, -1.0), 2))
    assert found.bounded and not found.inward


KNOWN = np.array([[1.0, 1.0]]), np.array([1e-9])
"""A fixed point of x' = x − x³ and its error."""


@pytest.mark.parametrize(
    ("given", "known", "bounded"),
    [
        ((0.0, np.array([1.0, 2.0])), None, True),
        ((0.0, np.inf), None, False),
        ((0.0, 0.9), KNOWN, False),
        ((0.0, 1.1), KNOWN, True),
    ],
)
def test_a_given_domain_is_used_where_nothing_is_proved_nor_contradicts_it(given, known, bounded):
    found = domain(sx.Flow(lambda x: x - x**3, 2, domain=given), known=known)
    assert found.bounded == bounded and not found.inward
    if bounded:
        assert found.given and found.upper.tolist() == np.broadcast_to(given[1], 2).tolist()


def test_proved_box_outweighs_a_given_one():
    found = domain(sx.DiscreteMap(lambda x: jnp.tanh(2 * x), 1, domain=(-0.5, 0.5)))
    assert found.upper[0] == 1 and not found.given


LEFT = {
    **{name: BOXES[name][0] for name in ("gru", "slow gru of tanh", "lstm", "rank one")},
    "wilson-cowan": systems.wilson_cowan().system,
    "ring": systems.ring(4, "flow").system,
    "gru flip-flop": systems.flip_flop("gru32")[0],
}


@pytest.mark.parametrize("name", LEFT)
def test_velocity_points_back_wherever_one_unit_leaves_the_box(name):
    system, found = LEFT[name], domain(LEFT[name])
    rng, trial = np.random.default_rng(1), np.arange(300)
    half = (found.upper - found.lower) / 2
    states = found.lower + half + half * rng.uniform(-1, 1, (300, system.size))
    which = rng.integers(system.size, size=300)
    side = np.where(rng.uniform(size=300) < 0.5, 1, -1)
    outside = np.where(side > 0, found.upper[which], found.lower[which])
    states[trial, which] = outside + side * half[which] * 10.0 ** rng.uniform(-3, 0, 300)
    with jax.enable_x64(True):
        velocity = np.asarray(jax.jit(jax.vmap(in_float64(system).velocity))(states))
    assert (np.sign(velocity[trial, which]) == -side).all()


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
    ("count", "least"), [(15, 3), pytest.param(60, 12, marks=pytest.mark.weekly)]
)
def test_random_expressions_are_bounded_only_where_they_point_back(count, least):
    rng, boxes = np.random.default_rng(3), 0
    with jax.enable_x64(True):
        for seed in range(count):

            def field(x, seed=seed):
                return random_expression(np.random.default_rng(seed), 1 + seed % 2, x) - x

            found, _ = find_domain(in_float64(sx.Flow(field, 3)))
            boxes += found.bounded
            states = rng.uniform(-1, 1, (200, 3)) * 10.0 ** rng.uniform(-2, 2, (200, 3))
            velocity = np.asarray(jax.jit(jax.vmap(field))(states))
            above, below = states > found.upper, states < found.lower
            # A unit beyond a bound moves back, if the others are within theirs.
            alone = (above | below).sum(axis=1, keepdims=True) == 1
            # (Not strictly: in floating point a gate does reach 1.)
            assert (velocity[alone & above] <= 0).all() and (velocity[alone & below] >= 0).all()
    assert boxes >= least  # the test is not empty


def test_rounding_leads_out_of_no_domain_without_an_upper_end():
    half = Domain(np.zeros(1), np.full(1, np.inf), True, "", "")
    assert half.excludes(np.array([[-1e-35], [-0.1], [5.0]])).tolist() == [False, True, False]


def test_a_box_without_width_at_zero_can_be_searched():
    """A unit that only decays rests at 0, between bounds of 0 and of −0."""
    system = sx.Flow(lambda x: jnp.stack([x[0] - x[0] ** 3, -x[1]]), 2)
    points = sx.find_fixed_points(system, np.random.default_rng(0).uniform(-1.4, 1.4, (30, 2)))
    assert len(points) == 3 and points.certified.all()

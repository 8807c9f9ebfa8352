"""Models of others give the points that print or enumeration tells."""

import jax.numpy as jnp
import numpy as np
import page_code
import pytest
import systems

import separatrix as sx

WEIGHTS = page_code.ROOT / "tests" / "golden" / "weights"


def fitted(name, every=8):
    """Return the weights of a fitted model, and some of its states."""
    with np.load(WEIGHTS / f"{name}.npz") as file:
        arrays = {key: np.asarray(value, float) for key, value in file.items()}
    return arrays, arrays.pop("starts")[::every]


def value(system, state):
    return np.asarray(system.evaluate(state), float)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# Exactly, where they are piecewise linear: the numbers of points are those of all linear regions.

PIECEWISE = {
    "shallow_plrnn_oscillator": (sx.models.shallow_plrnn, {}),
    "lowrank1_clipped_128": (sx.models.low_rank, {"activation": "clipped_relu"}),
    "al_rnn": (sx.models.al_rnn, {"rectified": 4}),
}
AND_LAWS = {
    "lowrank1_plain_60": (sx.models.low_rank, {}),
    "plrnn_lorenz": (sx.models.plrnn, {}),
    "shallow_plrnn_clipped": (sx.models.shallow_plrnn, {"clipped": True}),
    "switching_argmax": (sx.models.rslds, {}),
    "switching_where": (sx.models.rslds, {}),
}


@pytest.mark.parametrize(
    "name", [*PIECEWISE, *(pytest.param(name, marks=pytest.mark.laws) for name in AND_LAWS)]
)
def test_piecewise_linear_models_are_solved_exactly(name):
    make, settings = (PIECEWISE | AND_LAWS)[name]
    weights, starts = fitted(name)
    model = make(**weights, **settings)
    points = sx.find_fixed_points(getattr(model, "latent", model), starts, slow_points=False)
    with np.load(page_code.ROOT / f"tests/golden/answers/{name}.npz") as answer:
        known = answer["fixed"]
    found = points.fixed.states
    assert len(found) == len(known)
    assert np.abs(found[:, None] - known).max(2).min(0) == pytest.approx(0, abs=1e-8)
    assert points.certified.all() and points.complete


TURN, SHRINK = [[0.5, -0.4], [0.4, 0.5]], [[0.6, 0.0], [0.0, 0.6]]
SMALL = {
    "plrnn": (  # the test of SCYFI, whose point is printed
        lambda: sx.models.plrnn(
            [-0.0222311, 0.96461297], [[0, -0.64375], [0.52505308, 0]], [0.37298253, -0.97931491]
        ),
        [[0.364871045305, -22.260648713948]],
    ),
    "al_rnn": (
        lambda: sx.models.al_rnn([0.9, 0.5], [[0.0, 0.2], [0.1, 0.0]], [0.1, -1.0], rectified=1),
        [[1.0, -1.8]],
    ),
    "rslds": (
        lambda: sx.models.rslds(
            [TURN, SHRINK], [[1.0, 0.0], [-0.4, 0.0]], [[1.0, 0.0], [-1.0, 0.0]], [0.0, 0.0]
        ),
        [[-1.0, 0.0], [0.5 / 0.41, 0.4 / 0.41]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_small_piecewise_linear_models_are_solved_exactly(name):
    make, known = SMALL[name]
    points = sx.find_fixed_points(make(), np.ones((1, 2)), slow_points=False)
    order = np.argsort(points.states[:, 0])
    assert points.states[order] == pytest.approx(np.array(known))
    assert points.certified.all() and points.complete


def test_the_mean_of_discrete_states_is_theirs_where_one_is_certain():
    A, b = 0.5 * np.stack([np.eye(2), -np.eye(2)]), draw(2, 2)
    likely, mean = (
        value(sx.models.rslds(A, b, np.zeros((2, 2)), [100.0, 0.0], next_state=kind), np.ones(2))
        for kind in ("most likely", "mean")
    )
    assert mean == pytest.approx(likely)


def test_of_equal_scores_the_first_discrete_state_is_next():
    A = np.arange(1.0, 4.0)[:, None, None]
    system = sx.models.rslds(A, np.zeros((3, 1)), np.zeros((3, 1)), [0.0, 1.0, 1.0])
    assert value(system, np.ones(1)) == [2.0]


# Low rank: latent variables and neurons


RATES = {
    "relu": lambda x, h: np.maximum(x - h, 0),
    "clipped_relu": lambda x, h: np.maximum(x + h, 0) - np.maximum(x, 0),
    "tanh": lambda x, h: np.tanh(x - h),
    "jnp.tanh": lambda x, h: np.tanh(x - h),
}


@pytest.mark.parametrize("name", RATES)
def test_latent_variables_are_lifted_to_the_neurons(name):
    m, n, h, z, hz = draw(20, 2), draw(2, 20, seed=1), draw(20, seed=2), draw(5, 2), [0.1, -0.2]
    into, activation = draw(20, 1, seed=3), jnp.tanh if name == "jnp.tanh" else name
    settings = {"hz": hz, "input_weights": into, "input": [0.5], "activation": activation}
    steps = sx.models.low_rank(m, n, h, decay=[0.8, 0.9], dt=5.0, **settings)
    flow = sx.models.low_rank(m, n, h, tau=50.0, **settings)
    x = z @ m.T + 0.5 * into[:, 0]
    rates = RATES[name](x, h)
    assert steps.currents(z) == pytest.approx(x)
    assert flow.rates(z) == pytest.approx(rates) and flow.rates(z[0]).shape == (20,)
    given = rates[0] @ n.T + hz
    assert value(steps.latent, z[0]) == pytest.approx([0.8, 0.9] * z[0] + given, rel=1e-5)
    assert value(flow.latent, z[0]) == pytest.approx(given - z[0], rel=1e-5)
    assert (flow.latent.kind, flow.latent.tau, steps.latent.dt) == ("flow", 50.0, 5.0)
    without = sx.models.low_rank(m, n, tau=50.0, **settings)
    assert without.rates(z) == pytest.approx(RATES[name](x, 0.0))


# Inputs


def with_input(make, *arrays, **settings):
    size = len(arrays[0])
    return make(*arrays, **settings, input_weights=draw(size, 2, seed=3), input=[0.5, -1.0])


W = 0.2 * draw(4, 4)
DRIVEN = {
    "plrnn": lambda f: f(sx.models.plrnn, np.full(4, 0.5), W, draw(4)),
    "al_rnn": lambda f: f(sx.models.al_rnn, np.full(4, 0.5), W, draw(4), rectified=2),
    "shallow_plrnn": lambda f: f(
        sx.models.shallow_plrnn, np.full(4, 0.5), draw(4, 6), draw(6, 4), draw(4), draw(6)
    ),
    "echo_state": lambda f: f(sx.models.echo_state, W, leak=1.0),
}


@pytest.mark.parametrize("name", DRIVEN)
def test_an_input_is_frozen_in_and_can_be_differentiated(name):
    plain = DRIVEN[name](lambda make, *arrays, **settings: make(*arrays, **settings))
    system = DRIVEN[name](with_input)
    state, into = draw(4, seed=5), draw(4, 2, seed=3)
    drive = into @ [0.5, -1.0]
    if name == "echo_state":
        moved = np.tanh(W @ state + drive)
        into = (1 - moved**2)[:, None] * into
    else:
        moved = value(plain, state) + drive
    assert value(system, state) == pytest.approx(moved, abs=1e-6)
    assert system.input_jacobian(state) == pytest.approx(into, abs=1e-6)


# Textbooks


def test_a_reservoir_remembers_by_its_loop():
    """Along its only input direction it is x = tanh(2 x), where the readout is doubled."""
    B = np.eye(5)[:, :1]
    system = sx.models.echo_state(np.zeros((5, 5)), leak=0.3, feedback=2 * B, readout=B.T)
    points = sx.find_fixed_points(system, draw(20, 5))
    known = systems.TANH_UNIT[2.0]
    assert np.sort(points.states[:, 0]) == pytest.approx([-known, 0, known], abs=1e-12)
    offset = sx.models.echo_state(
        np.zeros((5, 5)), bias=0.1, feedback=B, readout=B.T, readout_bias=[0.2]
    )
    assert value(offset, np.zeros(5)) == pytest.approx(np.tanh([0.3, *4 * [0.1]]), abs=1e-6)


def test_a_hopfield_network_stores_its_patterns():
    patterns = np.repeat([[1, 1, -1, -1], [1, -1, 1, -1]], 16, axis=1)
    points = sx.find_fixed_points(sx.models.hopfield(patterns, beta=2.0), draw(40, 64))
    stable = points.states[points.n_unstable == 0]
    kept = systems.TANH_UNIT[2.0] * patterns
    assert points.complete and points.certified.all()
    for pattern in (*kept, *-kept):
        assert np.abs(stable - pattern).max(1).min() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("p", "unstable"), [(100.0, [0, 1, 2]), pytest.param(120.0, [2], marks=pytest.mark.laws)]
)
def test_jansen_and_rits_column_is_searched_completely(p, unstable):
    starts = systems.box(6, [0, 0, 0, -5, -5, -5], [0.2, 40, 30, 5, 5, 5], 100)
    points = sx.find_fixed_points(sx.models.jansen_rit(p), starts, slow_points=False)
    assert points.complete and sorted(points.n_unstable.tolist()) == unstable


def test_units_of_time():
    assert sx.models.jansen_rit().tau == sx.models.wong_wang().tau == 1000.0
    slow = sx.models.wilson_cowan(tau=(10.0, 20.0))
    both, one = (value(s, np.array([0.3, 0.1])) for s in (sx.models.wilson_cowan(), slow))
    assert slow.tau == 10.0 and one == pytest.approx(both * [1, 0.5], abs=1e-7)


@pytest.mark.laws
def test_wilson_and_cowans_cycle():
    system = sx.models.wilson_cowan(
        (1.25, 0.0), weights=((16, 12), (15, 3)), gain=(1.3, 2.0), threshold=(4.0, 3.7)
    )
    points = sx.find_fixed_points(system, systems.box(2, 0, 0.5, 100), slow_points=False)
    assert points.n_unstable.tolist() == [2] and points.complete


# One form, one program


# What is refused

A, H = np.full(4, 0.5), np.zeros(4)

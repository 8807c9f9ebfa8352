"""Few affine functions: all their zeros that are zeros of the function, proved, or a reason."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from separatrix.enclosure.branch_and_prune.known import known_zeros
from separatrix.enclosure.interval import Enclosed
from separatrix.enclosure.pieces import search_pieces


def search(function, size, lower=-np.inf, upper=np.inf):
    box = np.full(size, lower), np.full(size, upper)
    return search_pieces(Enclosed(function, (size,)), known_zeros(size, None, None, None), *box)


def assert_same(states, zeros):
    order = [np.argsort(np.round(x, 6)[:, 0]) for x in (states, zeros)]
    np.testing.assert_allclose(states[order[0]], zeros[order[1]], rtol=1e-9, atol=1e-9)


def weights(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


GATES = {
    "relu": (jax.nn.relu, [(0, 0), (1, 0)]),
    "leaky relu": (lambda z: jax.nn.leaky_relu(z, 0.25), [(0.25, 0), (1, 0)]),
    "absolute": (jnp.abs, [(-1, 0), (1, 0)]),
    "clipped": (lambda z: jnp.clip(z, -1, 1), [(0, -1), (1, 0), (0, 1)]),
    "threshold, which jumps": (lambda z: jnp.where(z > 0, z + 1, z / 2), [(0.5, 0), (1, 1)]),
    "a mask": (lambda z: z * (z > 0.5), [(0, 0), (1, 0)]),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("gate", GATES)
def test_all_zeros_are_those_of_all_patterns(gate, seed):
    """W g(U x + c) + d = x, each unit of g on each of its lines: those that lie there."""
    function, lines = GATES[gate]
    W, U, c, d = weights(seed, (6, 4), (4, 6), 4, 6)
    zeros = []
    for pattern in itertools.product(lines, repeat=4):
        slope, level = np.array(pattern, float).T
        x = np.linalg.solve(np.eye(6) - (W * slope) @ U, W @ (slope * c + level) + d)
        with jax.enable_x64(True):
            image = W @ function(jnp.asarray(U @ x + c)) + d
        if np.allclose(image, x, rtol=0, atol=1e-9):
            zeros.append(x)
    found = search(lambda x: W @ function(U @ x + c) + d - x, 6)
    assert found.complete and found.boxes == len(lines) ** 4
    assert_same(found.states, np.reshape(zeros, (-1, 6)))
    assert (found.error_bounds < found.radii).all()


def compared(score, A, b, x):
    best, chosen = score[0], (A @ x + b)[0]
    for other, its in zip(score[1:], (A @ x + b)[1:], strict=True):
        best, chosen = jnp.where(other > best, other, best), jnp.where(other > best, its, chosen)
    return chosen


CHOSEN = {
    "by comparisons": compared,
    "by index": lambda score, A, b, x: (A @ x + b)[jnp.argmax(score)],
    "matrices by index": lambda score, A, b, x: (
        jnp.asarray(A)[jnp.argmax(score)] @ x + jnp.asarray(b)[jnp.argmax(score)]
    ),
    "by one hot": lambda score, A, b, x: (
        jax.nn.one_hot(jnp.argmax(score), len(score), dtype=score.dtype) @ (A @ x + b)
    ),
    "by a switch": lambda score, A, b, x: jax.lax.switch(
        jnp.argmax(score), [lambda k=k: A[k] @ x + b[k] for k in range(len(b))]
    ),
}


@pytest.mark.parametrize("modes, seed", [(3, 0), (20, 1), (20, 2)])
@pytest.mark.parametrize("how", CHOSEN)
def test_modes_of_the_largest_score(how, modes, seed):
    A, b, R, r = weights(seed, (modes, 3, 3), (modes, 3), (modes, 3), modes)
    zeros = np.linalg.solve(np.eye(3) - A, np.asarray(b)[..., None])[..., 0]
    own = (R @ zeros.T + r[:, None]).argmax(0) == np.arange(modes)
    found = search(lambda x: CHOSEN[how](R @ x + r, A, b, x) - x, 3)
    if how == "by comparisons" and modes == 20:  # 19 comparisons, each of which has two ways
        assert found is None
        return
    assert found.complete and found.boxes == (4 if how == "by comparisons" else modes)
    assert_same(found.states, zeros[own])


@pytest.mark.parametrize(
    ("function", "lower", "zero"),
    [
        (lambda x: 2 * jax.nn.relu(x) - 1 - x, 0, 1.0),  # another zero lies outside of the box
        (lambda x: jnp.maximum(x, 0) - 3 * x, -np.inf, 0.0),  # on a kink, where it counts once
    ],
)
def test_the_one_zero_of_a_box(function, lower, zero):
    found = search(function, 2, lower)
    assert found.complete and found.states.tolist() == [[zero, zero]]


UNPROVED = {
    "a zero on a jump": (lambda x: jnp.where(x >= 0, x, x + 1), "jump"),
    "a zero where two scores are equal": (
        lambda x: jnp.array([0.0, 1.0])[jnp.argmax(jnp.concatenate([-x, x]))] - x,
        "jump",
    ),
    "no zero, but as near to a jump as one can be": (
        lambda x: jnp.where(x > 0, x, x - 1), "jump"
    ),
    "a continuum": (lambda x: jax.nn.relu(x), "singular"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNPROVED)
def test_what_is_not_proved_is_said(name):
    function, reason = UNPROVED[name]
    found = search(function, 1)
    assert not found.complete and reason in found.reason


OTHERS = {
    "smooth": (jnp.tanh, 2),
    "a square": (lambda x: x * x - 1, 2),
    "a product of two gates": (lambda x: jax.nn.relu(x) * jax.nn.relu(1 - x) - 0.1, 2),
    "three values": (lambda x: x - jnp.sign(x), 2),
    "a number made a truth value": (lambda x: x - jnp.where(x.astype(bool), 1.0, 2.0), 2),
    "many gates": (lambda x: jax.nn.relu(x) - 2 * x, 30),
    "rounded": (lambda x: x.astype(jnp.float32).astype(float) - 2 * x, 2),
}


@pytest.mark.parametrize("name", OTHERS)
def test_of_other_functions_nothing_is_said(name):
    assert search(*OTHERS[name]) is None

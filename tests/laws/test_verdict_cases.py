"""What was false, weak or contradicted once is said as it is."""

import jax.numpy as jnp
import numpy as np
import pytest
from verdict_cases import cases

import separatrix as sx

pytestmark = pytest.mark.laws

CASES = {case[0]: case[1:-1] for case in cases()}
SAYS = {  # the word ("" where rounding decides it), and what the sentences say
    "growing elliptic spiral": ("moving", []),
    "chain of 5": ("moving", ["all end at one stable point"]),
    "sphere": ("surface", ["A surface attractor holds"]),
    "two lines": ("line", ["Two line attractors hold"]),
    "two rings": ("ring", ["Two ring attractors hold"]),
    "van der Pol 50": ("cycle", ["a closed curve (period 82.5 τ)"]),
    "van der Pol 200": ("cycle", ["a closed curve (period 324 τ)"]),
    "lattice of 12 logistic maps": ("cycle", ["cycles of 2 or 4 steps"]),
    "random rates, g = 3": ("", ["move within bounds", "(chaos)"]),
    "on a saddle's stable set": ("unstable point", ["still are there"]),
    "on a saddle's stable set, mixed": ("unstable point", ["where rounding errors decide"]),
}


def verdict(name):
    kind, function, states, duration = CASES[name]
    make = sx.DiscreteMap if kind == "map" else sx.Flow
    return sx.verdict(make(function(jnp), states.shape[1]), states, duration=duration)


@pytest.mark.parametrize("name", SAYS)
def test_a_verdict_says_what_is_true(name):
    held, (word, said) = verdict(name), SAYS[name]
    text = held.summary()
    assert word in ("", held.held)
    assert [words for words in said if words not in text] == []
    assert "ghost" not in text


def test_lattices_close_after_as_many_steps_as_is_said():
    """In NumPy: chaos would not come back within rounding after 100,000 steps."""
    _, function, x, _ = CASES["lattice of 12 logistic maps"]
    step = function(np)
    for _ in range(100_000):
        x = step(x)
    on = x
    for _ in range(4):
        on = step(on)
    assert (np.abs(on - x).max(1) < 1e-9).mean() >= 0.95


def test_slow_states_are_followed_to_where_they_end():
    held = verdict("x -> tanh(1.0002 x)")
    assert held.shares.tolist() == [0.5, 0.5]

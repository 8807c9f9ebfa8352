"""No claim of a verdict on a row of the golden table is false, by an independent program."""

import numpy as np
import pytest
from claim_checker import refuted

import separatrix as sx
from golden import BY_NAME

HELD = {
    "brainpy_seed0": "moving",
    "flipflop_tanh16": "cycle",
    "flipflop_gru32": "points",
    "wilson_cowan": "points",
    "fitzhugh_nagumo": "moving",
    "morris_lecar": "mixture",
    "henon": "mixture",
    "beer_3": "points",
    "winner_take_all_3": "points",
    "fpf_map_4": "mixture",
    "relu_line": "line",
    "threshold_ring_exact": "ring",
    "smooth_ring_exact": "ring",
}
"""What is said over 20 units of time, from 40 of the candidates."""


@pytest.mark.parametrize("name", HELD)
def test_no_claim_is_false(name):
    system, candidates = BY_NAME[name].make()
    states = np.asarray(candidates, float).reshape(-1, system.size)
    states = states[np.isfinite(states).all(1)]
    states = states[:: max(1, len(states) // 40)][:40]
    found = sx.verdict(system, states, duration=20 * system.time_unit)
    assert refuted(found, system) == []
    assert found.held == HELD[name]

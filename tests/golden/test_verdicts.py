"""No claim of a verdict on a row of the golden table is false, by an independent program."""

import importlib.util
from pathlib import Path

import jax
import numpy as np
import pytest

import separatrix as sx
from golden import BY_NAME

TOOL = Path(__file__).parents[2] / "tools" / "check_verdict.py"
SPEC = importlib.util.spec_from_file_location("check_verdict", TOOL)
CHECKER = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(CHECKER)
HELD = {
    "brainpy_seed0": "moving",
    "flipflop_tanh16": "cycle",
    "flipflop_gru32": "points",
    "wilson_cowan": "points",
    "fitzhugh_nagumo": "moving",
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
    duration = 20 * system.time_unit
    found = sx.verdict(system, states, duration=duration)
    claims = [
        {"kind": c.kind, "numbers": c.numbers, "tolerance": c.tolerance, "known": c.known}
        for c in found.claims
    ]
    run = jax.jit(jax.vmap(lambda x: system.evaluate(x)))

    def function(batch):
        with jax.enable_x64(True):
            return np.array(run(batch))

    told = CHECKER.check(
        system.kind, function, states, duration, claims, time_unit=system.time_unit
    )
    false = [(c, t) for c, t in zip(claims, told, strict=True) if t[0] in ("false", "missed")]
    assert false == []
    assert found.held == HELD[name]

"""The settings of an experiment that takes a second."""

from typing import Any

SETTINGS: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "task": {"name": "PerceptualDecisionMaking"},
    "network": {"name": "CTRNN", "num_units": 8},
    "training": {"steps": 4, "epoch_steps": 2},
    "analysis": {
        "num_trials": 4,
        "test_trials": 20,
        "num_candidates": 4,
        "slow_points": False,
        "geometry": dict.fromkeys(("slow_curve", "branches", "graph", "lyapunov"), False),
    },
}

VARIANTS: dict[str, Any] = {
    "name": "compared",
    "variants": {
        "still": {},
        "pushed": {"analysis": {"input": [1.0, 0.9, 0.1]}},
        "gated": {"network": {"name": "GRU", "num_units": 4}},
    },
}

STUDY: dict[str, Any] = {
    "name": "small",
    "experiment": SETTINGS,
    "seeds": [0],
    "grid": {"training.optimizer.learning_rate": [1e-3, 1e9]},
    "tests": {"longer": {"task.stimulus": 4000.0}},
}
"""A study of two networks, the second of which diverges."""

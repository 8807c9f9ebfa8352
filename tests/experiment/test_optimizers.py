import numpy as np
import pytest

import separatrix as sx
from separatrix.experiment import SCHEDULES, Experiment, Setup
from separatrix.training.optimizer import Optimizer
from separatrix.training.regularizers import Rates, Smoothness, Weights

TABLES = {
    "name": "small",
    "task": {"name": "PerceptualDecisionMaking"},
    "network": {"name": "CTRNN", "num_units": 4},
}


SGD = {"name": "sgd", "learning_rate": 0.5}


def setup(**training):
    return Setup(Experiment.from_dict(TABLES | {"training": training}, "my.toml"))


def descend(optimizer, size, count=1):
    """Return by how much weights fall in each of `count` steps along a gradient of ones."""
    weights = {"w": np.ones(4, np.float32)}
    gradient, memory = {"w": np.full(4, size, np.float32)}, optimizer.init(weights)
    falls = []
    for _ in range(count):
        update, memory = optimizer.update(gradient, memory, weights)
        falls.append(-float(update["w"][0]))
    return falls


@pytest.mark.parametrize("warm", [0, 30])
def test_schedules_are_their_formulas_at_every_step(warm):
    steps, peak, end = 120, 0.3, 0.05
    part = np.clip((np.arange(steps + 1) - warm) / (steps - warm), 0, 1)
    shapes = {
        "cosine": end + (1 - end) * (1 + np.cos(np.pi * part)) / 2,
        "linear": 1 - (1 - end) * part,
        "exponential": end**part,
    }
    assert set(shapes) == set(SCHEDULES)
    rise = np.arange(steps + 1) / max(warm, 1)
    for name, shape in shapes.items():
        expected = peak * np.where(np.arange(steps + 1) < warm, rise, shape)
        rate = SCHEDULES[name](peak, steps, end=end, warmup_steps=warm)
        np.testing.assert_allclose([float(rate(k)) for k in range(steps + 1)], expected, rtol=1e-5)


def test_a_schedule_is_taken_from_the_settings():
    settings = {"steps": 4, "optimizer": SGD, "schedule": {"name": "linear"}}
    built, again = setup(**settings), setup(**settings)
    np.testing.assert_allclose(descend(built.optimizer, 1.0, 4), [0.5, 0.375, 0.25, 0.125])
    one, two = (Optimizer(made.optimizer, made.network) for made in (built, again))
    assert one == two  # compiled once
    executed = built.experiment.to_dict()["training"]
    assert executed["schedule"] == {"name": "linear", "end": 0.0, "warmup_steps": 0}
    assert "schedule" not in setup().experiment.to_dict()["training"]


@pytest.mark.parametrize(
    ("clip", "fall"),
    [
        ({"clip_norm": 1.0}, 0.25),  # four entries of 0.5 have the norm 1
        ({"clip_value": 0.7}, 0.35),  # each entry by itself
    ],
)
def test_a_long_gradient_is_shortened(clip, fall):
    optimizer = setup(optimizer=SGD, **clip).optimizer
    assert descend(optimizer, 3.0) == pytest.approx([fall])
    assert descend(optimizer, 0.25) == pytest.approx([0.125])


def test_regularizers_are_taken_from_the_settings():
    assert setup().regularizers == ()
    given = {"rates_l2": 1e-3, "weights_l1": 1e-5, "smoothness": 0.1}
    expected = (Rates(1e-3), Weights(1e-5, norm=1), Smoothness(0.1))
    assert setup(regularizers=given).regularizers == expected


@pytest.mark.parametrize(
    ("training", "word"),
    [
        ({"regularizers": {"rate_l2": 1e-3}}, "'rates_l2'"),
        ({"regularizers": {"rates_l2": -1e-3}}, "training.regularizers.rates_l2"),
        ({"clip_norm": 0}, "training.clip_norm"),
        ({"schedule": {"name": "cosin"}}, "'cosine'"),
        ({"steps": 10, "schedule": {"name": "linear", "warmup_steps": 10}}, "warmup_steps"),
        ({"schedule": {"name": "exponential", "end": 0}}, "end"),
    ],
)
def test_settings_that_cannot_be_used(training, word):
    with pytest.raises(sx.InvalidInputError, match=f"my.toml.*{word}|{word} in my.toml"):
        setup(**training)

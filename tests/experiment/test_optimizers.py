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


def setup(**training):
    return Setup(Experiment.from_dict(TABLES | {"training": training}, "my.toml"))


def refusal(**training):
    with pytest.raises(sx.InvalidInputError) as caught:
        setup(**training)
    return str(caught.value)


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
    sgd = {"name": "sgd", "learning_rate": 0.5}
    built = setup(steps=4, optimizer=sgd, schedule={"name": "linear"})
    np.testing.assert_allclose(descend(built.optimizer, 1.0, 4), [0.5, 0.375, 0.25, 0.125])
    again = setup(steps=4, optimizer=sgd, schedule={"name": "linear"})
    one, two = (Optimizer(made.optimizer, made.network) for made in (built, again))
    assert one == two  # compiled once
    executed = built.experiment.to_dict()["training"]
    assert executed["schedule"] == {"name": "linear", "end": 0.0, "warmup_steps": 0}
    assert "schedule" not in setup().experiment.to_dict()["training"]


def test_a_long_gradient_is_shortened():
    sgd = {"name": "sgd", "learning_rate": 1.0}
    clipped = setup(optimizer=sgd, clip_norm=1.0).optimizer
    assert descend(clipped, 3.0) == pytest.approx([0.5])  # four entries of 0.5 have the norm 1
    assert descend(clipped, 0.25) == pytest.approx([0.25])
    cut = setup(optimizer=sgd, clip_value=0.7).optimizer
    assert descend(cut, 3.0) == pytest.approx([0.7])  # each entry by itself
    assert descend(cut, 0.25) == pytest.approx([0.25])


def test_regularizers_are_taken_from_the_settings():
    assert setup().regularizers == ()
    given = {"rates_l2": 1e-3, "weights_l1": 1e-5, "smoothness": 0.1}
    expected = (Rates(1e-3), Weights(1e-5, norm=1), Smoothness(0.1))
    assert setup(regularizers=given).regularizers == expected


@pytest.mark.parametrize(
    ("training", "text"),
    [
        (
            {"regularizers": {"rate_l2": 1e-3}},
            "unknown key 'training.regularizers.rate_l2' in my.toml: "
            "did you mean 'rates_l2' or 'rates_l1'?",
        ),
        (
            {"regularizers": {"rates_l2": -1e-3}},
            "training.regularizers.rates_l2 in my.toml: input should be greater than or equal to "
            "0, got -0.001.",
        ),
        (
            {"clip_norm": 0},
            "training.clip_norm in my.toml: input should be greater than 0, got 0.",
        ),
        (
            {"schedule": {"name": "cosin"}},
            "unknown schedule 'cosin' in my.toml: did you mean 'cosine'?",
        ),
        (
            {"steps": 10, "schedule": {"name": "linear", "warmup_steps": 10}},
            "training.schedule in my.toml: warmup_steps must be fewer than the 10 steps of the "
            "training, got 10.",
        ),
        (
            {"schedule": {"name": "exponential", "end": 0}},
            "training.schedule in my.toml: end is a fraction of the learning rate, above 0 and at "
            "most 1, got 0.",
        ),
    ],
)
def test_settings_that_cannot_be_used(training, text):
    assert refusal(**training) == text

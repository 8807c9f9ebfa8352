"""Drawing trials with NeuroGym: a thousand windows of 16 x 100 steps from its Dataset."""

import time
import warnings

import numpy as np
from turns import take_turns

warnings.filterwarnings("ignore")
import neurogym as ngym  # noqa: E402

WINDOWS, BATCH, STEPS = 1000, 16, 100
# One window is one trial of 100 steps; or it holds 4.5 of the default trials, of 22 steps.
LONG = {"fixation": 100, "stimulus": 9800, "delay": 0, "decision": 100}
SHORT = {"fixation": 100, "stimulus": 2000, "delay": 0, "decision": 100}


def dataset(timing: dict[str, float]) -> ngym.Dataset:
    return ngym.Dataset(
        "PerceptualDecisionMaking-v0",
        env_kwargs={"dt": 100, "timing": timing},
        batch_size=BATCH,
        seq_len=STEPS,
    )


DATASETS = {"seconds": dataset(LONG), "short": dataset(SHORT)}


def draw() -> dict[str, float]:
    times = {}
    for name, windows in DATASETS.items():
        start = time.perf_counter()
        for _ in range(WINDOWS):
            inputs, _ = windows()
        times[name] = time.perf_counter() - start
        assert np.shape(inputs)[:2] == (STEPS, BATCH)
    return times


if __name__ == "__main__":
    take_turns(draw)

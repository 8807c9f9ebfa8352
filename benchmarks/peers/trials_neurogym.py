"""Drawing trials with NeuroGym: a thousand windows of 16 x 100 steps from its Dataset."""

import time
import warnings

import numpy as np
from turns import take_turns

warnings.filterwarnings("ignore")
import neurogym as ngym  # noqa: E402

WINDOWS, BATCH, STEPS = 1000, 16, 100
# 9,800 ms in 98 steps, one of fixation and one of decision: a window is one trial.
TIMING = {"fixation": 100, "stimulus": 9800, "delay": 0, "decision": 100}
DATASET = ngym.Dataset(
    "PerceptualDecisionMaking-v0",
    env_kwargs={"dt": 100, "timing": TIMING},
    batch_size=BATCH,
    seq_len=STEPS,
)


def draw() -> dict[str, float]:
    start = time.perf_counter()
    for _ in range(WINDOWS):
        inputs, _ = DATASET()
    assert np.shape(inputs)[:2] == (STEPS, BATCH)
    return {"seconds": time.perf_counter() - start}


if __name__ == "__main__":
    take_turns(draw)

"""BrainPy's SlowPointFinder with the notebook's settings, on the primer's network.

The notebook gives it `net.cell`, which raises UnexpectedTracerError today; a closure over the
arrays of the network works.
"""

import time
from pathlib import Path

import brainpy as bp
import brainpy.math as bm
import numpy as np
from turns import take_turns

DATA = Path(__file__).parents[2] / "tests" / "data" / "brainpy_seed0.npz"


def search() -> dict[str, float]:
    """Follow 2200 states for 10,000 steps of Adam, keep what is small, drop copies and outliers."""
    data = np.load(DATA)
    w_ir, w_rr, b_rr = (bm.asarray(data[name]).value for name in ("w_ir", "w_rr", "b_rr"))
    candidates = bm.asarray(data["activity"].reshape(-1, w_rr.shape[0]))
    drive = bm.asarray([1.0, 0.5, 0.5]).value @ w_ir + b_rr
    start = time.perf_counter()
    finder = bp.analysis.SlowPointFinder(
        f_cell=lambda h: bm.as_jax(bm.relu(bm.as_jax(h) @ w_rr + drive)), f_type="discrete"
    )
    finder.find_fps_with_gd_method(
        candidates=candidates, tolerance=1e-4, num_batch=200, optimizer=bp.optim.Adam(lr=1e-3)
    )
    finder.filter_loss(tolerance=1e-4)
    kept = len(finder.fixed_points)
    finder.keep_unique(tolerance=0.03)
    finder.exclude_outliers(0.1)
    seconds = time.perf_counter() - start
    smallest = float(np.min(finder.losses))
    return {
        "seconds": seconds,
        "kept": kept,
        "reported": len(finder.fixed_points),
        "smallest": smallest,
    }


if __name__ == "__main__":
    bm.set_platform("cpu")
    take_turns(search)

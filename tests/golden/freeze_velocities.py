"""Freeze what the function of each row gives, computed directly, before there was a tracer.

It was run once, with the commit that README.md names.
"""

import sys
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden import ROWS
from golden.row import PROBES, velocities

if __name__ == "__main__":
    found = {}
    for row in ROWS:
        system, candidates = row.make()
        found[row.name] = velocities(system, candidates)
        print(row.name, flush=True)
        jax.clear_caches()
    np.savez_compressed(PROBES, **found)

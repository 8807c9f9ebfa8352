"""The first search for fixed points in a process: ``first_search system [cache directory]``."""

import json
import sys
import time

import separatrix as sx
from benchmarks import systems

SYSTEMS = {
    "relu64": lambda: systems.primer(0),
    "tanh16": systems.flip_flop_tanh,
    "gru32": systems.flip_flop_gru,
}


def main() -> None:
    """Search once; importing is not counted."""
    if len(sys.argv) > 2:
        sx.enable_compilation_cache(sys.argv[2])
    system, candidates = SYSTEMS[sys.argv[1]]()
    start = time.perf_counter()
    points = sx.find_fixed_points(system, candidates, slow_points=False)
    print(json.dumps({"seconds": time.perf_counter() - start, "fixed": len(points.fixed)}))


if __name__ == "__main__":
    main()

"""What does a study cost beside its networks?

``python benchmarks/studies.py`` times

* 2,000 cells that do nothing, by the worker processes of this machine: checking, claiming, writing,
  reading the table;
* a few networks of about two seconds each, one after the other by `sweep` in this process, and by
  `run_experiment` in a loop, in turns: their ratio is the overhead;
* the largest memory of this process with 200 and with 2,000 cells.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import separatrix as sx
from separatrix.experiment import run_experiment
from separatrix.store.directory import CELL
from separatrix.studies import State, run as running
from separatrix.studies.cell import Cell
from separatrix.studies.directory import StudyDirectory
from separatrix.studies.work import memory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from small_experiment import SETTINGS


def nothing(path: str, cell: Cell, *given: Any) -> State:
    """Stand in for `run_cell`: the cell is done at once."""
    directory = StudyDirectory(path)
    with directory.claimed(cell.key):
        place = directory.run_of(cell.key)
        place.mkdir()
        row = {"score": 1.0, "fixed_points": 3, "seconds": 0.0}
        (place / CELL).write_text(json.dumps({"row": row, "changes": {}, "digests": {}}))
    return State.DONE


def empty_cells(count: int, workers: int, folder: Path) -> float:
    """Return the seconds that a study of cells takes that do nothing."""
    study = sx.Study.from_dict({"name": "empty", "experiment": SETTINGS, "seeds": f"0:{count}"})
    running.run_cell, kept = nothing, running.run_cell
    try:
        begun = time.perf_counter()
        results = sx.sweep(study, folder / f"empty-{count}", workers=workers)
        taken = time.perf_counter() - begun
    finally:
        running.run_cell = kept
    assert len(results.done) == count
    return taken


def overhead(steps: int, networks: int, rounds: int, folder: Path) -> tuple[float, float]:
    """Return the seconds for each network, by `sweep` and by a loop, the least of some rounds."""
    settings = SETTINGS | {"training": {"steps": steps, "epoch_steps": 50}}
    study = sx.Study.from_dict({"name": "two", "experiment": settings, "seeds": f"0:{networks}"})
    run_experiment(study.cells[0].experiment, folder / "first", progress=False)  # compiles
    taken: dict[str, list[float]] = {"sweep": [], "loop": []}
    for number in range(rounds):
        begun = time.perf_counter()
        sx.sweep(study, folder / f"swept-{number}", workers=0)
        taken["sweep"].append((time.perf_counter() - begun) / networks)
        begun = time.perf_counter()
        for cell in study.cells:
            run_experiment(cell.experiment, folder / f"loop-{number}" / cell.key, progress=False)
        taken["loop"].append((time.perf_counter() - begun) / networks)
    return min(taken["sweep"]), min(taken["loop"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=1500, help="of training, for about 2 s")
    parser.add_argument("--networks", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        for count in (given.cells // 10, given.cells):
            seconds = empty_cells(count, given.workers, folder)
            print(f"{count} empty cells: {seconds:.1f} s; memory {memory():.3f} GiB", flush=True)
        swept, loop = overhead(given.steps, given.networks, given.rounds, folder)
        print(f"a network: {swept:.2f} s by sweep, {loop:.2f} s by a loop; {swept / loop - 1:+.1%}")
    finally:
        shutil.rmtree(folder)

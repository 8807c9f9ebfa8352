"""Every row of the golden table: what was found before is found, and nothing else."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from golden import BY_NAME, ROWS
from golden.row import PROBES, differences, velocities

TESTS = Path(__file__).parents[1]
SECONDS = 60
"""For a row that is not solved today, compilation included."""


@pytest.mark.parametrize("name", [row.name for row in ROWS if not row.unsolved])
def test_the_answer_is_as_good_as_before(name):
    row = BY_NAME[name]
    assert differences(row, row.search()) == []


UNSOLVED = [row for row in ROWS if row.unsolved]
SEARCH = """
import sys
import separatrix as sx
from golden import BY_NAME
from golden.row import differences

sx.enable_compilation_cache()
row = BY_NAME[sys.argv[1]]
print("\\n".join(differences(row, row.search())))
"""


@pytest.mark.weekly
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            row.name,
            marks=pytest.mark.xfail(
                strict=not row.near_limit,
                reason=row.unsolved,
                raises=(AssertionError, subprocess.TimeoutExpired),
            ),
        )
        for row in UNSOLVED
    ],
)
def test_what_is_wrong_today(name):
    """A row of which points are missing, or the search does not end: not one that crashes."""
    command = [sys.executable, "-c", SEARCH, name]
    done = subprocess.run(
        command, cwd=TESTS, timeout=SECONDS, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_a_program_computes_what_its_function_computed_directly():
    wrong = []
    with np.load(PROBES) as expected:
        for row in ROWS:
            found = velocities(*row.make())
            size = max(np.abs(expected[row.name]).max(), 1e-300)
            if not np.abs(found - expected[row.name]).max() <= 1e-12 * size:
                wrong.append(row.name)
    assert wrong == []

"""The attacks, a short round of each, in processes of their own: types are not checked in them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROUNDS = {"files.py": 12, "kills.py": 2, "calls.py": 1, "places.py": 6}


@pytest.mark.runs
@pytest.mark.parametrize("name", ROUNDS)
def test_nothing_comes_out_but_what_was_written_or_a_line(name):
    seed = os.environ.get("SEED", "0")
    rounds = str(ROUNDS[name] * int(os.environ.get("ROUNDS", "1")))
    command = [sys.executable, str(HERE / name), "--seed", seed, "--rounds", rounds]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{ended.stdout[-4000:]}\n{ended.stderr[-2000:]}"

"""The attacks, a short round of each, in processes of their own: types are not checked in them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.runs
@pytest.mark.parametrize(("name", "rounds"), [("files.py", 12), ("kills.py", 2)])
def test_nothing_comes_out_but_what_was_written_or_a_line(name, rounds):
    rounds = str(rounds * int(os.environ.get("ROUNDS", "1")))
    program = Path(__file__).parent / name
    command = [sys.executable, str(program), os.environ.get("SEED", "0"), rounds]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{ended.stdout[-4000:]}\n{ended.stderr[-2000:]}"

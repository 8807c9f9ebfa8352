"""A short round of the attack on files, in a process of its own: types are not checked in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.runs
def test_nothing_comes_out_but_what_was_written_or_a_line():
    rounds = str(12 * int(os.environ.get("ROUNDS", "1")))
    program = Path(__file__).parent / "files.py"
    command = [sys.executable, str(program), os.environ.get("SEED", "0"), rounds]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{ended.stdout[-4000:]}\n{ended.stderr[-2000:]}"

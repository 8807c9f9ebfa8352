"""Ctrl-C during a search, and while the command line starts, in processes of their own."""

import os
import signal
import subprocess
import sys
import time

import pytest

from separatrix._stopping import stop_signals

SEARCH = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import jax.numpy as jnp, numpy as np, separatrix as sx

rng = np.random.default_rng(0)
{system}
def tell(stage, done, total):
    if stage == "{stage}" and done >= {done}:
        print("at work", flush=True)

points = sx.find_fixed_points(system, starts, progress=tell)
print("found", len(points), points.hits.sum() > 0, flush=True)
"""
MANY_UNITS = """
W = rng.normal(0, 0.15, (200, 200))
system, starts = sx.DiscreteMap(lambda x: jnp.tanh(W @ x), 200), rng.uniform(-1, 1, (3000, 200))
"""
MANY_BOXES = """
system = sx.Flow(lambda x: 3 * jnp.sin(9 * jnp.roll(x, 1)) - x, 6)
starts = rng.uniform(-3, 3, (50, 6))
"""


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(
    ("system", "stage", "done"),
    [(MANY_UNITS, "solve", 150), (MANY_BOXES, "exhaustive search", 1000)],
    ids=["candidates", "boxes"],
)
def test_ctrl_c_ends_a_search_within_three_seconds(system, stage, done):
    code = SEARCH.format(system=system, stage=stage, done=done)
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.readline
        try:
            assert said() == "at work\n"
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            sent = time.monotonic()
            while (line := said()) == "at work\n":
                pass
            assert line.startswith("found ")
            assert time.monotonic() - sent < 3  # what is being compiled is finished first
            assert process.wait(timeout=60) == 0  # no thread goes on
            assert time.monotonic() - sent < 7
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("number", stop_signals())
@pytest.mark.parametrize("module", ["jaxlib", "jax._src.lax", "equinox"])
def test_a_signal_ends_the_command_while_it_is_imported(number, module, tmp_path):
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "separatrix",
        "run",
        str(tmp_path / "none"),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            while module not in (line := process.stderr.readline()):
                assert line, "the module is not imported"
            process.send_signal(number)
            sent = time.monotonic()
            said = process.stderr.read()
            assert process.wait(timeout=60) == 128 + number
            assert time.monotonic() - sent < 2
            assert said.endswith("separatrix: interrupted. Nothing was written.\n")
            assert "Traceback" not in said
        finally:
            process.kill()

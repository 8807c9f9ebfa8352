"""Work in processes of its own: fresh ones to measure a start, peers that stay to take turns."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple, Self

HERE = Path(__file__).parent
ROOT = HERE.parent


class Finished(NamedTuple):
    """A command that ended: wall seconds, peak resident memory in MiB, and what it printed."""

    seconds: float
    peak: float
    output: str


def run(command: list[str], environment: dict[str, str] | None = None) -> Finished:
    """Run a command to its end through `launcher.py`; raise CalledProcessError if it fails."""
    launched = subprocess.run(
        [sys.executable, "-S", str(HERE / "launcher.py"), *command],
        env=os.environ | (environment or {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if launched.returncode:
        raise subprocess.CalledProcessError(
            launched.returncode, command, launched.stdout, launched.stderr
        )
    output, _, last = launched.stdout.rstrip("\n").rpartition("\n")
    measured = json.loads(last)
    return Finished(measured["seconds"], measured["peak"], output)


def worker(
    name: str,
    *arguments: Any,
    environment: dict[str, str] | None = None,
    timeout: float | None = None,
) -> dict[str, Any] | None:
    """Run `workers/<name>.py` in a fresh process; None when it is not done within `timeout`."""
    command = [sys.executable, "-m", f"benchmarks.workers.{name}", *map(str, arguments)]
    try:
        done = subprocess.run(
            command,
            env=os.environ | (environment or {}),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            timeout=timeout,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return None
    return json.loads(done.stdout.splitlines()[-1])


class Peer:
    """A script in `peers/` that waits for a line, does its work once, and prints JSON about it.

    The environment with the peers is `SEPARATRIX_PEERS`, a directory that `make peers` fills.
    """

    directory = Path(os.environ.get("SEPARATRIX_PEERS", ROOT / ".cache/peers"))

    def __init__(self, script: str):
        self.process = subprocess.Popen(
            [str(self.directory / "bin/python"), str(HERE / "peers" / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )

    @classmethod
    def missing(cls, package: str) -> str | None:
        """Return why a peer cannot be measured, or None."""
        python = cls.directory / "bin/python"
        if not python.exists():
            return "the peers' environment is missing: make peers"
        found = subprocess.run([str(python), "-c", f"import {package}"], capture_output=True)
        return None if found.returncode == 0 else f"{package} is not in the peers' environment"

    def work(self) -> dict[str, Any]:
        """Let the peer do its work once; return what it reports, "seconds" among it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"the peer ended with exit code {self.process.wait()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

"""Studies by a Dask cluster: a scheduler and workers in processes of their own."""

import socket
import subprocess
import sys

import pytest
from small_experiment import SETTINGS

import separatrix as sx

distributed = pytest.importorskip("distributed")


@pytest.fixture
def scheduler():
    """Return the address of a scheduler with two workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    cli = [sys.executable, "-m"]
    asked = ["distributed.cli.dask_scheduler", "--port", str(port), "--no-dashboard"]
    begun = [subprocess.Popen([*cli, *asked], **quiet)]
    asked = ["distributed.cli.dask_worker", address, "--nworkers", "2", "--nthreads", "1"]
    begun.append(subprocess.Popen([*cli, *asked, "--no-dashboard"], **quiet))
    try:
        with distributed.Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address
    finally:
        for process in begun:
            process.terminate()
        for process in begun:
            process.wait()


@pytest.mark.filterwarnings("default")  # those of other packages
def test_a_study_is_run_by_a_cluster(tmp_path, scheduler):
    study = sx.Study.from_dict({"name": "dask", "experiment": SETTINGS, "seeds": "0:3"})
    results = sx.sweep(study, tmp_path / "out", scheduler=scheduler)
    assert list(results.table.state) == ["done"] * 3, list(results.table.error)
    assert sx.sweep(study, tmp_path / "out", scheduler=scheduler).table.equals(results.table)


def test_a_scheduler_that_is_silent_is_said_so(tmp_path):
    """Something takes the connection and says nothing."""
    study = sx.Study.from_dict({"name": "dask", "experiment": SETTINGS})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(sx.InvalidInputError, match=r"no Dask scheduler .* timed out"):
            sx.sweep(study, tmp_path / "out", scheduler=address)

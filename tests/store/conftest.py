"""The verifier that others check proofs with, as a module, and a small run."""

import importlib.util
from pathlib import Path

import flint
import pytest

VERIFIER = Path(__file__).parents[2] / "tools" / "verify_certificates.py"


@pytest.fixture(scope="module")
def verifier():
    before = flint.ctx.prec
    spec = importlib.util.spec_from_file_location("verify_certificates", VERIFIER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    flint.ctx.prec = before


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The directory of a run."""
    from sample_records import RECORDS, network  # once JAX is set up

    from separatrix.store import save_network, save_records
    from separatrix.store.integrity import write_digests

    path = tmp_path_factory.mktemp("runs") / "mine"
    path.mkdir()
    (path / "experiment.toml").write_text('name = "mine"\n[training]\nsteps = 5\n')
    save_network(network(), path / "weights.safetensors")
    save_records({name: RECORDS[name] for name in ("history", "activity")}, path / "results.nc")
    write_digests(path)
    return path

"""The verifier that others check proofs with, as a module."""

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

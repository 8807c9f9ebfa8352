"""The command line as tests run it."""

import jax
import pytest
from typer.testing import CliRunner

from separatrix.cli.commands import app


@pytest.fixture(autouse=True)
def cache(monkeypatch):
    """Keep the command line to the cache of the tests."""
    monkeypatch.setenv("SEPARATRIX_CACHE_DIR", jax.config.jax_compilation_cache_dir)


@pytest.fixture
def run():
    def run(*arguments):
        # Wide enough for any line to stay one.
        return CliRunner(env={"COLUMNS": "300"}).invoke(app, [str(a) for a in arguments])

    return run

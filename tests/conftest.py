"""One compilation cache for all tests, so that JAX compiles a program once a machine."""

import os
from pathlib import Path

import jax
import pytest
from jaxtyping import install_import_hook

# Before the package is imported: shapes and types of everything in it are checked from here on.
install_import_hook("separatrix", "typechecking.checked")

import separatrix as sx  # noqa: E402

DATA = Path(__file__).parent / "data"


def pytest_addoption(parser):
    parser.addoption("--report", help="a report.html to open in Chromium (tests/report/browser.py)")


def pytest_configure(config):
    root = Path(config.rootpath)
    cache = sx.enable_compilation_cache(
        os.environ.get("SEPARATRIX_CACHE_DIR") or root / ".cache/compiled"
    )
    os.environ["SEPARATRIX_CACHE_DIR"] = str(cache)  # for the processes that tests start


@pytest.fixture
def key():
    return jax.random.key(0)


@pytest.fixture(scope="session")
def task():
    return sx.tasks.PerceptualDecisionMaking()


@pytest.fixture(scope="session")
def trained(task):
    """The primer's network, trained as in the notebook."""
    network = sx.networks.CTRNN(3, 64, 3, key=jax.random.key(1))
    return sx.train(network, task, steps=1280, key=jax.random.key(2), progress=False)

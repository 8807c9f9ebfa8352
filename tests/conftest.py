"""One compilation cache for all tests, so that JAX compiles a program once a machine."""

import itertools
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCE = Path(find_spec("separatrix").origin).parents[1]  # of the package that is installed
INNER = (
    "separatrix.enclosure",
    "separatrix.solvers",
    "separatrix.analysis.fixed_points",
    "separatrix.analysis.completeness",
    "separatrix.analysis.branches",
    "separatrix.analysis.cycle_branches",
)
"""Packages that are checked by `--check all` alone: a search calls their functions thousands of
times, and checks would take longer than the tests."""
# Intervals have arrays of any shape, and a proof takes thousands of steps with them.
UNCHECKED = ("separatrix.enclosure.interval",)
CHECKED = {"outer": INNER, "all": UNCHECKED}
"""What is left out of the checks that are asked for; without any nothing is checked."""
# The name of a package would stand for all of its modules.
MODULES = [
    ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    for path in sorted((SOURCE / "separatrix").rglob("*.py"))
    if path.stem != "__init__"
]


def import_checked(asked):
    """Import the package, and check shapes and types of what is in it where that is asked for."""
    import jax
    from jaxtyping import install_import_hook

    jax.config.update("jax_num_cpu_devices", 2)  # for those that divide batches among devices
    if asked:
        checked = [m for m in MODULES if not m.startswith(CHECKED[asked])]
        install_import_hook(checked, "typechecking.checked")
    import separatrix as sx

    return sx


def pytest_addoption(parser):
    parser.addoption("--report", help="a report.html to open in Chromium (tests/report/browser.py)")
    parser.addoption("--check", choices=CHECKED, help="check shapes and types of these packages")


def pytest_configure(config):
    hands_out = bool(config.getoption("numprocesses", default=None))
    if hands_out and not hasattr(config, "workerinput"):
        return  # the process that gives tests to others runs none: they start the sooner
    root = Path(config.rootpath)
    cache = import_checked(config.getoption("check")).enable_compilation_cache(
        os.environ.get("SEPARATRIX_CACHE_DIR") or root / ".cache/compiled"
    )
    os.environ["SEPARATRIX_CACHE_DIR"] = str(cache)  # for the processes that tests start


def pytest_collection_modifyitems(items):
    for item in items:
        for name in ("golden", "laws", "runs"):
            if TESTS / name in item.path.parents:
                item.add_marker(name)


DONE, TOGETHER = itertools.count(1), 100
"""After so many tests a process lets go of its compiled programs: all would take gigabytes, and
more pieces of memory than the system gives to a process."""


def pytest_runtest_teardown():
    if next(DONE) % TOGETHER == 0:
        import jax

        jax.clear_caches()


@pytest.fixture
def key():
    import jax

    return jax.random.key(0)


@pytest.fixture(scope="session")
def task():
    import separatrix as sx

    return sx.tasks.PerceptualDecisionMaking()


@pytest.fixture(scope="session")
def trained(task):
    """The primer's network, trained as in the notebook."""
    import jax

    import separatrix as sx

    network = sx.networks.CTRNN(3, 64, 3, key=jax.random.key(1))
    return sx.train(network, task, steps=1280, key=jax.random.key(2), progress=False)

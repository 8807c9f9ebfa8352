"""Examples of docstrings that need PyTorch or NeuroGym run (`make test-interop`)."""

import docstring_examples
import pytest

NEEDING = {name: library for name, library in docstring_examples.LIBRARY.items() if library}


@pytest.mark.parametrize("name", NEEDING)
def test_the_example_does_what_it_says(name):
    pytest.importorskip(NEEDING[name])
    docstring_examples.run(name)


def test_each_library_has_examples():
    assert set(NEEDING.values()) == set(docstring_examples.NEEDED.values())

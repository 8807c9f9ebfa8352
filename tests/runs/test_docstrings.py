import docstring_examples
import pytest

import separatrix as sx

HERE = [name for name, library in docstring_examples.LIBRARY.items() if not library]
MEASURES = ("Topology", "Spectrum", "Procrustes")
METHODS = [getattr(sx.solvers, name) for name in sx.solvers.__all__]
METHODS += [getattr(sx.measures, name) for name in MEASURES]


@pytest.mark.parametrize("name", HERE)
def test_the_example_does_what_it_says(name):
    docstring_examples.run(name)

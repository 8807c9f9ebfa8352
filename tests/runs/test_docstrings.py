import dataclasses

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


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_a_method_is_a_small_frozen_object(method):
    assert dataclasses.is_dataclass(method)
    assert method.__dataclass_params__.frozen
    assert method() == method() and len(dataclasses.fields(method)) <= 10
    assert all(f"{field.name}" in method.__doc__ for field in dataclasses.fields(method))

import dataclasses
import doctest
import importlib
import pkgutil

import pytest

import separatrix as sx
from separatrix.experiment import NETWORKS, TASKS

FINDER = doctest.DocTestFinder()
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
# What users meet and are told to type: every analysis, every method with options, and these.
LOWER = [
    getattr(home, name)
    for home in (sx, sx.classics)
    for name in home.__all__
    if name.islower() and name != "condition_variance"
]
ANALYZES = [f for f in LOWER if getattr(f, "__module__", "").startswith("separatrix.analysis.")]
MEASURES = ("Topology", "Spectrum", "Procrustes", "DSA", "InputDSA")
METHODS = [getattr(sx.solvers, name) for name in sx.solvers.__all__]
METHODS += [getattr(sx.measures, name) for name in MEASURES]
MUST_SHOW = [
    *ANALYZES,
    *METHODS,
    sx.DiscreteMap,
    sx.Flow,
    sx.records.Linearization.non_normality,
    sx.records.Linearization.selection_vectors,
    sx.records.Branches.emerging_cycle,
    sx.simulate,
    sx.train,
    sx.train_ensemble,
    *NETWORKS.values(),
    sx.networks.from_state_dict,
    *TASKS.values(),
]


def examples():
    for info in pkgutil.walk_packages(sx.__path__, "separatrix."):
        if not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            yield from (t for t in FINDER.find(module, module.__name__) if t.examples)


EXAMPLES = {test.name: test for test in examples()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_does_what_it_says(name):
    said = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(EXAMPLES[name], out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("thing", MUST_SHOW, ids=lambda thing: thing.__name__)
def test_there_is_an_example(thing):
    assert ">>> " in thing.__doc__


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_a_method_is_a_small_frozen_object(method):
    assert dataclasses.is_dataclass(method)
    assert method.__dataclass_params__.frozen
    assert method() == method() and len(dataclasses.fields(method)) <= 10
    assert all(f"{field.name}" in method.__doc__ for field in dataclasses.fields(method))

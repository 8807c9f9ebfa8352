"""The examples of all docstrings, each with the library that it needs beside those of the tests."""

import doctest
import importlib
import pkgutil

import separatrix as sx

OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
NEEDED = {"import torch": "torch", ", torch": "torch", "from_neurogym(": "neurogym"}
"""Of what an example says, the library that this takes."""


def _examples():
    finder = doctest.DocTestFinder()
    for info in pkgutil.walk_packages(sx.__path__, "separatrix."):
        if not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            yield from (t for t in finder.find(module, module.__name__) if t.examples)


def _library(test):
    source = "".join(example.source for example in test.examples)
    return next((library for said, library in NEEDED.items() if said in source), "")


EXAMPLES = {test.name: test for test in _examples()}
LIBRARY = {name: _library(test) for name, test in EXAMPLES.items()}


def run(name):
    """Fail with what an example printed where that is not what its docstring says."""
    said = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(EXAMPLES[name], out=said.append)
    assert not said, "".join(said)

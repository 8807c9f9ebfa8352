import doctest
import importlib
import pkgutil

import pytest

import separatrix as sx

FINDER = doctest.DocTestFinder()
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
# What users meet and are told to type; every one of them has to show how.
MUST_SHOW = [
    sx.DiscreteMap,
    sx.Flow,
    sx.find_cycles,
    sx.find_fixed_points,
    sx.linearize,
    sx.continue_fixed_points,
    sx.lyapunov_exponents,
    sx.simulate,
    sx.train,
    sx.networks.CTRNN,
    sx.networks.GRU,
    sx.networks.LSTM,
    sx.networks.DaleCTRNN,
    sx.networks.LowRankRNN,
    sx.networks.ShortTermPlasticityRNN,
    sx.networks.from_state_dict,
    sx.tasks.PerceptualDecisionMaking,
    *(sx.tasks.DelayComparison, sx.tasks.FlipFlop, sx.tasks.ContextDecisionMaking),
    sx.tasks.Yang2019,
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

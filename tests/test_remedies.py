"""Texts of outcomes and of errors name only what a user can set, where it can be set."""

import ast
import enum
import importlib
import inspect
import pkgutil
import re
import typing
from pathlib import Path

import pytest

import separatrix as sx
from separatrix._watch import Stage
from separatrix.analysis.fixed_points import words as points
from separatrix.analysis.following import end
from separatrix.analysis.following.conditions import When
from separatrix.analysis.following.end import What
from separatrix.analysis.following.turns import Open
from separatrix.analysis.measures.intervals import NoInterval
from separatrix.analysis.point_table import Evidence
from separatrix.analysis.slow_curves import slices
from separatrix.analysis.verdicts import claims
from separatrix.enclosure.operations import Trait
from separatrix.recovery import data, judgment
from separatrix.report.agreement import Agreement
from separatrix.solvers.continuation.curve import CurveEnd
from separatrix.solvers.endings import Ending
from separatrix.studies.states import State
from separatrix.training.history import Ending as TrainingEnding

SOURCE = Path(sx.__file__).parent
FIRST_OF_CYCLES, FIRST_OF_BASINS = Ending.ORBIT_STALLED, Ending.NO_ATTRACTOR
POINTS = {end: end.text for end in Ending if end < FIRST_OF_CYCLES}
CYCLES = {end: end.text for end in Ending if FIRST_OF_CYCLES <= end < FIRST_OF_BASINS}
BASINS = {end: end.text for end in Ending if end >= FIRST_OF_BASINS}
SLIDES = {end: end.text for end in Ending if end.name.startswith("SLIDE_")}
TEXTS = [
    (sx.find_fixed_points, Ending, POINTS),
    (sx.find_fixed_points, Evidence, points._EVIDENCE),
    (sx.slow_curve, Ending, SLIDES),
    (sx.find_cycles, Ending, CYCLES),
    (sx.basins, Ending, BASINS),
    (sx.basins, What, end._TEXTS),
    (sx.continue_fixed_points, CurveEnd, {end: end.value for end in CurveEnd}),
    (sx.continue_cycles, CurveEnd, {end: end.value for end in CurveEnd}),
    (sx.compare, NoInterval, {why: str(why) for why in NoInterval}),
]
"""The function whose users read the texts, the enumeration, and its texts."""

SLICES = (slices.FIXED, slices.SMOOTH, slices.NO_MINIMUM, slices.KINK, slices.MORE_STEPS)

WORDLESS = {Stage, Open, When, State, Trait, TrainingEnding}
WORDLESS |= {claims.Known, claims.Kind, claims.Held, Agreement}
WORDLESS |= {data.Kind, data.Statistic, judgment.Reason, judgment.Support}
"""Enumerations whose values are names of things, or numbers that nobody reads."""


def modules():
    for module in pkgutil.walk_packages(sx.__path__, "separatrix."):
        if not module.name.endswith("__main__"):
            yield importlib.import_module(module.name)


def below(kind):
    for one in kind.__subclasses__():
        yield one
        yield from below(one)


def test_every_enumeration_is_looked_at():
    ours = {module.__name__ for module in modules()}
    found = {kind for kind in below(enum.Enum) if kind.__module__ in ours}
    assert found == WORDLESS | {kind for _, kind, _ in TEXTS}
    assert all(set(texts) <= set(kind) for _, kind, texts in TEXTS)


def methods_of(function):
    """The classes of method objects that a function takes."""
    for annotation in typing.get_type_hints(function).values():
        for kind in (annotation, *typing.get_args(annotation)):
            if inspect.isclass(kind) and getattr(sx.solvers, kind.__name__, None) is kind:
                yield kind


def parameters_of(*callables):
    return {name for each in callables for name in inspect.signature(each).parameters}


def unknown_words(function, text):
    """Yield what looks like a parameter in a text, and is none that the function's user can set."""
    methods = {kind.__name__: kind for kind in methods_of(function)}
    for kind, name in re.findall(r"\b([A-Z]\w*)\((\w+)=", text):
        if kind not in methods or name not in parameters_of(methods[kind]):
            yield f"{kind}({name}=…)"
    known = parameters_of(function, *methods.values(), sx.DiscreteMap, sx.Flow)
    text = re.sub(r"\bsx\.(\w+)", lambda name: "" if hasattr(sx, name[1]) else name[0], text)
    words = re.findall(r"\b(?:[a-z]+_[a-z_]+\b|\w+(?==[^=]))|(?<=`)\w+(?=`)", text)
    yield from (word for word in words if word not in known)


@pytest.mark.parametrize(
    ("function", "texts"),
    [(function, texts.values()) for function, _, texts in TEXTS] + [(sx.slow_curve, SLICES)],
)
def test_a_remedy_names_what_the_function_takes(function, texts):
    assert [word for text in texts for word in unknown_words(function, text)] == []


@pytest.mark.parametrize(
    "text",
    ["raise max_rounds or max_regions", "with RegionWalk(max_rounds=…)", "give `max_rounds`"],
)
def test_a_remedy_that_nobody_can_follow_is_seen(text):
    assert list(unknown_words(sx.find_fixed_points, text))
    assert not list(unknown_words(sx.find_fixed_points, "give LevenbergMarquardt(max_steps=…)"))
    assert list(unknown_words(sx.find_fixed_points, "give it more with KinkDescent(max_steps=…)"))


def test_calls_that_any_text_names_can_be_made():
    """`Name(parameter=…)` in whatever string of the source, where Name is a public class."""
    public = {name: getattr(home, name) for home in (sx, sx.solvers) for name in home.__all__}
    named = set()
    for path in SOURCE.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
        named |= set(re.findall(r"\b([A-Z]\w*)\((\w+)=…", "\n".join(map(str, texts))))
    assert len(named) > 5 and {kind for kind, _ in named} <= set(public)
    for kind, name in named:
        assert name in parameters_of(public[kind]), (kind, name)

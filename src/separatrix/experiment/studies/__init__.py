"""What single experiments ask of their network, beyond what every run asks.

A study is a function of a `Subject` that returns a record, which is written into the results under
the study's name; `analysis.studies = ["its name"]` asks for it. Each module declares its own, and
the first line of a docstring says what a study does, "Needs …" what it has to work on. The science
is in the library, where a user finds it too; here are the questions only.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Sequence

from ..._records import Record
from ..._types import InvalidInputError, nearest
from ...tasks import PerceptualDecisionMaking
from ..stages import Stage
from ..subject import Subject

_modules = [importlib.import_module(f".{m.name}", __name__) for m in pkgutil.iter_modules(__path__)]
STUDIES: dict[str, Callable[[Subject], Record]] = {
    name: study for module in _modules for name, study in sorted(module.STUDIES.items())
}
"""The studies by name: those that the modules of this package declare as their `STUDIES`."""


def check_studies(names: Sequence[str], source: str) -> None:
    """Raise InvalidInputError for a name that no study has, or one that is given twice."""
    for name in names:
        if name not in STUDIES:
            raise InvalidInputError(
                f"unknown study {name!r} in analysis.studies in {source}: {nearest(name, STUDIES)}"
            )
    if len(set(names)) < len(names):
        raise InvalidInputError(f"analysis.studies in {source} names a study twice.")


def study_stages(subject: Subject) -> dict[str, Stage | None]:
    """Return the studies that the settings ask for, as stages."""
    names = dict.fromkeys((*_of_every_run(subject), *subject.settings.studies))
    return {name: functools.partial(STUDIES[name], subject) for name in names}


def _of_every_run(subject: Subject) -> tuple[str, ...]:
    """Return the studies that need not be asked for: behavior, where nothing else tells it.

    A psychometric does, of a decision between two choices, and the performance by rule.
    """
    task = subject.task
    told = isinstance(task, PerceptualDecisionMaking) and task.num_choices == 2
    told |= "rule_performance" in subject.settings.studies
    return () if told else ("performance",)

"""What single experiments ask of their network, beyond what every run asks.

A study is a function of a `Subject` that returns a record, which is written into the results under
the study's name; `analysis.studies = ["its name"]` asks for it. The science is in the library,
where a user finds it too; here are the questions only.
"""

import functools
from collections.abc import Callable, Sequence

from ..._records import Record
from ..._types import InvalidInputError, nearest
from ...tasks import PerceptualDecisionMaking
from ..stages import Stage
from ..subject import Subject
from .context import choice_attractor, choice_curve, context_averages, context_gating
from .memory import frequency_memory, memory_attractor, memory_curve
from .performance import task_performance
from .song2016 import connections_by_preference
from .topology import topology
from .yang2019 import performance_by_rule, variance_by_rule

STUDIES: dict[str, Callable[[Subject], Record]] = {
    "choice_attractor": choice_attractor,
    "choice_curve": choice_curve,
    "context_averages": context_averages,
    "frequency_memory": frequency_memory,
    "input_gating": context_gating,
    "memory_attractor": memory_attractor,
    "memory_curve": memory_curve,
    "performance": task_performance,
    "rule_performance": performance_by_rule,
    "selective_connections": connections_by_preference,
    "task_variance": variance_by_rule,
    "topology": topology,
}


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
